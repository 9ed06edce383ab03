#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/executor/kernel_fixture.h"

// What is changed of a job while it runs: the kernel does it, and takes it back.
namespace headroom {
namespace {

using testing::VariantWith;

std::string LineOf(const std::string& path) {
  std::string line;
  std::getline(std::ifstream(path), line);
  return line;
}

class KernelControl : public KernelTest {
 protected:
  // Writes a byte every 10 ms, past its shim, which goes on whatever becomes of the job.
  void Start() {
    ASSERT_TRUE(executor().Launch(
        AnAttempt(1).Shell("while sleep 0.01; do printf . >> " + Ticks() + "; done")));
    ExpectItGoesOn();
  }
  std::string Ticks() const { return options_.state_dir + "/ticks"; }
  std::uintmax_t Written() const {
    std::error_code not_there;
    const std::uintmax_t size = std::filesystem::file_size(Ticks(), not_there);
    return not_there ? 0 : size;
  }
  void Control(const AttemptControls& controls) {
    const Status done = executor().Control(Id(1), controls);
    ASSERT_TRUE(done) << done.error().message;
  }
  std::string Weight() const {
    return LineOf(CgroupFile(Id(1), "cpu.weight", layout().mounts.cpu, "cpu.shares"));
  }
  std::string Events() const {
    return CgroupDirectory(layout().mounts.unified, layout().Attempt("1-1")) + "/cgroup.events";
  }
  void WaitUntilFrozenIs(const std::string& value) {
    WaitUntil("frozen " + value, -1, [&] {
      std::ifstream events(Events());
      const std::string text{std::istreambuf_iterator<char>(events), {}};
      return text.find("frozen " + value) != std::string::npos;
    });
  }
  void ExpectItStandsStill() {
    WaitUntilFrozenIs("1");
    const std::uintmax_t written = Written();
    const TimePoint until = SystemClock().Now() + std::chrono::milliseconds(200);
    WaitUntil("200 ms", -1, [&] { return SystemClock().Now() >= until; });
    EXPECT_EQ(Written(), written);
  }
  void ExpectItGoesOn() {
    const std::uintmax_t written = Written();
    WaitUntil("more of it", -1, [&] { return Written() > written; });
  }
};

TEST_F(KernelControl, FreezesAJobAndThawsIt) {
  Start();
  AttemptControls controls;
  controls.frozen = true;
  Control(controls);
  ExpectItStandsStill();
  Control({});
  WaitUntilFrozenIs("0");
  ExpectItGoesOn();
}

TEST_F(KernelControl, KillsAJobThatIsFrozen) {
  Start();
  AttemptControls controls;
  controls.frozen = true;
  Control(controls);
  WaitUntilFrozenIs("1");
  ASSERT_TRUE(executor().Kill(Id(1)));
  EXPECT_THAT(WaitForEnd(Id(1)).outcome, VariantWith<Signaled>(Signaled{SIGKILL}));
  EXPECT_TRUE(IsGoneOnceForgotten(Id(1)));
}

// A daemon that died while a job was frozen.
TEST_F(KernelControl, ThawsAndWeighsAnewWhatItAdopted) {
  Start();
  Control({10, std::nullopt, true});
  WaitUntilFrozenIs("1");
  Restart();
  ASSERT_EQ(executor().Recover(Id(1)), Executor::Recovered::kAdopted);
  Control({});
  WaitUntilFrozenIs("0");
  EXPECT_EQ(Weight(), hybrid() ? "1024" : "100");
  ExpectItGoesOn();
}

TEST_F(KernelControl, LowersAWeightAndRaisesItAgain) {
  Start();
  Control({10, std::nullopt, false});
  EXPECT_EQ(Weight(), hybrid() ? "102" : "10");
  Control({});
  EXPECT_EQ(Weight(), hybrid() ? "1024" : "100");
}

TEST_F(KernelControl, PutsAMarkOnMemoryWhereTheKernelHasOneAndSaysSoWhereNot) {
  Start();
  const Status done = executor().Control(Id(1), {100, 64 * kMiB, false});
  EXPECT_EQ(done.has_value(), executor().CanThrottle());
  if (!executor().CanThrottle()) {
    EXPECT_EQ(done.error().code, ErrorCode::kUnsupported);
    return;
  }
  const std::string high = CgroupFile(Id(1), "memory.high", "", "");
  EXPECT_EQ(LineOf(high), "67108864");
  Control({});
  EXPECT_EQ(LineOf(high), "max");
}

TEST_F(KernelControl, IsNoErrorOnAJobThatIsGone) {
  Run(AnAttempt(1).Shell("true"));
  EXPECT_TRUE(executor().Control(Id(1), {}));
}

}  // namespace
}  // namespace headroom
