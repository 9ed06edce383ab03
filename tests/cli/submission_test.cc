#include "cli/submission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace headroom::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

Outcome<json> Read(std::vector<std::string> words) {
  const auto args = ParseArgs(SubmissionOptions(), Operands::kCommand, words);
  if (!args) return tl::unexpected<Failure>(args.error());
  const auto environment = [](const char* name) {
    return std::string_view(name) == "HOME" ? std::optional<std::string>("/home/a") : std::nullopt;
  };
  return ReadSubmission(*args, "/here", environment, "random");
}

TEST(Submission, IsTheCommandInTheCurrentDirectory) {
  EXPECT_EQ(*Read({"echo", "a b"}), json({{"command", {"echo", "a b"}},
                                          {"working_directory", "/here"},
                                          {"idempotency_key", "random"}}));
}

TEST(Submission, CarriesEveryOption) {
  const auto body = Read({"--memory",
                          "2GiB",
                          "--cpu",
                          "1.5",
                          "--pids",
                          "9",
                          "--token",
                          "db=2",
                          "--token",
                          "gpu",
                          "--limit-memory",
                          "4GiB",
                          "--limit-cpu",
                          "2",
                          "--limit-pids",
                          "99",
                          "--duration",
                          "10m",
                          "--priority",
                          "-5",
                          "--name",
                          "n",
                          "--tenant",
                          "t",
                          "--key",
                          "k",
                          "--user",
                          "bob",
                          "--chdir",
                          "/work",
                          "--env",
                          "A=b=c",
                          "--env",
                          "HOME",
                          "--stdin",
                          "in.txt",
                          "--idempotency-key",
                          "once",
                          "--",
                          "cmd",
                          "-x"});
  EXPECT_EQ(*body, json::parse(R"({
    "command": ["cmd", "-x"], "working_directory": "/work", "idempotency_key": "once",
    "request": {"memory": 2147483648, "cpu": "1500m", "pids": 9, "tokens": {"db": 2, "gpu": 1}},
    "limits": {"memory": 4294967296, "cpu": "2000m", "pids": 99},
    "duration": "10m", "priority": -5, "name": "n", "tenant": "t", "key": "k", "user": "bob",
    "environment": {"A": "b=c", "HOME": "/home/a"}, "stdin": "/here/in.txt"})"));
}

TEST(Submission, MakesADirectoryAbsolute) {
  EXPECT_EQ((*Read({"--chdir", "sub", "x"}))["working_directory"], "/here/sub");
}

TEST(Submission, RefusesWrongValuesWithTheOptionsName) {
  const std::vector<std::vector<std::string>> wrong{
      {"--memory", "lots", "x"}, {"--memory", "-1", "x"},        {"--cpu", "2x", "x"},
      {"--pids", "0", "x"},      {"--pids", "1.5", "x"},         {"--token", "db=x", "x"},
      {"--token", "d/b=1", "x"}, {"--token", "=1", "x"},         {"--duration", "10", "x"},
      {"--priority", "x", "x"},  {"--name", "a b", "x"},         {"--key", "../x", "x"},
      {"--env", "=x", "x"},      {"--env", "NOT_SET_HERE", "x"}, {"--limit-pids", "", "x"}};
  for (const auto& words : wrong) {
    const auto body = Read(words);
    ASSERT_FALSE(body) << words[0] << " " << words[1];
    EXPECT_EQ(body.error().exit, ExitCode::kUsage);
    EXPECT_THAT(body.error().message, HasSubstr(words[0]));
  }
}

}  // namespace
}  // namespace headroom::cli
