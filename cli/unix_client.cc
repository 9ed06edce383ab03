#include "cli/unix_client.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "base/fd.h"

namespace headroom::cli {
namespace {

namespace http = boost::beast::http;

using Parser = http::response_parser<http::string_body>;

constexpr std::size_t kMaxBody = 256U << 20;

std::string Serialize(const HttpRequest& request) {
  std::string text =
      fmt::format("{} {} HTTP/1.1\r\nHost: headroom\r\n", request.method, request.target);
  for (const auto& [name, value] : request.headers) text += fmt::format("{}: {}\r\n", name, value);
  if (!request.body.empty()) text += "Content-Type: application/json\r\n";
  if (request.method != "GET") text += fmt::format("Content-Length: {}\r\n", request.body.size());
  return text + "\r\n" + request.body;
}

HttpResponse ToResponse(Parser& parser) {
  HttpResponse response;
  auto& message = parser.get();
  response.status = static_cast<int>(message.result_int());
  for (const auto& field : message)
    response.headers.emplace_back(field.name_string().to_string(), field.value().to_string());
  response.body = std::move(message.body());
  return response;
}

std::string Seconds(Duration duration) {
  return fmt::format("{} s", std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

// A daemon that takes no connections makes connect() wait as sending does (unix(7)).
Status LimitWaiting(int fd, Duration deadline) {
  const auto micros = std::chrono::ceil<std::chrono::microseconds>(deadline).count();
  const timeval limit{micros / 1'000'000, micros % 1'000'000};
  if (::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0) return {};
  return FailErrno(errno, "limit the wait for the daemon");
}

Result<UniqueFd> Connect(const std::string& path, Duration deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return Fail(ErrorCode::kInvalid,
                fmt::format("the socket's path must have 1 to {} bytes, got \"{}\"",
                            sizeof(address.sun_path) - 1, path));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return FailErrno(errno, "open a socket");
  if (auto limited = LimitWaiting(fd.get(), deadline); !limited)
    return tl::unexpected<Error>(limited.error());
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0)
    return fd;
  if (errno != EAGAIN) return FailErrno(errno, fmt::format("connect to {}", path));
  return tl::unexpected<Error>(
      Error{ErrorCode::kUnavailable,
            fmt::format("it took no connection within {}", Seconds(deadline)), ETIMEDOUT});
}

tl::unexpected<Error> Cut() {
  return tl::unexpected<Error>(Error{
      ErrorCode::kUnavailable, "it closed the connection in the middle of its answer", ECONNRESET});
}

}  // namespace

// One connection, and what came in on it beyond the last answer.
class UnixClient::Connection {
 public:
  Connection(UniqueFd fd, int abort_fd) : fd_(std::move(fd)), abort_fd_(abort_fd) {}

  void AbortOn(int fd) { abort_fd_ = fd; }
  // No byte of the current answer has come: the daemon may have closed this connection long ago.
  bool untouched() const { return untouched_; }
  bool keeps_alive() const { return keeps_alive_; }

  Status Send(std::string_view bytes, Duration deadline);
  // Reads until the parser has more of its message than before, or the whole of it.
  Status Advance(Parser& parser, std::optional<Duration> deadline);

 private:
  Status Await(short events, std::optional<Duration> deadline);
  Result<bool> Receive(std::optional<Duration> deadline);  // false: the daemon ended the connection

