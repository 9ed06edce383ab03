#include "executor/shim_spec.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace headroom {
namespace {

ShimSpec ASpec() {
  ShimSpec spec;
  spec.directory = "/state/attempts/42-1";
  spec.boot_id = "b0a7";
  spec.place = {{"/cg/shims/cgroup.procs"}, "/cg/jobs/42-1", {"/memory/jobs/42-1/tasks"}, "/m", 5};
  spec.argv = {"sh", "-c", "echo \"two\nlines\"", ""};
  spec.environment = {"A=1", "B="};
  spec.working_directory = "/";
  spec.uid = 4294967294;
  spec.gid = 7;
  spec.groups = {1, 2, 3};
  spec.log_max_bytes = 1 << 20;
  return spec;
}

TEST(ShimSpec, ComesBackAsItWas) {
  const auto text = FormatShimSpec(ASpec());
  ASSERT_TRUE(text);
  EXPECT_EQ(ParseShimSpec(*text), ASpec());
}

TEST(ShimSpec, RefusesANulInAnyField) {
  ShimSpec argument = ASpec(), variable = ASpec(), path = ASpec();
  argument.argv[2] = std::string("a\0b", 3);
  variable.environment[0] = std::string("A=\0", 3);
  path.stdin_path = std::string("/\0", 2);
  for (const ShimSpec& spec : {argument, variable, path}) EXPECT_FALSE(FormatShimSpec(spec));
}

TEST(ShimSpec, ATornOneIsNone) {
  const std::string whole = *FormatShimSpec(ASpec());
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(ParseShimSpec(whole.substr(0, size))) << size;
  EXPECT_FALSE(ParseShimSpec(whole + "x"));
}

TEST(ShimSpec, NeedsACommand) {
  ShimSpec spec = ASpec();
  spec.argv.clear();
  EXPECT_FALSE(ParseShimSpec(*FormatShimSpec(spec)));
}

// F15
RC_GTEST_PROP(ShimSpec, TakesAnyBytesWithoutHarm, (const std::string& text)) {
  (void)ParseShimSpec(text);
  (void)ParseShimSpec(std::string("headroom-shim 1\0", 16) + text);
}

RC_GTEST_PROP(ShimSpec, TakesAnyBrokenByteWithoutHarm, (unsigned at, char byte)) {
  std::string text = *FormatShimSpec(ASpec());
  text[at % text.size()] = byte;
  (void)ParseShimSpec(text);
}

}  // namespace
}  // namespace headroom
