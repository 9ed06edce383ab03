#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

namespace headroom::bench {

// How often `work` calls the kernel, by the number of the call (asm/unistd.h). A forked copy of
// this process does it and ptrace(2) counts, so nothing that libraries do behind our back is
// missed; the copy sees the same open descriptors. Absent where tracing is not allowed.
std::optional<std::map<uint64_t, int64_t>> CountSyscalls(const std::function<void()>& work);

}  // namespace headroom::bench
