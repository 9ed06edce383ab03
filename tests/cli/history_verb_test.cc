#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>

#include "base/units.h"
#include "cli/history_rows.h"
#include "cli/metrics_file.h"
#include "cli/weights.h"
#include "tests/cli/cli_run.h"
#include "tests/cli/fake_daemon.h"

// What other systems have seen, on its way to the daemon.
namespace headroom::cli {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kTrace[] =
    "workflow,name,runtime_seconds,avg_cpu_percent,peak_memory_bytes\n"
    "w,align,90,200,1073741824\n"
    "w,sort,0.5,100,1048576\n"
    "w,sort,30,,2097152\n"
    "w,a b,30,,2097152\n";

std::string AFile(const TempDir& dir, const char* name, const std::string& text) {
  std::ofstream(dir / name) << text;
  return dir / name;
}

// As job-runner makes it.
std::string AMetricsFile(const TempDir& dir,
                         const std::vector<std::pair<std::string, std::string>>& rows,
                         const char* table =
                             "CREATE TABLE jobs (id TEXT, metrics TEXT, "
                             "PRIMARY KEY (id))") {
  const std::string path = dir / "metrics.sqlite";
  sqlite3* db = nullptr;
  EXPECT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  std::string script = table;
  for (const auto& [id, metrics] : rows)
    script += fmt::format("; INSERT INTO jobs VALUES ('{}', '{}')", id, metrics);
  EXPECT_EQ(sqlite3_exec(db, script.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  return path;
}

std::string Metrics(double peak_mb, double seconds) {
  return json{{"mem_mb_peak", peak_mb},
              {"mem_mb_cumsum", 100 * seconds},
              {"mem_mb_mean", 100},
              {"cpu_cumsum", 150 * seconds},
              {"cpu_mean", 150},
              {"container_id", "c"},
              {"mem_mb_sample", peak_mb / 2}}
      .dump();
}

constexpr char kJobs[] =
    "id,workspace,action,started_at\n"
    "abcdefgh12345678,study,measures,1700000000\n"
    "short,study,measures,\n"
    "odd,my study,measures,1\n";

json Counted(int added, int known) { return {{"added", added}, {"known", known}}; }

TEST(HistoryImport, SendsATraceAndNamesWhatItLeavesOut) {
  const TempDir dir;
  FakeDaemon daemon;
  daemon.On("POST /v1/history", {Json(Counted(2, 0))});
  const Ran ran = CliRun(daemon.socket())(
      {"history", "import", AFile(dir, "t.csv", kTrace), "--tenant", "study"});
  ASSERT_EQ(ran.exit, 0) << ran.err;
  const json attempts = daemon.BodyOf("POST /v1/history")["attempts"];
  ASSERT_THAT(attempts, SizeIs(2));
  EXPECT_EQ(attempts[0]["key"], "align");
  EXPECT_EQ(attempts[0]["tenant"], "study");
  EXPECT_EQ(attempts[0]["duration_seconds"], 90);
  EXPECT_EQ(attempts[0]["peak_memory_bytes"], 1073741824);
  EXPECT_EQ(attempts[0]["cpu_seconds"], 180);
  EXPECT_FALSE(attempts[1].contains("cpu_seconds"));  // not recorded
  EXPECT_THAT(ran.out, HasSubstr("left out: line 3: ran for less than a second\n"));
  EXPECT_THAT(ran.out, HasSubstr("left out: line 5: key: "));
  EXPECT_THAT(ran.out, HasSubstr("2 attempts of 2 keys sent, 2 rows left out: 2 new, 0 known"));
}

// One such row would make the daemon refuse all that are sent with it.
TEST(HistoryImport, LeavesOutWhatTheDaemonWouldRefuse) {
  const auto history = *RowsOfTrace(
      "name,runtime_seconds,peak_memory_bytes,avg_cpu_percent\na,5,1,100\nb,5,1,9000000\n", "");
  EXPECT_THAT(history.rows, SizeIs(1));
  ASSERT_THAT(history.left_out, SizeIs(1));
  EXPECT_EQ(history.left_out[0].row, "line 3");
  EXPECT_THAT(history.left_out[0].why, HasSubstr("10000 cores"));
}

TEST(HistoryImport, NamesARowAlikeWheneverItIsRead) {
  const std::string once = "name,runtime_seconds,peak_memory_bytes\na,5,1\nb,5,1\na,5,1\n";
  const auto before = *RowsOfTrace(once, "");
  const auto grown = *RowsOfTrace(once + "a,5,1\na,5,2\n", "");
  std::set<std::string> origins;
  for (const HistoryRow& row : grown.rows) origins.insert(row.origin);
  EXPECT_THAT(origins, SizeIs(5));
  for (std::size_t i = 0; i < before.rows.size(); ++i)
    EXPECT_EQ(before.rows[i].origin, grown.rows[i].origin);
}

TEST(HistoryImport, ShowsWhatItWouldSendAndAsksNobody) {
  const TempDir dir;
  CliRun run("/no/daemon/is/needed");
  const Ran ran = run({"history", "import", AFile(dir, "t.csv", kTrace), "--dry-run"});
  ASSERT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("align"));
  EXPECT_THAT(ran.out, HasSubstr("1.0 GiB"));
  EXPECT_THAT(ran.out, HasSubstr("2 attempts of 2 keys would be sent, 2 rows left out\n"));
  const json answer = run({"history", "import", dir / "t.csv", "--dry-run", "--json"}).json();
  EXPECT_EQ(answer["attempts"], 2);
  EXPECT_EQ(answer["left_out"][0],
            json({{"row", "line 3"}, {"why", "ran for less than a second"}}));
}

TEST(HistoryImport, SendsInBatches) {
  const TempDir dir;
  std::string trace = "name,runtime_seconds,peak_memory_bytes\n";
  for (int i = 0; i < 1200; ++i) trace += fmt::format("key-{},5,{}\n", i % 100, i + 1);
  FakeDaemon daemon;
  daemon.On("POST /v1/history",
            {Json(Counted(500, 0)), Json(Counted(0, 500)), Json(Counted(1, 1))});
  const Ran ran =
      CliRun(daemon.socket())({"history", "import", AFile(dir, "t.csv", trace), "--json"});
  EXPECT_EQ(daemon.Count("POST /v1/history"), 3);
  EXPECT_EQ(ran.json()["added"], 501);
  EXPECT_EQ(ran.json()["known"], 501);
}

TEST(HistoryImport, SendsOnlyTheLastOfEachKey) {
  HistoryRows history;
  for (int i = 0; i < 5; ++i) {
    HistoryRow row{"o" + std::to_string(i), "k", "", 1, 1, {}, {}};
    if (i != 3) row.started_unix_seconds = 100 - i;
    history.rows.push_back(row);
  }
  KeepTheLast(history, 2);
  ASSERT_THAT(history.rows, SizeIs(2));
  EXPECT_EQ(history.rows[0].origin, "o1");
  EXPECT_EQ(history.rows[1].origin, "o0");
  ASSERT_THAT(history.left_out, SizeIs(3));
  EXPECT_EQ(history.left_out[0], (LeftOutRow{"o3 of key k", "2 of its key are newer"}));
}

TEST(HistoryImport, ReadsWhatJobRunnerMeasured) {
  const TempDir dir;
  FakeDaemon daemon;
  daemon.On("POST /v1/history", {Json(Counted(1, 0))});
  const std::string file = AMetricsFile(dir, {{"abcdefgh12345678", Metrics(2048.5, 600)},
                                              {"short", Metrics(10, 45)},
                                              {"unknown", Metrics(10, 600)},
                                              {"odd", Metrics(10, 600)}});
  const Ran ran =
      CliRun(daemon.socket())({"history", "import", file, "--jobs", AFile(dir, "jobs.csv", kJobs)});
  ASSERT_EQ(ran.exit, 0) << ran.err;
  const json attempts = daemon.BodyOf("POST /v1/history")["attempts"];
  ASSERT_THAT(attempts, SizeIs(1));
  EXPECT_EQ(attempts[0], json({{"origin", "job-runner:abcdefgh12345678"},
                               {"key", "study:measures"},
                               {"tenant", "study"},
                               {"duration_seconds", 600.0},
                               {"peak_memory_bytes", 2048 * kMiB + kMiB / 2},
                               {"cpu_seconds", 900.0},
                               {"started_unix_seconds", 1700000000}}));
  EXPECT_THAT(ran.out, HasSubstr("job \"short\": was seen for less than a minute"));
  EXPECT_THAT(ran.out, HasSubstr("job \"unknown\": is not in the list of jobs"));
  EXPECT_THAT(ran.out, HasSubstr("job \"odd\": key: "));
}

TEST(HistoryImport, LeavesNothingBesideAFileThatItReads) {
  const TempDir dir;
  const std::string file = AMetricsFile(dir, {{"a", "{}"}});
  ASSERT_THAT(*ReadMetricsFile(file, 10), SizeIs(1));
  EXPECT_FALSE(std::ifstream(file + "-wal").good());
  EXPECT_FALSE(std::ifstream(file + "-shm").good());
  EXPECT_EQ(ReadMetricsFile(file, 0).error().code, ErrorCode::kInvalid);
}

TEST(HistoryImport, RefusesWhatIsNoMetricsFile) {
  const TempDir dir;
  EXPECT_FALSE(ReadMetricsFile(dir / "nothing.sqlite", 10));
  EXPECT_EQ(ReadMetricsFile(AFile(dir, "x.sqlite", std::string(4096, 'x')), 10).error().code,
            ErrorCode::kCorrupt);
  const TempDir other;
  // A view would run what the file's author likes.
  EXPECT_FALSE(ReadMetricsFile(
      AMetricsFile(other, {}, "CREATE VIEW jobs AS SELECT 'a' AS id, '{}' AS metrics"), 10));
}

TEST(HistoryImport, LeavesOutMetricsThatSayNothing) {
  const std::map<std::string, RunnerJob, std::less<>> jobs{{"j", {"w", "a", {}}}};
  const auto why = [&](const std::string& metrics) {
    const HistoryRows history = RowsOfMetrics({{"j", metrics}}, jobs);
    EXPECT_THAT(history.rows, IsEmpty()) << metrics;
    return history.left_out.empty() ? "" : history.left_out.front().why;
  };
  EXPECT_EQ(why(""), "its metrics are no JSON object");
  EXPECT_EQ(why("[]"), "its metrics are no JSON object");
  EXPECT_EQ(why(R"({"mem_mb_peak": NaN})"), "its metrics are no JSON object");
  EXPECT_EQ(why(std::string(1000, '[')), "its metrics are no JSON object");
  EXPECT_EQ(why("{}"), "has no mem_mb_peak");
  EXPECT_EQ(why(R"({"mem_mb_peak": "7"})"), "has no mem_mb_peak");
  EXPECT_EQ(why(R"({"mem_mb_peak": 7})"), "nothing says how long it ran");
  EXPECT_EQ(why(R"({"mem_mb_peak": 7, "mem_mb_cumsum": 1, "mem_mb_mean": 0})"),
            "nothing says how long it ran");
  EXPECT_THAT(why(Metrics(0, 600)), HasSubstr("its peak of memory was not recorded"));
  EXPECT_THAT(why(Metrics(1e17, 600)), HasSubstr("more than 1 PiB"));
  EXPECT_THAT(why(Metrics(1, 1e12)), HasSubstr("more than a year"));
}

TEST(HistoryImport, SaysHowToMakeTheListOfJobs) {
  const TempDir dir;
  const Ran ran = CliRun("/none")({"history", "import", AMetricsFile(dir, {})});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.err, HasSubstr("--jobs is needed"));
  EXPECT_THAT(ran.err, HasSubstr("FROM job WHERE"));
  EXPECT_THAT(ParseRunnerJobs("id,workspace\n").error().message, HasSubstr("\"action\""));
  EXPECT_THAT(ParseRunnerJobs("id,workspace,action\na,b\n").error().message, HasSubstr("line 2"));
}

TEST(HistoryImport, ShowsWhatWeightsStandForAndSendsNothing) {
  const TempDir dir;
  FakeDaemon daemon;
  daemon.On("POST /v1/jobs?dry_run=true", {Json({{"request", {{"memory_bytes", kGiB}}}})});
  const std::string file =
      AFile(dir, "job-resource-weights_tpp.ini",
            "# hungry\n[my-study]\nmodel_.* = 4\n\n[default]\n.*measures: 1.5\n");
  CliRun run(daemon.socket());
  const Ran ran = run({"history", "import", file});
  ASSERT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("4096MiB"));
  EXPECT_THAT(ran.out, HasSubstr("nothing was sent"));
  EXPECT_EQ(run({"history", "import", file, "--json"}).json()["weights"][1],
            json({{"workspace", "default"},
                  {"pattern", ".*measures"},
                  {"weight", 1.5},
                  {"memory_bytes", kGiB + kGiB / 2}}));
  EXPECT_EQ(daemon.Count("POST /v1/history"), 0);
}

