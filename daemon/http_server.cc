#include "daemon/http_server.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <sstream>
#include <utility>  // before Asio: Boost 1.74 uses std::exchange without it

// The one file that includes Beast: it costs 15 seconds to compile.
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace headroom {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

using Protocol = asio::generic::stream_protocol;
using Socket = beast::basic_stream<Protocol, asio::io_context::executor_type>;

constexpr Duration kLinger = std::chrono::seconds(1);
constexpr std::size_t kLingerBytes = 1 << 20;

int Family(Transport transport) { return transport == Transport::kUnix ? AF_UNIX : AF_INET; }

http::response<http::string_body> ToWire(HttpResponse response, unsigned version, bool keep_alive) {
  http::response<http::string_body> wire;
  wire.version(version);
  wire.result(static_cast<unsigned>(response.status));
  wire.set(http::field::content_type, response.content_type);
  // Nothing here is a page: a browser shall neither guess a type nor run anything (F44).
  wire.set("X-Content-Type-Options", "nosniff");
  wire.set("Content-Security-Policy", "default-src 'none'");
  wire.set(http::field::cache_control, "no-store");
  for (const auto& [name, value] : response.headers) wire.set(name, value);
  wire.keep_alive(keep_alive);
  wire.body() = std::move(response.body);
  return wire;
}

std::string ToText(HttpResponse response) {
  auto wire = ToWire(std::move(response), 11, false);
  wire.prepare_payload();
  std::ostringstream text;
  text << wire;
  return text.str();
}

template <class Message>
HttpRequest ToRequest(const Message& message, const Peer& peer) {
  HttpRequest request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  for (const auto& field : message) {
    request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  request.peer = peer;
  return request;
}

// What Beast lets pass and two readers could take for two different requests (RFC 9112, 6.1, 6.3).
template <class Message>
const char* FramingProblem(const Message& message) {
  if (message.version() != 11 && message.version() != 10) return "HTTP/1.1 and 1.0 only";
  if (message.count(http::field::host) > 1) return "more than one Host";
  if (message.version() == 11 && message.count(http::field::host) == 0) return "no Host";
  if (message.count(http::field::authorization) > 1) return "more than one Authorization";
  if (message.count(http::field::content_length) > 1 ||
      message[http::field::content_length].find(',') != beast::string_view::npos) {
    return "more than one Content-Length";
  }
  if (message.count(http::field::transfer_encoding) > 0 &&
      (message.version() == 10 ||
       !beast::iequals(message[http::field::transfer_encoding], "chunked"))) {
    return "a Transfer-Encoding other than chunked";
  }
  return nullptr;
}

}  // namespace

// What all connections share, and the list of them. Outlives the server as long as a reply is held.
class HttpServer::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(asio::io_context& loop_of, HttpHandler& handler_of, HttpLimits limits_of, PeerOf peer)
      : loop(loop_of),
        handler(&handler_of),
        limits(limits_of),
        peer_of(std::move(peer)),
        count(limits.connections) {}

  void Welcome(UniqueFd fd, Transport transport);
  void Add(Session* session, const Peer& peer) {
    if (sessions.insert(session).second) count.Add(peer.uid);
  }
  void Remove(Session* session, const Peer& peer) {
    if (sessions.erase(session) > 0) count.Remove(peer.uid);
  }
  HttpResponse Refusal(int status, std::string_view why) {
    return handler == nullptr ? HttpResponse{status, "text/plain", {}, {}}
                              : handler->OnRefusal(status, why);
  }

  asio::io_context& loop;
  HttpHandler* handler;  // null once stopped
  const HttpLimits limits;
  const PeerOf peer_of;
  std::set<Session*> sessions;
  ConnectionCount count;
};

// One connection. Owned by the operation that it waits for, or by the reply that it is owed.
class HttpServer::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Core> core, UniqueFd fd, Peer peer)
      : core_(std::move(core)), socket_(core_->loop), heartbeat_(core_->loop), peer_(peer) {
    socket_.socket().assign(Protocol(Family(peer.transport), 0), fd.Release());
    core_->Add(this, peer_);
  }
  ~Session() { Leave(); }

  void WaitForRequest();
  void Answer(HttpResponse response, bool may_keep_alive = true);
  void StartStream(HttpResponse response, std::string heartbeat);
  void Write(std::string piece, std::function<void()> written);
  bool gone() const { return gone_; }
  // Closes the socket and frees the connection's place, whoever still holds this object.
  void Leave();

 private:
  void ReadHead();
  void OnHead();
  void ReadBody();
  void Dispatch();
  void Refuse(int status, std::string_view why) { Answer(core_->Refusal(status, why), false); }
  void RefuseFor(const error_code& error);
  void Continue();
  void Linger(std::size_t seen);
  void WatchForEnd();
  void Flush();
  void ArmHeartbeat();

  using Parser = http::request_parser<http::string_body>;

  const std::shared_ptr<Core> core_;
  Socket socket_;
  asio::steady_timer heartbeat_;
  const Peer peer_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  HttpRequest request_;
  std::optional<http::response<http::string_body>> response_;
  bool answered_ = false;
  bool gone_ = false;
  std::array<char, 1024> scratch_{};  // for bytes that nobody wants
  // Of a stream:
  std::string heartbeat_text_, pending_, in_flight_;
  std::function<void()> written_;
};

