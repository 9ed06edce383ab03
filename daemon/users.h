#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

// Who a job runs as, from the host's user database (getpwuid_r(3), getgrouplist(3)).
namespace headroom {

struct UserIdentity {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  // all of them, the primary one included
  std::string name;
  std::string home;
  std::string shell;

  bool operator==(const UserIdentity&) const = default;
};

// Threads: any. Errors: kNotFound, saying which user is unknown on this host.
Result<UserIdentity> LookUpUser(uid_t uid);
Result<UserIdentity> LookUpUser(const std::string& name);

// True if the user is in the group, by primary or supplementary membership. Unknown names: false.
bool IsMember(const UserIdentity& user, const std::string& group);

}  // namespace headroom
