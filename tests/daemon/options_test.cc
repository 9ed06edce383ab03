#include "daemon/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

namespace headroom {
namespace {

using testing::HasSubstr;

std::variant<Options, Instead> Parsed(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "headroomd");
  return ParseOptions(static_cast<int>(arguments.size()), arguments.data());
}

Options Good(const std::vector<const char*>& arguments) {
  const auto parsed = Parsed(arguments);
  if (const auto* options = std::get_if<Options>(&parsed)) return *options;
  ADD_FAILURE() << std::get<Instead>(parsed).text;
  return {};
}

std::string Refusal(const std::vector<const char*>& arguments) {
  const auto parsed = Parsed(arguments);
  if (std::holds_alternative<Options>(parsed)) return "was taken";
  EXPECT_EQ(std::get<Instead>(parsed).exit_code, 2);
  return std::get<Instead>(parsed).text;
}

TEST(ParseOptions, HasADefaultForEverything) {
  const Options options = Good({});
  EXPECT_EQ(options.state_dir, "/var/lib/headroom");
  EXPECT_EQ(options.socket, "/run/headroom/headroom.sock");
  EXPECT_EQ(options.token_file, "/var/lib/headroom/token");
  EXPECT_EQ(options.cgroup_root, "headroom");
  EXPECT_FALSE(options.listen);
  EXPECT_FALSE(options.policy_was_named);
}

TEST(ParseOptions, TellsANamedPolicyFromTheDefaultOne) {
  EXPECT_TRUE(Good({"--policy", kDefaultPolicy}).policy_was_named);
}

// A shim leaves our working directory.
TEST(ParseOptions, MakesPathsAbsolute) {
  const std::string here = std::filesystem::current_path();
  const Options options = Good({"--state-dir", "state", "--shim", "bin/../headroom-shim"});
  EXPECT_EQ(options.state_dir, here + "/state");
  EXPECT_EQ(options.token_file, here + "/state/token");
  EXPECT_EQ(options.shim, here + "/headroom-shim");
}

TEST(ParseOptions, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(Refusal({"--polcy", "x"}), HasSubstr("--polcy"));
  EXPECT_THAT(Refusal({"--state", "x"}), HasSubstr("--state"));  // no guessing
  EXPECT_THAT(Refusal({"x"}), HasSubstr("headroomd: "));
  EXPECT_THAT(Refusal({"--log-level", "loud"}), HasSubstr("expected trace, debug"));
}

// F36
TEST(ParseOptions, RefusesACgroupRootThatLeadsElsewhere) {
  for (const char* root : {"", "/headroom", "headroom/", "a//b", "..", "a/../b", ".", "x y", "-x"})
    EXPECT_THAT(Refusal({"--cgroup-root", root}), HasSubstr("--cgroup-root")) << root;
  EXPECT_EQ(Good({"--cgroup-root", "batch.slice/headroom"}).cgroup_root, "batch.slice/headroom");
}

TEST(ParseOptions, PrintsHelpAndVersionInstead) {
  for (const char* option : {"--help", "--version"}) {
    const auto parsed = Parsed({option});
    ASSERT_TRUE(std::holds_alternative<Instead>(parsed)) << option;
    EXPECT_EQ(std::get<Instead>(parsed).exit_code, 0);
    EXPECT_THAT(std::get<Instead>(parsed).text, HasSubstr("headroomd"));
  }
}

}  // namespace
}  // namespace headroom
