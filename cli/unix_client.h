#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "cli/http_message.h"

// HTTP/1.1 over a Unix socket. The one place that includes Boost.Beast (its parser; the bytes are
// moved here, so that every wait has a deadline and can be interrupted). Threads: one at a time.
namespace headroom::cli {

enum class Sink { kContinue, kStop };

class UnixClient {
 public:
  // Nothing is connected before the first call. `deadline` bounds the silence in one answer.
  explicit UnixClient(std::string socket_path, Duration deadline = std::chrono::seconds(15));
  ~UnixClient();
  UnixClient(const UnixClient&) = delete;
  UnixClient& operator=(const UnixClient&) = delete;

  // Sends and waits for the whole answer. The connection is kept for the next call; one that the
  // daemon has closed meanwhile is opened anew.
  //
  // Errors by os_error: what connect(2) said; ECONNRESET: cut in the middle; ETIMEDOUT; EINTR: the
  // abort descriptor became readable; none (kCorrupt): the answer is not HTTP.
  Result<HttpResponse> Call(const HttpRequest& request);

  // The same on a connection of its own, handing each piece of a 200's body to `sink` as it comes,
  // without a deadline between pieces. Ends when the daemon ends the answer or `sink` says so; the
  // returned body is that of any other status.
  Result<HttpResponse> Stream(const HttpRequest& request,
                              const std::function<Sink(std::string_view)>& sink);

  // While this descriptor is readable, a waiting call returns EINTR. -1: none.
  void AbortOn(int fd) { abort_fd_ = fd; }

  const std::string& socket_path() const { return socket_path_; }

 private:
  class Connection;

  std::string socket_path_;
  Duration deadline_;
  int abort_fd_ = -1;
  std::unique_ptr<Connection> kept_;
};

}  // namespace headroom::cli
