#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "tests/support/temp_dir.h"

// A daemon of scripted answers on a Unix socket of its own. It says what the test told it to, in
// order, and remembers what it was asked. Threads: its own, one a connection; the methods may be
// called from the test's.
namespace headroom::cli {

struct Reply {
  enum class Form { kHttp, kVerbatim, kSilence };

  int status = 200;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
  Form form = Form::kHttp;
};

Reply Json(const nlohmann::json& body, int status = 200);
// A piece of a job's log.
Reply Log(const std::string& bytes, int64_t next, bool complete);
// {"code","message","details","hint"} as the daemon refuses.
Reply Refusal(int status, const std::string& message, const std::string& hint = "");
// Bytes as they are, then the end of the connection.
Reply Verbatim(const std::string& bytes);
// Nothing at all, and the connection stays.
Reply Silence();

struct Asked {
  std::string line;  // "GET /v1/jobs/1"
  std::string head;
  std::string body;
};

class FakeDaemon {
 public:
  FakeDaemon();
  ~FakeDaemon();

  // The answers to "GET /v1/jobs/1", one after the other; the last one again and again.
  FakeDaemon& On(const std::string& line, std::vector<Reply> replies);

  std::vector<Asked> asked();
  // How often it was asked this.
  int Count(const std::string& line);
  // The body of the first request of this line, as JSON.
  nlohmann::json BodyOf(const std::string& line);

  const std::string& socket() const { return socket_; }
  int connections() const { return connections_; }

 private:
  void Accept();
  void Serve(int fd);
  Reply Answer(const Asked& asked);

  TempDir dir_;
  std::string socket_;
  UniqueFd listen_;
  std::mutex mutex_;
  std::map<std::string, std::deque<Reply>> replies_;
  std::vector<Asked> asked_;
  std::vector<int> open_;
  std::vector<std::thread> serving_;
  std::atomic<int> connections_{0};
  std::atomic<bool> stopping_{false};
  std::thread accepting_;
};

}  // namespace headroom::cli