  UniqueFd fd_;
  int abort_fd_;
  bool untouched_ = true;
  bool keeps_alive_ = false;
  std::string input_;
};

Status UnixClient::Connection::Await(short events, std::optional<Duration> deadline) {
  pollfd fds[2] = {{fd_.get(), events, 0}, {abort_fd_, POLLIN, 0}};
  const int timeout =
      deadline ? static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(*deadline).count())
               : -1;
  const int ready = ::poll(fds, 2, timeout);
  if (ready < 0 && errno != EINTR) return FailErrno(errno, "wait for the daemon");
  if (ready < 0 || fds[1].revents != 0)
    return tl::unexpected<Error>(Error{ErrorCode::kUnavailable, "interrupted", EINTR});
  if (ready > 0) return {};
  return tl::unexpected<Error>(Error{ErrorCode::kUnavailable,
                                     fmt::format("it did not answer within {}", Seconds(*deadline)),
                                     ETIMEDOUT});
}

Status UnixClient::Connection::Send(std::string_view bytes, Duration deadline) {
  untouched_ = true;
  while (!bytes.empty()) {
    if (auto ready = Await(POLLOUT, deadline); !ready) return ready;
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN) continue;
    // The daemon may have answered and closed before it read everything (413): read that first.
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) return {};
    if (sent < 0) return FailErrno(errno, "send to the daemon");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<bool> UnixClient::Connection::Receive(std::optional<Duration> deadline) {
  if (auto ready = Await(POLLIN, deadline); !ready) return tl::unexpected<Error>(ready.error());
  char bytes[1 << 16];
  const ssize_t got = ::recv(fd_.get(), bytes, sizeof(bytes), 0);
  if (got < 0 && errno == ECONNRESET) return false;
  if (got < 0) return FailErrno(errno, "read from the daemon");
  input_.append(bytes, static_cast<std::size_t>(got));
  return got > 0;
}

Status UnixClient::Connection::Advance(Parser& parser, std::optional<Duration> deadline) {
  boost::system::error_code error;
  std::size_t used = input_.empty() ? 0 : parser.put(boost::asio::buffer(input_), error);
  while (used == 0 && !parser.is_done()) {
    if (error && error != http::error::need_more) break;
    auto more = Receive(deadline);
    if (!more) return tl::unexpected<Error>(more.error());
    if (*more) {
      untouched_ = false;
      used = parser.put(boost::asio::buffer(input_), error);
      continue;
    }
    if (!parser.got_some()) return Cut();  // put_eof() asserts it
    parser.put_eof(error);
    if (error || !parser.is_done()) return Cut();
  }
  input_.erase(0, used);
  if (error && error != http::error::need_more) {
    return Fail(ErrorCode::kCorrupt,
                fmt::format("what listens there does not speak HTTP ({})", error.message()));
  }
  keeps_alive_ = parser.is_done() && parser.keep_alive();
  return {};
}

UnixClient::UnixClient(std::string socket_path, Duration deadline)
    : socket_path_(std::move(socket_path)), deadline_(deadline) {}

UnixClient::~UnixClient() = default;

Result<HttpResponse> UnixClient::Call(const HttpRequest& request) {
  const bool reused = kept_ != nullptr;
  auto connection = std::move(kept_);
  if (!connection) {
    auto fd = Connect(socket_path_, deadline_);
    if (!fd) return tl::unexpected<Error>(fd.error());
    connection = std::make_unique<Connection>(std::move(*fd), abort_fd_);
  }
  connection->AbortOn(abort_fd_);
  if (auto sent = connection->Send(Serialize(request), deadline_); !sent)
    return tl::unexpected<Error>(sent.error());
  Parser parser;
  parser.eager(true);
  parser.body_limit(kMaxBody);
  while (!parser.is_done()) {
    const auto advanced = connection->Advance(parser, deadline_);
    if (advanced) continue;
    const bool closed_before = advanced.error().os_error == ECONNRESET && connection->untouched();
    if (reused && closed_before) return Call(request);
    return tl::unexpected<Error>(advanced.error());
  }
  if (connection->keeps_alive()) kept_ = std::move(connection);
  return ToResponse(parser);
}

Result<HttpResponse> UnixClient::Stream(const HttpRequest& request,
                                        const std::function<Sink(std::string_view)>& sink) {
  auto fd = Connect(socket_path_, deadline_);
  if (!fd) return tl::unexpected<Error>(fd.error());
  Connection connection(std::move(*fd), abort_fd_);
  if (auto sent = connection.Send(Serialize(request), deadline_); !sent)
    return tl::unexpected<Error>(sent.error());
  Parser parser;
  parser.eager(true);
  parser.body_limit(boost::none);
  while (!parser.is_done()) {
    const bool streaming = parser.is_header_done() && parser.get().result_int() == 200;
    const auto deadline = streaming ? std::nullopt : std::optional(deadline_);
    if (auto advanced = connection.Advance(parser, deadline); !advanced)
      return tl::unexpected<Error>(advanced.error());
    if (!parser.is_header_done() || parser.get().result_int() != 200) continue;
    const std::string piece = std::exchange(parser.get().body(), {});
    if (!piece.empty() && sink(piece) == Sink::kStop) break;
  }
  return ToResponse(parser);
}

}  // namespace headroom::cli
