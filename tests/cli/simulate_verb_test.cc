#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>

#include "base/file.h"
#include "cli/trace_file.h"
#include "tests/cli/cli_run.h"
#include "tests/support/temp_dir.h"

namespace headroom::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr char kTrace[] =
    "name,runtime_seconds,peak_memory_bytes,submit_seconds\n"
    "a,5,1073741824,0\na,5,1073741824,0\nb,9,2147483648,3\n";

std::string AFile(const TempDir& dir, const char* name, const std::string& text) {
  std::ofstream(dir / name) << text;
  return dir / name;
}

Ran Simulate(std::vector<std::string> words) {
  words.insert(words.begin(), "simulate");
  return CliRun("/no/daemon/is/needed")(words);
}

TEST(Simulate, PlaysATraceUnderThePolicyAndItsReferences) {
  const TempDir dir;
  const Ran ran = Simulate({"--trace", AFile(dir, "t.csv", kTrace), "--seeds", "1", "--reference",
                            "none,count:1", "--json"});
  ASSERT_EQ(ran.exit, 0) << ran.err;
  const json results = ran.json()["results"];
  ASSERT_EQ(results.size(), 3U);
  EXPECT_EQ(results[0]["policy"], "headroom (built-in policy)");
  EXPECT_EQ(results[1]["policy"], "none");
  EXPECT_EQ(results[2]["policy"], "count:1");
  for (const json& result : results) {
    EXPECT_EQ(result["jobs"], 3);
    EXPECT_EQ(result["finished"], 3);
    EXPECT_EQ(result["oom_kills"], 0);
    EXPECT_FALSE(result.contains("jobs_ci95"));  // one seed has no spread
  }
  EXPECT_GE(results[2]["makespan_seconds"], 18);
  EXPECT_GT(results[2]["mean_utilization_while_waiting"]["memory"], 0);
}

TEST(Simulate, TeachesThePoliciesBeforeTheFirstJob) {
  const TempDir dir;
  std::string trace = "name,runtime_seconds,peak_memory_bytes,submit_seconds\n";
  for (int i = 0; i < 40; ++i) trace += "a,50,5368709120,0\n";
  const std::string played = AFile(dir, "t.csv", trace);
  const auto wait = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"--trace",           played,   "--seeds", "1", "--reference", "",
                                   "--capacity-memory", "100GiB", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    const Ran ran = Simulate(words);
    EXPECT_EQ(ran.exit, 0) << ran.err;
    return ran.json()["results"][0]["mean_wait_seconds"].get<double>();
  };
  EXPECT_LT(wait({"--history", played}), wait({}) - 10);
  EXPECT_EQ(Simulate({"--history", dir / "nothing.csv"}).exit, 2);
}

TEST(Simulate, WritesAPageWithTheCommandThatMadeIt) {
  const TempDir dir;
  const std::string page = dir / "out.html";
  const std::string trace = AFile(dir, "a <b>'s.csv", kTrace);
  const Ran ran =
      Simulate({"--trace", trace, "--seeds", "1", "--reference", "count:1", "--report", page});
  ASSERT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("count:1"));  // the table is printed as well
  const auto text = ReadFile(page, 1 << 20);
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("headroom simulate --trace &#39;"));
  EXPECT_THAT(*text, testing::Not(HasSubstr("<b>")));
}

TEST(Simulate, SaysWhyAPageCannotBeWritten) {
  const TempDir dir;
  const Ran ran = Simulate({"--trace", AFile(dir, "t.csv", kTrace), "--seeds", "1", "--reference",
                            "", "--report", dir / "none/out.html"});
  EXPECT_NE(ran.exit, 0);
  EXPECT_THAT(ran.err, HasSubstr("--report"));
  EXPECT_THAT(ran.err, HasSubstr("none/out.html"));
}

