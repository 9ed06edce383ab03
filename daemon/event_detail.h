#pragma once

#include <string>
#include <vector>

#include "admission/decision.h"
#include "admission/gate.h"
#include "admission/policy.h"
#include "admission/relief.h"
#include "base/clock.h"
#include "daemon/job_record.h"

// The `detail` of events as JSON text. Never holds an environment or a command's arguments.
namespace headroom {

std::string AdmissionDetail(const Decision& decision, const ResourceVector& request,
                            Duration waited);
std::string FinishDetail(const JobRecord& job);
// How the attempt ended, and with what the job is tried again.
std::string RequeueDetail(const JobRecord& finished, const JobRecord& again, RequeueCause cause);
std::string GateDetail(const GateState& before, const GateState& after);
std::string TargetDetail(double factor);
std::string ReliefDetail(const ReliefMove& move, TimePoint now);
std::string MessageDetail(const std::string& message);
std::string PolicyDetail(int64_t generation);
// The first problem, and how many there are. REQUIRES: there is one.
std::string RefusalDetail(const std::vector<PolicyProblem>& problems);
std::string ImportDetail(int64_t added, int64_t known);
std::string RecoveryDetail(Duration failed_for, const std::string& message);

}  // namespace headroom
