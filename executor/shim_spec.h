#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "executor/cgroup_place.h"

// What the daemon tells a shim: fields that end in NUL, in a memfd that is the shim's descriptor 0.
// No field can hold a NUL, so the form needs no quoting and the shim no parser library. Pure.
namespace headroom {

struct ShimSpec {
  std::string directory;  // of the attempt
  std::string boot_id;
  CgroupPlace place;
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  std::string working_directory;
  std::string stdin_path;  // empty: /dev/null
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  int64_t log_max_bytes = 0;

  bool operator==(const ShimSpec&) const = default;
};

// Absent: a field holds a NUL, which no argument, path or variable can.
std::optional<std::string> FormatShimSpec(const ShimSpec& spec);

// Total.
std::optional<ShimSpec> ParseShimSpec(std::string_view text);

// The descriptor on which the shim says that its exit record can be read, by closing it. If it
// could not even claim the attempt it writes the errno first, as an int.
inline constexpr int kShimReportFd = 3;

}  // namespace headroom
