#pragma once

#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "cli/app.h"
#include "tests/support/fake_clock.h"

// The whole command in this process: words in, exit code and both streams out. It waits for
// nothing: waiting moves the clock and says what the test has put in line.
namespace headroom::cli {

class FakeWaiter final : public Waiter {
 public:
  explicit FakeWaiter(FakeClock& clock) : clock_(clock) {}

  std::deque<Wake> wakes;  // then only timeouts
  int waits = 0;

  Status CatchSignals() override { return {}; }
  void WatchKeys() override {}
  int SignalFd() const override { return -1; }
  Wake Wait(Duration at_most) override {
    clock_.Advance(at_most);
    if (++waits > 10'000) return Wake::kInterrupt;  // a test that would never end fails instead
    if (wakes.empty()) return Wake::kTimeout;
    const Wake wake = wakes.front();
    wakes.pop_front();
    return wake;
  }

 private:
  FakeClock& clock_;
};

struct Ran {
  int exit = -1;
  std::string out, err;

  nlohmann::json json() const { return nlohmann::json::parse(out, nullptr, false); }
};

class CliRun {
 public:
  FakeClock clock;
  FakeWaiter waiter{clock};
  std::map<std::string, std::string> environment;
  int out_fd = -1, err_fd = -1;

  explicit CliRun(const std::string& socket = "/nonexistent/socket") {
    environment["HEADROOM_SOCKET"] = socket;
  }

  Ran operator()(const std::vector<std::string>& words) {
    std::ostringstream out, err;
    Surroundings around{out,
                        err,
                        [this](const char* name) -> std::optional<std::string> {
                          const auto found = environment.find(name);
                          if (found == environment.end()) return std::nullopt;
                          return found->second;
                        },
                        waiter,
                        clock,
                        out_fd,
                        err_fd};
    const int exit = RunHeadroom(words, around);
    return {exit, out.str(), err.str()};
  }
};

// A job as the API shows it, waiting.
inline nlohmann::json AJob(int64_t id, const std::string& state = "waiting") {
  return {{"id", id},
          {"name", "nightly"},
          {"state", state},
          {"outcome", nullptr},
          {"user", "alice"},
          {"tenant", "alice"},
          {"key", "nightly"},
          {"priority", 0},
          {"command", {"sh", "-c", "exit 0"}},
          {"working_directory", "/srv"},
          {"request", {{"memory_bytes", 1LL << 30}, {"cpu_millis", 500}, {"pids", 32}}},
          {"request_source", {{"memory", "declared"}, {"cpu", "history"}, {"pids", "default"}}},
          {"attempt", state == "waiting" ? 0 : 1},
          {"submitted_at", "2027-01-15T07:59:00.000Z"},
          {"started_at", nullptr},
          {"finished_at", nullptr},
          {"exit_code", nullptr},
          {"signal", nullptr},
          {"oom", "none"},
          {"message", ""}};
}

inline nlohmann::json AFinishedJob(int64_t id, const std::string& outcome) {
  nlohmann::json job = AJob(id, "finished");
  job["outcome"] = outcome;
  job["started_at"] = "2027-01-15T07:59:30.000Z";
  job["finished_at"] = "2027-01-15T07:59:45.000Z";
  return job;
}

inline nlohmann::json AWaitingJob(int64_t id, int64_t position, const std::string& text) {
  nlohmann::json job = AJob(id);
  job["decision"] = {{"verdict", "wait"},       {"reason", "over_target"}, {"dimension", "memory"},
                     {"needed", 1LL << 30},     {"available", 512 << 20},  {"position", position},
                     {"text", "waits: " + text}};
  return job;
}

}  // namespace headroom::cli
