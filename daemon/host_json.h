#pragma once

#include <optional>

#include "admission/charge.h"
#include "admission/gate.h"
#include "admission/policy.h"
#include "admission/resources.h"
#include "collectors/measurements.h"
#include "daemon/json_text.h"

// What the daemon knows of its host -> JSON, as daemon/openapi.json describes it. What is not known
// is null.
namespace headroom {

// The time windows that are open or come next.
OrderedJson WindowsToJson(const std::vector<OpenWindow>& windows, const Policy& policy,
                          TimePoint now);

OrderedJson GateToJson(const GateState& gate, TimePoint now);

// "memory", "cpu" and "pids", each with the expected and the peak line of one account, and
// "tokens".
OrderedJson LinesToJson(const std::optional<Account>& account,
                        const std::optional<ResourceVector>& observed, const Policy& policy);

OrderedJson MeasurementsToJson(const Measurements& measurements, TimePoint now);

// Amounts in every dimension.
OrderedJson AmountsToJson(const ResourceVector& amounts);

}  // namespace headroom
