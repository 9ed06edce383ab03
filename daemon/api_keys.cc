#include "daemon/api_call.h"
#include "daemon/json_text.h"
#include "daemon/request_target.h"

// What is known of keys, and what to declare for their next jobs.
namespace headroom {
namespace {

OrderedJson UsedToJson(const std::optional<UsedAmounts>& used) {
  if (!used) return nullptr;
  return {{"p50", used->p50}, {"p95", used->p95}, {"most", used->most}};
}

OrderedJson NextToJson(const std::optional<ResolvedRequest>& next) {
  if (!next) return nullptr;
  return {{"memory_bytes", next->request.memory_bytes},
          {"memory_source", ToString(next->memory_source)},
          {"cpu_millis", next->request.cpu_millis},
          {"cpu_source", ToString(next->cpu_source)}};
}

OrderedJson KeyToJson(const KeyView& view) {
  const KeyAdvice& advice = view.advice;
  return {{"key", view.key},
          {"tenant", view.tenant},
          {"attempts", advice.attempts},
          {"oom_kills", advice.oom_kills},
          {"declared_memory_bytes", OrNull(view.asked.memory_bytes)},
          {"declared_cpu_millis", OrNull(view.asked.cpu_millis)},
          {"limit_memory_bytes", OrNull(view.asked.memory_limit_bytes)},
          {"used_memory_bytes", UsedToJson(advice.memory_bytes)},
          {"used_cpu_millis", UsedToJson(advice.cpu_millis)},
          {"duration_p50_seconds", SecondsOrNull(advice.duration_p50)},
          {"duration_p90_seconds", SecondsOrNull(advice.duration_p90)},
          {"next", NextToJson(view.next)},
          {"wasted_byte_seconds", advice.wasted_byte_seconds},
          {"finding", ToString(advice.finding)},
          {"times", OrNull(advice.times)},
          {"declare_memory_bytes", OrNull(advice.declare_memory_bytes)}};
}

}  // namespace

Answer ListKeys(ApiContext& api, const ApiCall& call) {
  ParameterReader reader(call.target);
  const std::string key = reader.Text("key").value_or("");
  if (auto problems = reader.Finish(); !problems.empty())
    return RefuseFor(400, std::move(problems));
  auto views = api.service.Keys(call.caller, key);
  if (!views) return tl::unexpected(FromError(views.error()));
  const bool more = views->size() > Service::kKeysShown;
  if (more) views->resize(Service::kKeysShown);
  OrderedJson keys = OrderedJson::array();
  for (const KeyView& view : *views) keys.push_back(KeyToJson(view));
  return JsonResponse({{"keys", keys}, {"more", more}});
}

}  // namespace headroom
