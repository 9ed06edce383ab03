#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "daemon/api_error.h"
#include "daemon/callers.h"
#include "daemon/event_feed.h"
#include "daemon/http_message.h"
#include "daemon/json_text.h"
#include "daemon/request_target.h"
#include "daemon/service.h"

// What the endpoints of the API are made of. Private to api*.cc.
namespace headroom {

struct ApiContext {
  Service& service;
  const Clock& clock;
  Callers& callers;
  EventFeed& feed;
};

// One request on its way to its answer.
struct ApiCall {
  HttpRequest request;
  RequestTarget target;
  std::vector<std::string> arguments;  // what stands for the {names} in the endpoint's path
  Caller caller;
  std::shared_ptr<HttpReply> reply;

  // Refusals are logged with who was refused what.
  void Respond(Answer answer) const;
};

inline HttpResponse JsonResponse(const OrderedJson& json, int status = 200) {
  return {status, "application/json", {}, ToText(json)};
}

// The job id in the endpoint's path.
ApiResult<JobId> JobIdOf(const ApiCall& call);
// The request's body under the bounds of base JSON.
ApiResult<nlohmann::json> JsonBodyOf(const ApiCall& call);

// The endpoints. Those that return are answered at once, the others when the service is done.
void SubmitJob(ApiContext& api, ApiCall call);
void SyncSource(ApiContext& api, ApiCall call);
void CancelJob(ApiContext& api, ApiCall call);
Answer ListJobs(ApiContext& api, const ApiCall& call);
Answer ShowJob(ApiContext& api, const ApiCall& call);
Answer ExplainJob(ApiContext& api, const ApiCall& call);
Answer ReadLog(ApiContext& api, const ApiCall& call);

Answer ListKeys(ApiContext& api, const ApiCall& call);
void ImportHistory(ApiContext& api, ApiCall call);

Answer ReadDecisions(ApiContext& api, const ApiCall& call);

Answer GetSnapshot(ApiContext& api, const ApiCall& call);
Answer GetPlan(ApiContext& api, const ApiCall& call);
Answer GetHeadroom(ApiContext& api, const ApiCall& call);
Answer GetPolicy(ApiContext& api, const ApiCall& call);
Answer ReloadPolicy(ApiContext& api, const ApiCall& call);
void GetEvents(ApiContext& api, ApiCall call);

Answer GetVersion(ApiContext& api, const ApiCall& call);
Answer GetOpenApi(ApiContext& api, const ApiCall& call);
Answer GetHealth(ApiContext& api, const ApiCall& call);
Answer GetReadiness(ApiContext& api, const ApiCall& call);
Answer GetMetrics(ApiContext& api, const ApiCall& call);

}  // namespace headroom
