#include "collectors/collector.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/fd.h"
#include "tests/collectors/kernel_tree.h"
#include "tests/support/fake_clock.h"

namespace headroom {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;

struct Fixture {
  explicit Fixture(const std::string& name = "v6.1-unified") : tree(name) {}

  KernelTree tree;
  FakeClock clock;
  std::unique_ptr<Collector> collector = MakeCollector(tree.Layout(), clock);
};

std::vector<std::string> Messages(const Measurements& seen) {
  std::vector<std::string> messages;
  for (const auto& [collector, message] : seen.failures) {
    messages.push_back(collector + ": " + message);
  }
  return messages;
}

TEST(Collector, MeasuresOnlyTheAttemptsThatItTracks) {
  Fixture f;
  EXPECT_THAT(f.collector->Measure().attempts, IsEmpty());
  f.collector->Track({"3-1", "1-1"});
  EXPECT_THAT(f.collector->Measure().attempts, ElementsAre(Key("1-1"), Key("3-1")));
  f.collector->Track({"2-1", "3-1"});
  EXPECT_THAT(f.collector->Measure().attempts, ElementsAre(Key("2-1"), Key("3-1")));
}

TEST(Collector, FillsAUsedValueAsItFillsANewOne) {
  Fixture f;
  f.collector->Track({"1-1", "3-1"});
  Measurements used = f.collector->Measure();
  used.failures.push_back({"job", "of the last sweep"});
  f.tree.Write(f.tree.CgroupFile("headroom/jobs/1-1", "memory.current"), "5\n");
  f.collector->Track({"1-1", "2-1"});
  f.collector->MeasureInto(used);
  EXPECT_EQ(used, f.collector->Measure());
  EXPECT_EQ(used.attempts.at("1-1").memory.current, 5);
}

TEST(Collector, StampsEverySampleWithItsClock) {
  Fixture f;
  f.collector->Track({"1-1"});
  f.clock.Advance(std::chrono::seconds(7));
  const Measurements seen = f.collector->Measure();
  for (const TimePoint taken : {seen.started_at, seen.finished_at, seen.host.taken_at,
                                seen.pool.taken_at, seen.attempts.at("1-1").taken_at}) {
    EXPECT_EQ(taken, f.clock.Now());
  }
}

// F10
TEST(Collector, LeavesOutAnAttemptThatIsNotThereWithoutAWord) {
  Fixture f;
  f.collector->Track({"1-1", "9-1"});
  const Measurements seen = f.collector->Measure();
  EXPECT_THAT(seen.attempts, ElementsAre(Key("1-1")));
  EXPECT_THAT(seen.failures, IsEmpty());
}

TEST(Collector, SeesAnAttemptAsSoonAsItIsThere) {
  Fixture f;
  f.collector->Track({"9-1"});
  EXPECT_THAT(f.collector->Measure().attempts, IsEmpty());
  const std::string jobs = f.tree.Cgroup("headroom/jobs", "memory.stat");
  std::filesystem::copy(jobs + "/1-1", jobs + "/9-1");
  EXPECT_THAT(f.collector->Measure().attempts, ElementsAre(Key("9-1")));
}

// A hybrid group is made, and removed, one hierarchy at a time.
TEST(Collector, TakesAHalfMadeHybridAttemptForNotThere) {
  Fixture f("v6.1-hybrid");
  f.tree.Remove(f.tree.Cgroup("headroom/jobs/1-1", "pids.current"));
  f.collector->Track({"1-1", "2-1"});
  const Measurements seen = f.collector->Measure();
  EXPECT_THAT(seen.attempts, ElementsAre(Key("2-1")));
  EXPECT_THAT(seen.failures, IsEmpty());
}

TEST(Collector, SaysThatThePoolIsNotThere) {
  const KernelTree tree("v6.1-unified", "elsewhere");
  const FakeClock clock;
  const Measurements seen = MakeCollector(tree.Layout(), clock)->Measure();
  EXPECT_THAT(Messages(seen), ElementsAre("pool: /elsewhere/jobs: the cgroup is not there",
                                          "capacity: /elsewhere/jobs: the cgroup is not there"));
  EXPECT_EQ(seen.pool, CgroupSample());
  EXPECT_EQ(seen.capacity, CapacitySample());
  EXPECT_TRUE(seen.host.memory_total);
}

TEST(Collector, SaysThatProcIsNotThere) {
  Fixture f;
  f.tree.Remove("proc");
  const Measurements seen = f.collector->Measure();
  EXPECT_EQ(seen.host.memory_total, std::nullopt);
  ASSERT_EQ(seen.failures.size(), 1u);
  EXPECT_EQ(seen.failures[0].collector, "host");
}

// F13
TEST(Collector, TakesAKernelWithoutPressureForWhatItIs) {
  Fixture f;
  f.tree.Remove("proc/pressure");
  for (const char* name : {"memory.pressure", "cpu.pressure", "io.pressure"}) {
    f.tree.Remove(f.tree.CgroupFile("headroom/jobs", name));
  }
  const Measurements seen = f.collector->Measure();
  EXPECT_EQ(seen.host.pressure, PressureSample());
  EXPECT_EQ(seen.pool.pressure, PressureSample());
  EXPECT_TRUE(seen.pool.memory.anon);
  EXPECT_THAT(seen.failures, IsEmpty());
}

// F14: the memory controller was not enabled for the pool.
TEST(Collector, SaysWhichRequiredFileIsMissingUntilItIsThere) {
  Fixture f;
  const std::string file = f.tree.CgroupFile("headroom/jobs", "memory.stat");
  const std::string text = f.tree.Read(file);
  f.tree.Remove(file);
  const Measurements without = f.collector->Measure();
  EXPECT_THAT(Messages(without),
              ElementsAre("pool: " + file + ": open: No such file or directory (ENOENT)"));
  EXPECT_EQ(without.pool.memory.anon, std::nullopt);
  EXPECT_TRUE(without.pool.memory.current);
  f.tree.Write(file, text);
  const Measurements with = f.collector->Measure();
  EXPECT_THAT(with.failures, IsEmpty());
  EXPECT_TRUE(with.pool.memory.anon);
}

TEST(Collector, MakesOneFailureOfManyAlike) {
  Fixture f;
  for (const char* job : {"1-1", "2-1", "3-1"}) {
    f.tree.Write(f.tree.CgroupFile(std::string("headroom/jobs/") + job, "pids.current"), "x\n");
  }
  f.collector->Track({"1-1", "2-1", "3-1"});
  EXPECT_THAT(Messages(f.collector->Measure()),
              ElementsAre("job: " + f.tree.CgroupFile("headroom/jobs/1-1", "pids.current") +
                          ": expected a number, got \"x\" (and 2 more)"));
}

TEST(Collector, BlamesPressureFilesOnPsi) {
  Fixture f;
  f.tree.Write(f.tree.CgroupFile("headroom/jobs/1-1", "io.pressure"), "some avg60=1.00\n");
  f.collector->Track({"1-1"});
  const Measurements seen = f.collector->Measure();
  ASSERT_EQ(seen.failures.size(), 1u);
  EXPECT_EQ(seen.failures[0].collector, "psi");
  EXPECT_EQ(seen.attempts.at("1-1").pressure.io, std::nullopt);
  EXPECT_TRUE(seen.attempts.at("1-1").pressure.cpu);
}

// Sets how many descriptors this process may have open, and puts that back.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(int free) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const UniqueFd next(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    rlimit limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(next.get() + free);
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

// F39
TEST(Collector, SaysThatDescriptorsRanOutAndGoesOnWhenThereAreMore) {
  Fixture f;
  f.collector->Measure();
  f.collector->Track({"1-1", "2-1"});
  {
    const DescriptorLimit limit(6);
    const Measurements seen = f.collector->Measure();
    ASSERT_EQ(seen.failures.size(), 2u);
    EXPECT_EQ(seen.failures[0].collector, "job");
    EXPECT_THAT(seen.failures[0].message, ::testing::HasSubstr("Too many open files (EMFILE)"));
    EXPECT_EQ(seen.failures[1].collector, "psi");
    EXPECT_TRUE(seen.pool.memory.anon);  // kept open
    EXPECT_EQ(seen.attempts.at("1-1").pids, std::nullopt);
  }
  const Measurements seen = f.collector->Measure();
  EXPECT_THAT(seen.failures, IsEmpty());
  EXPECT_TRUE(seen.attempts.at("1-1").pids);
}

TEST(Collector, ClosesWhatItNoLongerTracks) {
  const auto open_descriptors = [] {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
  };
  Fixture f;
  f.collector->Measure();
  const auto before = open_descriptors();
  f.collector->Track({"1-1", "2-1"});
  f.collector->Measure();
  EXPECT_GT(open_descriptors(), before);
  f.collector->Track({});
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace headroom
