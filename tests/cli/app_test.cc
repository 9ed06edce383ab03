#include "cli/app.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "cli/verb.h"
#include "tests/cli/cli_run.h"
#include "tests/cli/fake_daemon.h"

namespace headroom::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(App, PrintsHelpOnStdoutWhenAskedAndOnStderrWhenNot) {
  CliRun headroom;
  for (const auto& words : {std::vector<std::string>{"help"}, {"--help"}, {"-h"}}) {
    const Ran ran = headroom(words);
    EXPECT_EQ(ran.exit, 0);
    EXPECT_THAT(ran.out, HasSubstr("usage: headroom"));
    EXPECT_THAT(ran.err, IsEmpty());
  }
  const Ran nothing = headroom({});
  EXPECT_EQ(nothing.exit, 2);
  EXPECT_THAT(nothing.out, IsEmpty());
  EXPECT_THAT(nothing.err, HasSubstr("usage: headroom"));
}

TEST(App, HasHelpWithExamplesForEveryVerb) {
  CliRun headroom;
  for (const Verb* verb : Verbs()) {
    const Ran ran = headroom({"help", verb->name});
    EXPECT_EQ(ran.exit, 0) << verb->name;
    EXPECT_THAT(ran.out, HasSubstr(std::string("usage: headroom ") + verb->name));
    EXPECT_THAT(ran.out, HasSubstr("examples:"));
    EXPECT_EQ(headroom({verb->name, "--help"}).out, ran.out);
    EXPECT_THAT(headroom({"help"}).out, HasSubstr(verb->summary));
  }
}

