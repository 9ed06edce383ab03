#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "admission/json/policy_json.h"
#include "cli/top_frame.h"
#include "tests/cli/cli_run.h"
#include "tests/cli/fake_daemon.h"

namespace headroom::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string LogLine(const char* stream, int64_t offset) {
  return fmt::format("GET /v1/jobs/7/logs?stream={}&offset={}&limit=1048576", stream, offset);
}

constexpr const char* kKeys = R"({"keys": [
  {"key": "align", "tenant": "alice", "attempts": 12, "oom_kills": 2,
   "declared_memory_bytes": 1073741824, "used_memory_bytes": {"p50": 1, "p95": 2, "most": 1073741824},
   "duration_p90_seconds": 90, "finding": "out_of_memory", "declare_memory_bytes": 1288699904,
   "next": {"memory_bytes": 1073741824, "memory_source": "declared", "cpu_millis": 500,
            "cpu_source": "history"}},
  {"key": "sort", "tenant": "alice", "attempts": 3, "oom_kills": 0,
   "declared_memory_bytes": 8589934592, "used_memory_bytes": {"p50": 1, "p95": 2, "most": 1073741824},
   "duration_p90_seconds": 4, "finding": "over_declared", "times": 8.0,
   "declare_memory_bytes": 1181116006}], "more": false})";

