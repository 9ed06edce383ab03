#include "daemon/users.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <cerrno>
#include <functional>

namespace headroom {
namespace {

constexpr std::size_t kLargestEntry = 1 << 20;

std::vector<gid_t> GroupsOf(const passwd& entry) {
  int count = 32;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  while (::getgrouplist(entry.pw_name, entry.pw_gid, groups.data(), &count) < 0) {
    groups.resize(static_cast<std::size_t>(count));
  }
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

// Calls a getpw*_r function with a buffer that grows until the entry fits.
template <class Call>
Result<UserIdentity> LookUp(const std::string& who, Call call) {
  std::vector<char> buffer(4096);
  passwd entry{};
  passwd* found = nullptr;
  int error = 0;
  while ((error = call(&entry, buffer.data(), buffer.size(), &found)) == ERANGE &&
         buffer.size() < kLargestEntry) {
    buffer.resize(buffer.size() * 2);
  }
  if (found == nullptr) {
    if (error != 0) return FailErrno(error, "look up user " + who);
    return Fail(ErrorCode::kNotFound, fmt::format("user {}: unknown on this host", who));
  }
  return UserIdentity{entry.pw_uid,  entry.pw_gid, GroupsOf(entry),
                      entry.pw_name, entry.pw_dir, entry.pw_shell};
}

}  // namespace

Result<UserIdentity> LookUpUser(uid_t uid) {
  return LookUp(std::to_string(uid),
                [uid](passwd* entry, char* buffer, std::size_t size, passwd** found) {
                  return ::getpwuid_r(uid, entry, buffer, size, found);
                });
}

Result<UserIdentity> LookUpUser(const std::string& name) {
  return LookUp(name, [&name](passwd* entry, char* buffer, std::size_t size, passwd** found) {
    return ::getpwnam_r(name.c_str(), entry, buffer, size, found);
  });
}

bool IsMember(const UserIdentity& user, const std::string& group) {
  std::vector<char> buffer(4096);
  struct group entry {};
  struct group* found = nullptr;
  while (::getgrnam_r(group.c_str(), &entry, buffer.data(), buffer.size(), &found) == ERANGE &&
         buffer.size() < kLargestEntry) {
    buffer.resize(buffer.size() * 2);
  }
  return found != nullptr && std::ranges::find(user.groups, found->gr_gid) != user.groups.end();
}

}  // namespace headroom
