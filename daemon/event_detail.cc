#include "daemon/event_detail.h"

#include <nlohmann/json.hpp>

namespace headroom {
namespace {

using Json = nlohmann::json;

// Messages may quote bytes from outside; what is not UTF-8 is replaced, never thrown at.
std::string Text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <class T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

std::string AdmissionDetail(const Decision& decision, const ResourceVector& request,
                            Duration waited) {
  return Text({{"reason", ToString(decision.reason)},
               {"memory_bytes", request.memory_bytes},
               {"cpu_millis", request.cpu_millis},
               {"waited_seconds", Seconds(waited)}});
}

std::string FinishDetail(const JobRecord& job) {
  return Text({{"outcome", job.outcome ? Json(ToString(*job.outcome)) : Json(nullptr)},
               {"exit_code", OrNull(job.exit_code)},
               {"signal", OrNull(job.signal)},
               {"oom", ToString(job.oom)},
               {"peak_memory_bytes", OrNull(job.usage.peak_memory_bytes)},
               {"message", job.message}});
}

std::string RequeueDetail(const JobRecord& finished, const JobRecord& again, RequeueCause cause) {
  return Text({{"cause", ToString(cause)},
               {"attempt", finished.attempt},
               {"exit_code", OrNull(finished.exit_code)},
               {"signal", OrNull(finished.signal)},
               {"oom", ToString(finished.oom)},
               {"peak_memory_bytes", OrNull(finished.usage.peak_memory_bytes)},
               {"memory_bytes", OrNull(again.raised_memory_bytes)},
               {"message", again.message}});
}

std::string GateDetail(const GateState& before, const GateState& after) {
  Json detail{{"from", ToString(before.position)}, {"to", ToString(after.position)}};
  if (after.cause) {
    detail["resource"] = ToString(after.cause->resource);
    detail["kind"] = ToString(after.cause->kind);
    detail["percent"] = after.cause->value;
  }
  return Text(detail);
}

std::string TargetDetail(double factor) { return Text({{"factor", factor}}); }

// Its effect: what was when it was taken, beside what is.
std::string ReliefDetail(const ReliefMove& move, TimePoint now) {
  Json detail{{"step", ToString(move.step.step)},
              {"pressure_percent", OrNull(move.pressure)},
              {"memory_bytes", OrNull(move.memory_bytes)}};
  if (!move.undone) {
    detail["did"] = "taken";
    detail["undone_within_seconds"] = Seconds(move.step.until - now);
    return Text(detail);
  }
  detail["did"] = move.undone == ReliefEnd::kJobEnded ? "over" : "undone";
  detail["why"] = ToString(*move.undone);
  detail["lasted_seconds"] = Seconds(now - move.step.since);
  detail["pressure_percent_before"] = move.step.pressure;
  detail["memory_bytes_before"] = move.step.memory_bytes;
  return Text(detail);
}

std::string MessageDetail(const std::string& message) { return Text({{"message", message}}); }

std::string PolicyDetail(int64_t generation) { return Text({{"generation", generation}}); }

std::string RefusalDetail(const std::vector<PolicyProblem>& problems) {
  const PolicyProblem& first = problems.front();
  return Text(
      {{"pointer", first.pointer}, {"message", first.message}, {"problems", problems.size()}});
}

std::string ImportDetail(int64_t added, int64_t known) {
  return Text({{"added", added}, {"known", known}});
}

std::string RecoveryDetail(Duration failed_for, const std::string& message) {
  return Text({{"failed_for_seconds", Seconds(failed_for)}, {"message", message}});
}

}  // namespace headroom
