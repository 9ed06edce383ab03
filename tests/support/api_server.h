#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "daemon/api.h"
#include "daemon/http_server.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_service.h"
#include "tests/support/temp_dir.h"

// The real server with the real API over a FakeService, on a Unix socket and a loopback port of its
// own, and a client that can send any bytes. All in one thread: whoever waits runs the server.
namespace headroom {

struct HttpAnswer {
  int status = 0;
  HttpHeaders headers;
  std::string body;

  std::string Header(std::string_view name) const;  // empty: not there
  nlohmann::json Json() const { return nlohmann::json::parse(body); }
};

class ApiServer {
 public:
  static constexpr uid_t kRoot = 0, kAlice = 1000, kBob = 1001, kMember = 1002, kNameless = 1003;
  static constexpr char kToken[] = "0123456789abcdef0123456789abcdef";

  explicit ApiServer(HttpLimits limits = {}, std::string token = kToken);
  ~ApiServer();

  FakeService service;
  FakeClock clock;
  TempDir dir;
  uid_t uid = kRoot;  // of everybody who connects to the Unix socket from now on
  int answered = 0;   // how often the API was told of an answer
  int turns = 0;      // how often the loop was asked to go on

  // One request on a connection of its own, as `uid`.
  HttpAnswer Send(const std::string& method, const std::string& target, std::string_view body = "",
                  const std::string& headers = "Content-Type: application/json\r\n",
                  Transport transport = Transport::kUnix);
  HttpAnswer Get(const std::string& target, const std::string& headers = "") {
    return Send("GET", target, "", headers);
  }

  // A connection to write any bytes to.
  UniqueFd Connect(Transport transport = Transport::kUnix);
  void Write(const UniqueFd& client, std::string_view bytes);
  // The next answer; absent if the server closed the connection without one. `seen` keeps what has
  // been read beyond it.
  std::optional<HttpAnswer> Read(const UniqueFd& client, std::string& seen);
  std::optional<HttpAnswer> Read(const UniqueFd& client);
  // One request as bytes, answered by anything: what never became a request.
  std::optional<HttpAnswer> SendRaw(std::string_view bytes);

  // Runs the server until `done`; false: it never came to that.
  bool RunUntil(const std::function<bool()>& done);
  // Runs it until `client` was sent this, or its end.
  bool RunUntilSent(const UniqueFd& client, std::string& seen, std::string_view text);
  bool RunUntilClosed(const UniqueFd& client);
  std::size_t connections() const;
  void Stop();

 private:
  struct Loop;
  void Record(const std::string& method, const std::string& target, const HttpAnswer& answer);

  std::unique_ptr<Loop> loop_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<HttpServer> server_;
  uint16_t port_ = 0;
};

}  // namespace headroom
