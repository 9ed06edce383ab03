#pragma once

#include <string>

namespace headroom::shim {

// Makes this process the one that runs the attempt: publishes its claim, whole and locked, unless
// there is one already. Whoever creates the claim first wins, so an attempt that a daemon gave up
// is never started by a late shim. Returns an errno, EEXIST if someone else was first, 0 if it is
// ours. The lock lasts as long as this process and tells the daemon that it lives.
int ClaimAttempt(const std::string& directory, const std::string& boot_id);

}  // namespace headroom::shim
