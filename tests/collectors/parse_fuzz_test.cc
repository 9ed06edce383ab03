#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "base/file.h"
#include "collectors/cgroup_parse.h"
#include "collectors/parse.h"
#include "collectors/proc_parse.h"

// F15: every parser over seeded mutations of what a real kernel wrote. Whatever the text, it
// returns, with a typed error that can be printed or with numbers that are not negative. The
// sanitizer build runs this as well.
namespace headroom {
namespace {

// Ok, or what is wrong with a result.
using Check = std::function<std::string(std::string_view)>;

std::string CheckError(const Error& error) {
  if (error.code != ErrorCode::kCorrupt) return "not typed: " + error.message;
  if (error.message.size() > 200) return "too long: " + error.message;
  const bool printable = std::ranges::all_of(error.message, [](char c) { return c >= ' '; });
  return printable ? "" : "not printable";
}

std::string CheckAmount(std::optional<int64_t> amount) {
  return amount.value_or(0) < 0 ? "negative" : "";
}

template <class T>
Check Value(Result<T> (*parse)(std::string_view)) {
  return [parse](std::string_view text) {
    const Result<T> parsed = parse(text);
    return parsed ? CheckAmount(*parsed) : CheckError(parsed.error());
  };
}

template <class T, class Field>
Check Sample(Status (*parse)(std::string_view, T&), std::vector<Field T::*> fields) {
  return [parse, fields](std::string_view text) {
    T sample;
    const Status parsed = parse(text, sample);
    if (!parsed) return CheckError(parsed.error());
    for (const auto field : fields) {
      if (const auto wrong = CheckAmount(sample.*field); !wrong.empty()) return wrong;
    }
    return std::string();
  };
}

std::string CheckPsi(std::string_view text) {
  Psi psi;
  const Status parsed = ParsePsi(text, psi);
  if (!parsed) return CheckError(parsed.error());
  for (const auto& line : {psi.some, psi.full}) {
    if (!line) continue;
    if (!(*line->avg10 >= 0 && *line->avg10 <= 1001)) return "not a percentage";
    if (line->total_usec.value_or(0) < 0) return "negative";
  }
  return psi.some ? "" : "without some";
}

struct Subject {
  std::string name;
  std::string text;
  Check check;
};
void PrintTo(const Subject& subject, std::ostream* out) { *out << subject.name; }

// A file of tests/data/cgroup.
Subject File(const std::string& path, Check check) {
  const auto text = ReadFile(std::string(HEADROOM_TEST_DATA) + "/cgroup/" + path, 1 << 20);
  return {path, text.value_or(""), std::move(check)};
}

using Amounts = std::optional<int64_t>;

std::vector<Subject> Subjects() {
  const std::string job = "v6.1-unified/sys/fs/cgroup/headroom/jobs/1-1/";
  const std::string v1 = "v6.1-hybrid/sys/fs/cgroup/memory/headroom/jobs/1-1/";
  const std::string v1_cpu = "v6.1-hybrid/sys/fs/cgroup/cpu,cpuacct/headroom/jobs/1-1/";
  using M = MemorySample;
  using H = HostSample;
  return {
      File(job + "memory.current", Value(&ParseAmount)),
      File(job + "memory.max", Value(&ParseLimit)),
      File(job + "cpu.max", Value(&ParseCpuMax)),
      File(job + "cpu.pressure", &CheckPsi),
      File(job + "memory.stat",
           Sample<M, Amounts>(&ParseMemoryStat, {&M::anon, &M::kernel, &M::slab_unreclaimable})),
      File(job + "memory.events",
           Sample<MemoryEvents, Amounts>(&ParseMemoryEvents, {&MemoryEvents::oom_group_kill})),
      File(job + "cpu.stat",
           Sample<CpuSample, Amounts>(&ParseCpuStat,
                                      {&CpuSample::usage_usec, &CpuSample::throttled_usec})),
      File(v1 + "memory.stat", Sample<M, Amounts>(&ParseMemoryStatV1, {&M::anon, &M::swap})),
      File(v1 + "memory.limit_in_bytes", Value(&ParseMemoryLimitV1)),
      File(v1 + "memory.oom_control",
           Sample<MemoryEvents, Amounts>(&ParseOomControlV1, {&MemoryEvents::oom_kill})),
      File(v1_cpu + "cpu.stat",
           Sample<CpuSample, Amounts>(&ParseCpuStatV1, {&CpuSample::throttled_usec})),
      File(v1_cpu + "cpuacct.usage", Value(&ParseCpuacctUsage)),
      File(v1_cpu + "cpu.cfs_quota_us", Value(&ParseCfsQuota)),
      File("v6.1-unified/proc/meminfo",
           Sample<H, Amounts>(&ParseMeminfo, {&H::memory_total, &H::swap_free})),
      File("v6.1-unified/proc/stat",
           Sample<H, Amounts>(&ParseProcStat, {&H::cpu_busy_usec, &H::online_cpus})),
      File("v6.1-unified/proc/loadavg", Sample<H, Amounts>(&ParseLoadavg, {&H::pids})),
      {"status", "Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\n",
       Value(&ParseCpusAllowed)},
      {"cpuset.cpus.effective", "0-3,8-11\n", Value(&CountCpuList)},
  };
}

// One change of the kind that bad memory, a bad copy or a bad kernel makes.
void Mutate(std::string& text, std::mt19937& random) {
  static const std::string kPieces[] = {"-1",
                                        "max",
                                        "nan",
                                        "18446744073709551616",
                                        "\n",
                                        " ",
                                        "\r",
                                        std::string(1, '\0'),
                                        "0-",
                                        ",",
                                        "9223372036854775807",
                                        "some avg10=",
                                        "=",
                                        "/",
                                        "kB",
                                        "\xff"};
  const auto below = [&random](std::size_t n) {
    return n == 0 ? 0 : std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  const std::size_t at = below(text.size() + 1);
  switch (below(5)) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(below(256));
      break;
    case 1:
      text.erase(at, below(40));
      break;
    case 2:
      text.insert(at, kPieces[below(std::size(kPieces))]);
      break;
    case 3:
      text.insert(at, text.substr(below(text.size()), below(100)));
      break;
    case 4:
      if (below(10) == 0) text.resize(at);
      break;
  }
}

class ParserFuzz : public ::testing::TestWithParam<Subject> {};

TEST_P(ParserFuzz, ReturnsAValueOrATypedError) {
  const auto& [name, original, check] = GetParam();
  ASSERT_EQ(check(original), "");
  ASSERT_FALSE(original.empty());
  std::mt19937 random(20240611);
  for (int round = 0; round < 3000; ++round) {
    std::string text = original;
    const int changes = 1 + round % 8;
    for (int i = 0; i < changes; ++i) Mutate(text, random);
    // In a block of exactly its size, so that the address sanitizer sees a byte too far.
    const std::vector<char> exact(text.begin(), text.end());
    ASSERT_EQ(check(std::string_view(exact.data(), exact.size())), "")
        << "round " << round << ": " << text;
  }
}

INSTANTIATE_TEST_SUITE_P(, ParserFuzz, ::testing::ValuesIn(Subjects()));

}  // namespace
}  // namespace headroom
