#pragma once

#include <string>

#include "base/result.h"

// Which boot the attempts of a state directory belong to. After a power cut a directory or a claim
// may be gone that was there when the job ran, so nothing that is absent proves anything then.
namespace headroom {

Result<std::string> ReadBootId(const std::string& proc);

// True if all attempts were launched in this boot, so that what is absent was never there.
bool IsMarkedWith(const std::string& state_dir, const std::string& boot_id);

// To be called once everything of an earlier boot is settled.
Status MarkWith(const std::string& state_dir, const std::string& boot_id);

}  // namespace headroom
