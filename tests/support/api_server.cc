#include "tests/support/api_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>

#include "daemon/listen_socket.h"

namespace headroom {
namespace {

constexpr auto kPatience = std::chrono::seconds(60);  // of a busy machine

Result<UserIdentity> UserOf(uid_t uid) {
  if (uid == ApiServer::kRoot) return UserIdentity{0, 0, {0}, "root", "/root", "/bin/sh"};
  if (uid == ApiServer::kAlice) return UserIdentity{uid, uid, {uid}, "alice", "/", "/bin/sh"};
  if (uid == ApiServer::kBob) return UserIdentity{uid, uid, {uid}, "bob", "/", "/bin/sh"};
  if (uid == ApiServer::kMember) return UserIdentity{uid, uid, {uid, 77}, "member", "/", "/bin/sh"};
  return Fail(ErrorCode::kNotFound, "user: unknown on this host");
}

Result<UserIdentity> UserNamed(const std::string& name) {
  for (const uid_t uid :
       {ApiServer::kRoot, ApiServer::kAlice, ApiServer::kBob, ApiServer::kMember}) {
    if (UserOf(uid)->name == name) return UserOf(uid);
  }
  return Fail(ErrorCode::kNotFound, fmt::format("user {}: unknown on this host", name));
}

UserDatabase FakeUsers() {
  return {UserOf, UserNamed, [](const UserIdentity& user, const std::string& group) {
            return user.uid == ApiServer::kMember && group == "headroom";
          }};
}

// False: the other end is closed.
bool ReadMore(int fd, std::string& seen) {
  char chunk[65536];
  const ssize_t n = ::recv(fd, chunk, sizeof chunk, MSG_DONTWAIT);
  if (n > 0) seen.append(chunk, static_cast<std::size_t>(n));
  return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

std::optional<HttpAnswer> TakeAnswer(std::string& seen, bool closed) {
  const auto head_end = seen.find("\r\n\r\n");
  if (head_end == seen.npos) return std::nullopt;
  HttpAnswer answer;
  std::string_view head(seen.data(), head_end);
  std::from_chars(head.data() + 9, head.data() + 12, answer.status);
  while (head.find("\r\n") != head.npos) {
    head.remove_prefix(head.find("\r\n") + 2);
    const std::string_view line = head.substr(0, head.find("\r\n"));
    const auto colon = line.find(": ");
    answer.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  std::size_t length = closed ? seen.size() - head_end - 4 : seen.npos;
  if (const std::string text = answer.Header("Content-Length"); !text.empty()) {
    std::from_chars(text.data(), text.data() + text.size(), length);
  } else if (answer.status == 100) {
    length = 0;
  }
  if (length == seen.npos || seen.size() < head_end + 4 + length) return std::nullopt;
  answer.body = seen.substr(head_end + 4, length);
  seen.erase(0, head_end + 4 + length);
  return answer;
}

}  // namespace

struct ApiServer::Loop {
  boost::asio::io_context io{1};
};

std::string HttpAnswer::Header(std::string_view name) const {
  HttpRequest lookup;
  lookup.headers = headers;
  return std::string(lookup.Header(name).value_or(""));
}

ApiServer::ApiServer(HttpLimits limits, std::string token) : loop_(std::make_unique<Loop>()) {
  api_ = std::make_unique<Api>(
      service, clock, ApiOptions{std::move(token), FakeUsers(), [this](int) { ++answered; }});
  const auto peer_of = [this](int, Transport transport) {
    return Peer{transport, transport == Transport::kUnix ? std::optional(uid) : std::nullopt};
  };
  server_ = std::make_unique<HttpServer>(loop_->io, *api_, limits, peer_of);
  auto unix_socket = ListenUnix(dir / "socket");
  auto tcp_socket = ListenLoopback("127.0.0.1:0");
  if (!unix_socket || !tcp_socket) std::abort();
  port_ = LocalPort(tcp_socket->get()).value();
  server_->Listen(*std::move(unix_socket), Transport::kUnix);
  server_->Listen(*std::move(tcp_socket), Transport::kTcp);
}

ApiServer::~ApiServer() = default;

UniqueFd ApiServer::Connect(Transport transport) {
  const bool local = transport == Transport::kUnix;
  UniqueFd fd(::socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un path{};
  path.sun_family = AF_UNIX;
  std::strncpy(path.sun_path, (dir / "socket").c_str(), sizeof(path.sun_path) - 1);
  sockaddr_in port{};
  port.sin_family = AF_INET;
  port.sin_port = htons(port_);
  port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int connected =
      local ? ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&path), sizeof path)
            : ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&port), sizeof port);
  if (connected != 0) std::abort();
  return fd;
}

void ApiServer::Write(const UniqueFd& client, std::string_view bytes) {
  RunUntil([&] {
    const ssize_t n = ::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
    const bool gone = n < 0 && errno != EAGAIN;
    return bytes.empty() || gone;
  });
}

std::optional<HttpAnswer> ApiServer::Read(const UniqueFd& client, std::string& seen) {
  std::optional<HttpAnswer> answer;
  RunUntil([&] {
    const bool open = ReadMore(client.get(), seen);
    answer = TakeAnswer(seen, !open);
    return answer || !open;
  });
  return answer;
}

std::optional<HttpAnswer> ApiServer::Read(const UniqueFd& client) {
  std::string seen;
  return Read(client, seen);
}

HttpAnswer ApiServer::Send(const std::string& method, const std::string& target,
                           std::string_view body, const std::string& headers, Transport transport) {
  const UniqueFd client = Connect(transport);
  Write(client, fmt::format("{} {} HTTP/1.1\r\nHost: headroom\r\n{}Content-Length: {}\r\n\r\n{}",
                            method, target, headers, body.size(), body));
  const HttpAnswer answer = Read(client).value_or(HttpAnswer{});
  Record(method, target, answer);
  return answer;
}

std::optional<HttpAnswer> ApiServer::SendRaw(std::string_view bytes) {
  const UniqueFd client = Connect();
  Write(client, bytes);
  auto answer = Read(client);
  if (answer && answer->status >= 400) Record("", "", *answer);
  return answer;
}

bool ApiServer::RunUntil(const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ++turns;
    loop_->io.restart();
    loop_->io.run_one_for(std::chrono::milliseconds(5));
  }
  return true;
}

bool ApiServer::RunUntilSent(const UniqueFd& client, std::string& seen, std::string_view text) {
  bool open = true;
  return RunUntil([&] {
           open = ReadMore(client.get(), seen);
           return seen.find(text) != seen.npos || !open;
         }) &&
         seen.find(text) != seen.npos;
}

bool ApiServer::RunUntilClosed(const UniqueFd& client) {
  std::string ignored;
  return RunUntil([&] { return !ReadMore(client.get(), ignored); });
}

std::size_t ApiServer::connections() const { return server_->connections(); }

void ApiServer::Stop() { server_->Stop(); }

// For tests/daemon/check_contract.py, which holds every answer against openapi.json.
void ApiServer::Record(const std::string& method, const std::string& target,
                       const HttpAnswer& answer) {
  const char* path = std::getenv("HEADROOM_EXCHANGES");
  if (path == nullptr) return;
  nlohmann::ordered_json headers;
  for (const auto& [name, value] : answer.headers) headers[name] = value;
  const nlohmann::ordered_json exchange = {{"method", method},
                                           {"target", target},
                                           {"status", answer.status},
                                           {"headers", headers},
                                           {"body", answer.body}};
  std::ofstream(path, std::ios::app)
      << exchange.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

}  // namespace headroom
