#include "cli/terminal.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <map>

#include "cli/waiter.h"

namespace headroom::cli {
namespace {

Environment Of(const std::map<std::string, std::string>& values) {
  return [values](const char* name) {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(Terminal, KnowsUtf8FromTheFirstVariableThatIsSet) {
  EXPECT_EQ(CharsetOf(Of({{"LANG", "de_DE.UTF-8"}})), Charset::kUtf8);
  EXPECT_EQ(CharsetOf(Of({{"LC_ALL", "C"}, {"LANG", "de_DE.UTF-8"}})), Charset::kAscii);
  EXPECT_EQ(CharsetOf(Of({{"LC_ALL", ""}, {"LC_CTYPE", "C.utf8"}})), Charset::kUtf8);
  EXPECT_EQ(CharsetOf(Of({})), Charset::kAscii);
}

TEST(Terminal, HasNoColoursWhereTheyAreNotWanted) {
  EXPECT_TRUE(AllowsColour(Of({{"TERM", "xterm"}})));
  EXPECT_TRUE(AllowsColour(Of({{"TERM", "xterm"}, {"NO_COLOR", ""}})));
  EXPECT_FALSE(AllowsColour(Of({{"TERM", "xterm"}, {"NO_COLOR", "1"}})));
  EXPECT_FALSE(AllowsColour(Of({{"TERM", "dumb"}})));
  EXPECT_FALSE(AllowsColour(Of({})));
}

TEST(Terminal, LooksPlainWhereThereIsNone) {
  EXPECT_EQ(
      LookOf(-1, Of({{"TERM", "xterm"}, {"LANG", "C.UTF-8"}, {"COLUMNS", "40"}}), Colour::kOn),
      (Look{Colour::kOff, Charset::kUtf8, std::nullopt}));
}

TEST(Waiter, TakesSignalsOneAtATime) {
  const auto waiter = MakeWaiter();
  sigset_t before;
  ASSERT_EQ(::pthread_sigmask(SIG_SETMASK, nullptr, &before), 0);
  ASSERT_TRUE(waiter->CatchSignals());
  EXPECT_GE(waiter->SignalFd(), 0);
  EXPECT_EQ(waiter->Wait(Duration::zero()), Wake::kTimeout);
  ASSERT_EQ(::raise(SIGINT), 0);
  EXPECT_EQ(waiter->Wait(std::chrono::seconds(5)), Wake::kInterrupt);
  EXPECT_EQ(waiter->Wait(Duration::zero()), Wake::kTimeout);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace
}  // namespace headroom::cli
