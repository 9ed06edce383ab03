#include "daemon/listen_socket.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

namespace headroom {
namespace {

constexpr int kBacklog = 1024;
constexpr int kSocketFlags = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;

Result<sockaddr_un> UnixAddress(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path) ||
      path.find('\0') != std::string::npos) {
    return Fail(
        ErrorCode::kInvalid,
        fmt::format("listen on {}: the path of a Unix socket has 1 to {} bytes, this one {}", path,
                    sizeof(address.sun_path) - 1, path.size()));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

const sockaddr* Generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// Removes a socket file whose owner is dead: connecting to it is refused.
Status RemoveStale(const std::string& path, const sockaddr_un& address) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return {};
    return FailErrno(errno, "listen on " + path);
  }
  if (!S_ISSOCK(info.st_mode)) {
    return Fail(ErrorCode::kConflict,
                "listen on " + path + ": a file that is not a socket is there");
  }
  const UniqueFd probe(::socket(AF_UNIX, kSocketFlags, 0));
  if (!probe) return FailErrno(errno, "probe " + path);
  if (::connect(probe.get(), Generic(address), sizeof(address)) == 0 || errno == EAGAIN) {
    return Fail(ErrorCode::kConflict, "listen on " + path + ": another daemon answers there");
  }
  if (errno != ECONNREFUSED) return FailErrno(errno, "probe " + path);
  if (::unlink(path.c_str()) != 0) return FailErrno(errno, "remove the stale socket " + path);
  return {};
}

// /run is empty after every boot.
Status MakeDirectoryOf(const std::string& path) {
  const std::string directory = path.substr(0, path.rfind('/') + 1);
  if (directory.empty() || ::mkdir(directory.c_str(), 0755) == 0 || errno == EEXIST) return {};
  return FailErrno(errno, "make " + directory);
}

struct LoopbackAddress {
  int family = AF_INET;
  uint16_t port = 0;
};

Result<LoopbackAddress> ParseLoopback(std::string_view text) {
  const auto colon = text.rfind(':');
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = colon == text.npos ? "" : text.substr(colon + 1);
  LoopbackAddress address;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (port.empty() || error != std::errc() || end != port.data() + port.size()) {
    return Fail(ErrorCode::kInvalid,
                fmt::format("listen on {}: expected HOST:PORT with a port up to 65535", text));
  }
  if (host == "127.0.0.1" || host == "localhost") return address;
  if (host == "[::1]") {
    address.family = AF_INET6;
    return address;
  }
  return Fail(ErrorCode::kInvalid,
              fmt::format("listen on {}: only 127.0.0.1, localhost and [::1] are allowed; put a "
                          "proxy with TLS in front for more",
                          text));
}

int BindLoopback(int fd, const LoopbackAddress& address) {
  if (address.family == AF_INET6) {
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(address.port);
    six.sin6_addr = in6addr_loopback;
    return ::bind(fd, reinterpret_cast<const sockaddr*>(&six), sizeof(six));
  }
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(address.port);
  four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&four), sizeof(four));
}

}  // namespace

Result<UniqueFd> ListenUnix(const std::string& path) {
  const auto address = UnixAddress(path);
  if (!address) return tl::unexpected(address.error());
  if (const Status removed = RemoveStale(path, *address); !removed) {
    return tl::unexpected(removed.error());
  }
  if (const Status made = MakeDirectoryOf(path); !made) return tl::unexpected(made.error());
  UniqueFd fd(::socket(AF_UNIX, kSocketFlags, 0));
  if (!fd) return FailErrno(errno, "make a Unix socket");
  if (::bind(fd.get(), Generic(*address), sizeof(*address)) != 0) {
    return FailErrno(errno, "bind " + path);
  }
  // Until listen() connections are refused, so nobody is turned away by the mode of the moment.
  if (::chmod(path.c_str(), 0666) != 0) return FailErrno(errno, "chmod " + path);
  if (::listen(fd.get(), kBacklog) != 0) return FailErrno(errno, "listen on " + path);
  return fd;
}

Result<UniqueFd> ListenLoopback(const std::string& host_and_port) {
  const auto address = ParseLoopback(host_and_port);
  if (!address) return tl::unexpected(address.error());
  UniqueFd fd(::socket(address->family, kSocketFlags, 0));
  if (!fd) return FailErrno(errno, "make a TCP socket");
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (BindLoopback(fd.get(), *address) != 0) return FailErrno(errno, "bind " + host_and_port);
  if (::listen(fd.get(), kBacklog) != 0) return FailErrno(errno, "listen on " + host_and_port);
  return fd;
}

Result<uint16_t> LocalPort(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return FailErrno(errno, "getsockname");
  }
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

Peer PeerOfSocket(int fd, Transport transport) {
  Peer peer{transport, std::nullopt};
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (transport == Transport::kUnix &&
      ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
    peer.uid = credentials.uid;
  }
  return peer;
}

}  // namespace headroom
