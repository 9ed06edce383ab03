#include "admission/json/policy_json.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>

#include "base/units.h"
#include "tests/support/temp_dir.h"

namespace headroom {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::filesystem::path kCorpus = HEADROOM_TEST_DATA "/policy";
const std::filesystem::path kTop = HEADROOM_TEST_DATA "/../..";

std::string Slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::filesystem::path> Corpus(const char* part) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus / part)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

std::string Name(const ::testing::TestParamInfo<std::filesystem::path>& info) {
  return info.param.stem().string();
}

std::vector<PolicyProblem> ProblemsOf(std::string_view text) {
  const auto parsed = ParsePolicy(text);
  const auto* problems = std::get_if<std::vector<PolicyProblem>>(&parsed);
  return problems ? *problems : std::vector<PolicyProblem>{};
}

Policy Parsed(std::string_view text) {
  const auto parsed = ParsePolicy(text);
  EXPECT_THAT(ProblemsOf(text), IsEmpty());
  const auto* policy = std::get_if<Policy>(&parsed);
  return policy ? *policy : Policy{};
}

// The names of all values in a document: "admission.target.memory".
std::set<std::string> Knobs(const nlohmann::json& document) {
  std::set<std::string> knobs;
  const nlohmann::json flat = document.flatten();  // outlives the loop over its items
  for (const auto& [pointer, value] : flat.items()) {
    std::string knob = pointer.substr(1);
    std::ranges::replace(knob, '/', '.');
    knobs.insert(knob);
  }
  return knobs;
}

class GoodPolicy : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(GoodPolicy, IsTakenAndWrittenBackTheSame) {
  const Policy policy = Parsed(Slurp(GetParam()));
  EXPECT_EQ(Parsed(PolicyToJson(policy)), policy) << PolicyToJson(policy);
}

INSTANTIATE_TEST_SUITE_P(Corpus, GoodPolicy, ::testing::ValuesIn(Corpus("good")), Name);

class BadPolicy : public ::testing::TestWithParam<std::filesystem::path> {};

// F45. Beside each file lies what is wrong with it, a line for each problem.
TEST_P(BadPolicy, IsRefusedForWhatIsWrongWithIt) {
  std::string found;
  for (const PolicyProblem& problem : ProblemsOf(Slurp(GetParam()))) {
    found += problem.pointer + ": " + problem.message + "\n";
  }
  EXPECT_EQ(found, Slurp(std::filesystem::path(GetParam()).replace_extension(".problems")));
}

INSTANTIATE_TEST_SUITE_P(Corpus, BadPolicy, ::testing::ValuesIn(Corpus("bad")), Name);

TEST(ParsePolicy, KeepsDefaultsForWhatIsMissing) {
  EXPECT_EQ(Parsed("{}"), Policy{});
  Policy expected;
  expected.target.memory = 0.7;
  EXPECT_EQ(Parsed(R"({"admission": {"target": {"memory": 0.7}}})"), expected);
}

TEST(ParsePolicy, ReadsEveryUnit) {
  const Policy policy = Parsed(R"({
    "tick": "250ms",
    "admission": {"reserve": {"memory": "1.5GiB", "cpu": 0.5}, "warm_up": "2m"},
    "requests": {"default": {"memory": "0.1%", "cpu": "750m", "pids": 7}},
    "tokens": {"db": 6, "a": 1},
    "jobs": {"memory_max": 4096, "cpu_max": 2}})");
  EXPECT_EQ(policy.tick, std::chrono::milliseconds(250));
  EXPECT_EQ(policy.reserve_memory_bytes, 3 * kGiB / 2);
  EXPECT_EQ(policy.reserve_cpu_millis, 500);
  EXPECT_EQ(policy.warm_up, std::chrono::minutes(2));
  EXPECT_EQ(policy.default_request.memory, (AmountOrShare{0, 0.001}));
  EXPECT_EQ(policy.default_request.cpu, (AmountOrShare{750, std::nullopt}));
  EXPECT_EQ(policy.default_request.pids, (AmountOrShare{7, std::nullopt}));
  EXPECT_THAT(policy.tokens, ElementsAre(TokenAmount{"a", 1}, TokenAmount{"db", 6}));
  EXPECT_EQ(policy.jobs.memory_max, 4096);
  EXPECT_EQ(policy.jobs.cpu_max_millis, 2000);
}

TEST(ParsePolicy, SwitchesGateRowsOnAndOff) {
  const Policy policy = Parsed(R"({"gate": {"memory_full": null, "memory_some": {"close": 40},
      "io_full": {"open": 1, "closing": 2, "close": 3}}})");
  EXPECT_THAT(policy.gate,
              ElementsAre(GateThreshold{PressureResource::kMemory, PressureKind::kSome, 1, 5, 40},
                          GateThreshold{PressureResource::kIo, PressureKind::kFull, 1, 2, 3}));
}

// Shares survive whatever their digits are: the writer moves the decimal point, it never divides.
TEST(PolicyToJson, WritesEverySharePreciselyEnoughToReadItBack) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    Policy policy;
    policy.default_request.memory = {0, std::uniform_real_distribution(1e-9, 1.0)(random)};
    policy.pool.pids_max = {0, static_cast<double>(1 + random() % 1000) / 1000};
    policy.jobs.memory_high_share = std::uniform_real_distribution(1e-6, 1.0)(random);
    policy.jobs.log_max_bytes = static_cast<int64_t>(random() % (1ULL << 40));
    policy.gate_quiet = Duration(static_cast<int64_t>(random() % (1ULL << 40)));
    ASSERT_EQ(Parsed(PolicyToJson(policy)), policy) << PolicyToJson(policy);
  }
}

