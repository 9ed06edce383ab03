// What a sweep of the collectors costs beside the least that reading can cost: pread(2) of the very
// same descriptors, in the same order, with nothing done about what was read.
//
//   collector_bench       as root, or where the user may make cgroups; prints one table
//
// The pool and its attempts are real cgroups, made for this and removed at the end. They are empty:
// the kernel has least to say about those, so the floor is lowest and our own part weighs most.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <new>
#include <set>
#include <string>
#include <vector>

#include "bench/own_cgroups.h"
#include "bench/pairs.h"
#include "bench/syscall_count.h"
#include "collectors/collector.h"
#include "executor/pool.h"

namespace {

std::atomic<int64_t> allocations;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace headroom {
namespace {

using bench::Die;

class BenchPool {
 public:
  explicit BenchPool(const CgroupLayout& layout) : layout_(layout) {
    if (const Status made = PreparePool(layout_); !made) Die(made.error().message);
  }

  void GrowTo(std::size_t jobs) {
    while (names_.size() < jobs) {
      names_.push_back(fmt::format("{}-1", names_.size() + 1));
      const Status made = MakeCgroup(layout_.mounts, layout_.Attempt(names_.back()));
      if (!made) Die(made.error().message);
    }
  }

  const CgroupLayout& layout() const { return layout_; }
  const std::vector<std::string>& names() const { return names_; }

 private:
  const CgroupLayout layout_;
  std::vector<std::string> names_;
};

std::set<int> OpenDescriptors() {
  std::set<int> open;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    open.insert(std::atoi(entry.path().filename().c_str()));
  return open;
}

// A collector in its steady state, and the descriptors that it keeps, in the order that it opened
// and reads them.
struct Swept {
  Swept(const BenchPool& pool, const Clock& clock) {
    const std::set<int> before = OpenDescriptors();
    collector = MakeCollector(pool.layout(), clock);
    collector->Track(pool.names());
    collector->MeasureInto(into);
    if (!into.failures.empty()) Die(into.failures.front().message);
    if (into.attempts.size() != pool.names().size()) Die("an attempt was not measured");
    std::ranges::set_difference(OpenDescriptors(), before, std::back_inserter(files));
    // The list of /proc/self/fd was itself open while it was read.
    std::erase_if(files, [](int fd) { return ::lseek(fd, 0, SEEK_CUR) < 0; });
  }

  void Sweep() { collector->MeasureInto(into); }
  void ReadOnly() {
    for (const int fd : files)
      if (::pread(fd, text.data(), text.size(), 0) < 0) Die("a file of a cgroup cannot be read");
  }

  std::unique_ptr<Collector> collector;
  Measurements into;
  std::vector<int> files;
  std::array<char, 16 << 10> text;  // as large as the collectors' own
};

void Compare(Swept& swept, std::size_t jobs) {
  constexpr std::size_t kReads = 600'000;  // enough for quartiles that stay
  const auto rounds = static_cast<int>(kReads / swept.files.size());
  bench::Pairs pairs;
  pairs.Measure(
      rounds, bench::kCpuTime, [&] { swept.Sweep(); }, [&] { swept.ReadOnly(); });
  const bench::Quartiles ratio = pairs.ratio();
  fmt::print("{:>6} {:>8} {:>8} {:>12.1f} {:>12.1f} {:>8.3f}  {:.3f} to {:.3f}\n", jobs,
             swept.files.size(), rounds, pairs.ours() * 1e6, pairs.floor() * 1e6, ratio.median,
             ratio.low, ratio.high);
}

int64_t AllocationsOf(Swept& swept) {
  const int64_t before = allocations;
  swept.Sweep();
  return allocations - before;
}

void PrintSyscalls(Swept& swept) {
  const auto counted = bench::CountSyscalls([&] { swept.Sweep(); });
  if (!counted) return fmt::print("  system calls: not counted, ptrace(2) is not allowed here\n");
  for (const auto& [number, count] : *counted) {
    const std::string name =
        number == SYS_pread64 ? "pread" : fmt::format("system call {}", number);
    fmt::print("  {} x {}\n", count, name);
  }
}

// Prints all that one steady sweep asks of the kernel and of the allocator.
void PrintSteadyState(Swept& swept, std::size_t jobs) {
  fmt::print("one sweep of {} jobs, {} files, does this and nothing else:\n", jobs,
             swept.files.size());
  PrintSyscalls(swept);
  fmt::print("  {} x operator new\n", AllocationsOf(swept));
}

void RaiseOpenFiles() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void Run(const CgroupLayout& layout) {
  RaiseOpenFiles();
  BenchPool pool(layout);
  const SystemClock clock;
  fmt::print("a sweep and a bare pread of its files, {} cgroups, CPU time of the thread, medians\n",
             ToString(pool.layout().mounts.mode));
  fmt::print("{:>6} {:>8} {:>8} {:>12} {:>12} {:>8}  {}\n", "jobs", "files", "pairs", "sweep us",
             "pread us", "ratio", "middle half of the pairs");
  for (const std::size_t jobs : {10, 100, 1000}) {
    pool.GrowTo(jobs);
    Swept swept(pool, clock);
    Compare(swept, jobs);
    if (jobs == 1000) PrintSteadyState(swept, jobs);
  }
}

}  // namespace
}  // namespace headroom

int main() { return headroom::bench::WithOwnCgroups(&headroom::Run); }
