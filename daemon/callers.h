#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "daemon/api_error.h"
#include "daemon/http_message.h"
#include "daemon/service.h"
#include "daemon/users.h"

// Who asks: a connection's peer -> a Caller.
namespace headroom {

// How users are looked up; by default in the host's user database, which may be slow (LDAP).
struct UserDatabase {
  std::function<Result<UserIdentity>(uid_t)> by_uid = [](uid_t uid) { return LookUpUser(uid); };
  std::function<Result<UserIdentity>(const std::string&)> by_name = [](const std::string& name) {
    return LookUpUser(name);
  };
  std::function<bool(const UserIdentity&, const std::string& group)> is_member = IsMember;
};

// Remembers answers of the database for a few seconds, so that a burst of requests asks it once.
// Threads: the loop's only. `clock` outlives it.
class Callers {
 public:
  // `token`: what a TCP client must show as "Authorization: Bearer TOKEN"; empty: TCP is refused.
  // Whoever has it can read the daemon's own files, so it speaks for the daemon's user.
  Callers(UserDatabase users, const Clock& clock, std::string token);

  // 401 without the right token; 403 for a uid that this user namespace does not map, which the
  // kernel shows as 65534 (user_namespaces(7)): it could be anybody.
  ApiResult<Caller> Identify(const HttpRequest& request, const std::string& admin_group);
  // The same for a connection that has said nothing yet; TCP is never an admin's.
  bool IsAdmin(const Peer& peer, const std::string& admin_group);

  Result<UserIdentity> FindUser(const std::string& name);

 private:
  struct Known {
    TimePoint until{};
    std::string admin_group;
    Caller caller;
  };
  struct KnownName {
    TimePoint until{};
    Result<UserIdentity> user;
  };

  Caller CallerOf(uid_t uid, const std::string& admin_group);
  bool ShowsToken(const HttpRequest& request) const;

  const UserDatabase users_;
  const Clock& clock_;
  const std::string token_;
  std::map<uid_t, Known> callers_;
  std::map<std::string, KnownName> names_;
};

// True if both are equal, in a time that does not depend on where they differ.
bool EqualInConstantTime(std::string_view a, std::string_view b);

// The token of a file that only its owner, who is us or root, can read. A file that is not there is
// made, with 256 random bits.
Result<std::string> LoadOrMakeToken(const std::string& path);

}  // namespace headroom
