#include "daemon/callers.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/algorithm/string/predicate.hpp>
#include <cerrno>

#include "base/file.h"

namespace headroom {
namespace {

constexpr Duration kRemembered = std::chrono::seconds(10);
constexpr std::size_t kMostRemembered = 4096;
constexpr uid_t kUnmappedUid = 65534;  // /proc/sys/kernel/overflowuid
constexpr std::string_view kBearer = "Bearer ";
constexpr std::size_t kLeastTokenLength = 16;
constexpr std::size_t kMostTokenLength = 256;

bool IsUnmapped(uid_t uid) { return uid == kUnmappedUid || uid == static_cast<uid_t>(-1); }

Result<std::string> MakeToken(const std::string& path) {
  std::array<unsigned char, 32> random{};
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    return FailErrno(errno, "make a token");
  }
  std::string token;
  for (const unsigned char byte : random) token += fmt::format("{:02x}", byte);
  if (const Status written = WriteFileDurably(path, token + "\n", 0600); !written) {
    return tl::unexpected(written.error());
  }
  return token;
}

}  // namespace

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  volatile unsigned char different = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char other = b.empty() ? '\0' : b[i % b.size()];
    different = static_cast<unsigned char>(different | (a[i] ^ other));
  }
  return different == 0;
}

Result<std::string> LoadOrMakeToken(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return MakeToken(path);
    return FailErrno(errno, "token file " + path);
  }
  const bool ours = info.st_uid == ::geteuid() || info.st_uid == 0;
  if (!S_ISREG(info.st_mode) || !ours || (info.st_mode & 0077) != 0) {
    return Fail(ErrorCode::kDenied,
                fmt::format("token file {}: must be a regular file of its own user, readable by "
                            "nobody else (chmod 600)",
                            path));
  }
  auto token = ReadFile(path, kMostTokenLength + 1);
  if (!token) return token;
  while (!token->empty() && (token->back() == '\n' || token->back() == '\r')) token->pop_back();
  if (token->size() >= kLeastTokenLength && token->find_first_of(" \t\r\n") == token->npos) {
    return token;
  }
  return Fail(ErrorCode::kInvalid, fmt::format("token file {}: expected one line of {} to {} bytes "
                                               "without spaces",
                                               path, kLeastTokenLength, kMostTokenLength));
}

Callers::Callers(UserDatabase users, const Clock& clock, std::string token)
    : users_(std::move(users)), clock_(clock), token_(std::move(token)) {}

ApiResult<Caller> Callers::Identify(const HttpRequest& request, const std::string& admin_group) {
  if (request.peer.transport == Transport::kTcp) {
    if (!ShowsToken(request)) {
      ApiError error{401,
                     "a bearer token is needed over TCP",
                     "send \"Authorization: Bearer TOKEN\", or use the Unix socket",
                     {},
                     {}};
      error.headers = {{"WWW-Authenticate", "Bearer"}};
      return tl::unexpected(std::move(error));
    }
    Caller caller = CallerOf(::geteuid(), admin_group);
    caller.admin = true;
    return caller;
  }
  if (!request.peer.uid || IsUnmapped(*request.peer.uid)) {
    return Refuse(403, "your uid is not known on this host",
                  "a container or user namespace whose uids are not mapped cannot use the socket");
  }
  return CallerOf(*request.peer.uid, admin_group);
}

bool Callers::IsAdmin(const Peer& peer, const std::string& admin_group) {
  return peer.transport == Transport::kUnix && peer.uid && !IsUnmapped(*peer.uid) &&
         CallerOf(*peer.uid, admin_group).admin;
}

bool Callers::ShowsToken(const HttpRequest& request) const {
  const auto shown = request.Header("Authorization");
  // The scheme's name is case-insensitive (RFC 9110, 11.1).
  return !token_.empty() && shown && boost::algorithm::istarts_with(*shown, kBearer) &&
         EqualInConstantTime(shown->substr(kBearer.size()), token_);
}

Caller Callers::CallerOf(uid_t uid, const std::string& admin_group) {
  const TimePoint now = clock_.Now();
  const auto known = callers_.find(uid);
  if (known != callers_.end() && now < known->second.until &&
      known->second.admin_group == admin_group) {
    return known->second.caller;
  }
  Caller caller{uid, "", uid == 0};
  if (const auto user = users_.by_uid(uid)) {
    caller.user = user->name;
    caller.admin = caller.admin || users_.is_member(*user, admin_group);
  }
  if (callers_.size() >= kMostRemembered) callers_.clear();
  callers_.insert_or_assign(uid, Known{now + kRemembered, admin_group, caller});
  return caller;
}

Result<UserIdentity> Callers::FindUser(const std::string& name) {
  const TimePoint now = clock_.Now();
  const auto known = names_.find(name);
  if (known != names_.end() && now < known->second.until) return known->second.user;
  const auto user = users_.by_name(name);
  if (names_.size() >= kMostRemembered) names_.clear();
  names_.insert_or_assign(name, KnownName{now + kRemembered, user});
  return user;
}

}  // namespace headroom
