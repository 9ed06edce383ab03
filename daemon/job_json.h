#pragma once

#include "daemon/json_text.h"
#include "daemon/service.h"

// Values of the service -> JSON, as daemon/openapi.json describes it.
namespace headroom {

enum class Visibility {
  kFull,
  kOthers,  // of another user: no command, directory, name or message
};

// Never holds the environment.
OrderedJson JobToJson(const JobView& job, Visibility visibility = Visibility::kFull);
// Each as this caller may see it.
OrderedJson JobsToJson(const std::vector<JobView>& jobs, const Caller& caller);
OrderedJson DecisionToJson(const Decision& decision, const JobView& job);
OrderedJson EventToJson(const Event& event);

}  // namespace headroom