TEST(Simulate, ShowsHowSureItIsOfSeveralSeeds) {
  const Ran ran = Simulate({"--seeds", "3", "--jobs", "50", "--reference", "count:24", "--json"});
  ASSERT_EQ(ran.exit, 0) << ran.err;
  const json answer = ran.json();
  for (const json& result : answer["results"]) {
    EXPECT_EQ(result["seeds"], 3);
    EXPECT_GT(result["makespan_seconds_ci95"], 0);
    EXPECT_TRUE(result["peak_utilization"].contains("memory_ci95"));
  }
}

TEST(Simulate, PlaysEveryPolicyThatItIsGiven) {
  const TempDir dir;
  const std::string one =
      AFile(dir, "one.json", R"({"admission": {"mode": "count", "max_jobs": 1}})");
  const std::string two = AFile(dir, "two.json", "{}");
  const Ran ran = Simulate({"--trace", AFile(dir, "t.csv", kTrace), "--policy", one, "--policy",
                            two, "--seeds", "1", "--reference", "", "--json"});
  ASSERT_EQ(ran.exit, 0) << ran.err;
  ASSERT_EQ(ran.json()["results"].size(), 2U);
  EXPECT_EQ(ran.json()["results"][0]["policy"], one);
  EXPECT_GT(ran.json()["results"][0]["makespan_seconds"],
            ran.json()["results"][1]["makespan_seconds"]);
}

TEST(Simulate, PrintsATableForPeople) {
  const Ran ran = Simulate({"--seeds", "1", "--jobs", "40"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_THAT(ran.out, HasSubstr("MAKESPAN"));
  EXPECT_THAT(ran.out, HasSubstr("clairvoyant-peak"));
}

TEST(Simulate, SaysWhatIsWrongWithItsOptions) {
  const TempDir dir;
  const std::string bad = AFile(dir, "bad.json", R"({"admision": {}})");
  const std::string broken =
      AFile(dir, "broken.csv", "name,runtime_seconds,peak_memory_bytes\na,x,1\n");
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--workload", "mxed"}, "expected mixed or tpp"},
      {{"--trace", "/no/such"}, "/no/such"},
      {{"--trace", broken}, "line 2, runtime_seconds"},
      {{"--trace", broken, "--workload", "tpp"}, "one of them"},
      {{"--policy", bad}, "headroom policy check"},
      {{"--reference", "count:0"}, "count:0"},
      {{"--load", "much"}, "--load much"},
      {{"--capacity-memory", "0"}, "more than 0"},
      {{"--capacity-cpus", "x"}, "--capacity-cpus"},
      {{"--tick", "0s"}, "more than 0"},
      {{"--seeds", "0"}, "seeds"},
  };
  for (const auto& [words, expected] : cases) {
    const Ran ran = Simulate(words);
    EXPECT_EQ(ran.exit, 2) << expected;
    EXPECT_THAT(ran.err, HasSubstr(expected));
  }
}

TEST(ReadPlainOrGzip, ReadsBothAndRefusesWhatIsTooLargeOrDamaged) {
  const TempDir dir;
  const std::string text(100'000, 'x'), packed = dir / "p.gz";
  gzFile file = ::gzopen(packed.c_str(), "wb");
  ::gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  ::gzclose(file);
  EXPECT_EQ(*ReadPlainOrGzip(packed, 1 << 20), text);
  EXPECT_EQ(*ReadPlainOrGzip(AFile(dir, "plain", "abc"), 10), "abc");
  EXPECT_EQ(ReadPlainOrGzip(packed, 99'999).error().code, ErrorCode::kInvalid);

  std::ifstream whole(packed, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(whole)), {});
  bytes[bytes.size() - 6] ^= 0x55;  // of the checksum
  const auto damaged = ReadPlainOrGzip(AFile(dir, "damaged.gz", bytes), 1 << 20);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, ErrorCode::kCorrupt);
  const auto cut =
      ReadPlainOrGzip(AFile(dir, "cut.gz", bytes.substr(0, bytes.size() / 2)), 1 << 20);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(ReadPlainOrGzip(dir / "none", 1).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace headroom::cli