TEST(Advise, NamesWhatToChange) {
  FakeDaemon daemon;
  daemon.On("GET /v1/keys", {Json(json::parse(kKeys))});
  const Ran ran = CliRun(daemon.socket())({"advise"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("OOM-killed 2x: --memory 1229MiB"));
  EXPECT_THAT(ran.out, HasSubstr("8.0x over: --memory 1126MiB"));
  EXPECT_THAT(ran.out, Not(HasSubstr("next request")));
}

TEST(Advise, SaysOfOneKeyWhatItsNextRequestIs) {
  FakeDaemon daemon;
  daemon.On("GET /v1/keys?key=align%20it", {Json(json::parse(kKeys))});
  const Ran ran = CliRun(daemon.socket())({"advise", "--key", "align it"});
  EXPECT_THAT(ran.out, HasSubstr("next request: 1.0 GiB memory (declared), 0.50 cores (history)"));
}

TEST(Advise, SaysSoWhereNothingIsKnown) {
  FakeDaemon daemon;
  daemon.On("GET /v1/keys", {Json({{"keys", json::array()}, {"more", false}})});
  EXPECT_EQ(CliRun(daemon.socket())({"advise"}).out, "no job with a name or a key has ended yet\n");
}

TEST(Logs, PrintsWhatIsThereAndEnds) {
  FakeDaemon daemon;
  daemon.On(LogLine("stdout", 0), {Log("abc\n", 4, false)});
  daemon.On(LogLine("stdout", 4), {Log("", 4, false)});
  const Ran ran = CliRun(daemon.socket())({"logs", "7"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.out, "abc\n");
}

TEST(Logs, FollowsUntilTheJobEnds) {
  FakeDaemon daemon;
  daemon.On(LogLine("stderr", 0), {Log("", 0, false), Log("", 0, false), Log("a", 1, false)});
  daemon.On(LogLine("stderr", 1), {Log("", 1, false), Log("b", 2, true)});
  CliRun headroom(daemon.socket());
  const Ran ran = headroom({"logs", "-f", "--stderr", "7"});
  EXPECT_EQ(ran.out, "ab");
  EXPECT_EQ(headroom.waiter.waits, 3);
}

TEST(Logs, AreExactInJson) {
  FakeDaemon daemon;
  daemon.On(LogLine("stdout", 0), {Log("a\x1b", 2, false)});
  daemon.On(LogLine("stdout", 2), {Log("\xff\xfe\xfd\xfc", 6, true)});
  std::istringstream lines(CliRun(daemon.socket())({"logs", "7", "--json"}).out);
  std::string first, second;
  std::getline(lines, first);
  std::getline(lines, second);
  EXPECT_EQ(json::parse(first)["data"], "a\x1b");
  EXPECT_EQ(json::parse(first)["encoding"], "utf-8");
  EXPECT_EQ(json::parse(second)["data"], "//79/A==");
  EXPECT_EQ(json::parse(second)["encoding"], "base64");
  EXPECT_EQ(json::parse(second)["offset"], 2);
  EXPECT_EQ(json::parse(second)["complete"], true);
}

TEST(Logs, RefuseAnAnswerThatDoesNotSayWhereToGoOn) {
  FakeDaemon daemon;
  daemon.On(LogLine("stdout", 0), {{200, "abc"}});
  EXPECT_EQ(CliRun(daemon.socket())({"logs", "7"}).exit, 1);
}

json AnEvent(int64_t sequence) {
  return {{"sequence", sequence},
          {"at", "2027-01-15T08:00:00.000Z"},
          {"kind", "job_finished"},
          {"job", 42},
          {"detail", {{"outcome", "failed"}, {"exit_code", 3}, {"signal", nullptr}}}};
}

std::string PageLine(int64_t after) {
  return fmt::format("GET /v1/events?after={}&limit=1000", after);
}

TEST(Events, PrintsTheRecentOnes) {
  FakeDaemon daemon;
  json many = json::array();
  for (int64_t i = 1; i <= 60; ++i) many.push_back(AnEvent(i));
  daemon.On(PageLine(0), {Json({{"events", many}, {"last", 60}})});
  daemon.On(PageLine(60), {Json({{"events", json::array()}, {"last", 60}})});
  const Ran ran = CliRun(daemon.socket())({"events"});
  EXPECT_EQ(std::count(ran.out.begin(), ran.out.end(), '\n'), 50);
  EXPECT_THAT(ran.out, testing::StartsWith("    11  2027-01-15T08:00:00.000Z  job_finished     job "
                                           "42  outcome=failed exit_code=3\n"));
}

// What a terminal of this width shows of `event`.
std::string OnTerminal(const json& event, int columns) {
  FakeDaemon daemon;
  daemon.On(PageLine(0), {Json({{"events", {event}}, {"last", 1}})});
  daemon.On(PageLine(1), {Json({{"events", json::array()}, {"last", 1}})});
  CliRun headroom(daemon.socket());
  const UniqueFd terminal(::posix_openpt(O_RDWR | O_NOCTTY));
  if (!terminal) return "no terminal";
  headroom.out_fd = terminal.get();
  headroom.environment["COLUMNS"] = std::to_string(columns);
  headroom.environment["LANG"] = "C.UTF-8";
  return headroom({"events"}).out;
}

TEST(Events, FitTheTerminal) {
  json event = AnEvent(1);
  event["detail"]["peak_memory_bytes"] = 262144;
  EXPECT_EQ(OnTerminal(event, 120),
            "     1  2027-01-15T08:00:00.000Z  job_finished     job 42  outcome=failed exit_code=3 "
            "peak_memory_bytes=262144\n");
  EXPECT_EQ(OnTerminal(event, 80),
            "     1  01-15 08:00:00  job_finished     job 42  outcome=failed exit_code=3…\n");
  EXPECT_EQ(OnTerminal(event, 60),
            "     1  01-15 08:00:00  job_finished     job 42\n"
            "        outcome=failed exit_code=3 peak_memory_bytes=262144\n");
  EXPECT_EQ(OnTerminal(event, 40),
            "     1  job_finished     job 42\n"
            "        outcome=failed exit_code=3…\n");
  event["detail"] = json::object();
  EXPECT_EQ(OnTerminal(event, 40), "     1  job_finished     job 42\n");
}

TEST(Events, GoesOnPastPagesOfEventsThatAreNotTheCallers) {
  FakeDaemon daemon;
  daemon.On(PageLine(5), {Json({{"events", json::array()}, {"last", 900}})});
  daemon.On(PageLine(900), {Json({{"events", {AnEvent(901)}}, {"last", 901}})});
  daemon.On(PageLine(901), {Json({{"events", json::array()}, {"last", 901}})});
  const Ran ran = CliRun(daemon.socket())({"events", "--after", "5", "--json"});
  EXPECT_EQ(ran.json()["sequence"], 901);
}

TEST(Events, FollowsAndResumesAfterTheStreamWasCut) {
  FakeDaemon daemon;
  const auto stream = [](int64_t sequence) {
    const std::string data =
        fmt::format("id: {}\nevent: x\ndata: {}\n\n", sequence, AnEvent(sequence).dump());
    return Verbatim(fmt::format(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n", data.size(), data));
  };
  daemon.On(PageLine(7), {Json({{"events", json::array()}, {"last", 7}})});
  daemon.On("GET /v1/events?after=7", {stream(8)});
  daemon.On("GET /v1/events?after=8", {Verbatim(""), stream(9)});
  daemon.On("GET /v1/events?after=9", {Refusal(403, "enough")});
  const Ran ran = CliRun(daemon.socket())({"events", "-f", "--after", "7", "--json"});
  EXPECT_EQ(ran.exit, 5);
  EXPECT_THAT(ran.out, HasSubstr("\"sequence\":8"));
  EXPECT_THAT(ran.out, HasSubstr("\"sequence\":9"));
  EXPECT_EQ(daemon.Count("GET /v1/events?after=7"), 1);
}

TEST(Status, PrintsOrPassesTheSnapshotOn) {
  FakeDaemon daemon;
  daemon.On("GET /v1/snapshot", {Json({{"policy_generation", 3}, {"degraded", {"no PSI"}}})});
  EXPECT_THAT(CliRun(daemon.socket())({"status"}).out, HasSubstr("weaker  no PSI\n"));
  const Ran ran = CliRun(daemon.socket())({"status", "--json"});
  EXPECT_EQ(ran.json()["policy_generation"], 3);
}

void AnswerTop(FakeDaemon& daemon) {
  json big = AJob(2, "running");
  big["observed"] = {{"memory_bytes", 900 << 20}};
  daemon.On("GET /v1/snapshot", {Json({{"running", {AJob(1, "running"), big}}})});
  daemon.On("GET /v1/jobs?limit=200&state=waiting",
            {Json({{"jobs", {AWaitingJob(3, 1, "needs room")}}, {"next_after", nullptr}})});
}

TEST(Top, PrintsPlainViewsWhereThereIsNoTerminal) {
  FakeDaemon daemon;
  AnswerTop(daemon);
  CliRun headroom(daemon.socket());
  const Ran ran = headroom({"top", "--count", "2", "--interval", "5s"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(headroom.waiter.waits, 1);
  EXPECT_THAT(ran.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(ran.out, HasSubstr("headroom  2027-01-15T08:00:00.000Z\n"));
  EXPECT_THAT(ran.out, HasSubstr("headroom  2027-01-15T08:00:05.000Z\n"));
  EXPECT_LT(ran.out.find("900 MiB"), ran.out.find(" 1  running"));  // the biggest first
}

TEST(Top, EndsAtQ) {
  FakeDaemon daemon;
  AnswerTop(daemon);
  CliRun headroom(daemon.socket());
  headroom.waiter.wakes = {Wake::kTimeout, Wake::kQuit};
  EXPECT_EQ(headroom({"top"}).exit, 0);
  EXPECT_EQ(headroom.waiter.waits, 2);
}

TEST(Top, PrintsOneObjectALineInJson) {
  FakeDaemon daemon;
  AnswerTop(daemon);
  const Ran ran = CliRun(daemon.socket())({"top", "--json", "--count", "2"});
  EXPECT_EQ(std::count(ran.out.begin(), ran.out.end(), '\n'), 2);
}

TEST(FrameText, FitsTheScreenAndSaysWhatItLeavesOut) {
  TopFrame frame;
  for (int64_t id = 1; id <= 50; ++id) frame.waiting.push_back(ReadJob(AJob(id), "test").value());
  Look look;
  look.width = 80;
  const std::string text = FrameText(frame, look, TerminalSize{80, 24});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n') + 1, 24);
  EXPECT_THAT(text, HasSubstr("more; q quits"));
  EXPECT_THAT(FrameText(frame, look, {}), HasSubstr("50  waiting"));
}

TEST(FrameText, NeverIsTallerThanATinyScreen) {
  TopFrame frame;
  frame.waiting.push_back(ReadJob(AJob(1), "test").value());
  EXPECT_NO_FATAL_FAILURE(FrameText(frame, {}, TerminalSize{20, 3}));
}

TEST(PolicyCheck, AcceptsAGoodFile) {
  TempDir dir;
  std::ofstream(dir / "policy.json") << R"({"admission": {"max_jobs": 24}})";
  const Ran ran = CliRun()({"policy", "check", dir / "policy.json"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_THAT(ran.out,
              ::testing::StartsWith((dir / "policy.json") + ": a valid policy\nlongest wait: "));
}

TEST(PolicyCheck, ListsEveryProblemWithItsPlace) {
  TempDir dir;
  const std::string file = dir / "policy.json";
  std::ofstream(file) << R"({"tick": "fast", "admision": {}})";
  const Ran ran = CliRun()({"policy", "check", file});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.out, HasSubstr(file + ": /tick: "));
  EXPECT_THAT(ran.out, HasSubstr(file + ": /admision: unknown key, did you mean \"admission\"?"));
  const json answer = CliRun()({"policy", "check", file, "--json"}).json();
  EXPECT_EQ(answer["valid"], false);
  EXPECT_EQ(answer["problems"].size(), 2U);
}

TEST(PolicyCheck, RefusesAFileThatCannotBeRead) {
  TempDir dir;
  EXPECT_EQ(CliRun()({"policy", "check", dir / "none.json"}).exit, 2);
  EXPECT_EQ(CliRun()({"policy", "check", dir.path()}).exit, 2);
}

TEST(Policy, ShowsAndReloads) {
  FakeDaemon daemon;
  daemon.On("GET /v1/policy",
            {Json({{"generation", 2}, {"policy", json::parse(PolicyToJson(Policy()))}})});
  daemon.On("POST /v1/policy/reload", {Json({{"generation", 3}})});
  CliRun headroom(daemon.socket());
  EXPECT_EQ(headroom({"policy", "show"}).out, PolicyToJson(Policy()));
  EXPECT_EQ(headroom({"policy", "show", "--json"}).json()["generation"], 2);
  EXPECT_EQ(headroom({"policy", "reload"}).out, "policy generation 3 is in force\n");
}

TEST(Policy, ShowsThatOfANewerDaemonAsItCame) {
  FakeDaemon daemon;
  daemon.On("GET /v1/policy", {Json({{"generation", 2}, {"policy", {{"new_knob", 1}}}})});
  EXPECT_EQ(CliRun(daemon.socket())({"policy", "show"}).out, "{\n  \"new_knob\": 1\n}\n");
}

TEST(Policy, NamesTheNearestAction) {
  EXPECT_THAT(CliRun()({"policy", "chek"}).err, HasSubstr("did you mean \"check\"?"));
  EXPECT_EQ(CliRun()({"policy", "check"}).exit, 2);
  EXPECT_EQ(CliRun()({"policy", "show", "x"}).exit, 2);
}

TEST(Doctor, WorksWithoutADaemonAndSaysThatItIsMissing) {
  const Ran ran = CliRun()({"doctor"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, HasSubstr("missing  daemon"));
  EXPECT_THAT(ran.out, HasSubstr("kernel"));
  EXPECT_THAT(ran.err, IsEmpty());
}

TEST(Doctor, PrintsEveryCheckAsJson) {
  FakeDaemon daemon;
  daemon.On("GET /v1/version", {Json({{"version", "9.9.9"}})});
  daemon.On("GET /readyz", {{503, "not ready\nno measurement yet\n"}});
  const json answer = CliRun(daemon.socket())({"doctor", "--json"}).json();
  EXPECT_EQ(answer["schema_version"], 1);
  const json& last = answer["checks"].back();
  EXPECT_EQ(last["name"], "daemon");
  EXPECT_EQ(last["state"], "missing");
  EXPECT_THAT(last["found"].get<std::string>(), HasSubstr("not ready: no measurement yet"));
}

}  // namespace
}  // namespace headroom::cli
