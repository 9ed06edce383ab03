#include "tests/admission/scenario.h"

#include <charconv>
#include <variant>

#include "admission/draw.h"
#include "admission/json/policy_fields.h"
#include "admission/json/policy_json.h"
#include "admission/json/strict_json.h"
#include "admission/request.h"
#include "admission/windows.h"
#include "tests/admission/scenario_object.h"
#include "tests/support/admission_builders.h"

namespace headroom::test {
namespace {

using namespace policy_values;

constexpr JsonBounds kBounds{.allow_comments = true};

// ---- Amounts and jobs

std::vector<TokenAmount> ReadTokens(const json& value, const std::string& pointer) {
  ResourceVector sum;
  if (!value.is_object()) throw ScenarioError(pointer, "expected an object");
  for (const auto& [name, count] : value.items()) {
    if (!count.is_number_integer()) throw ScenarioError(pointer, "expected whole numbers");
    sum += Tokens(name, count.get<int64_t>());
  }
  return sum.tokens;
}

// What is declared, or observed, or asked for: each dimension may be missing.
DeclaredRequest ReadAmounts(const json& value, const std::string& pointer) {
  return ReadObject(value, pointer, [](ScenarioObject& object) {
    DeclaredRequest amounts{
        object.Get("memory", Bytes{}), object.Get("cpu", Cores{}), object.Get("pids", Count{}), {}};
    if (const json* tokens = object.Find("tokens")) {
      amounts.tokens = ReadTokens(*tokens, object.PointerTo("tokens"));
    }
    return amounts;
  });
}

ResourceVector WithZeros(const DeclaredRequest& amounts) {
  return {amounts.memory_bytes.value_or(0), amounts.cpu_millis.value_or(0),
          amounts.pids.value_or(0), amounts.tokens};
}

// "request" holds all of it; "declares" leaves the rest to the policy, as a submission does.
ResourceVector ReadRequest(ScenarioObject& job, const Scenario& scenario) {
  if (const json* request = job.Find("request")) {
    return WithZeros(ReadAmounts(*request, job.PointerTo("request")));
  }
  const DeclaredRequest declared = ReadAmounts(job.Need("declares"), job.PointerTo("declares"));
  if (!scenario.snapshot.host) throw ScenarioError(job.pointer(), "\"declares\" needs a host");
  return ResolveRequest(declared, {}, scenario.policy, scenario.snapshot.host->capacity).request;
}

// "job": 7, or "jobs": "1-47".
std::vector<JobId> ReadIds(ScenarioObject& object) {
  if (const auto id = object.Get("job", Count{})) return {JobId{*id}};
  const std::string range = object.Get("jobs", Text{}).value_or("");
  int64_t first = 0;
  int64_t last = 0;
  const char* end = range.data() + range.size();
  const auto [dash, error] = std::from_chars(range.data(), end, first);
  const bool has_dash = error == std::errc() && dash != end && *dash == '-';
  const auto [rest, bad] = std::from_chars(has_dash ? dash + 1 : end, end, last);
  if (bad != std::errc() || rest != end || last < first) {
    throw ScenarioError(object.pointer(), R"(expected "job": 7 or "jobs": "1-47")");
  }
  std::vector<JobId> ids;
  for (; first <= last; ++first) ids.push_back({first});
  return ids;
}

void ReadRunning(ScenarioObject& object, Scenario& scenario) {
  RunningJob job;
  job.request = ReadRequest(object, scenario);
  job.admitted_at = kNow - object.Get("started_ago", Time{}).value_or(std::chrono::hours(1));
  if (const auto left = object.Get("ends_in", Time{}))
    job.duration = kNow + *left - job.admitted_at;
  if (const json* uses = object.Find("uses")) {
    const DeclaredRequest seen = ReadAmounts(*uses, object.PointerTo("uses"));
    job.observed = {seen.memory_bytes, seen.cpu_millis, seen.pids};
  }
  if (const auto key = object.Get("key", Text{})) job.key = KeyNumber(*key);
  job.tenant = KeyNumber(object.Get("tenant", Text{}).value_or(""));
  job.alone = object.Get("alone", Flag{}).value_or(false);
  for (const JobId id : ReadIds(object)) {
    job.id = id;
    scenario.snapshot.running.push_back(job);
  }
}

void ReadWaiting(ScenarioObject& object, Scenario& scenario) {
  WaitingJob job;
  job.request = ReadRequest(object, scenario);
  job.priority = static_cast<int32_t>(object.Get("priority", Count{}).value_or(0));
  job.submitted_at = kNow - object.Get("submitted_ago", Time{}).value_or(std::chrono::minutes(1));
  job.duration = object.Get("lasts", Time{});
  job.tenant = KeyNumber(object.Get("tenant", Text{}).value_or(""));
  if (const auto key = object.Get("key", Text{})) {
    job.key = KeyNumber(*key);
    job.outlook = scenario.foresight->OfNext(*key, {});
  }
  job.alone = object.Get("alone", Flag{}).value_or(false);
  for (const JobId id : ReadIds(object)) {
    job.id = id;
    scenario.waiting.push_back(job);
  }
}

// ---- The host and what is around it

// Nothing is known of any key.
void ForeseeOn(const HostView& host, Scenario& scenario) {
  const auto use_of = [](const ResourceVector& amounts) {
    return Use{static_cast<double>(amounts.memory_bytes), static_cast<double>(amounts.cpu_millis)};
  };
  const ResourceVector unknown = ResolveRequest({}, {}, scenario.policy, host.capacity).request;
  scenario.foresight->Look(kNow, {}, use_of(unknown), use_of(host.capacity));
}

HostView ReadHost(ScenarioObject& object) {
  HostView host;
  const auto need = [&](const char* name, auto kind) {
    object.Need(name);
    return *object.Get(name, kind);
  };
  host.capacity = {need("memory", Bytes{}), need("cpu", Cores{}), need("pids", Count{}), {}};
  host.measured_at = kNow - object.Get("measured_ago", Time{}).value_or(Duration{});
  if (const json* outside = object.Find("used_outside")) {
    host.unmanaged = WithZeros(ReadAmounts(*outside, object.PointerTo("used_outside")));
  }
  return host;
}

std::vector<PressureReading> ReadPressure(ScenarioObject& object) {
  std::vector<PressureReading> readings;
  for (const auto& [resource, kind] : kGateRows) {
    const std::string name = fmt::format("{}_{}", ToString(resource), ToString(kind));
    readings.push_back({resource, kind, object.Get(name, Percentage{}), false});
  }
  return readings;
}

// The gate as the daemon would have moved it in this cycle.
GateState ReadGate(ScenarioObject& object, const Policy& policy) {
  using enum GatePosition;
  GateState before;
  before.position =
      object.Get("was", Choice<GatePosition, kOpen, kClosing, kClosed>{}).value_or(kOpen);
  if (const auto quiet = object.Get("quiet_for", Time{})) before.quiet_since = kNow - *quiet;
  const auto readings =
      ReadObject(object.Need("pressure"), object.PointerTo("pressure"), ReadPressure);
  return NextGate(before, readings, policy.gate, policy.gate_quiet, kNow);
}

Resting ReadResting(const json& value, const std::string& pointer) {
  Resting resting;
  for (const json& name : value) {
    if (name == "memory") {
      resting.memory = true;
    } else if (name == "cpu") {
      resting.cpu = true;
    } else if (name == "pids") {
      resting.pids = true;
    } else {
      throw ScenarioError(pointer, "expected some of memory, cpu and pids");
    }
  }
  return resting;
}

// "tue 22:30": what the clocks on the wall show, in some week.
LocalTime ReadLocalTime(const std::string& text, const std::string& pointer) {
  const auto day = Weekdays::Read(json::array({text.substr(0, 3)}));
  const auto time = ClockTime::Read(text.size() > 4 && text[3] == ' ' ? text.substr(4) : "");
  if (!day || !time) throw ScenarioError(pointer, R"(expected a time of the week: "tue 22:30")");
  const std::chrono::sys_days sunday = std::chrono::year(2026) / 11 / 22;
  const auto of_day = std::chrono::floor<std::chrono::milliseconds>(*time);
  return {WallTime(sunday + std::chrono::days(day->front())) + of_day, {}};
}

Policy ReadPolicy(const json& value, const std::string& pointer) {
  const auto parsed = ParsePolicy(value.dump());
  if (const auto* policy = std::get_if<Policy>(&parsed)) return *policy;
  const PolicyProblem& first = std::get<std::vector<PolicyProblem>>(parsed).front();
  throw ScenarioError(pointer + first.pointer, first.message);
}

// ---- What is expected

Axis ReadAxis(const std::string& text, const std::string& pointer) {
  for (const Axis& axis : {kMemory, kCpu, kPids}) {
    if (ToString(axis.dimension) == text) return axis;
  }
  if (text.starts_with("token ")) return {Dimension::kToken, text.substr(6)};
  throw ScenarioError(pointer, R"(expected "memory", "cpu", "pids" or "token NAME")");
}

// What is available may be below zero: "-3GiB".
int64_t ReadAmount(ScenarioObject& object, const char* name, const std::optional<Axis>& axis) {
  json value = object.Need(name);
  const bool negative = value.is_string() && value.get<std::string>().starts_with('-');
  if (negative) value = value.get<std::string>().substr(1);
  const Dimension dimension = axis ? axis->dimension : Dimension::kPids;
  const auto amount = dimension == Dimension::kMemory ? Bytes::Read(value)
                      : dimension == Dimension::kCpu  ? Cores::Read(value)
                                                      : Count::Read(value);
  if (!amount) throw ScenarioError(object.PointerTo(name), amount.error().message);
  return negative ? -*amount : *amount;
}

Reason ReadReason(const std::string& name, const std::string& pointer) {
  std::vector<std::string_view> names;
  for (const Reason reason : AllReasons()) {
    if (ToString(reason) == name) return reason;
    names.push_back(ToString(reason));
  }
  throw ScenarioError(pointer, "unknown reason" + NearestName(name, names));
}

// "starts": "fits", "waits": "stale" or "rejected": "never_fits".
void ReadAnswer(ScenarioObject& object, Decision& decision) {
  for (const auto& [key, verdict] : {std::pair{"starts", Verdict::kAdmit},
                                     {"waits", Verdict::kWait},
                                     {"rejected", Verdict::kReject}}) {
    const auto reason = object.Get(key, Text{});
    if (!reason) continue;
    decision.verdict = verdict;
    decision.reason = ReadReason(*reason, object.PointerTo(key));
    return;
  }
  throw ScenarioError(object.pointer(), R"(expected "starts", "waits" or "rejected")");
}

void ReadExpected(ScenarioObject& object, Scenario& scenario) {
  ExpectedDecision expected;
  Decision& decision = expected.decision;
  ReadAnswer(object, decision);
  if (const auto axis = object.Get("short_of", Text{})) {
    decision.axis = ReadAxis(*axis, object.PointerTo("short_of"));
  }
  if (decision.axis || decision.reason == Reason::kMaxJobs || decision.reason == Reason::kNewKey ||
      decision.reason == Reason::kTenantLimit || decision.reason == Reason::kDrainWindow) {
    decision.needed = ReadAmount(object, "needs", decision.axis);
    decision.available = ReadAmount(object, "available", decision.axis);
  }
  if (const auto head = object.Get("behind", Count{})) decision.head = JobId{*head};
  expected.says = object.Get("says", Text{});
  for (const JobId id : ReadIds(object)) {
    decision.job = id;
    scenario.expected.push_back(expected);
  }
}

ExpectedHead ReadHead(const json& value, const std::string& pointer) {
  if (value.is_null()) return {};
  return ReadObject(value, pointer, [](ScenarioObject& object) {
    ExpectedHead head{JobId{object.Get("job", Count{}).value_or(0)}, {}};
    if (const auto left = object.Get("starts_within", Time{})) head.starts_by = kNow + *left;
    return head;
  });
}

Scenario ReadScenario(ScenarioObject& top) {
  Scenario scenario;
  scenario.snapshot.now = kNow;
  if (const json* policy = top.Find("policy")) scenario.policy = ReadPolicy(*policy, "/policy");
  if (const json& host = top.Need("host"); !host.is_null()) {
    scenario.snapshot.host = ReadObject(host, "/host", ReadHost);
    ForeseeOn(*scenario.snapshot.host, scenario);
  }
  if (const json* gate = top.Find("gate")) {
    scenario.snapshot.gate = ReadObject(
        *gate, "/gate", [&](ScenarioObject& object) { return ReadGate(object, scenario.policy); });
  }
  if (const auto local = top.Get("local_time", Text{})) {
    const LocalTime read = ReadLocalTime(*local, "/local_time");
    scenario.snapshot.windows = UpcomingWindows(scenario.policy.windows, read, kNow);
  }
  scenario.snapshot.mean_duration = top.Get("average_duration", Time{});
  scenario.snapshot.target_factor = top.Get("target_lowered_to", Share{}).value_or(1);
  if (const json* rests = top.Find("rests")) {
    scenario.snapshot.resting = ReadResting(*rests, "/rests");
  }
  ReadEach(top, "running", [&](ScenarioObject& job) { ReadRunning(job, scenario); });
  ReadEach(top, "waiting", [&](ScenarioObject& job) { ReadWaiting(job, scenario); });
  ReadEach(top, "expect", [&](ScenarioObject& job) { ReadExpected(job, scenario); });
  if (const json* head = top.Find("head")) scenario.head = ReadHead(*head, "/head");
  if (const json* rests = top.Find("rests_afterwards")) {
    scenario.rests_afterwards = ReadResting(*rests, "/rests_afterwards");
  }
  return scenario;
}

}  // namespace

Result<Scenario> ParseScenario(std::string_view text) {
  const Result<json> document = ParseStrictJson(text, kBounds);
  if (!document) return tl::unexpected(document.error());
  try {
    return ReadObject(*document, "", ReadScenario);
  } catch (const ScenarioError& error) {
    return Fail(ErrorCode::kInvalid, error.what());
  }
}

std::vector<Reason> AllReasons() {
  // An enumerator beyond the last one has no name of its own.
  std::vector<Reason> reasons;
  for (int i = 0;; ++i) {
    const auto reason = static_cast<Reason>(i);
    const bool is_one = std::ranges::none_of(
        reasons, [&](Reason known) { return ToString(known) == ToString(reason); });
    if (!is_one) return reasons;
    reasons.push_back(reason);
  }
}

}  // namespace headroom::test
