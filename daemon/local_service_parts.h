#pragma once

#include "base/result.h"
#include "daemon/job_record.h"
#include "daemon/service.h"

// What the files of LocalService share; nobody else includes it.
namespace headroom {

inline bool Owns(const Caller& caller, const JobRecord& job) {
  return caller.admin || caller.uid == job.submission.uid;
}

inline Error Unavailable(const Error& inner) {
  return {ErrorCode::kUnavailable, "not stored, try again: " + inner.message, inner.os_error};
}

}  // namespace headroom
