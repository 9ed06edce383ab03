#include <charconv>
#include <cstdio>
#include <string_view>

#include "base/units.h"
#include "simulator/tasks.h"

// tasks_csv mixed|tpp SEED COUNT: made-up tasks as a trace, those of a `headroom simulate` of this
// seed on its usual host, and as many more as COUNT says. One part of them can be the history of
// another: they are of the same kinds, and none is in both.
int main(int argc, char** argv) {
  using namespace headroom;
  constexpr int64_t kMemory = 512 * kGiB, kCpuMillis = 64'000;
  constexpr uint64_t kTaskStream = 99;
  uint64_t seed = 0;
  std::size_t count = 0;
  const auto read = [](std::string_view text, auto& into) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc() && end == text.data() + text.size();
  };
  const std::string_view set = argc == 4 ? argv[1] : "";
  const bool is_known = set == "mixed" || set == "tpp";
  if (!is_known || !read(argv[2], seed) || !read(argv[3], count)) {
    std::fputs("usage: tasks_csv mixed|tpp SEED COUNT\n", stderr);
    return 2;
  }
  const auto kind = set == "tpp" ? sim::TaskSet::kTpp : sim::TaskSet::kMixed;
  std::puts("name,runtime_seconds,avg_cpu_percent,peak_memory_bytes");
  for (const sim::Task& task :
       sim::MakeTasks(kind, kMemory, kCpuMillis, count, sim::Rng(seed, kTaskStream))) {
    std::printf("%s,%.3f,%.2f,%lld\n", task.key.c_str(), task.runtime_seconds, task.cpu_percent,
                static_cast<long long>(task.peak_memory_bytes));
  }
  return 0;
}
