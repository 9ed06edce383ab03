#include "cli/failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace headroom::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ExitCode ExitOf(int status) { return FromAnswer(status, "{}").exit; }

TEST(FromAnswer, MapsEveryRefusalToItsExitCode) {
  EXPECT_EQ(ExitOf(400), ExitCode::kUsage);
  EXPECT_EQ(ExitOf(401), ExitCode::kDenied);
  EXPECT_EQ(ExitOf(403), ExitCode::kDenied);
  EXPECT_EQ(ExitOf(404), ExitCode::kNotFound);
  EXPECT_EQ(ExitOf(409), ExitCode::kUsage);
  EXPECT_EQ(ExitOf(413), ExitCode::kUsage);
  EXPECT_EQ(ExitOf(422), ExitCode::kUsage);
  EXPECT_EQ(ExitOf(429), ExitCode::kFailed);
  EXPECT_EQ(ExitOf(500), ExitCode::kFailed);
  EXPECT_EQ(ExitOf(503), ExitCode::kFailed);
}

TEST(FromAnswer, TakesMessageAndHintFromTheDaemon) {
  const Failure failure =
      FromAnswer(404, R"({"code":"not_found","message":"no job 7","hint":"list them"})");
  EXPECT_EQ(failure, (Failure{ExitCode::kNotFound, "no job 7", "list them", {}}));
}

TEST(FromAnswer, ListsTheProblemsThatTheMessageDoesNotName) {
  const Failure failure =
      FromAnswer(422,
                 R"({"message":"2 problems; the first: /a: too big","details":{"problems":[
          {"pointer":"/a","message":"too big"},{"pointer":"/b","message":"unknown key"}]}})");
  EXPECT_THAT(failure.details, ElementsAre("/b: unknown key"));
  EXPECT_THAT(failure.problems,
              ElementsAre(PolicyProblem{"/a", "too big"}, PolicyProblem{"/b", "unknown key"}));
}

TEST(FromAnswer, ListsEveryPlaceOfTheSameProblem) {
  const Failure failure =
      FromAnswer(422,
                 R"({"message":"2 problems; the first: /a: too big","details":{"problems":[
          {"pointer":"/a","message":"too big"},{"pointer":"/b","message":"too big"}]}})");
  EXPECT_THAT(failure.details, ElementsAre("/b: too big"));
}

TEST(FromAnswer, ShowsAnAnswerThatIsNoJson) {
  EXPECT_THAT(FromAnswer(502, "<html>").message, HasSubstr("502: <html>"));
}

TEST(FromTransport, SaysWhyNoDaemonAnswersAndWhatToDo) {
  const struct {
    int os_error;
    const char *reason, *advice;
  } cases[] = {{ENOENT, "No such file or directory (ENOENT)", "start headroomd"},
               {ENOTDIR, "Not a directory (ENOTDIR)", "--socket or HEADROOM_SOCKET"},
               {ECONNREFUSED, "Connection refused (ECONNREFUSED)", "headroomd has ended"}};
  for (const auto& [os_error, reason, advice] : cases) {
    const Failure failure = FromTransport(FailErrno(os_error, "connect").value(), "/run/s");
    EXPECT_EQ(failure.exit, ExitCode::kNoDaemon);
    EXPECT_EQ(failure.message, std::string("no daemon answers on /run/s: ") + reason);
    EXPECT_THAT(failure.hint, HasSubstr(advice));
    EXPECT_THAT(failure.hint, HasSubstr("headroom doctor"));
  }
}

TEST(FromTransport, SaysWhichDaemonIsSilentOrIsNone) {
  const Failure late = FromTransport(
      {ErrorCode::kUnavailable, "it did not answer within 15 s", ETIMEDOUT}, "/run/s");
  EXPECT_EQ(late.exit, ExitCode::kNoDaemon);
  EXPECT_EQ(late.message, "no daemon answers on /run/s: it did not answer within 15 s");
  EXPECT_THAT(late.hint, HasSubstr("far too busy"));
  const Failure other = FromTransport({ErrorCode::kCorrupt, "no HTTP", 0}, "/run/s");
  EXPECT_EQ(other.message, "no daemon answers on /run/s: no HTTP");
  EXPECT_THAT(other.hint, HasSubstr("HEADROOM_SOCKET"));
}

TEST(FromTransport, SaysWhoMayUseTheSocket) {
  const Failure denied = FromTransport(FailErrno(EACCES, "connect to /s").value(), "/s");
  EXPECT_EQ(denied.exit, ExitCode::kDenied);
  EXPECT_EQ(denied.message, "connect to /s: Permission denied (EACCES)");
  EXPECT_THAT(denied.hint, HasSubstr("group that owns the socket"));
}

TEST(FailureText, EscapesWhatCameFromOutside) {  // F41
  const Failure failure{ExitCode::kFailed, "a\x1b[2J", "h\n", {"d\x07"}};
  EXPECT_EQ(FailureText(failure), "headroom: a\\x1b[2J\n  d\\x07\n  hint: h\\n\n");
}

}  // namespace
}  // namespace headroom::cli