TEST(LoadPolicy, SaysWhyAFileCannotBeRead) {  // F45
  const TempDir dir;
  const auto message = [](const std::string& path) {
    return std::get<std::vector<PolicyProblem>>(LoadPolicy(path)).at(0).message;
  };
  EXPECT_EQ(message(dir.path() + "/none"),
            "open " + dir.path() + "/none: No such file or directory (ENOENT)");
  EXPECT_EQ(message(dir.path()), dir.path() + ": not a regular file");
}

TEST(LoadShadow, ReadsTheFileBesideThePolicy) {
  const TempDir dir;
  std::ofstream(dir.path() + "/policy.json") << R"({"shadow_policy": "bold.json"})";
  std::ofstream(dir.path() + "/bold.json") << R"({"admission": {"max_jobs": 7}})";
  const auto policy = std::get<Policy>(LoadPolicy(dir.path() + "/policy.json"));
  const auto shadow =
      std::get<std::optional<Policy>>(LoadShadow(policy, dir.path() + "/policy.json"));
  EXPECT_EQ(shadow.value().max_jobs, 7);
  EXPECT_EQ(std::get<std::optional<Policy>>(LoadShadow(Policy{}, "policy.json")), std::nullopt);
}

TEST(LoadShadow, RefusesThePolicyWhereTheFileIsOfNoUse) {
  const TempDir dir;
  const auto problem = [&](const char* shadow) {
    std::ofstream(dir.path() + "/policy.json") << R"({"shadow_policy": "bold.json"})";
    std::ofstream(dir.path() + "/bold.json") << shadow;
    return std::get<std::vector<PolicyProblem>>(LoadPolicy(dir.path() + "/policy.json")).at(0);
  };
  EXPECT_EQ(problem(R"({"tick": 1})").pointer, "/shadow_policy");
  EXPECT_THAT(problem(R"({"tick": 1})").message, testing::HasSubstr("/bold.json: /tick: expected"));
  EXPECT_THAT(problem(R"({"shadow_policy": "policy.json"})").message,
              testing::HasSubstr("has a shadow_policy itself"));
}

TEST(DeployedPolicy, HoldsTheDefaults) {
  const auto loaded = LoadPolicy(kTop / "deploy/policy.json");
  ASSERT_TRUE(std::holds_alternative<Policy>(loaded));
  EXPECT_EQ(std::get<Policy>(loaded), Policy{});
}

TEST(DeployedPolicy, NamesEveryKnob) {
  EXPECT_EQ(Knobs(nlohmann::json::parse(Slurp(kTop / "deploy/policy.json"))),
            Knobs(nlohmann::json::parse(PolicyToJson(Policy{}))));
}

// docs/policy.md has a heading for every knob, with its default: "### `tick`: `"1s"`".
TEST(PolicyDocument, ExplainsEveryKnobWithItsDefault) {
  std::set<std::string> documented;
  std::istringstream lines(Slurp(kTop / "docs/policy.md"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("### `")) documented.insert(line);
  }
  std::set<std::string> expected;
  const nlohmann::json policy = nlohmann::json::parse(PolicyToJson(Policy{}));
  const nlohmann::json flat = policy.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    std::string knob = pointer.substr(1);
    std::ranges::replace(knob, '/', '.');
    // Flattening turns an empty object into null, which is no value for it.
    const std::string shown = policy.at(nlohmann::json::json_pointer(pointer)).dump();
    expected.insert("### `" + knob + "`: `" + shown + "`");
  }
  EXPECT_EQ(documented, expected);
}

// Broken copies of the default policy never crash, and a policy that is taken is a valid one.
TEST(ParsePolicy, SurvivesEveryMutation) {
  const std::string good = PolicyToJson(Policy{});
  constexpr std::string_view kBytes = "{}[]\",:/*0123456789.eE%-nullGiBms \n\x80";
  std::mt19937 random(45);
  for (int round = 0; round < 3000; ++round) {
    std::string text = good;
    for (auto edits = 1 + random() % 4; edits > 0; --edits) {
      const std::size_t at = random() % text.size();
      const char byte = kBytes[random() % kBytes.size()];
      if (random() % 2) {
        text[at] = byte;
      } else {
        text.insert(at, 1, byte);
      }
    }
    const auto parsed = ParsePolicy(text);
    if (const auto* policy = std::get_if<Policy>(&parsed)) {
      ASSERT_THAT(Validate(*policy), IsEmpty()) << text;
      ASSERT_EQ(Parsed(PolicyToJson(*policy)), *policy) << text;
    } else {
      const auto& problems = std::get<std::vector<PolicyProblem>>(parsed);
      ASSERT_FALSE(problems.empty()) << text;
      for (const PolicyProblem& problem : problems) ASSERT_FALSE(problem.message.empty()) << text;
    }
  }
}

TEST(ParsePolicy, RefusesBombsAtOnce) {  // F37
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(ProblemsOf(std::string(100'000, '[')).size(), 1U);
  EXPECT_EQ(ProblemsOf(std::string(10'000'000, ' ')).size(), 1U);
  std::string keys = "{";
  for (int i = 0; i < 20'000; ++i) keys += "\"key" + std::to_string(i) + "\":0,";
  EXPECT_EQ(ProblemsOf(keys + "\"tick\":\"1s\"}").size(), 200U);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

}  // namespace
}  // namespace headroom
