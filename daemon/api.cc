#include "daemon/api.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <span>
#include <utility>

#include "admission/json/strict_json.h"
#include "daemon/api_call.h"

namespace headroom {
namespace {

constexpr std::size_t kMostBodyBytes = 1 << 20;
constexpr std::size_t kMostListBytes = 16 << 20;  // a source's whole list
constexpr std::size_t kNoBodyBytes = 16;
constexpr int kMostJsonDepth = 32;

enum class Access { kAnyone, kCaller };
enum class Parameters { kNone, kSome };
enum class Body { kNone, kJson, kJsonList };

struct Endpoint {
  const char* method;
  const char* path;
  Access access;
  Parameters parameters;
  Body body;
  void (*handle)(ApiContext& api, ApiCall call);
};

template <Answer (*kHandle)(ApiContext&, const ApiCall&)>
void AtOnce(ApiContext& api, ApiCall call) {
  call.Respond(kHandle(api, call));
}

constexpr Endpoint kEndpoints[] = {
    {"POST", "/v1/jobs", Access::kCaller, Parameters::kSome, Body::kJson, SubmitJob},
    {"GET", "/v1/jobs", Access::kCaller, Parameters::kSome, Body::kNone, AtOnce<ListJobs>},
    {"GET", "/v1/jobs/{id}", Access::kCaller, Parameters::kNone, Body::kNone, AtOnce<ShowJob>},
    {"POST", "/v1/jobs/{id}/cancel", Access::kCaller, Parameters::kNone, Body::kNone, CancelJob},
    {"GET", "/v1/jobs/{id}/why", Access::kCaller, Parameters::kNone, Body::kNone,
     AtOnce<ExplainJob>},
    {"GET", "/v1/decisions", Access::kCaller, Parameters::kSome, Body::kNone,
     AtOnce<ReadDecisions>},
    {"GET", "/v1/jobs/{id}/logs", Access::kCaller, Parameters::kSome, Body::kNone, AtOnce<ReadLog>},
    {"PUT", "/v1/sources/{source}/jobs", Access::kCaller, Parameters::kNone, Body::kJsonList,
     SyncSource},
    {"GET", "/v1/plan", Access::kCaller, Parameters::kNone, Body::kNone, AtOnce<GetPlan>},
    {"GET", "/v1/keys", Access::kCaller, Parameters::kSome, Body::kNone, AtOnce<ListKeys>},
    {"POST", "/v1/history", Access::kCaller, Parameters::kNone, Body::kJson, ImportHistory},
    {"GET", "/v1/snapshot", Access::kCaller, Parameters::kNone, Body::kNone, AtOnce<GetSnapshot>},
    {"GET", "/v1/headroom", Access::kCaller, Parameters::kNone, Body::kNone, AtOnce<GetHeadroom>},
    {"GET", "/v1/policy", Access::kCaller, Parameters::kNone, Body::kNone, AtOnce<GetPolicy>},
    {"POST", "/v1/policy/reload", Access::kCaller, Parameters::kNone, Body::kNone,
     AtOnce<ReloadPolicy>},
    {"GET", "/v1/events", Access::kCaller, Parameters::kSome, Body::kNone, GetEvents},
    {"GET", "/v1/version", Access::kCaller, Parameters::kNone, Body::kNone, AtOnce<GetVersion>},
    {"GET", "/v1/openapi.json", Access::kCaller, Parameters::kNone, Body::kNone,
     AtOnce<GetOpenApi>},
    {"GET", "/metrics", Access::kCaller, Parameters::kNone, Body::kNone, AtOnce<GetMetrics>},
    {"GET", "/healthz", Access::kAnyone, Parameters::kNone, Body::kNone, AtOnce<GetHealth>},
    {"GET", "/readyz", Access::kAnyone, Parameters::kNone, Body::kNone, AtOnce<GetReadiness>},
};

// The segments that stand for the {names} of `path`, if `segments` is such a path.
std::optional<std::vector<std::string>> Match(std::string_view path,
                                              std::span<const std::string> segments) {
  std::vector<std::string> arguments;
  for (const std::string& segment : segments) {
    if (path.empty()) return std::nullopt;
    path.remove_prefix(1);  // the slash
    const std::string_view expected = path.substr(0, path.find('/'));
    path.remove_prefix(expected.size());
    if (expected.starts_with('{')) {
      arguments.push_back(segment);
    } else if (segment != expected) {
      return std::nullopt;
    }
  }
  return path.empty() ? std::optional(std::move(arguments)) : std::nullopt;
}

struct Routed {
  const Endpoint* endpoint = nullptr;
  RequestTarget target;
  std::vector<std::string> arguments;
};

ApiResult<Routed> Route(const HttpRequest& request) {
  auto target = ParseTarget(request.target);
  if (!target) return Refuse(400, target.error().message);
  std::vector<const char*> allowed;
  for (const Endpoint& endpoint : kEndpoints) {
    auto arguments = Match(endpoint.path, target->segments);
    if (!arguments) continue;
    if (request.method == endpoint.method) {
      return Routed{&endpoint, *std::move(target), *std::move(arguments)};
    }
    allowed.push_back(endpoint.method);
  }
  if (allowed.empty())
    return Refuse(404, "there is nothing here", "GET /v1/openapi.json lists what is");
  ApiError error{405, "this path does not take that method", {}, {}, {}};
  error.headers = {{"Allow", fmt::format("{}", fmt::join(allowed, ", "))}};
  return tl::unexpected(std::move(error));
}

ApiResult<Caller> CallerFor(const Endpoint& endpoint, const HttpRequest& request, Callers& callers,
                            const Policy& policy) {
  if (endpoint.access == Access::kAnyone) return Caller{};
  return callers.Identify(request, policy.admin_group);
}

bool IsJson(const HttpRequest& request) {
  const std::string_view type = request.Header("Content-Type").value_or("");
  const std::string_view media = type.substr(0, type.find_first_of("; "));
  return media == "application/json";
}

// How much body an endpoint takes. A list as long as a job server's is not for everybody: parsing
// it holds up the loop.
ApiResult<std::size_t> BodyLimit(const Endpoint& endpoint, const HttpRequest& head,
                                 const Caller& caller) {
  if (endpoint.body == Body::kNone) return kNoBodyBytes;
  if (!IsJson(head)) {
    return Refuse(415, "the body must be JSON", "send \"Content-Type: application/json\"");
  }
  return endpoint.body == Body::kJsonList && caller.admin ? kMostListBytes : kMostBodyBytes;
}

// What would be ignored is refused: a client that sends it expects something of it. An empty object
// is nothing.
ApiResult<void> RefuseTheUnexpected(const Endpoint& endpoint, const RequestTarget& target,
                                    std::string_view body) {
  if (endpoint.parameters == Parameters::kNone && !target.parameters.empty()) {
    return RefuseFor(400, ParameterReader(target).Finish());
  }
  if (endpoint.body == Body::kNone && !body.empty() && body != "{}") {
    return Refuse(400, "this endpoint takes no body");
  }
  return {};
}

void LogRefusal(const HttpRequest& request, const ApiError& error) {
  if (error.status != 401 && error.status != 403) return;
  const std::string target = request.target.substr(0, 200);
  spdlog::warn("api: refused {} {:?} to {}: {}", request.method, fmt::string_view(target),
               request.peer.uid ? fmt::format("uid {}", *request.peer.uid) : "a TCP client",
               error.message);
}

}  // namespace

void ApiCall::Respond(Answer answer) const {
  if (!answer) LogRefusal(request, answer.error());
  reply->Send(ToResponse(std::move(answer)));
}

ApiResult<JobId> JobIdOf(const ApiCall& call) {
  const std::string& text = call.arguments.front();
  JobId id;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id.value);
  if (error != std::errc() || end != text.data() + text.size() || id.value <= 0) {
    return Refuse(400, "a job's id is a whole number above 0");
  }
  return id;
}

