#include "simulator/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/report_chart.h"
#include "simulator/report_text.h"

namespace headroom::sim {
namespace {

using testing::HasSubstr;
using testing::Not;

RunResult ARun(double mean_wait, std::vector<double> waits) {
  RunResult run;
  run.jobs = run.finished = std::ssize(waits);
  run.mean_wait_seconds = mean_wait;
  run.makespan_seconds = 100;
  run.waits = std::move(waits);
  run.course.Add({100, 0.5, 0.25, 0.6, 3});
  return run;
}

Report AReport() {
  return {"mixed",
          "64 GiB memory",
          "headroom simulate",
          {{"ours", {ARun(20, {0, 20, 40})}}, {"count:24", {ARun(10, {0, 10, 20})}}},
          1};
}

TEST(ReportPage, NeedsNothingFromOutside) {
  const std::string page = ReportPage(AReport());
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  for (const char* never : {"<script", "http://", "https://", "src=", "@import", "url("})
    EXPECT_THAT(page, Not(HasSubstr(never)));
}

TEST(ReportPage, ShowsEveryPolicyInTableAndPictures) {
  const std::string page = ReportPage(AReport());
  for (const char* shown :
       {"<td>ours</td>", "<td>count:24</td>", "aria-label=\"use over time: ours\"",
        "aria-label=\"waits: count:24\"", "<code>headroom simulate</code>", "64 GiB memory"})
    EXPECT_THAT(page, HasSubstr(shown));
}

TEST(ReportPage, SaysWhereAPolicyDoesWorse) {
  EXPECT_THAT(ReportPage(AReport()),
              HasSubstr("<li>mean wait: 20 s; better: count:24 (10 s)</li>"));
}

TEST(ReportPage, CountsNoDifferenceThatTheSeedsLeaveOpen) {
  Report report = AReport();
  report.standings = {{"ours", {ARun(20, {20}), ARun(2, {2})}},
                      {"count:24", {ARun(1, {1}), ARun(19, {19})}}};
  EXPECT_THAT(ReportPage(report), HasSubstr("In nothing of the table"));
}

TEST(ReportPage, EscapesNamesWhereverTheyStand) {
  Report report = AReport();
  report.workload = report.standings[0].policy = report.command = "</title><script>\"x'&";
  const std::string page = ReportPage(report);
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr("use over time: &lt;/title&gt;&lt;script&gt;&quot;x&#39;&amp;\""));
}

TEST(ReportPage, DrawsAStudyInWhichNothingStarted) {
  Report report = AReport();
  report.standings.resize(1);
  report.standings[0].runs = {RunResult{}};
  EXPECT_THAT(ReportPage(report), HasSubstr("median 0 s"));
}

TEST(EscapeHtml, ReplacesWhatIsNoText) {
  EXPECT_EQ(EscapeHtml("grün"), "grün");
  EXPECT_EQ(EscapeHtml("a\x1b\x80z"), "a\xEF\xBF\xBD\xEF\xBF\xBDz");
  EXPECT_EQ(EscapeHtml("\xE2\x80\xAE"
                       "fdp"),
            "\xEF\xBF\xBD"
            "fdp");                                       // right to left from here on
  EXPECT_EQ(EscapeHtml("\xE2\x80\xA6"), "\xE2\x80\xA6");  // an ellipsis
  EXPECT_EQ(EscapeHtml("\xC0\xAF\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(FormatSeconds, ChoosesAUnitThatReads) {
  EXPECT_EQ(FormatSeconds(0), "0 s");
  EXPECT_EQ(FormatSeconds(90), "1.5 min");
  EXPECT_EQ(FormatSeconds(2 * 3600), "2.0 h");
  EXPECT_EQ(FormatSeconds(3 * 86400), "3.0 d");
}

TEST(QuantileOf, IsTheNearestRank) {
  EXPECT_EQ(QuantileOf({}, 0.5), 0);
  EXPECT_EQ(QuantileOf({1, 2, 3, 4}, 0.5), 2);
  EXPECT_EQ(QuantileOf({1, 2, 3, 4}, 0.99), 4);
  EXPECT_EQ(QuantileOf({1, 2, 3, 4}, 0), 1);
}

}  // namespace
}  // namespace headroom::sim
