#include "tests/executor/kernel_fixture.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace headroom {
namespace {

std::string Slurp(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

void KernelTest::SetUp() {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED-NEEDS: root, to make cgroups";
  auto mounts = FindCgroupMounts();
  if (!mounts) GTEST_SKIP() << "SKIPPED-NEEDS: cgroups; " << mounts.error().message;
  if (::access(mounts->unified.c_str(), W_OK) != 0)
    GTEST_SKIP() << "SKIPPED-NEEDS: writable cgroups in " << mounts->unified;
  layout_.mounts = *mounts;
  layout_.root = "headroom-test-" + std::to_string(::getpid());
  options_.layout = layout_;
  options_.state_dir = state_.path();
  options_.shim = HEADROOM_SHIM;
  Restart();
}

void KernelTest::TearDown() {
  if (layout_.root.empty()) return;
  (void)KillCgroup(layout_.mounts, layout_.root);
  executor_.reset();
  WaitUntil("the test's cgroups to go", -1,
            [&] { return RemoveCgroup(layout_.mounts, layout_.root).has_value(); });
}

void KernelTest::Restart() {
  executor_.reset();
  auto made = MakeNativeExecutor(options_, clock_);
  ASSERT_TRUE(made) << made.error().message;
  executor_ = std::move(*made);
}

std::string KernelTest::CgroupFile(const AttemptId& id, const std::string& v2,
                                   const std::string& mount, const std::string& v1) const {
  return CgroupDirectory(hybrid() ? mount : layout_.mounts.unified,
                         layout_.Attempt(ToString(id)) + "/" + (hybrid() ? v1 : v2));
}

AttemptEnd KernelTest::WaitForEnd(const AttemptId& id) {
  AttemptEnd end;
  WaitUntil("the end of attempt " + ToString(id), executor_->WaitFd(), [&] {
    for (AttemptEnd& ended : executor_->Reap()) ends_.push_back(std::move(ended));
    const auto found = std::ranges::find(ends_, id, &AttemptEnd::id);
    if (found == ends_.end()) return false;
    end = *found;
    ends_.erase(found);
    return true;
  });
  return end;
}

AttemptEnd KernelTest::Run(const AttemptSpec& spec) {
  const Status launched = executor_->Launch(spec);
  EXPECT_TRUE(launched) << launched.error().message;
  return launched ? WaitForEnd(spec.id) : AttemptEnd();
}

void KernelTest::WaitForOutput(const AttemptId& id, const std::string& text) {
  WaitUntil("\"" + text + "\" from attempt " + ToString(id), -1,
            [&] { return Stdout(id).find(text) != std::string::npos; });
}

bool KernelTest::LogExists(const AttemptId& id) const {
  return std::filesystem::exists(StdoutPath(options_.state_dir, id));
}

std::string KernelTest::Stdout(const AttemptId& id) const {
  return Slurp(StdoutPath(options_.state_dir, id));
}

std::string KernelTest::Stderr(const AttemptId& id) const {
  return Slurp(StderrPath(options_.state_dir, id));
}

bool KernelTest::IsGoneOnceForgotten(const AttemptId& id) {
  executor_->Forget(id);
  return IsGone(id);
}

bool KernelTest::IsGone(const AttemptId& id) const {
  for (const std::string& mount : Hierarchies(layout_.mounts))
    if (std::filesystem::exists(CgroupDirectory(mount, layout_.Attempt(ToString(id)))))
      return false;
  return true;
}

}  // namespace headroom
