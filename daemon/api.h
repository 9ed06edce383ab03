#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "daemon/callers.h"
#include "daemon/http_message.h"
#include "daemon/service.h"

// The JSON API of docs/api.md: HTTP requests -> calls of the Service -> answers.
namespace headroom {

struct ApiOptions {
  std::string token;                                         // for TCP; empty: TCP is refused
  UserDatabase users;                                        // of the host
  std::function<void(int status)> on_answered = [](int) {};  // for the metric
};

class EventFeed;

// Threads: the loop's only. `service` and `clock` outlive it; it outlives its HttpServer.
class Api final : public HttpHandler {
 public:
  Api(Service& service, const Clock& clock, ApiOptions options);
  ~Api() override;

  bool IsPrivileged(const Peer& peer) override;
  std::variant<std::size_t, HttpResponse> OnHead(const HttpRequest& head) override;
  void OnRequest(HttpRequest request, std::shared_ptr<HttpReply> reply) override;
  HttpResponse OnRefusal(int status, std::string_view why) override;
  void OnAnswered(int status) override { on_answered_(status); }

 private:
  Service& service_;
  const Clock& clock_;
  Callers callers_;
  std::shared_ptr<EventFeed> feed_;
  std::function<void(int)> on_answered_;
};

// Method and path of every endpoint, as in openapi.json: {"GET", "/v1/jobs/{id}"}.
std::vector<std::pair<std::string, std::string>> ApiEndpoints();

}  // namespace headroom
