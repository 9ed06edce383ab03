#include <fmt/format.h>

#include <utility>

#include "admission/json/policy_json.h"
#include "base/version.h"
#include "daemon/api_call.h"
#include "daemon/host_json.h"
#include "daemon/job_json.h"
#include "daemon/openapi.h"
#include "daemon/plan_json.h"

// The endpoints about the host, the policy and the daemon itself.
namespace headroom {
namespace {

constexpr int64_t kMostEventsOfPage = 1000;
constexpr int64_t kEventsOfPage = 100;

Answer Text(std::string text, int status = 200) {
  return HttpResponse{status, "text/plain; charset=utf-8", {}, std::move(text)};
}

OrderedJson ReliefToJson(const StatusView& status) {
  OrderedJson steps = OrderedJson::array();
  for (const ReliefInForce& taken : status.relief) {
    steps.push_back({{"step", ToString(taken.step)},
                     {"job", taken.job.value},
                     {"since_seconds", Seconds(status.now - taken.since)},
                     {"undone_within_seconds", Seconds(taken.until - status.now)}});
  }
  return steps;
}

OrderedJson HeadroomToJson(const StatusView& status) {
  OrderedJson json = LinesToJson(status.account, status.observed, status.policy);
  json["target_factor"] = status.target_factor;
  json["gate"] = GateToJson(status.gate, status.now);
  json["windows"] = WindowsToJson(status.windows, status.policy, status.now);
  json["measurement_age_seconds"] = SecondsOrNull(status.measurement_age);
  return json;
}

OrderedJson StoreToJson(const std::optional<StatusView::StoreFailure>& failure) {
  if (!failure) return {{"works", true}, {"failing_for_seconds", nullptr}, {"message", nullptr}};
  return {{"works", false},
          {"failing_for_seconds", Seconds(failure->lasted)},
          {"message", failure->message}};
}

OrderedJson ShadowToJson(const std::optional<StatusView::ShadowPolicy>& shadow) {
  if (!shadow) return nullptr;
  return {{"file", shadow->file},
          {"would_start", shadow->would_start},
          {"starts",
           {{"alike", shadow->totals.alike},
            {"earlier", shadow->totals.earlier},
            {"later", shadow->totals.later}}}};
}

OrderedJson SnapshotToJson(const StatusView& status, const Caller& caller) {
  return {
      {"policy_generation", status.policy_generation},
      {"jobs_by_state", status.jobs_by_state},
      {"gate", GateToJson(status.gate, status.now)},
      {"headroom", HeadroomToJson(status)},
      {"relief", ReliefToJson(status)},
      {"running", JobsToJson(status.running, caller)},
      {"enforcement", {{"mode", status.enforcement.mode}, {"missing", status.enforcement.missing}}},
      {"degraded", status.degraded},
      {"store", StoreToJson(status.store_failure)},
      {"shadow", ShadowToJson(status.shadow)},
      {"measurements", MeasurementsToJson(status.measurements, status.now)}};
}

bool WantsStream(const HttpRequest& request) {
  return request.Header("Accept").value_or("").find("text/event-stream") != std::string_view::npos;
}

struct EventsRequest {
  int64_t after = 0;
  std::size_t limit = 0;
};

ApiResult<EventsRequest> ReadEventsRequest(const ApiCall& call) {
  RequestTarget target = call.target;
  // What a browser's EventSource repeats when it reconnects; newer than what the address says.
  if (const auto last = call.request.Header("Last-Event-ID"); last && WantsStream(call.request)) {
    std::erase_if(target.parameters, [](const auto& item) { return item.first == "after"; });
    target.parameters.emplace_back("after", std::string(*last));
  }
  ParameterReader reader(target);
  EventsRequest events;
  events.after = reader.Integer("after", 0, INT64_MAX).value_or(0);
  events.limit = static_cast<std::size_t>(
      reader.Integer("limit", 1, kMostEventsOfPage).value_or(kEventsOfPage));
  if (auto problems = reader.Finish(); !problems.empty())
    return RefuseFor(400, std::move(problems));
  return events;
}

}  // namespace

Answer GetSnapshot(ApiContext& api, const ApiCall& call) {
  const auto status = api.service.GetStatus(call.caller);
  if (!status) return tl::unexpected(FromError(status.error()));
  return JsonResponse(SnapshotToJson(*status, call.caller));
}

Answer GetPlan(ApiContext& api, const ApiCall& call) {
  const auto plan = api.service.GetPlan(call.caller);
  if (!plan) return tl::unexpected(FromError(plan.error()));
  return JsonResponse(PlanToJson(*plan, call.caller));
}

Answer GetHeadroom(ApiContext& api, const ApiCall& call) {
  const auto status = api.service.GetStatus(call.caller);
  if (!status) return tl::unexpected(FromError(status.error()));
  return JsonResponse(HeadroomToJson(*status));
}

Answer GetPolicy(ApiContext& api, const ApiCall&) {
  const OrderedJson policy = OrderedJson::parse(PolicyToJson(api.service.policy()));
  return JsonResponse({{"generation", api.service.policy_generation()}, {"policy", policy}});
}

Answer ReloadPolicy(ApiContext& api, const ApiCall& call) {
  if (!call.caller.admin) return Refuse(403, "only an administrator may reload the policy");
  auto reload = api.service.ReloadPolicy(call.caller);
  if (!reload) return tl::unexpected(FromError(reload.error()));
  if (!reload->problems.empty()) {
    auto refused = RefuseFor(422, std::move(reload->problems));
    ApiError& error = refused.value();
    const bool named = error.message.find(reload->path) != std::string::npos;
    if (!named) error.message = reload->path + ": " + error.message;
    error.hint = fmt::format(
        "the old policy stays in force; `headroom policy check {}` tries again", reload->path);
    return refused;
  }
  return JsonResponse({{"generation", api.service.policy_generation()}});
}

void GetEvents(ApiContext& api, ApiCall call) {
  const auto wanted = ReadEventsRequest(call);
  if (!wanted) return call.Respond(tl::unexpected(wanted.error()));
  const auto page = api.service.Events(call.caller, wanted->after, wanted->limit);
  if (!page) return call.Respond(tl::unexpected(FromError(page.error())));
  if (WantsStream(call.request)) {
    return api.feed.Follow(call.caller, wanted->after, *call.reply);
  }
  OrderedJson events = OrderedJson::array();
  for (const Event& event : page->events) events.push_back(EventToJson(event));
  call.Respond(JsonResponse({{"events", events}, {"last", page->last}}));
}

Answer GetVersion(ApiContext&, const ApiCall&) {
  return JsonResponse({{"version", kVersion}, {"api", "v1"}, {"compiler", __VERSION__}});
}

Answer GetOpenApi(ApiContext&, const ApiCall&) {
  return HttpResponse{200, "application/json", {}, std::string(OpenApiText())};
}

Answer GetHealth(ApiContext&, const ApiCall&) { return Text("ok\n"); }

Answer GetReadiness(ApiContext& api, const ApiCall&) {
  const std::vector<std::string> reasons = api.service.NotReady();
  if (reasons.empty()) return Text("ready\n");
  std::string text = "not ready\n";
  for (const std::string& reason : reasons) text += reason + "\n";
  return Text(std::move(text), 503);
}

Answer GetMetrics(ApiContext& api, const ApiCall&) {
  return HttpResponse{
      200, "text/plain; version=0.0.4; charset=utf-8", {}, api.service.MetricsText()};
}

}  // namespace headroom
