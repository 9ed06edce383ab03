#include "daemon/plan_json.h"

#include "daemon/job_json.h"

namespace headroom {
namespace {

OrderedJson IdsToJson(const std::vector<JobId>& jobs) {
  OrderedJson ids = OrderedJson::array();
  for (const JobId job : jobs) ids.push_back(job.value);
  return ids;
}

OrderedJson EndToJson(const ExpectedEnd& end) {
  return {{"source", ToString(end.source)},
          {"attempts", end.attempts},
          {"p50_seconds", SecondsOrNull(end.p50)},
          {"p90_seconds", SecondsOrNull(end.p90)}};
}

// Adds "dimension" and "token"; null where there is none.
void AddAxis(OrderedJson& json, const std::optional<Axis>& axis) {
  json["dimension"] = axis ? OrderedJson(ToString(axis->dimension)) : OrderedJson(nullptr);
  json["token"] = axis ? TextOrNull(axis->token) : OrderedJson(nullptr);
}

// What it counts in, if it counts in anything.
std::optional<Axis> AxisOf(const Change& change) {
  const bool counts = change.kind == ChangeKind::kRequest || change.kind == ChangeKind::kToken;
  return counts ? std::optional(change.axis) : std::nullopt;
}

OrderedJson AmountOf(const Change& change) {
  const bool is_counted = AxisOf(change) || change.kind == ChangeKind::kPriority;
  return is_counted ? OrderedJson(change.amount) : OrderedJson(nullptr);
}

}  // namespace

OrderedJson StartToJson(const std::optional<PlannedJob>& planned) {
  const PlannedJob start = planned.value_or(PlannedJob{});
  return {{"foretold", ToString(start.foretold)},
          {"p50_seconds", SecondsOrNull(start.p50)},
          {"p90_seconds", SecondsOrNull(start.p90)},
          {"rests_on",
           {{"ends_by_history", start.rests_on.ends_by_history},
            {"ends_by_declared", start.rests_on.ends_by_declared},
            {"fewest_attempts", OrNull(start.rests_on.fewest_attempts)}}},
          {"waits_for", IdsToJson(start.waits_for)}};
}

OrderedJson HoldersToJson(const std::vector<HolderView>& holders) {
  OrderedJson json = OrderedJson::array();
  for (const auto& [holder, ends] : holders) {
    json.push_back(
        {{"id", holder.job.value}, {"amount", holder.amount}, {"ends", EndToJson(ends)}});
  }
  return json;
}

OrderedJson NeedsToJson(const std::vector<Need>& needs) {
  OrderedJson json = OrderedJson::array();
  for (const Need& need : needs) {
    OrderedJson row = OrderedJson::object();
    AddAxis(row, need.axis);
    row["line"] = ToString(need.line);
    row["needed"] = need.needed;
    row["available"] = need.available;
    row["short_by"] = need.short_by();
    json.push_back(std::move(row));
  }
  return json;
}

OrderedJson ChangesToJson(const Counterfactuals& counterfactuals) {
  OrderedJson changes = OrderedJson::array();
  for (const Change& change : counterfactuals.changes) {
    OrderedJson row = {{"kind", ToString(change.kind)}};
    AddAxis(row, AxisOf(change));
    row["amount"] = AmountOf(change);
    row["duration_seconds"] = SecondsOrNull(change.duration);
    row["jobs"] = IdsToJson(change.jobs);
    changes.push_back(std::move(row));
  }
  return {{"changes", changes}, {"searched_all", counterfactuals.searched_all}};
}

OrderedJson PlanToJson(const PlanView& plan, const Caller& caller) {
  OrderedJson jobs = OrderedJson::array();
  for (const PlanRow& row : plan.jobs) {
    const bool own = caller.admin || row.uid == caller.uid;
    const Decision& now = row.planned.now;
    OrderedJson json = {{"id", now.job.value},
                        {"position", std::ssize(jobs) + 1},
                        {"name", own ? OrderedJson(row.name) : OrderedJson(nullptr)},
                        {"user", row.user},
                        {"verdict", ToString(now.verdict)},
                        {"reason", ToString(now.reason)}};
    AddAxis(json, now.axis);
    json["head"] = now.head ? OrderedJson(now.head->value) : OrderedJson(nullptr);
    json["start"] = StartToJson(row.planned);
    jobs.push_back(std::move(json));
  }
  return {{"jobs", jobs}, {"beyond", plan.beyond}};
}

OrderedJson TrialToJson(const TrialView& trial) {
  const OrderedJson job = JobToJson(trial.job);
  return {{"decision", job["decision"]},
          {"request", job["request"]},
          {"request_source", job["request_source"]},
          {"needs", NeedsToJson(trial.needs)},
          {"start", StartToJson(trial.planned)},
          {"would_start", ChangesToJson(trial.changes)}};
}

}  // namespace headroom
