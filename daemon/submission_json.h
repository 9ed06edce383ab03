#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/api_error.h"
#include "daemon/service.h"
#include "daemon/users.h"

// JSON from a client -> what it asks for, checked. docs/api.md has the rules.
namespace headroom {

// The longest command with its environment, in bytes. Linux takes 128 KiB for one string and a
// quarter of the stack for all (execve(2)); the store keeps them for every job.
inline constexpr std::size_t kMostArgumentBytes = 128 * 1024;
// The least memory limit under which a process can be started at all.
inline constexpr int64_t kLeastMemoryLimit = 4 << 20;
inline constexpr int64_t kMostPriority = 1000;
inline constexpr std::size_t kMostJobsOfSource = 20'000;

using FindUser = std::function<Result<UserIdentity>(const std::string& name)>;

// Who submits, and how the name of another user is looked up.
struct Submitter {
  const Caller& caller;
  const FindUser& find_user;
};

// The body of POST /v1/jobs. 422 with every problem, or 403 if it names a user that the caller may
// not run as: only an admin may name another one, and only root may name root.
ApiResult<JobSubmission> ReadSubmission(const nlohmann::json& body, const Submitter& submitter);

// The body of PUT /v1/sources/{source}/jobs. As above, and external ids must be there and unique.
ApiResult<std::vector<WantedJob>> ReadWantedJobs(const nlohmann::json& body,
                                                 const std::string& source,
                                                 const Submitter& submitter);

}  // namespace headroom
