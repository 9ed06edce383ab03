#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "daemon/http_message.h"
#include "daemon/service.h"

// /v1/events as a stream of server-sent events (HTML standard, 9.2).
namespace headroom {

// Each follower reads from the store at its own pace: the next page is fetched when the client has
// taken the last, so a slow one costs one page of memory, and none is ever lost. Threads: the
// loop's only. `service` outlives it.
class EventFeed : public std::enable_shared_from_this<EventFeed> {
 public:
  explicit EventFeed(Service& service) : service_(service) {}

  // Sends every event after `after` that the caller may see, and goes on as they happen.
  void Follow(const Caller& caller, int64_t after, HttpReply& reply);

 private:
  struct Follower {
    Caller caller;
    int64_t after = 0;
    std::shared_ptr<HttpStream> stream;
  };

  void Pump(const std::shared_ptr<Follower>& follower);
  void WaitForMore(std::shared_ptr<Follower> follower);
  void WakeAll();

  Service& service_;
  std::vector<std::shared_ptr<Follower>> waiting_;
  bool armed_ = false;  // the service will call WakeAll()
};

}  // namespace headroom