TEST(App, KeepsHelpWithinEightyColumns) {
  CliRun headroom;
  std::vector<std::string> names{"help"};
  for (const Verb* verb : Verbs()) names.emplace_back(verb->name);
  for (const std::string& name : names) {
    const Ran ran = name == "help" ? headroom({"help"}) : headroom({"help", name});
    std::istringstream lines(ran.out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
  }
}

TEST(App, NamesTheNearestVerb) {
  const Ran ran = CliRun()({"stauts"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.err, HasSubstr("unknown verb stauts, did you mean \"status\"?"));
  EXPECT_THAT(CliRun()({"help", "lsit"}).err, HasSubstr("did you mean \"list\"?"));
}

TEST(App, NamesNoVerbThatIsNotNear) {
  for (const char* word : {"bogus", "delete", "ls", "x"}) {
    const Ran ran = CliRun()({word});
    EXPECT_EQ(ran.exit, 2);
    EXPECT_THAT(ran.err, HasSubstr(std::string("unknown verb ") + word + ", known: help, run, "));
  }
}

TEST(App, HasHelpAboutHelp) {
  const std::string overview = CliRun()({"help"}).out;
  for (const auto& words : {std::vector<std::string>{"help", "help"},
                            {"help", "--help"},
                            {"help", "--json"},
                            {"--json", "help"},
                            {"--help", "help"}}) {
    EXPECT_EQ(CliRun()(words).exit, 0) << words.back();
    EXPECT_EQ(CliRun()(words).out, overview) << words.back();
  }
  EXPECT_EQ(CliRun()({"help", "run", "list"}).exit, 2);
  EXPECT_EQ(CliRun()({"help", "--bogus"}).exit, 2);
}

TEST(App, NamesTheNearestOption) {
  const Ran ran = CliRun()({"list", "--jsno"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.err, HasSubstr("did you mean \"json\"?"));
}

TEST(App, SaysWhichOperandIsMissingOrTooMuch) {
  EXPECT_THAT(CliRun()({"why"}).err, HasSubstr("why needs ID"));
  EXPECT_EQ(CliRun()({"why"}).exit, 2);
  EXPECT_EQ(CliRun()({"status", "x"}).err,
            "headroom: status: too many operands, from \"x\" on\n"
            "  hint: headroom status; `headroom help status` has examples\n");
  EXPECT_THAT(CliRun()({"show", "abc"}).err, HasSubstr("not a job's id: abc"));
  EXPECT_EQ(CliRun()({"show", "0"}).exit, 2);
}

TEST(App, TakesGlobalOptionsBeforeAndBehindTheVerb) {
  FakeDaemon daemon;
  daemon.On("GET /v1/jobs/1", {Json(AJob(1))});
  CliRun headroom("/not/this/one");
  EXPECT_EQ(headroom({"--json", "--socket", daemon.socket(), "show", "1"}).json()["id"], 1);
  EXPECT_EQ(headroom({"show", "1", "--socket=" + daemon.socket(), "--json"}).json()["id"], 1);
}

TEST(App, EndsWith3AndAHintWhereNoDaemonAnswers) {
  const std::vector<std::vector<std::string>> all{
      {"run", "true"},    {"submit", "true"},   {"list"},      {"show", "1"},
      {"why", "1"},       {"cancel", "1"},      {"logs", "1"}, {"top"},
      {"policy", "show"}, {"policy", "reload"}, {"status"},    {"events"},
      {"events", "-f"},   {"list", "--all"}};
  for (const auto& words : all) {
    const Ran ran = CliRun()(words);
    EXPECT_EQ(ran.exit, 3) << words.front();
    EXPECT_THAT(ran.err, HasSubstr("headroom: no daemon answers on /nonexistent/socket: No such "
                                   "file or directory (ENOENT)\n"));
    EXPECT_THAT(ran.err, HasSubstr("hint:"));
    EXPECT_THAT(ran.out, IsEmpty()) << words.front();
  }
}

// Data on stdout is one versioned object a line, and there is none where there is nothing to say.
TEST(App, KeepsStdoutForJsonWhateverIsWrong) {
  const std::vector<std::vector<std::string>> wrong{{"run"},
                                                    {"run", "--memory", "x", "true"},
                                                    {"submit"},
                                                    {"list", "--state", "x"},
                                                    {"list", "--limit", "0"},
                                                    {"show", "x"},
                                                    {"why"},
                                                    {"cancel", "1", "x"},
                                                    {"logs", "0"},
                                                    {"status", "x"},
                                                    {"top", "--interval", "x"},
                                                    {"top", "--count", "0"},
                                                    {"events", "--after", "x"},
                                                    {"policy", "x"},
                                                    {"policy", "check"},
                                                    {"policy", "check", "/nonexistent"},
                                                    {"doctor", "x"},
                                                    {"version", "x"}};
  for (std::vector<std::string> words : wrong) {
    words.insert(words.begin(), "--json");
    const Ran ran = CliRun()(words);
    EXPECT_EQ(ran.exit, 2) << words[1];
    if (ran.out.empty()) {
      EXPECT_THAT(ran.err, testing::StartsWith("headroom: ")) << words[1];
    } else {
      EXPECT_EQ(ran.json()["schema_version"], 1) << words[1];
    }
  }
}

TEST(App, TurnsTheDaemonsRefusalsIntoExitCodes) {
  const std::pair<int, int> codes[] = {{400, 2}, {403, 5}, {404, 4}, {422, 2}, {429, 1}, {503, 1}};
  for (const auto& [status, exit] : codes) {
    FakeDaemon daemon;
    daemon.On("GET /v1/jobs/7", {Refusal(status, "because", "do this")});
    const Ran ran = CliRun(daemon.socket())({"show", "7"});
    EXPECT_EQ(ran.exit, exit) << status;
    EXPECT_EQ(ran.err, "headroom: because\n  hint: do this\n");
  }
}

TEST(App, SaysThatAnAnswerMakesNoSense) {
  for (const std::string& body :
       {std::string("<html>"), std::string("[1]"), std::string("{\"id\":1"), std::string("\xff"),
        std::string("{\"id\":\"x\"}"), std::string()}) {
    FakeDaemon daemon;
    daemon.On("GET /v1/jobs/7", {{200, body}});
    const Ran ran = CliRun(daemon.socket())({"show", "7"});
    EXPECT_EQ(ran.exit, 1) << body;
    EXPECT_THAT(ran.err, HasSubstr("the daemon's answer is not")) << body;
    EXPECT_THAT(ran.out, IsEmpty());
  }
}

TEST(App, SaysThatAnAnswerWasCut) {
  FakeDaemon daemon;
  daemon.On("GET /v1/jobs/7", {Verbatim("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")});
  const Ran ran = CliRun(daemon.socket())({"show", "7"});
  EXPECT_EQ(ran.exit, 3);
  EXPECT_THAT(ran.err, HasSubstr("in the middle of its answer"));
}

TEST(App, VersionWorksWithoutADaemon) {
  const Ran ran = CliRun()({"version", "--json"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.json()["daemon"], nullptr);
  EXPECT_EQ(ran.json()["schema_version"], 1);
  EXPECT_THAT(CliRun()({"--version"}).out,
              HasSubstr("headroomd not reachable: no daemon answers on /nonexistent/socket: "));
}

TEST(App, FailsWhenItsOutputCannotBeWritten) {
  std::ofstream full("/dev/full");
  std::ostringstream err;
  FakeClock clock;
  FakeWaiter waiter(clock);
  Surroundings around{
      full, err, [](const char*) { return std::optional<std::string>(); }, waiter, clock, -1, -1};
  EXPECT_EQ(RunHeadroom({"help"}, around), 1);
  EXPECT_THAT(err.str(), HasSubstr("standard output cannot be written to"));
}

TEST(Docs, NameEveryVerbAndOption) {
  std::ifstream file(std::string(HEADROOM_TEST_DATA) + "/../../docs/cli.md");
  std::stringstream docs;
  docs << file.rdbuf();
  for (const Verb* verb : Verbs()) {
    EXPECT_THAT(docs.str(), HasSubstr(std::string("headroom ") + verb->name));
    for (const OptionSpec& option : verb->options)
      EXPECT_THAT(docs.str(), HasSubstr(std::string("--") + option.name)) << verb->name;
  }
}

}  // namespace
}  // namespace headroom::cli
