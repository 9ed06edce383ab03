#include "daemon/raw_rows.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>
#include <limits>
#include <map>
#include <random>

#include "tests/support/temp_dir.h"

// What SQLite wrote is read as SQLite reads it, and anything else without harm.
namespace headroom {
namespace {

using Type = RawValue::Type;

RawValue Integer(int64_t number) { return {Type::kInteger, number, {}}; }
RawValue Text(std::string text) { return {Type::kText, 0, std::move(text)}; }
RawValue Blob(std::string bytes) { return {Type::kBlob, 0, std::move(bytes)}; }

class RawRowsTest : public testing::Test {
 protected:
  void Run(const std::string& sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db);
    sqlite3_close(db);
  }
  // Rows of so many columns, by rowid.
  std::map<int64_t, std::vector<RawValue>> Rows(std::size_t columns) {
    std::map<int64_t, std::vector<RawValue>> rows;
    const auto report = ReadRawRows(path_, [&](RawRow row) {
      if (row.values.size() == columns) rows[row.rowid] = std::move(row.values);
    });
    EXPECT_TRUE(report);
    return rows;
  }

  TempDir dir_{MemoryBacked()};
  const std::string path_ = dir_ / "file.db";
};

TEST_F(RawRowsTest, ReadsEveryKindOfValue) {
  constexpr int64_t kNumbers[] = {0,
                                  1,
                                  -1,
                                  127,
                                  -128,
                                  32767,
                                  -32769,
                                  8388607,
                                  -900000000,
                                  2147483648,
                                  1LL << 40,
                                  std::numeric_limits<int64_t>::max(),
                                  std::numeric_limits<int64_t>::min()};
  std::string sql = "CREATE TABLE t (id INTEGER PRIMARY KEY, n, t, b, x);";
  for (const int64_t number : kNumbers) {
    sql += "INSERT INTO t VALUES (NULL, " +
           (number == std::numeric_limits<int64_t>::min() ? "-9223372036854775807 - 1"
                                                          : std::to_string(number)) +
           ", 'text', x'00ff', NULL);";
  }
  Run(sql);
  const auto rows = Rows(5);
  int64_t id = 0;
  for (const int64_t number : kNumbers) {
    const std::vector<RawValue> expected = {
        {}, Integer(number), Text("text"), Blob(std::string("\0\xff", 2)), {}};
    EXPECT_EQ(rows.at(++id), expected) << number;
  }
}

TEST_F(RawRowsTest, ReadsPayloadsOfEveryLengthAcrossOverflowPages) {
  Run("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, c);"
      "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 137 FROM n WHERE i < 40000)"
      "INSERT INTO t SELECT i + 1, i, substr(printf('%.*c', i + 1, 'x'), 2), 7 FROM n;");
  const auto rows = Rows(4);
  EXPECT_GT(rows.size(), 290U);
  for (const auto& [id, values] : rows) {
    EXPECT_EQ(values[2], Text(std::string(static_cast<std::size_t>(id - 1), 'x')));
    EXPECT_EQ(values[3], Integer(7));
  }
}

TEST_F(RawRowsTest, SeesNothingOfWhatWasDeletedSecurely) {
  Run("PRAGMA secure_delete = ON; CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, c);"
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
      "INSERT INTO t SELECT i, i, 'some text', 7 FROM n;"
      "DELETE FROM t WHERE id <> 4321;");
  const auto rows = Rows(4);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.begin()->first, 4321);
}

TEST_F(RawRowsTest, AMissingFileHasNoRows) { EXPECT_TRUE(Rows(4).empty()); }

// F15
TEST_F(RawRowsTest, TakesAnyBytesWithoutHarm) {
  Run("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, c);"
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)"
      "INSERT INTO t SELECT i, i, printf('%.*c', i * 31, 'x'), 7 FROM n;");
  std::ifstream file(path_, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(file), {}};
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string bytes = whole;
    for (int i = 0; i < 1 << round % 12; ++i)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    if (round % 7 == 0) bytes.resize(random() % bytes.size());
    std::ofstream(path_, std::ios::binary) << bytes;
    (void)Rows(4);
  }
}

}  // namespace
}  // namespace headroom
