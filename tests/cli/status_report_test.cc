#include "cli/status_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/text.h"
#include "cli/why_text.h"
#include "tests/cli/cli_run.h"

namespace headroom::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

ResourceLines Lines(int64_t unmanaged, int64_t charge) {
  ResourceLines lines;
  lines.capacity = 100;
  lines.target = 60;
  lines.unmanaged = unmanaged;
  lines.charge = charge;
  return lines;
}

TEST(Bar, ShowsWhatIsTakenChargedAndFreeUnderTheTarget) {
  EXPECT_EQ(Bar(Lines(20, 30), 10, Charset::kAscii), "%%###.|   ");
  EXPECT_EQ(Bar(Lines(20, 30), 10, Charset::kUtf8), "▒▒███·│   ");
}

TEST(Bar, ShowsMoreThanTheTarget) {
  EXPECT_EQ(Bar(Lines(20, 60), 10, Charset::kAscii), "%%####|#  ");
}

TEST(Bar, NeverIsLongerThanItsCells) {
  EXPECT_EQ(Bar(Lines(900, 900), 10, Charset::kAscii), "%%%%%%|%%%");
}

json ASnapshot() {
  return json::parse(R"({
    "policy_generation": 3,
    "jobs_by_state": {"waiting": 35, "running": 12, "finished": 0},
    "headroom": {
      "memory": {"capacity": 68719476736, "target": 41231686041, "ceiling": 61847529062,
                 "unmanaged": 3221225472, "reserve": 0, "observed": 19327352832,
                 "charge": 25769803776, "peak_charge": 30064771072, "headroom": 12240656793,
                 "peak_headroom": 28561532518},
      "cpu": {"capacity": 8000, "target": 4800, "unmanaged": 1000, "reserve": 0, "observed": 4000,
              "charge": 4500, "peak_charge": 4500, "headroom": -700, "peak_headroom": 1700},
      "pids": {"capacity": null},
      "tokens": {"db": {"capacity": 6, "held": 2}},
      "gate": {"position": "closed", "since_seconds": 12.0, "quiet_for_seconds": null,
               "cause": {"resource": "memory", "kind": "some", "value": 24.1,
                         "must_fall_below": 1.0}},
      "measurement_age_seconds": 0.4},
    "running": [],
    "enforcement": {"mode": "hybrid", "missing": ["memory.high"]},
    "degraded": ["no PSI for pids"]})");
}

TEST(StatusText, AnswersHowMuchRoomThereIs) {
  const std::string text = StatusText(ReadStatus(ASnapshot()), {});
  EXPECT_THAT(text, HasSubstr(" 42%  11.4 GiB free under the target\n"));
  EXPECT_THAT(text, HasSubstr("64.0 GiB capacity, 38.4 GiB target, 24.0 GiB charged (18.0 GiB "
                              "used), 3.0 GiB outside our jobs, 26.6 GiB left at peak\n"));
  EXPECT_THAT(text, HasSubstr(" 69%  0.70 cores over the target\n"));
  EXPECT_THAT(text, HasSubstr("pids    not measured\n"));
  EXPECT_THAT(text, HasSubstr("tokens  2 of 6 db held\n"));
}

TEST(StatusText, NamesWhatClosedTheGate) {
  EXPECT_THAT(StatusText(ReadStatus(ASnapshot()), {}),
              HasSubstr("gate    closed for 12s: memory pressure (some) 24.1%, must fall below "
                        "1.0%\n"));
}

TEST(StatusText, SaysThatTheTargetIsLowered) {
  json snapshot = ASnapshot();
  for (const json& whole : {json(nullptr), json(1), json(1.0)}) {
    snapshot["headroom"]["target_factor"] = whole;
    EXPECT_THAT(StatusText(ReadStatus(snapshot), {}), Not(HasSubstr("lowered")));
  }
  snapshot["headroom"]["target_factor"] = 0.81;
  EXPECT_THAT(StatusText(ReadStatus(snapshot), {}),
              HasSubstr("target  lowered to 81% of the policy's after trouble, comes back by 1% a "
                        "minute\n"));
}

