#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cgroup_layout.h"
#include "executor/cgroup_files.h"
#include "executor/native_executor.h"
#include "tests/executor/wait_until.h"
#include "tests/support/attempt_builder.h"
#include "tests/support/temp_dir.h"

namespace headroom {

// The native executor on the kernel's own cgroups, in a root of its own. Skips by name where the
// machine has none that can be written.
class KernelTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // As a daemon that was started anew: forgets the executor and makes another.
  void Restart();

  Executor& executor() { return *executor_; }
  NativeExecutor& native() { return *executor_; }
  const CgroupLayout& layout() const { return layout_; }
  bool hybrid() const { return layout_.mounts.mode == CgroupMode::kHybrid; }
  // The file of an attempt's cgroup that has one name in cgroup v2 and another in v1.
  std::string CgroupFile(const AttemptId& id, const std::string& v2, const std::string& mount,
                         const std::string& v1) const;

  AttemptEnd WaitForEnd(const AttemptId& id);
  AttemptEnd Run(const AttemptSpec& spec);
  // Waits until the attempt's output holds the text.
  void WaitForOutput(const AttemptId& id, const std::string& text);
  bool LogExists(const AttemptId& id) const;
  std::string Stdout(const AttemptId& id) const;
  std::string Stderr(const AttemptId& id) const;
  // No cgroup of this name in any hierarchy.
  bool IsGone(const AttemptId& id) const;
  // As the daemon forgets an attempt whose end is in the store.
  bool IsGoneOnceForgotten(const AttemptId& id);

  NativeExecutorOptions options_;

 private:
  TempDir state_;
  SystemClock clock_;
  CgroupLayout layout_;
  std::unique_ptr<NativeExecutor> executor_;
  std::vector<AttemptEnd> ends_;
};

}  // namespace headroom