ApiResult<nlohmann::json> JsonBodyOf(const ApiCall& call) {
  auto json = ParseStrictJson(call.request.body, {kMostListBytes, kMostJsonDepth, false});
  if (!json) return Refuse(400, "the body is not acceptable JSON: " + json.error().message);
  return *std::move(json);
}

Api::Api(Service& service, const Clock& clock, ApiOptions options)
    : service_(service),
      clock_(clock),
      callers_(std::move(options.users), clock, std::move(options.token)),
      feed_(std::make_shared<EventFeed>(service)),
      on_answered_(std::move(options.on_answered)) {}

Api::~Api() = default;

bool Api::IsPrivileged(const Peer& peer) {
  return callers_.IsAdmin(peer, service_.policy().admin_group);
}

std::variant<std::size_t, HttpResponse> Api::OnHead(const HttpRequest& head) {
  const auto limit = [&]() -> ApiResult<std::size_t> {
    const auto routed = Route(head);
    if (!routed) return tl::unexpected(routed.error());
    const auto caller = CallerFor(*routed->endpoint, head, callers_, service_.policy());
    if (!caller) return tl::unexpected(caller.error());
    return BodyLimit(*routed->endpoint, head, *caller);
  }();
  if (limit) return *limit;
  LogRefusal(head, limit.error());
  return ToResponse(limit.error());
}

void Api::OnRequest(HttpRequest request, std::shared_ptr<HttpReply> reply) {
  auto routed = Route(request);
  if (!routed) return reply->Send(ToResponse(routed.error()));
  auto caller = CallerFor(*routed->endpoint, request, callers_, service_.policy());
  if (!caller) return reply->Send(ToResponse(caller.error()));
  const auto expected = RefuseTheUnexpected(*routed->endpoint, routed->target, request.body);
  if (!expected) return reply->Send(ToResponse(expected.error()));
  ApiContext context{service_, clock_, callers_, *feed_};
  routed->endpoint->handle(
      context, {std::move(request), std::move(routed->target), std::move(routed->arguments),
                *std::move(caller), std::move(reply)});
}

HttpResponse Api::OnRefusal(int status, std::string_view why) {
  ApiError error{status, std::string(why), {}, {}, {}};
  if (status == 503) error.headers = {{"Retry-After", "1"}};
  return ToResponse(error);
}

std::vector<std::pair<std::string, std::string>> ApiEndpoints() {
  std::vector<std::pair<std::string, std::string>> endpoints;
  for (const Endpoint& endpoint : kEndpoints)
    endpoints.emplace_back(endpoint.method, endpoint.path);
  return endpoints;
}

}  // namespace headroom