TEST(StatusText, NamesTheWindowsOfTheNextDay) {
  json snapshot = ASnapshot();
  const auto window = [](const char* name, bool drain, double begins, double ends) {
    return json{
        {"name", name}, {"drain", drain}, {"begins_in_seconds", begins}, {"ends_in_seconds", ends}};
  };
  snapshot["headroom"]["windows"] = {window("night", false, -3600, 7200),
                                     window("db", true, 10'800, 18'000),
                                     window("weekend", false, 100'000, 200'000)};
  const std::string text = StatusText(ReadStatus(snapshot), {});
  EXPECT_THAT(text, HasSubstr("window  night moves the target for 2h 0m more\n"
                              "window  db drains the host in 3h 0m, until in 5h 0m\n"));
  EXPECT_THAT(text, Not(HasSubstr("weekend")));
}

TEST(StatusText, SaysWhatIsDoneToRunningJobsForWantOfMemory) {
  json snapshot = ASnapshot();
  snapshot["relief"] = json::parse(R"([
    {"step": "weight", "job": 3, "since_seconds": 90.0, "undone_within_seconds": 210.0},
    {"step": "freeze", "job": 7, "since_seconds": 12.0, "undone_within_seconds": 48.0}])");
  const std::string text = StatusText(ReadStatus(snapshot), {});
  EXPECT_THAT(text, HasSubstr("relief  job 3 at a tenth of its CPU weight for 1m 30s for want of "
                              "memory, undone within 3m 30s\n"));
  EXPECT_THAT(text,
              HasSubstr("relief  job 7 frozen for 12s for want of memory, undone within 48s\n"));
}

TEST(StatusText, NamesWhatWorksWorseThanItShould) {
  const std::string text = StatusText(ReadStatus(ASnapshot()), {});
  EXPECT_THAT(text, HasSubstr("weaker  no PSI for pids\n"));
  EXPECT_THAT(text, Not(HasSubstr("memory.high")));  // the daemon says it among what is degraded
  EXPECT_THAT(text, HasSubstr("jobs    12 running, 35 waiting\n"));
  EXPECT_THAT(text, HasSubstr("daemon  policy generation 3, hybrid cgroups, measured 400ms ago\n"));
}

// F7
TEST(StatusText, SaysThatNothingCanBeStoredForHowLongAndWhy) {
  json snapshot = ASnapshot();
  snapshot["store"] = {{"works", true}, {"failing_for_seconds", nullptr}, {"message", nullptr}};
  EXPECT_THAT(StatusText(ReadStatus(snapshot), {}), Not(HasSubstr("store")));
  snapshot["store"] = {
      {"works", false}, {"failing_for_seconds", 12.0}, {"message", "commit: disk is full"}};
  EXPECT_THAT(StatusText(ReadStatus(snapshot), {}),
              HasSubstr("store   nothing can be stored for 12s: no job is accepted or started, "
                        "running ones go on; commit: disk is full\n"));
}

TEST(StatusText, SaysWhatIsNotMeasuredYet) {
  const std::string text = StatusText(ReadStatus(json::object()), {});
  EXPECT_THAT(text, HasSubstr("memory  not measured\n"));
  EXPECT_THAT(text, HasSubstr("gate    unknown\n"));
  EXPECT_THAT(text, HasSubstr("not measured yet\n"));
}

TEST(StatusText, SaysWhatTheShadowPolicyWouldDo) {
  json snapshot = ASnapshot();
  snapshot["shadow"] = {{"file", "bold.json"},
                        {"would_start", 3},
                        {"starts", {{"alike", 12}, {"earlier", 4}, {"later", 0}}}};
  EXPECT_THAT(StatusText(ReadStatus(snapshot), {}),
              HasSubstr("shadow  bold.json would start 3 more now; of what started, 12 alike, "
                        "4 earlier, 0 later\n"));
  snapshot["shadow"] = nullptr;
  EXPECT_THAT(StatusText(ReadStatus(snapshot), {}), Not(HasSubstr("shadow")));
}

TEST(StatusText, FitsTheTerminal) {
  for (int width = 40; width < 120; width += 7) {
    Look look;
    look.width = width;
    for (const Overflow overflow : {Overflow::kWrap, Overflow::kCut}) {
      std::istringstream lines(StatusText(ReadStatus(ASnapshot()), look, overflow));
      for (std::string line; std::getline(lines, line);)
        EXPECT_LE(DisplayWidth(line), width) << line;
    }
  }
}

TEST(StatusText, LosesNothingOfWhatToDo) {
  json snapshot = ASnapshot();
  snapshot["degraded"] = {"not enforced: x; boot with systemd.unified_cgroup_hierarchy=1"};
  Look look;
  look.width = 40;
  EXPECT_THAT(StatusText(ReadStatus(snapshot), look),
              HasSubstr("weaker  not enforced: x; boot with\n"
                        "        systemd.unified_cgroup_hierarchy\n"
                        "        =1\n"));
}

