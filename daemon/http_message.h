#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// HTTP as values, and what stands between the server, which knows sockets, and the API, which knows
// jobs. Threads: the loop's only.
namespace headroom {

enum class Transport { kUnix, kTcp };

// The other end of a connection. Over a Unix socket the kernel says who connected (SO_PEERCRED,
// unix(7)); over TCP nobody does.
struct Peer {
  Transport transport = Transport::kUnix;
  std::optional<uid_t> uid;

  bool operator==(const Peer&) const = default;
};

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;
  std::string target;  // as sent: path and query, still percent-encoded
  HttpHeaders headers;
  std::string body;
  Peer peer;

  // The value of a header, whatever its case; absent if it was not sent. The first if it was sent
  // twice.
  std::optional<std::string_view> Header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  HttpHeaders headers;  // besides Content-Type, Content-Length and Connection
  std::string body;
};

// The body of an answer that has no end of its own. Goes away with its last reference, which closes
// the connection.
class HttpStream {
 public:
  virtual ~HttpStream() = default;

  // Sends a piece; `written` is called once the kernel has taken all of it, which is when the next
  // may follow, and never if the client has gone. REQUIRES: no other piece is on its way.
  virtual void Write(std::string piece, std::function<void()> written) = 0;
  virtual bool gone() const = 0;
};

// Takes the answer to one request, now or later. Dropping it unanswered closes the connection.
class HttpReply {
 public:
  virtual ~HttpReply() = default;

  // Exactly one of the two, once.
  virtual void Send(HttpResponse response) = 0;
  // Sends the head of `response`; its body is the stream. `heartbeat` is sent whenever nothing else
  // was for a while, so that a client that has gone is noticed.
  virtual std::shared_ptr<HttpStream> Stream(HttpResponse response, std::string heartbeat) = 0;
};

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;

  // True for those for whom connections are kept in reserve.
  virtual bool IsPrivileged(const Peer& peer) = 0;
  // Sees a request before its body is read: how many bytes of body it may have, or the answer at
  // once.
  virtual std::variant<std::size_t, HttpResponse> OnHead(const HttpRequest& head) = 0;
  virtual void OnRequest(HttpRequest request, std::shared_ptr<HttpReply> reply) = 0;
  // The answer to what never became a request: malformed, too large, too many connections.
  virtual HttpResponse OnRefusal(int status, std::string_view why) = 0;
  // Every answer that is sent, for the count.
  virtual void OnAnswered(int status) = 0;
};

}  // namespace headroom
