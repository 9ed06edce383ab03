#include "tests/cli/fake_daemon.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace headroom::cli {
namespace {

// The next request of a connection; nothing at its end.
std::optional<Asked> ReadRequest(int fd, std::string* input) {
  const auto more = [&] {
    char bytes[4096];
    const ssize_t got = ::recv(fd, bytes, sizeof(bytes), 0);
    if (got > 0) input->append(bytes, static_cast<std::size_t>(got));
    return got > 0;
  };
  std::size_t end = 0;
  while ((end = input->find("\r\n\r\n")) == std::string::npos) {
    if (!more()) return std::nullopt;
  }
  Asked asked;
  asked.head = input->substr(0, end + 4);
  asked.line = asked.head.substr(0, asked.head.find(" HTTP/"));
  const auto length = asked.head.find("Content-Length: ");
  const std::size_t size =
      length == std::string::npos ? 0 : std::stoul(asked.head.substr(length + 16));
  while (input->size() < end + 4 + size) {
    if (!more()) return std::nullopt;
  }
  asked.body = input->substr(end + 4, size);
  input->erase(0, end + 4 + size);
  return asked;
}

std::string Serialize(const Reply& reply) {
  if (reply.form != Reply::Form::kHttp) return reply.body;
  std::string text =
      fmt::format("HTTP/1.1 {} Status\r\nContent-Length: {}\r\n", reply.status, reply.body.size());
  for (const auto& [name, value] : reply.headers) text += fmt::format("{}: {}\r\n", name, value);
  return text + "\r\n" + reply.body;
}

}  // namespace

Reply Json(const nlohmann::json& body, int status) {
  return {status, body.dump(), {}, Reply::Form::kHttp};
}

Reply Log(const std::string& bytes, int64_t next, bool complete) {
  return {200,
          bytes,
          {{"X-Headroom-Offset-Next", std::to_string(next)},
           {"X-Headroom-Complete", complete ? "true" : "false"}},
          Reply::Form::kHttp};
}

Reply Refusal(int status, const std::string& message, const std::string& hint) {
  return Json({{"code", "x"}, {"message", message}, {"details", {}}, {"hint", hint}}, status);
}

Reply Verbatim(const std::string& bytes) { return {0, bytes, {}, Reply::Form::kVerbatim}; }

Reply Silence() { return {0, {}, {}, Reply::Form::kSilence}; }

FakeDaemon::FakeDaemon() : socket_(dir_ / "socket") {
  listen_.Reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (::bind(listen_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
    std::abort();
  if (::listen(listen_.get(), 16) != 0) std::abort();
  accepting_ = std::thread([this] { Accept(); });
}

FakeDaemon::~FakeDaemon() {
  stopping_ = true;
  ::shutdown(listen_.get(), SHUT_RDWR);
  accepting_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& thread : serving_) thread.join();
}

FakeDaemon& FakeDaemon::On(const std::string& line, std::vector<Reply> replies) {
  const std::lock_guard lock(mutex_);
  replies_[line].assign(replies.begin(), replies.end());
  return *this;
}

std::vector<Asked> FakeDaemon::asked() {
  const std::lock_guard lock(mutex_);
  return asked_;
}

int FakeDaemon::Count(const std::string& line) {
  const auto all = asked();
  return static_cast<int>(std::ranges::count(all, line, &Asked::line));
}

nlohmann::json FakeDaemon::BodyOf(const std::string& line) {
  for (const Asked& asked : asked()) {
    if (asked.line == line) return nlohmann::json::parse(asked.body, nullptr, false);
  }
  return nullptr;
}

void FakeDaemon::Accept() {
  while (!stopping_) {
    const int fd = ::accept4(listen_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    ++connections_;
    const std::lock_guard lock(mutex_);
    open_.push_back(fd);
    serving_.emplace_back([this, fd] { Serve(fd); });
  }
}

void FakeDaemon::Serve(int fd) {
  std::string input;
  while (const auto asked = ReadRequest(fd, &input)) {
    const Reply reply = Answer(*asked);
    const std::string text = Serialize(reply);
    ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (reply.form == Reply::Form::kVerbatim) break;
  }
  const std::lock_guard lock(mutex_);
  std::erase(open_, fd);
  ::close(fd);
}

Reply FakeDaemon::Answer(const Asked& asked) {
  const std::lock_guard lock(mutex_);
  asked_.push_back(asked);
  const auto found = replies_.find(asked.line);
  if (found == replies_.end()) return Refusal(404, "the test has no answer to " + asked.line);
  const Reply reply = found->second.front();
  if (found->second.size() > 1) found->second.pop_front();
  return reply;
}

}  // namespace headroom::cli