std::string MemoryLines(int width, Overflow overflow) {
  Look look;
  look.charset = Charset::kAscii;
  look.width = width;
  const std::string text = LinesText(ReadStatus(ASnapshot()).headroom, look, overflow);
  return text.substr(0, text.find("cpu "));
}

TEST(StatusText, GoesOnBelowAndCutsNoNumber) {
  EXPECT_EQ(MemoryLines(80, Overflow::kWrap),
            "memory  [%############.....|           ]  42%  11.4 GiB free under the target\n"
            "        64.0 GiB capacity, 38.4 GiB target, 24.0 GiB charged (18.0 GiB used),\n"
            "        3.0 GiB outside our jobs, 26.6 GiB left at peak\n");
  EXPECT_EQ(MemoryLines(40, Overflow::kWrap),
            "memory  [###.|  ]  42%  11.4 GiB free\n"
            "        64.0 GiB capacity,\n"
            "        38.4 GiB target,\n"
            "        24.0 GiB charged (18.0 GiB\n"
            "        used),\n"
            "        3.0 GiB outside our jobs,\n"
            "        26.6 GiB left at peak\n");
}

TEST(StatusText, LeavesOutWholeAmountsWhereLinesAreCounted) {
  EXPECT_EQ(MemoryLines(80, Overflow::kCut),
            "memory  [%############.....|           ]  42%  11.4 GiB free under the target\n"
            "        64.0 GiB capacity, 38.4 GiB target, 24.0 GiB charged (18.0 GiB used)\n");
  EXPECT_EQ(MemoryLines(30, Overflow::kCut),
            "memory   42%  11.4 GiB free\n"
            "        64.0 GiB capacity\n");
}

json AWhy() {
  return {{"job", AWaitingJob(42, 3, "needs 1.0 GiB memory, 512 MiB free")},
          {"text", "waits: needs 1.0 GiB memory, 512 MiB free"},
          {"holders", {{{"id", 7}, {"amount", 4LL << 30}}, {{"id", 9}, {"amount", 2LL << 30}}}},
          {"ahead", {40, 41}},
          {"head", {{"id", 40}, {"starts_by_seconds", 130.0}, {"spare", json::object()}}},
          {"gate", {{"position", "open"}, {"since_seconds", 60.0}}},
          {"lines", ASnapshot()["headroom"]}};
}

TEST(WhyText, NamesTheReasonTheHoldersAndTheLine) {
  const std::string text = WhyText(AWhy(), {}).value();
  EXPECT_THAT(text, HasSubstr("job 42 (nightly) waits: needs 1.0 GiB memory, 512 MiB free\n"
                              "  place in line  3\n"
                              "  needs          1.0 GiB 0.50c\n"
                              "  held by        job 7 (4.0 GiB), job 9 (2.0 GiB)\n"
                              "  ahead of it    job 40, job 41\n"
                              "  first in line  job 40, which starts within 2m 10s\n"
                              "  pressure gate  open for 1m 0s\n"));
  EXPECT_THAT(text, HasSubstr("11.4 GiB free under the target"));
}

TEST(WhyText, SaysHoldersInTheUnitOfWhatIsShort) {
  json why = AWhy();
  why["job"]["decision"]["dimension"] = "token";
  why["job"]["decision"]["token"] = "db";
  why["holders"] = {{{"id", 7}, {"amount", 2}}};
  EXPECT_THAT(WhyText(why, {}).value(), HasSubstr("held by        job 7 (2 of token db)\n"));
}

TEST(WhyText, SaysThatAHeadsStartCannotBeForetold) {
  json why = AWhy();
  why["head"]["starts_by_seconds"] = nullptr;
  EXPECT_THAT(WhyText(why, {}).value(), HasSubstr("job 40, whose start nobody can foretell"));
}

TEST(WhyText, IsShortForAJobThatDoesNotWait) {
  EXPECT_EQ(WhyText({{"job", AJob(1, "running")}, {"text", "running"}}, {}).value(),
            "job 1 (nightly) running\n");
  json failed = AFinishedJob(1, "failed");
  failed["exit_code"] = 3;
  EXPECT_EQ(WhyText({{"job", failed}, {"text", "finished: failed"}}, {}).value(),
            "job 1 (nightly) failed: exit code 3\n");
}

TEST(WhyText, RefusesAnAnswerWithoutAJob) { EXPECT_FALSE(WhyText(json::object(), {})); }

}  // namespace
}  // namespace headroom::cli
