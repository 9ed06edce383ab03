#pragma once

#include <sys/types.h>

#include <cstddef>
#include <map>
#include <optional>

namespace headroom {

struct ConnectionLimits {
  std::size_t total = 1024;
  std::size_t reserved = 32;   // of the total, for privileged peers
  std::size_t per_user = 256;  // of one that is not privileged
};

// How many connections there are, and whose. TCP clients, whom nobody knows, are one user.
class ConnectionCount {
 public:
  explicit ConnectionCount(const ConnectionLimits& limits) : limits_(limits) {}

  bool HasRoomFor(std::optional<uid_t> uid) const {
    const auto same = per_user_.find(uid);
    return total_ + limits_.reserved < limits_.total &&
           (same == per_user_.end() || same->second < limits_.per_user);
  }
  bool HasRoomInReserve() const { return total_ < limits_.total; }

  void Add(std::optional<uid_t> uid) {
    ++total_;
    ++per_user_[uid];
  }
  void Remove(std::optional<uid_t> uid) {
    --total_;
    if (--per_user_[uid] == 0) per_user_.erase(uid);
  }

 private:
  const ConnectionLimits limits_;
  std::size_t total_ = 0;
  std::map<std::optional<uid_t>, std::size_t> per_user_;
};

}  // namespace headroom
