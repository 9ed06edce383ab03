#pragma once

#include "daemon/json_text.h"
#include "daemon/service.h"

// What is foretold and what would change it -> JSON, as daemon/openapi.json describes it. What is
// not known is null.
namespace headroom {

OrderedJson PlanToJson(const PlanView& plan, const Caller& caller);

// Of a dry run.
OrderedJson TrialToJson(const TrialView& trial);

// "beyond_horizon" where there is no plan for it.
OrderedJson StartToJson(const std::optional<PlannedJob>& planned);
OrderedJson HoldersToJson(const std::vector<HolderView>& holders);
OrderedJson NeedsToJson(const std::vector<Need>& needs);
// {"changes": […], "searched_all": …}
OrderedJson ChangesToJson(const Counterfactuals& counterfactuals);

}  // namespace headroom
