// What a job's start and end cost beside the least that any program can do: vfork, exec, wait.
//
//   launch_bench [ITERATIONS]       as root; prints one table
//
// Both are run in turn, in one process, so that a busy machine slows both; read the ratios. Then
// everything again while the process holds 256 MB: a launcher that copies its own memory map would
// show it.
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/file.h"
#include "base/units.h"
#include "executor/cgroup_files.h"
#include "executor/native_executor.h"

namespace headroom {
namespace {

constexpr std::size_t kBallastBytes = 256 * kMiB;

[[noreturn]] void Die(const std::string& message) {
  fmt::print(stderr, "launch_bench: {}\n", message);
  std::exit(1);
}

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
  explicit Headroom(const std::string& shim) {
    std::string name = (std::filesystem::temp_directory_path() / "headroom-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) Die("no temporary directory");
    options_.state_dir = name;
    options_.shim = shim;
    const auto mounts = FindCgroupMounts();
    if (!mounts) Die(mounts.error().message);
    options_.layout.mounts = *mounts;
    options_.layout.root = fmt::format("headroom-bench-{}", ::getpid());
    auto made = MakeNativeExecutor(options_, clock_);
    if (!made) Die(made.error().message);
    executor_ = std::move(*made);
  }
  ~Headroom() {
    (void)RemoveCgroup(options_.layout.mounts, options_.layout.root);
    std::filesystem::remove_all(options_.state_dir);
  }

  const char* mode() const { return ToString(options_.layout.mounts.mode); }

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

 private:
  NativeExecutorOptions options_;
  SystemClock clock_;
  std::unique_ptr<NativeExecutor> executor_;
  int64_t jobs_ = 0;
};

template <class Function>
double MicrosecondsOf(Function function) {
  const auto start = std::chrono::steady_clock::now();
  function();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
      .count();
}

struct Medians {
  double bare = 0, headroom = 0;
};

double MedianOf(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

Medians Measure(Headroom& headroom, int iterations) {
  std::vector<double> bare, ours;
  for (int i = 0; i < iterations; ++i) {
    bare.push_back(MicrosecondsOf(&Bare));
    ours.push_back(MicrosecondsOf([&] { headroom.RunOne(); }));
  }
  return {MedianOf(std::move(bare)), MedianOf(std::move(ours))};
}

void Print(const char* what, const Medians& medians) {
  fmt::print("{:28} {:>10.0f} {:>10.0f} {:>8.2f}\n", what, medians.bare, medians.headroom,
             medians.headroom / medians.bare);
}

}  // namespace
}  // namespace headroom

int main(int argc, char** argv) {
  using namespace headroom;
  const int iterations = argc > 1 ? std::max(std::atoi(argv[1]), 1) : 300;
  const auto own = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  Headroom headroom((own / "headroom-shim").string());
  (void)Measure(headroom, 20);  // warm up

  fmt::print("launch and reap of /bin/true, {} cgroups, medians of {} in turn, us\n",
             headroom.mode(), iterations);
  fmt::print("{:28} {:>10} {:>10} {:>8}\n", "", "vfork+exec", "headroom", "ratio");
  const Medians small = Measure(headroom, iterations);
  Print("small parent", small);
  const std::vector<char> ballast(kBallastBytes, 'x');
  const Medians large = Measure(headroom, iterations);
  Print(fmt::format("parent holding {} MB", ballast.size() / kMiB).c_str(), large);
  fmt::print("growth with the parent's size: vfork+exec {:.2f}, headroom {:.2f}\n",
             large.bare / small.bare, large.headroom / small.headroom);
  return 0;
}
