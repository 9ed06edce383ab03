#pragma once

#include <string>
#include <vector>

#include "admission/policy.h"

// What a valid policy says that its author may not have meant: who can never start, what can never
// take effect, and how long a job can wait. Pure; knows no host, so only what is true on any.
namespace headroom {

// A finding is no error: the policy can be used. The message says what follows and what to change.
std::vector<PolicyProblem> Lint(const Policy& policy);

// The longest that a job can wait that fits beside what the policy reserves: in words, because it
// rests on how long jobs take. docs/decisions.md explains it; tests/admission/schedules_test.cc
// holds it against a stream of jobs that never ends.
std::string WaitBound(const Policy& policy);

}  // namespace headroom