TEST(HistoryImport, SaysWhereWeightsAreWrong) {
  for (const char* ini : {"a = 1", "[w]\na", "[w]\na =", "[w]\na = -1", "[w]\na = nan", "[w\na = 1",
                          "[]\na = 1", "[w]\n= 3", "[w]\na = 1e99"}) {
    const auto weights = ParseWeights(ini);
    ASSERT_FALSE(weights) << ini;
    EXPECT_THAT(weights.error().message, HasSubstr("line ")) << ini;
  }
  EXPECT_THAT(*ParseWeights("[w]\r\na[\\d]+ = 2.5\r\n; x\r\n"),
              ElementsAre(Weight{"w", "a[\\d]+", 2.5}));
}

TEST(HistoryImport, RefusesWhatItCannotMakeOut) {
  const TempDir dir;
  CliRun run("/none");
  const std::string file = AFile(dir, "history.txt", kTrace);
  EXPECT_THAT(run({"history", "import", file}).err, HasSubstr("--format"));
  EXPECT_EQ(run({"history", "import", file, "--format", "xml"}).exit, 2);
  EXPECT_EQ(run({"history", "export", file}).exit, 2);
  EXPECT_THAT(run({"history", "import", AFile(dir, "bad.csv", "name\nx\n")}).err,
              HasSubstr("bad.csv: line 1: expected a column"));
}

}  // namespace
}  // namespace headroom::cli
