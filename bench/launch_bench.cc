// What a job's start and end cost beside the least that any program can do: vfork, exec, wait.
//
//   launch_bench [PAIRS]       as root; prints one table
//
// One of each in turn, in one process, so that a busy machine slows both; read the ratios. The same
// while the process holds 256 MB, in turns again: a launcher that copies its own memory map would
// show it. A shim ends a little after the end of its job is known, once its record is on the disk;
// nothing else is measured meanwhile, and how long it takes is a line of its own.
//
// The last line is a launch on its own, after a tenth of a second of quiet. Then the shim, which
// enters its cgroup2 directory, waits until all CPUs have passed a quiet state (RCU); right after
// another launch it does not.
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/units.h"
#include "bench/own_cgroups.h"
#include "bench/pairs.h"
#include "executor/native_executor.h"

namespace headroom {
namespace {

using bench::Die;

constexpr std::size_t kBallastBytes = 256 * kMiB;
constexpr int kTurns = 10;
constexpr int kLaunchesAlone = 40, kQuietMs = 100;

void Bare() {
  char name[] = "true";
  char* const argv[] = {name, nullptr};
  char* const environment[] = {nullptr};
  pid_t pid = -1;
  if (::posix_spawn(&pid, "/bin/true", nullptr, nullptr, argv, environment) != 0)
    Die("no /bin/true");
  ::waitpid(pid, nullptr, 0);
}

class Headroom {
 public:
  explicit Headroom(const CgroupLayout& layout) {
    std::string name = (std::filesystem::temp_directory_path() / "headroom-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) Die("no temporary directory");
    options_.state_dir = name;
    options_.shim = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "headroom-shim";
    options_.layout = layout;
    auto made = MakeNativeExecutor(options_, clock_);
    if (!made) Die(made.error().message);
    executor_ = std::move(*made);
  }
  ~Headroom() { std::filesystem::remove_all(options_.state_dir); }
  Headroom(const Headroom&) = delete;
  Headroom& operator=(const Headroom&) = delete;

  // A job with every usual limit, from Launch() until its cgroup is removed and its end known.
  void RunOne() {
    AttemptSpec spec;
    spec.id = {JobId{++jobs_}, 1};
    spec.argv = {"/bin/true"};
    spec.working_directory = "/";
    spec.log_max_bytes = 64 * kMiB;
    spec.limits = {1 * kGiB, std::nullopt, 0, true, 2000, 100, 4096};
    if (const Status launched = executor_->Launch(spec); !launched) Die(launched.error().message);
    for (std::vector<AttemptEnd> ends; ends.empty(); ends = executor_->Reap()) {
      pollfd wait{executor_->WaitFd(), POLLIN, 0};
      ::poll(&wait, 1, -1);
    }
    executor_->Forget(spec.id);
  }

  void WaitForShims() {
    siginfo_t info{};
    while (::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) == 0) (void)executor_->Reap();
  }

 private:
  NativeExecutorOptions options_;
  SystemClock clock_;
  std::unique_ptr<NativeExecutor> executor_;
  int64_t jobs_ = 0;
};

struct Measured {
  bench::Pairs until_reaped, until_shim_gone;
};

void Measure(Headroom& headroom, int rounds, Measured& into) {
  for (int round = 0; round < rounds; ++round) {
    const double bare = bench::SecondsOf(bench::kWallTime, &Bare);
    const double ours = bench::SecondsOf(bench::kWallTime, [&] { headroom.RunOne(); });
    const double rest = bench::SecondsOf(bench::kWallTime, [&] { headroom.WaitForShims(); });
    into.until_reaped.Add(ours, bare);
    into.until_shim_gone.Add(ours + rest, bare);
  }
}

void MeasureAlone(Headroom& headroom, bench::Pairs& into) {
  const auto after_quiet = [](auto&& work) {
    ::poll(nullptr, 0, kQuietMs);
    return bench::SecondsOf(bench::kWallTime, work);
  };
  for (int i = 0; i < kLaunchesAlone; ++i) {
    const double bare = after_quiet(&Bare);
    into.Add(after_quiet([&] { headroom.RunOne(); }), bare);
    headroom.WaitForShims();
  }
}

void Print(const char* what, const bench::Pairs& pairs) {
  const bench::Quartiles ratio = pairs.ratio();
  fmt::print("{:40} {:>8.0f} {:>8.0f} {:>7.2f}  {:.2f} to {:.2f}\n", what, pairs.ours() * 1e6,
             pairs.floor() * 1e6, ratio.median, ratio.low, ratio.high);
}

void Run(const CgroupLayout& layout, int rounds) {
  Headroom headroom(layout);
  Measured warm_up, small, large;
  Measure(headroom, 20, warm_up);
  for (int turn = 0; turn < kTurns; ++turn) {
    Measure(headroom, rounds, small);
    const std::vector<char> ballast(kBallastBytes, 'x');
    Measure(headroom, rounds, large);
  }
  bench::Pairs alone;
  MeasureAlone(headroom, alone);
  fmt::print("/bin/true, {} cgroups, medians of {} pairs, wall time\n",
             ToString(layout.mounts.mode), kTurns * rounds);
  fmt::print("{:40} {:>8} {:>8} {:>7}  {}\n", "from launch until …", "ours us", "bare us", "ratio",
             "middle half of the pairs");
  Print("its end is known, its cgroup removed", small.until_reaped);
  Print("its record is on the disk, its shim gone", small.until_shim_gone);
  Print("its end is known, daemon holds 256 MB", large.until_reaped);
  Print("its end is known, launched on its own", alone);
  fmt::print("growth with 256 MB: ours {:.2f}, bare {:.2f}\n",
             large.until_reaped.ours() / small.until_reaped.ours(),
             large.until_reaped.floor() / small.until_reaped.floor());
}

}  // namespace
}  // namespace headroom

int main(int argc, char** argv) {
  using namespace headroom;
  const int pairs = argc > 1 ? std::max(std::atoi(argv[1]), kTurns) : 1000;
  return bench::WithOwnCgroups([&](const CgroupLayout& layout) { Run(layout, pairs / kTurns); });
}
