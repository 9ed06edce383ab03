#include "collectors/proc_parse.h"

#include <gtest/gtest.h>

#include "base/units.h"

namespace headroom {
namespace {

TEST(ParseMeminfo, TakesMemoryAndSwapInBytes) {
  HostSample host;
  ASSERT_TRUE(
      ParseMeminfo("MemTotal:       4007140 kB\nMemFree:  3824380 kB\n"
                   "MemAvailable:   3720240 kB\nBuffers: 12 kB\nSwapCached: 5 kB\n"
                   "SwapTotal:      8 kB\nSwapFree:     7 kB\nHugePages_Total:   0\n",
                   host));
  EXPECT_EQ(host.memory_total, 4007140 * kKiB);
  EXPECT_EQ(host.memory_free, 3824380 * kKiB);
  EXPECT_EQ(host.memory_available, 3720240 * kKiB);
  EXPECT_EQ(host.swap_total, 8 * kKiB);
  EXPECT_EQ(host.swap_free, 7 * kKiB);
}

TEST(ParseMeminfo, LeavesAbsentWhatAnOlderKernelDoesNotEstimate) {
  HostSample host;
  ASSERT_TRUE(ParseMeminfo("MemTotal: 4 kB\nMemFree: 3 kB\n", host));
  EXPECT_EQ(host.memory_available, std::nullopt);
}

// F15
TEST(ParseMeminfo, RefusesGarbage) {
  for (const char* text :
       {"", "MemTotal: 4 kB", "MemTotal: 4\n", "MemTotal: 4 MB\n", "MemTotal: x kB\n",
        "MemTotal: -4 kB\n", "MemTotal: 9223372036854775807 kB\n", "MemTotal: 4 kB\r\n"}) {
    HostSample host;
    EXPECT_FALSE(ParseMeminfo(text, host)) << text;
    EXPECT_EQ(host, HostSample()) << text;
  }
}

TEST(ParseProcStat, SumsUpBusyTimeAndCountsCpus) {
  HostSample host;
  ASSERT_TRUE(
      ParseProcStat("cpu  100 20 30 4000 500 6 7 8 50 10\n"
                    "cpu0 50 10 15 2000 250 3 3 4 25 5\n"
                    "cpu2 50 10 15 2000 250 3 4 4 25 5\n"
                    "intr 1 2 3\nctxt 5\n",
                    host));
  EXPECT_EQ(host.cpu_busy_usec, (100 + 20 + 30 + 6 + 7 + 8) * 10'000);
  EXPECT_EQ(host.online_cpus, 2);
}

TEST(ParseProcStat, TakesAnOlderKernelWithFewerColumns) {
  HostSample host;
  ASSERT_TRUE(ParseProcStat("cpu 1 2 3 4\ncpu0 1 2 3 4\nintr 1\n", host));
  EXPECT_EQ(host.cpu_busy_usec, 60'000);
}

// F15
TEST(ParseProcStat, RefusesGarbage) {
  for (const char* text :
       {"", "cpu  1 2 3 4\n", "cpu0 1 2 3 4\n", "cpu  1 2 3\ncpu0 1\n", "cpu  1 2 x 4\ncpu0 1\n",
        "cpu  -1 2 3 4\ncpu0 1\n", "cpu  1 2 3 4\ncpu0 1 2", "cpu  1 2 3 4",
        "cpu  9223372036854775807 2 3 4\ncpu0 1\n"}) {
    HostSample host;
    EXPECT_FALSE(ParseProcStat(text, host)) << text;
    EXPECT_EQ(host, HostSample()) << text;
  }
}

TEST(ParseLoadavg, TakesAllProcessesAndThreads) {
  HostSample host;
  ASSERT_TRUE(ParseLoadavg("0.77 1.42 0.91 2/96 9771\n", host));
  EXPECT_EQ(host.pids, 96);
}

TEST(ParseLoadavg, RefusesGarbage) {
  for (const char* text : {"", "0.77 1.42 0.91 2 9771\n", "0.77 1.42 0.91 2/x 9771\n",
                           "0.77 1.42 0.91 2/-5 9771\n", "0.77 1.42 0.91 2/96"}) {
    HostSample host;
    EXPECT_FALSE(ParseLoadavg(text, host)) << text;
  }
}

TEST(ParseCpusAllowed, CountsThem) {
  EXPECT_EQ(ParseCpusAllowed("Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\nMems: 1\n"), 8);
}

TEST(ParseCpusAllowed, RefusesGarbage) {
  for (const char* text : {"", "Name:\tx\n", "Name:\tx\nCpus_allowed_list:\t0-7",
                           "Name:\tx\nCpus_allowed_list:\tall\n"}) {
    EXPECT_FALSE(ParseCpusAllowed(text)) << text;
  }
}

}  // namespace
}  // namespace headroom
