#pragma once

#include <string>
#include <utility>

#include "daemon/job_record.h"

// A job record for tests: small and waiting, unless told otherwise.
namespace headroom {

class AJobRecord {
 public:
  explicit AJobRecord(std::string name = "job") {
    job_.submission.command = {"true"};
    job_.submission.user = "alice";
    job_.submission.uid = 1000;
    job_.submission.name = std::move(name);
    job_.boot_id = "boot";
  }
  AJobRecord& Uid(uid_t uid) { return job_.submission.uid = uid, *this; }
  AJobRecord& Key(std::string key) {
    return job_.submission.idempotency_key = std::move(key), *this;
  }
  AJobRecord& From(std::string source, std::string external_id) {
    job_.submission.source = std::move(source);
    job_.submission.external_id = std::move(external_id);
    return *this;
  }
  AJobRecord& State(JobState state) { return job_.state = state, *this; }
  AJobRecord& Finished(JobOutcome outcome = JobOutcome::kSucceeded) {
    job_.state = JobState::kFinished;
    job_.outcome = outcome;
    return *this;
  }
  operator JobRecord() const { return job_; }  // NOLINT(google-explicit-constructor)

 private:
  JobRecord job_;
};

}  // namespace headroom