class HttpServer::Stream final : public HttpStream {
 public:
  explicit Stream(std::shared_ptr<Session> session) : session_(std::move(session)) {}
  ~Stream() override { session_->Leave(); }

  void Write(std::string piece, std::function<void()> written) override {
    session_->Write(std::move(piece), std::move(written));
  }
  bool gone() const override { return session_->gone(); }

 private:
  const std::shared_ptr<Session> session_;
};

class HttpServer::Reply final : public HttpReply {
 public:
  explicit Reply(std::shared_ptr<Session> session) : session_(std::move(session)) {}

  void Send(HttpResponse response) override {
    std::exchange(session_, nullptr)->Answer(std::move(response));
  }
  std::shared_ptr<HttpStream> Stream(HttpResponse response, std::string heartbeat) override {
    session_->StartStream(std::move(response), std::move(heartbeat));
    return std::make_shared<HttpServer::Stream>(std::exchange(session_, nullptr));
  }

 private:
  std::shared_ptr<Session> session_;
};

void HttpServer::Session::Leave() {
  if (std::exchange(gone_, true)) return;
  // Whoever waits for a piece to be written holds the stream, and the stream holds us.
  const auto nobody_is_called = std::exchange(written_, nullptr);
  core_->Remove(this, peer_);
  heartbeat_.cancel();
  socket_.close();
}

void HttpServer::Session::WaitForRequest() {
  parser_.reset();
  response_.reset();
  answered_ = false;
  if (buffer_.size() > 0) return ReadHead();  // sent ahead
  buffer_.shrink_to_fit();
  socket_.expires_after(core_->limits.idle);
  socket_.async_read_some(buffer_.prepare(scratch_.size()),
                          [self = shared_from_this()](error_code error, std::size_t size) {
                            if (error) return;
                            self->buffer_.commit(size);
                            self->ReadHead();
                          });
}

void HttpServer::Session::ReadHead() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(core_->limits.head_bytes));
  // Not boost::none: 1.74 takes that for less than any Content-Length.
  parser_->body_limit(std::numeric_limits<std::uint64_t>::max());
  socket_.expires_after(core_->limits.head);
  http::async_read_header(socket_, buffer_, *parser_,
                          [self = shared_from_this()](error_code error, std::size_t) {
                            error ? self->RefuseFor(error) : self->OnHead();
                          });
}

void HttpServer::Session::OnHead() {
  if (core_->handler == nullptr) return;
  if (const char* problem = FramingProblem(parser_->get())) return Refuse(400, problem);
  request_ = ToRequest(parser_->get(), peer_);
  auto verdict = core_->handler->OnHead(request_);
  if (auto* answer = std::get_if<HttpResponse>(&verdict)) {
    return Answer(std::move(*answer), parser_->is_done());
  }
  const std::size_t limit = std::get<std::size_t>(verdict);
  if (const auto length = parser_->content_length(); length && *length > limit) {
    return Refuse(413, "the body is larger than " + std::to_string(limit) + " bytes");
  }
  parser_->body_limit(limit);
  if (parser_->is_done()) return Dispatch();
  if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) return Continue();
  ReadBody();
}

void HttpServer::Session::Continue() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  socket_.expires_after(core_->limits.write);
  asio::async_write(socket_, asio::buffer(kContinue),
                    [self = shared_from_this()](error_code error, std::size_t) {
                      if (!error) self->ReadBody();
                    });
}

void HttpServer::Session::ReadBody() {
  socket_.expires_after(core_->limits.body);
  http::async_read(socket_, buffer_, *parser_,
                   [self = shared_from_this()](error_code error, std::size_t) {
                     error ? self->RefuseFor(error) : self->Dispatch();
                   });
}

void HttpServer::Session::Dispatch() {
  if (core_->handler == nullptr) return;
  request_.body = std::move(parser_->get().body());
  try {
    core_->handler->OnRequest(std::move(request_), std::make_shared<Reply>(shared_from_this()));
  } catch (const std::exception& failure) {
    spdlog::error("http: a request was not handled: {}", failure.what());
    if (!answered_) Refuse(500, "this request could not be handled");
  }
}

void HttpServer::Session::RefuseFor(const error_code& error) {
  if (error == http::error::header_limit) return Refuse(431, "the request's head is too large");
  if (error == http::error::body_limit) return Refuse(413, "the request's body is too large");
  const bool malformed = error.category() == make_error_code(http::error::bad_method).category() &&
                         error != http::error::end_of_stream;
  if (malformed) return Refuse(400, "malformed HTTP: " + error.message());
  // The client has gone, or was too slow: nothing to say.
}

