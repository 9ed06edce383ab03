#include "executor/exit_record.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace headroom {
namespace {

ExitRecord ARecord(Outcome outcome) {
  return {"b0a7",
          std::move(outcome),
          TimePoint(Duration(1000)),
          TimePoint(Duration(5000)),
          {1, 28},
          {2, 0},
          3};
}

TEST(ExitRecord, ReadsAsPlainLines) {
  EXPECT_EQ(FormatExitRecord(ARecord(Exited{7})),
            "headroom-exit 1\n"
            "boot b0a7\n"
            "outcome exited 7\n"
            "started 1000\n"
            "ended 5000\n"
            "stdout_dropped 1\n"
            "stderr_dropped 2\n"
            "stdout_error 28\n"
            "stderr_error 0\n"
            "pool_oom 3\n"
            "end\n");
}

TEST(ExitRecord, EveryOutcomeComesBackAsItWas) {
  for (const Outcome& outcome :
       {Outcome(Exited{255}), Outcome(Signaled{9}), Outcome(Lost{"nobody saw it"}),
        Outcome(LaunchFailed{"exec", 2, "execute x: No such file or directory (ENOENT)"})}) {
    EXPECT_EQ(ParseExitRecord(FormatExitRecord(ARecord(outcome))), ARecord(outcome));
  }
}

TEST(ExitRecord, ControlCharactersCannotForgeLines) {
  const auto record =
      ParseExitRecord(FormatExitRecord(ARecord(LaunchFailed{"exec", 2, "a\nended 9\nend\n"})));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->outcome, Outcome(LaunchFailed{"exec", 2, "a?ended 9?end?"}));
}

TEST(ExitRecord, ATornOneIsNone) {
  const std::string whole = FormatExitRecord(ARecord(Exited{0}));
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(ParseExitRecord(whole.substr(0, size))) << size;
}

TEST(ExitRecord, SkipsKeysOfALaterVersion) {
  EXPECT_TRUE(ParseExitRecord("headroom-exit 1\nnew key\noutcome exited 0\nend\n"));
}

TEST(ExitRecord, RefusesWhatIsNotExact) {
  for (const char* text :
       {"", "\n", "end\n", "headroom-exit 2\noutcome exited 0\nend\n", "headroom-exit 1\nend\n",
        "headroom-exit 1\noutcome exited\nend\n", "headroom-exit 1\noutcome exited 1x\nend\n",
        "headroom-exit 1\noutcome exited 99999999999\nend\n",
        "headroom-exit 1\noutcome ate 1\nend\n",
        "headroom-exit 1\noutcome launch_failed exec x y\nend\n",
        "headroom-exit 1\noutcome exited 0\nstarted soon\nend\n",
        "headroom-exit 1\noutcome exited 0\nend\nmore\n"}) {
    EXPECT_FALSE(ParseExitRecord(text)) << text;
  }
}

// F15
RC_GTEST_PROP(ExitRecord, TakesAnyBytesWithoutHarm, (const std::string& text)) {
  (void)ParseExitRecord(text);
  (void)ParseExitRecord("headroom-exit 1\noutcome exited 0\n" + text + "\nend\n");
}

}  // namespace
}  // namespace headroom
