#include "tests/admission/scenario.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/file.h"

namespace headroom::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::filesystem::path> Files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(HEADROOM_TEST_DATA "/scenarios")) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

Result<Scenario> Load(const std::filesystem::path& path) {
  return ReadFile(path, 1 << 20).and_then([](const std::string& text) {
    return ParseScenario(text);
  });
}

Decisions Decided(const Scenario& scenario) {
  return Decide(scenario.snapshot, scenario.waiting, scenario.policy);
}

class ScenarioFile : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(ScenarioFile, IsDecidedAsExpected) {
  const Result<Scenario> scenario = Load(GetParam());
  ASSERT_TRUE(scenario) << GetParam() << scenario.error().message;
  const std::string differences = Differences(*scenario, Decided(*scenario));
  EXPECT_TRUE(differences.empty()) << GetParam() << "\n" << differences;
}

INSTANTIATE_TEST_SUITE_P(Files, ScenarioFile, ::testing::ValuesIn(Files()),
                         [](const auto& file) { return file.param.stem().string(); });

TEST(ScenarioFiles, ShowEveryReason) {
  std::set<std::string_view> shown;
  for (const auto& path : Files()) {
    const Result<Scenario> scenario = Load(path);
    if (!scenario) continue;
    for (const Decision& decision : Decided(*scenario).jobs)
      shown.insert(ToString(decision.reason));
  }
  ASSERT_GE(AllReasons().size(), 13U);
  for (const Reason reason : AllReasons())
    EXPECT_TRUE(shown.contains(ToString(reason))) << ToString(reason);
}

// "| `fits` | admit | …": the table under "## Reasons", in the order of the code.
TEST(DecisionsDocument, HasOneRowForEachReason) {
  std::ifstream file(std::filesystem::path(HEADROOM_TEST_DATA) / "../../docs/decisions.md");
  ASSERT_TRUE(file);
  std::vector<std::string> documented;
  bool in_table = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("## ")) in_table = line == "## Reasons";
    if (in_table && line.starts_with("| `"))
      documented.push_back(line.substr(3, line.find('`', 3) - 3));
  }
  std::vector<std::string> reasons;
  for (const Reason reason : AllReasons()) reasons.emplace_back(ToString(reason));
  EXPECT_EQ(documented, reasons);
}

// ---- The loader itself

constexpr std::string_view kSmall = R"({
  "host": {"memory": "8GiB", "cpu": 4, "pids": 1000},
  "running": [{"job": 1, "request": {"memory": "4GiB"}}],
  "waiting": [{"job": 2, "request": {"memory": "2GiB"}}],
  "expect": [{"job": 2, "waits": "over_target", "short_of": "memory",
              "needs": "2GiB", "available": "819.2MiB"}],
  "head": {"job": 2},
  "rests_afterwards": []
})";

std::string With(std::string_view from, std::string_view to) {
  std::string text(kSmall);
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string Refusal(std::string_view from, std::string_view to) {
  const auto scenario = ParseScenario(With(from, to));
  return scenario ? "taken" : scenario.error().message;
}

std::string Found(std::string_view from, std::string_view to) {
  const auto scenario = ParseScenario(With(from, to));
  return scenario ? Differences(*scenario, Decided(*scenario)) : scenario.error().message;
}

TEST(ParseScenario, SaysWhereAKeyIsUnknown) {
  EXPECT_EQ(Refusal("\"host\"", "\"hosts\": 1, \"host\""),
            "/hosts: unknown key, did you mean \"host\"?");
  EXPECT_THAT(Refusal("\"job\": 2,", "\"job\": 2, \"lastz\": \"1s\","),
              HasSubstr("/waiting/0/lastz: unknown key, did you mean \"lasts\"?"));
  EXPECT_THAT(Refusal("\"needs\"", "\"need\": 1, \"needs\""), HasSubstr("/expect/0/need: unknown"));
}

TEST(ParseScenario, SaysWhereAValueIsWrong) {
  EXPECT_THAT(Refusal("\"8GiB\"", "\"8 GB\""), HasSubstr("/host/memory: expected a size like"));
  EXPECT_THAT(Refusal("over_target", "over_traget"),
              HasSubstr("/expect/0/waits: unknown reason, did you mean \"over_target\"?"));
  EXPECT_EQ(Refusal("\"job\": 1,", "\"jobs\": \"3-1\","),
            "/running/0: expected \"job\": 7 or \"jobs\": \"1-47\"");
}

TEST(ParseScenario, SaysWhatIsMissing) {
  EXPECT_EQ(Refusal("\"cpu\": 4, ", ""), "/host: \"cpu\" is missing");
  EXPECT_EQ(Refusal("\"needs\": \"2GiB\", ", ""), "/expect/0: \"needs\" is missing");
}

TEST(ParseScenario, ReadsThePolicyAsTheDaemonDoes) {
  EXPECT_EQ(Refusal("\"host\"", R"("policy": {"admission": {"target": {"memory": 2}}}, "host")"),
            "/policy/admission/target/memory: expected a share above 0 and below 1, got 2");
}

TEST(Differences, AreNoneWhereAllIsAsExpected) { EXPECT_THAT(Found("4GiB", "4GiB"), IsEmpty()); }

TEST(Differences, SayInWordsWhatWasExpectedAndWhatCame) {
  EXPECT_EQ(Found("4GiB", "1GiB"),
            "  expected: job 2: wait (over_target), short of memory: needs 2.0 GiB, 819 MiB "
            "available\n"
            "            \"waits: needs 2.0 GiB memory, 819 MiB free under the target (60% of 8.0 "
            "GiB); held by job 1 (1.0 GiB), jobs that start now (3.0 GiB); fits once 1.2 GiB is "
            "released\"\n"
            "  actual:   job 2: admit (fits)\n"
            "            \"starts: it fits under the target and under the ceiling\"\n"
            "  expected: job 2 is the blocked head and starts nobody knows when\n"
            "  actual:   no job is blocked\n");
}

TEST(Differences, NameJobsThatWereNotExpectedOrDidNotCome) {
  EXPECT_THAT(
      Found("\"waiting\": [", R"("waiting": [{"job": 3, "request": {"pids": 1}, "priority": -1},)"),
      HasSubstr("expected: nothing\n  actual:   job 3: admit (fits)"));
  EXPECT_THAT(Found("\"expect\": [", R"("expect": [{"job": 9, "starts": "fits"},)"),
              HasSubstr("actual:   no such job"));
}

TEST(Differences, CompareWhatRestsAfterwards) {
  EXPECT_EQ(Found("[]", "[\"memory\"]"),
            "  expected afterwards: memory rests, cpu goes on, pids goes on\n"
            "  actual:              memory goes on, cpu goes on, pids goes on\n");
}

TEST(Differences, CompareWhatIsSaid) {
  EXPECT_THAT(
      Found("\"needs\"", "\"says\": \"waits: for rain\", \"needs\""),
      HasSubstr("job 2 should say: \"waits: for rain\"\n  but says:        \"waits: needs 2.0"));
}

}  // namespace
}  // namespace headroom::test