void HttpServer::Session::Answer(HttpResponse response, bool may_keep_alive) {
  answered_ = true;
  if (core_->handler != nullptr) core_->handler->OnAnswered(response.status);
  const bool to_head = parser_->get().method() == http::verb::head;  // refused, without a body
  if (to_head) response.body.clear();
  const bool keep_alive = may_keep_alive && !to_head && parser_->keep_alive();
  response_ = ToWire(std::move(response), parser_->get().version() == 10 ? 10 : 11, keep_alive);
  response_->prepare_payload();
  socket_.expires_after(core_->limits.write);
  http::async_write(socket_, *response_,
                    [self = shared_from_this(), keep_alive](error_code error, std::size_t) {
                      if (error) return;
                      if (keep_alive) return self->WaitForRequest();
                      error_code ignored;
                      self->socket_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
                      self->socket_.expires_after(kLinger);
                      self->Linger(0);
                    });
}

// Reads on for a moment after the last answer: closing with unread bytes would reset the connection
// and take the answer with it (RFC 9112, 9.6).
void HttpServer::Session::Linger(std::size_t seen) {
  if (seen > kLingerBytes) return;
  socket_.async_read_some(asio::buffer(scratch_),
                          [self = shared_from_this(), seen](error_code error, std::size_t size) {
                            if (!error) self->Linger(seen + size);
                          });
}

void HttpServer::Session::StartStream(HttpResponse response, std::string heartbeat) {
  answered_ = true;
  if (core_->handler != nullptr) core_->handler->OnAnswered(response.status);
  heartbeat_text_ = std::move(heartbeat);
  std::ostringstream head;
  head << ToWire(std::move(response), 11, false).base();
  socket_.expires_never();
  WatchForEnd();
  Write(head.str(), nullptr);
}

// A client that listens to a stream has nothing more to say; the end of its side is the end.
void HttpServer::Session::WatchForEnd() {
  socket_.async_read_some(asio::buffer(scratch_),
                          [self = shared_from_this()](error_code error, std::size_t) {
                            if (self->gone_) return;
                            if (!error) return self->WatchForEnd();
                            self->Leave();
                          });
}

void HttpServer::Session::Write(std::string piece, std::function<void()> written) {
  if (gone_) return;
  pending_ += piece;
  written_ = std::move(written);
  if (in_flight_.empty()) Flush();
}

void HttpServer::Session::Flush() {
  in_flight_ = std::exchange(pending_, {});
  socket_.expires_after(core_->limits.write);
  asio::async_write(socket_, asio::buffer(in_flight_),
                    [self = shared_from_this()](error_code error, std::size_t) {
                      self->in_flight_.clear();
                      if (error) self->Leave();
                      if (self->gone_) return;
                      if (!self->pending_.empty()) return self->Flush();
                      self->ArmHeartbeat();
                      if (const auto done = std::exchange(self->written_, nullptr)) done();
                    });
}

void HttpServer::Session::ArmHeartbeat() {
  heartbeat_.expires_after(core_->limits.heartbeat);
  heartbeat_.async_wait([self = weak_from_this()](error_code error) {
    const auto session = self.lock();
    if (error || !session || session->gone_ || !session->in_flight_.empty()) return;
    session->pending_ = session->heartbeat_text_;
    session->Flush();
  });
}

void HttpServer::Core::Welcome(UniqueFd fd, Transport transport) {
  if (handler == nullptr) return;
  const Peer peer = peer_of(fd.get(), transport);
  if (count.HasRoomFor(peer.uid) || (count.HasRoomInReserve() && handler->IsPrivileged(peer))) {
    std::make_shared<Session>(shared_from_this(), std::move(fd), peer)->WaitForRequest();
    return;
  }
  const std::string text = ToText(Refusal(503, "too many connections"));
  handler->OnAnswered(503);
  static_cast<void>(::send(fd.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
}

HttpServer::HttpServer(asio::io_context& loop, HttpHandler& handler, HttpLimits limits,
                       PeerOf peer_of)
    : core_(std::make_shared<Core>(loop, handler, limits, std::move(peer_of))) {}

HttpServer::~HttpServer() { Stop(); }

void HttpServer::Listen(UniqueFd socket, Transport transport) {
  acceptors_.push_back(std::make_unique<Acceptor>(
      core_->loop, std::move(socket),
      [core = core_, transport](UniqueFd fd) { core->Welcome(std::move(fd), transport); }));
}

void HttpServer::Stop() {
  acceptors_.clear();
  core_->handler = nullptr;
  for (Session* session : std::set<Session*>(core_->sessions)) session->Leave();
}

std::size_t HttpServer::connections() const { return core_->sessions.size(); }

}  // namespace headroom
