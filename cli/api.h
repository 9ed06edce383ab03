#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/failure.h"
#include "cli/job.h"
#include "cli/unix_client.h"

// The daemon's API as the verbs use it: JSON in, JSON out, every refusal a Failure. Threads: one at
// a time.
namespace headroom::cli {

enum class LogStream { kStdout, kStderr };

const char* ToString(LogStream stream);  // "stdout", "stderr"

// Of a stream of bytes that may still grow.
struct Piece {
  std::string bytes;
  int64_t next_offset = 0;
  bool complete = false;  // this was the rest
};

class Api {
 public:
  explicit Api(std::string socket) : client_(std::move(socket)) {}

  Outcome<nlohmann::json> Get(const std::string& target);
  Outcome<nlohmann::json> Post(const std::string& target, const nlohmann::json& body);
  // An answer of any status, for what says more with 503 than with 200 (/readyz).
  Outcome<HttpResponse> GetRaw(const std::string& target);

  Outcome<Job> GetJob(int64_t id);
  // At most `limit` bytes from `offset` on; none yet is not a failure.
  Outcome<Piece> Logs(int64_t id, LogStream stream, int64_t offset);
  // Of the decision log (docs/api.md).
  Outcome<Piece> DecisionsAt(WallTime at);
  Outcome<Piece> DecisionsFrom(int64_t offset);
  // Every page of a list, until `limit` jobs; `query` holds "state=…&user=…" or nothing.
  Outcome<std::vector<nlohmann::json>> ListJobs(const std::string& query, std::size_t limit);

  // Events after `sequence` as they happen, each as its JSON object. Returns when the daemon ends
  // the stream, or as soon as `sink` says so.
  Outcome<void> FollowEvents(int64_t after,
                             const std::function<Sink(const nlohmann::json& event)>& sink);

  void AbortOn(int fd) { client_.AbortOn(fd); }
  const std::string& socket() const { return client_.socket_path(); }
  // Whether the last failure was of the connection, not of what was asked: trying again may help.
  bool connection_failed() const { return connection_failed_; }
  // Whether a call ended because the abort descriptor was readable.
  bool interrupted() const { return interrupted_; }

 private:
  Outcome<HttpResponse> Call(const HttpRequest& request);
  Outcome<Piece> ReadPiece(const std::string& target, const std::string& of);
  Failure Note(const Error& error);

  UnixClient client_;
  bool connection_failed_ = false;
  bool interrupted_ = false;
};

// The object that --json prints: `answer` with "schema_version" in it.
nlohmann::json Versioned(nlohmann::json answer);
inline constexpr int kSchemaVersion = 1;

}  // namespace headroom::cli
