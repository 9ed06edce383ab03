#pragma once

#include <cstdint>
#include <optional>

// What an attempt teaches that ran out of memory at its own limit. Pure.
namespace headroom {

// So many attempts that start after the kill and do not run out of memory show that the key does
// not need more after all.
inline constexpr int64_t kShownOtherwise = 8;

// What the next one is to have, in bytes: a fifth more than the request it ran with, 100 MiB more,
// or what it had reached when it was killed, whatever is most.
int64_t RaisedAfterOom(int64_t request_bytes, std::optional<int64_t> peak_bytes);

// The most that kills ask for and nothing has shown otherwise of. Attempts are added in the order
// in which they started.
class OomFloor {
 public:
  // What the kill asks for (RaisedAfterOom); absent: it did not run out of memory.
  void Add(std::optional<int64_t> raised_bytes);
  std::optional<int64_t> bytes() const { return bytes_; }  // absent: there is no such thing

 private:
  std::optional<int64_t> bytes_;
  int64_t since_ = 0;  // attempts after the last kill
};

}  // namespace headroom
