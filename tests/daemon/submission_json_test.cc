#include "daemon/submission_json.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/object_reader.h"

// What is accepted of a submission and what is not, key by key.
namespace headroom {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::HasSubstr;

ApiResult<JobSubmission> Read(const json& body) {
  const Caller caller{1000, "alice", false};
  const FindUser nobody = [](const std::string&) -> Result<UserIdentity> {
    return Fail(ErrorCode::kNotFound, "user: unknown");
  };
  return ReadSubmission(body, {caller, nobody});
}

json With(const std::string& pointer, const json& value) {
  json body = {{"command", {"true"}}};
  body[json::json_pointer(pointer)] = value;
  return body;
}

// "accepted", or where the one problem is.
std::string Verdict(const json& body) {
  const auto read = Read(body);
  if (read) return "accepted";
  EXPECT_EQ(read.error().status, 422);
  EXPECT_EQ(read.error().problems.size(), 1U) << read.error().message;
  return read.error().problems.front().pointer;
}

TEST(ReadSubmission, TakesSizesAsTextAndAsBytes) {
  EXPECT_EQ(Read(With("/request/memory", "2GiB")).value().request.memory_bytes, int64_t{2} << 30);
  EXPECT_EQ(Read(With("/request/memory", 1024)).value().request.memory_bytes, 1024);
  for (const json& wrong : {json(0), json(-1), json(1.5), json("2 GiB"), json("-1"), json("0"),
                            json(""), json(true), json("16EiB"), json(1e18), json::array({1})}) {
    EXPECT_EQ(Verdict(With("/request/memory", wrong)), "/request/memory") << wrong;
  }
}

TEST(ReadSubmission, TakesCoresAsTextAndAsNumbers) {
  EXPECT_EQ(Read(With("/request/cpu", "500m")).value().request.cpu_millis, 500);
  EXPECT_EQ(Read(With("/request/cpu", 1.5)).value().request.cpu_millis, 1500);
  EXPECT_EQ(Read(With("/request/cpu", 2)).value().request.cpu_millis, 2000);
  EXPECT_EQ(Read(With("/request/cpu", "1m")).value().request.cpu_millis, 1);
  for (const json& wrong : {json(-1), json(-0.1), json("x"), json(1e300), json("1e3"), json(false),
                            json(0), json("0"), json("0m"), json(0.0001)}) {
    EXPECT_EQ(Verdict(With("/request/cpu", wrong)), "/request/cpu") << wrong;
  }
}

TEST(ReadSubmission, TakesOnlyLimitsThatAProcessCanStartUnder) {
  EXPECT_EQ(Read(With("/limits/memory", "4MiB")).value().memory_max_bytes, 4 << 20);
  EXPECT_EQ(Verdict(With("/limits/memory", "3MiB")), "/limits/memory");
  EXPECT_EQ(Verdict(With("/limits/cpu", "9m")), "/limits/cpu");
  EXPECT_EQ(Verdict(With("/limits/pids", 0)), "/limits/pids");
}

TEST(ReadSubmission, RefusesARequestAboveTheJobsOwnLimit) {
  json body = With("/request/memory", "2GiB");
  body["limits"]["memory"] = "1GiB";
  EXPECT_EQ(Verdict(body), "/request/memory");
}

TEST(ReadSubmission, TakesDurationsAsTextOnly) {
  EXPECT_EQ(Read(With("/duration", "90s")).value().duration, std::chrono::seconds(90));
  for (const json& wrong : {json(5), json("5"), json("0s"), json("-1s"), json("366d"), json("")}) {
    EXPECT_EQ(Verdict(With("/duration", wrong)), "/duration") << wrong;
  }
}

TEST(ReadSubmission, TakesNamesUnderOneRule) {  // F36
  for (const char* key : {"name", "tenant", "key", "idempotency_key"}) {
    const std::string pointer = std::string("/") + key;
    EXPECT_EQ(Verdict(With(pointer, "A-1_b.c:d@e+f")), "accepted");
    for (const std::string& wrong :
         {std::string("../x"), std::string("a/b"), std::string("."), std::string(""),
          std::string(".."), std::string(10'000, 'x'), std::string("аdmin"), std::string("a\nb"),
          std::string("-rf"), std::string("a b"), std::string("\x1b[31m"), std::string("a\"b")}) {
      EXPECT_EQ(Verdict(With(pointer, wrong)), pointer) << wrong;
    }
    EXPECT_EQ(Verdict(With(pointer, std::string("a\0b", 3))), pointer);
    EXPECT_EQ(Verdict(With(pointer, 7)), pointer);
    EXPECT_THAT(Read(With(pointer, "a b")).error().problems.front().message,
                ::testing::StartsWith("expected 1 to 128"));
  }
}

TEST(ReadSubmission, TakesTokensUnderTheSameRule) {
  EXPECT_EQ(Read(With("/request/tokens", {{"b", 2}, {"a", 1}})).value().request.tokens,
            (std::vector<TokenAmount>{{"a", 1}, {"b", 2}}));
  EXPECT_EQ(Verdict(With("/request/tokens", {{"a/b", 1}})), "/request/tokens/a~1b");
  EXPECT_EQ(Verdict(With("/request/tokens", {{"a", 0}})), "/request/tokens/a");
  EXPECT_EQ(Verdict(With("/request/tokens", 3)), "/request/tokens");
  json many = json::object();
  for (int i = 0; i < 17; ++i) many[fmt::format("t{}", i)] = 1;
  EXPECT_EQ(Verdict(With("/request/tokens", many)), "/request/tokens");
}

TEST(ReadSubmission, TakesCommandsOfStringsWithoutNul) {  // F41
  EXPECT_EQ(Verdict({{"command", {"echo", "", "a\nb", "ü"}}}), "accepted");
  for (const json& wrong :
       {json("true"), json::array(), json::array({""}), json::array({1}),
        json::array({"a", nullptr}), json::array({std::string("a\0b", 3)}), json(nullptr)}) {
    EXPECT_EQ(Verdict({{"command", wrong}}), "/command") << wrong;
  }
}

TEST(ReadSubmission, BoundsCommandAndEnvironmentTogether) {
  const std::string half(kMostArgumentBytes / 2, 'x');
  EXPECT_EQ(Verdict({{"command", {"true", half}}}), "accepted");
  EXPECT_EQ(Verdict({{"command", {"true", half}}, {"environment", {{"A", half}}}}), "/command");
}

TEST(ReadSubmission, TakesVariablesThatAShellWouldTake) {  // F41
  EXPECT_EQ(Verdict(With("/environment", {{"_A1", "x=y\nz"}, {"LD_PRELOAD", "/x.so"}})),
            "accepted");
  for (const char* name : {"", "1A", "A=B", "A B", "A-B", "Ä"}) {
    EXPECT_THAT(Verdict(With("/environment", {{name, "x"}})), HasSubstr("/environment/")) << name;
  }
  EXPECT_EQ(Verdict(With("/environment", {{"A", 1}})), "/environment/A");
  EXPECT_EQ(Verdict(With("/environment", {{"A", std::string("x\0y", 3)}})), "/environment/A");
  EXPECT_EQ(Verdict(With("/environment", json::array())), "/environment");
}

TEST(ReadSubmission, TakesOnlyAbsolutePaths) {
  for (const char* key : {"working_directory", "stdin"}) {
    const std::string pointer = std::string("/") + key;
    EXPECT_EQ(Verdict(With(pointer, "/tmp/x")), "accepted");
    EXPECT_EQ(Verdict(With(pointer, "tmp")), pointer);
    EXPECT_EQ(Verdict(With(pointer, "/" + std::string(5000, 'x'))), pointer);
    EXPECT_EQ(Verdict(With(pointer, std::string("/a\0b", 4))), pointer);
  }
}

TEST(ReadSubmission, BoundsPriorities) {
  EXPECT_EQ(Read(With("/priority", -1000)).value().priority, -1000);
  for (const json& wrong : {json(-1001), json(1), json(0.5), json("0"), json(UINT64_MAX)}) {
    EXPECT_EQ(Verdict(With("/priority", wrong)), "/priority") << wrong;
  }
}

TEST(ReadSubmission, TakesNullForNotSaid) {
  json body = {{"command", {"true"}}};
  for (const char* key : {"working_directory", "environment", "stdin", "user", "name", "tenant",
                          "key", "priority", "request", "limits", "duration", "idempotency_key"}) {
    body[key] = nullptr;
  }
  ASSERT_TRUE(Read(body));
  EXPECT_EQ(Read(body).value(), Read({{"command", {"true"}}}).value());
}

TEST(ReadSubmission, RefusesWhatIsNoObject) {
  for (const json& wrong : {json(nullptr), json(1), json("x"), json::array()}) {
    EXPECT_EQ(Verdict(wrong), "") << wrong;
  }
  EXPECT_EQ(Read(json::array()).error().message, "the body: expected an object");
  EXPECT_EQ(Verdict(With("/request", 1)), "/request");
  EXPECT_EQ(Verdict(With("/limits", json::array())), "/limits");
}

TEST(ReadSubmission, NamesTheNearestKey) {
  const auto read = Read(With("/request/memmory", 1));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().problems.front().pointer, "/request/memmory");
  EXPECT_THAT(read.error().problems.front().message, HasSubstr("did you mean \"memory\"?"));
}

TEST(ReadSubmission, ReportsABoundedNumberOfProblems) {
  json body = {{"command", {"true"}}};
  for (int i = 0; i < 100'000; ++i) body[fmt::format("unknown{}", i)] = 1;
  const auto read = Read(body);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().problems.size(), kMostProblems + 1);
  EXPECT_EQ(read.error().problems.back().message, "and more");
}

TEST(ReadWantedJobs, MarksEveryJobWithItsSource) {
  const Caller caller{1000, "alice", false};
  const FindUser nobody = [](const std::string&) -> Result<UserIdentity> {
    return Fail(ErrorCode::kNotFound, "user: unknown");
  };
  const json body = json::parse(
      R"({"jobs": [{"external_id": "a", "command": ["x"]}, {"external_id": "b", "command": ["y"]}]})");
  const auto wanted = ReadWantedJobs(body, "server", {caller, nobody});
  ASSERT_TRUE(wanted);
  ASSERT_EQ(wanted->size(), 2U);
  EXPECT_EQ(wanted->at(1).submission.source, "server");
  EXPECT_EQ(wanted->at(1).submission.external_id, "b");
  EXPECT_EQ(wanted->at(1).submission.user, "alice");
}

}  // namespace
}  // namespace headroom
