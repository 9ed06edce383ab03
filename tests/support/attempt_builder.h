#pragma once

#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "base/units.h"
#include "executor/attempt.h"

// An attempt for a test, said in one line: AnAttempt(42).Runs({"true"}).
namespace headroom {

class AttemptBuilder {
 public:
  explicit AttemptBuilder(int64_t job) {
    spec_.id.job.value = job;
    spec_.argv = {"true"};
    spec_.environment = {"PATH=/usr/bin:/bin"};
    spec_.working_directory = "/";
    spec_.uid = ::geteuid();
    spec_.gid = ::getegid();
    spec_.log_max_bytes = 1 * kMiB;
  }
  AttemptBuilder& Runs(std::vector<std::string> argv) {
    spec_.argv = std::move(argv);
    return *this;
  }
  AttemptBuilder& Shell(const std::string& script) { return Runs({"sh", "-c", script}); }
  AttemptBuilder& Environment(std::vector<std::string> variables) {
    spec_.environment = std::move(variables);
    return *this;
  }
  AttemptBuilder& In(const std::string& directory) {
    spec_.working_directory = directory;
    return *this;
  }
  AttemptBuilder& Stdin(const std::string& path) {
    spec_.stdin_path = path;
    return *this;
  }
  AttemptBuilder& As(uid_t uid, gid_t gid, std::vector<gid_t> groups = {}) {
    spec_.uid = uid;
    spec_.gid = gid;
    spec_.groups = std::move(groups);
    return *this;
  }
  AttemptBuilder& Limits(const AttemptLimits& limits) {
    spec_.limits = limits;
    return *this;
  }
  AttemptBuilder& LogMax(int64_t bytes) {
    spec_.log_max_bytes = bytes;
    return *this;
  }
  operator AttemptSpec() const { return spec_; }  // NOLINT: that is what it is for

 private:
  AttemptSpec spec_;
};

inline AttemptBuilder AnAttempt(int64_t job) { return AttemptBuilder(job); }

}  // namespace headroom
