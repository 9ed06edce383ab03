#include "cli/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/json_read.h"
#include "cli/sse.h"

namespace headroom::cli {
namespace {

constexpr int64_t kLogPiece = 1 << 20;
constexpr std::size_t kPage = 500;

Outcome<nlohmann::json> ReadAnswer(const HttpResponse& response, std::string_view target) {
  if (response.status < 200 || response.status > 299)
    return tl::unexpected<Failure>(FromAnswer(response.status, response.body));
  auto answer = nlohmann::json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object()) {
    return Refuse(ExitCode::kFailed, fmt::format("{}: the daemon's answer is not JSON", target),
                  "does another program listen on this socket?");
  }
  return answer;
}

Outcome<std::string> Serialize(const nlohmann::json& body) {
  try {
    return body.dump();
  } catch (const nlohmann::json::type_error&) {
    return Refuse(ExitCode::kUsage, "the command, a path or a variable is not UTF-8",
                  "put it into a script and submit that");
  }
}

std::optional<int64_t> NumberIn(const std::optional<std::string>& header) {
  if (!header) return std::nullopt;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(header->data(), header->data() + header->size(), value);
  if (error != std::errc() || end != header->data() + header->size()) return std::nullopt;
  return value;
}

}  // namespace

const char* ToString(LogStream stream) {
  switch (stream) {
    case LogStream::kStdout:
      return "stdout";
    case LogStream::kStderr:
      return "stderr";
  }
  return "stdout";
}

Failure Api::Note(const Error& error) {
  interrupted_ = error.os_error == EINTR;
  connection_failed_ = error.code == ErrorCode::kUnavailable || error.os_error == ENOENT;
  return FromTransport(error, socket());
}

Outcome<HttpResponse> Api::Call(const HttpRequest& request) {
  connection_failed_ = interrupted_ = false;
  auto response = client_.Call(request);
  if (!response) return tl::unexpected<Failure>(Note(response.error()));
  return std::move(*response);
}

Outcome<HttpResponse> Api::GetRaw(const std::string& target) {
  return Call({"GET", target, {}, {}});
}

Outcome<nlohmann::json> Api::Get(const std::string& target) {
  const auto response = GetRaw(target);
  if (!response) return tl::unexpected<Failure>(response.error());
  return ReadAnswer(*response, target);
}

Outcome<nlohmann::json> Api::Post(const std::string& target, const nlohmann::json& body) {
  const auto text = Serialize(body);
  if (!text) return tl::unexpected<Failure>(text.error());
  const auto response = Call({"POST", target, *text, {}});
  if (!response) return tl::unexpected<Failure>(response.error());
  return ReadAnswer(*response, target);
}

Outcome<Job> Api::GetJob(int64_t id) {
  const auto answer = Get(fmt::format("/v1/jobs/{}", id));
  if (!answer) return tl::unexpected<Failure>(answer.error());
  return ReadJob(*answer, fmt::format("job {}", id));
}

Outcome<Piece> Api::Logs(int64_t id, LogStream stream, int64_t offset) {
  return ReadPiece(fmt::format("/v1/jobs/{}/logs?stream={}&offset={}&limit={}", id,
                               ToString(stream), offset, kLogPiece),
                   fmt::format("logs of job {}", id));
}

Outcome<Piece> Api::DecisionsAt(WallTime at) {
  return ReadPiece(fmt::format("/v1/decisions?at_ms={}", at.time_since_epoch().count()),
                   "decision log");
}

Outcome<Piece> Api::DecisionsFrom(int64_t offset) {
  return ReadPiece(fmt::format("/v1/decisions?offset={}", offset), "decision log");
}

Outcome<Piece> Api::ReadPiece(const std::string& target, const std::string& of) {
  auto response = Call({"GET", target, {}, {}});
  if (!response) return tl::unexpected<Failure>(response.error());
  if (response->status != 200)
    return tl::unexpected<Failure>(FromAnswer(response->status, response->body));
  const auto next = NumberIn(response->Header("X-Headroom-Offset-Next"));
  if (!next || *next < std::ssize(response->body))
    return Refuse(ExitCode::kFailed,
                  fmt::format("{}: the daemon did not say where it goes on", of));
  return Piece{std::move(response->body), *next, response->Header("X-Headroom-Complete") == "true"};
}

Outcome<std::vector<nlohmann::json>> Api::ListJobs(const std::string& query, std::size_t limit) {
  std::vector<nlohmann::json> jobs;
  std::string after;
  while (jobs.size() < limit) {
    auto page = Get(fmt::format("/v1/jobs?limit={}{}{}{}", std::min(kPage, limit - jobs.size()),
                                query.empty() ? "" : "&", query, after));
    if (!page) return tl::unexpected<Failure>(page.error());
    const auto& found = ArrayAt(*page, "jobs");
    jobs.insert(jobs.end(), found.begin(), found.end());
    const auto next = IntAt(*page, "next_after");
    if (!next || found.empty()) break;
    after = fmt::format("&after={}", *next);
  }
  return jobs;
}

Outcome<void> Api::FollowEvents(int64_t after,
                                const std::function<Sink(const nlohmann::json& event)>& sink) {
  connection_failed_ = interrupted_ = false;
  SseParser parser;
  const auto feed = [&](std::string_view piece) {
    for (const SseEvent& event : parser.Feed(piece)) {
      const auto json = nlohmann::json::parse(event.data, nullptr, /*allow_exceptions=*/false);
      if (json.is_object() && sink(json) == Sink::kStop) return Sink::kStop;
    }
    return Sink::kContinue;
  };
  const auto response = client_.Stream(
      {"GET", fmt::format("/v1/events?after={}", after), {}, {{"Accept", "text/event-stream"}}},
      feed);
  if (!response) return tl::unexpected<Failure>(Note(response.error()));
  if (response->status != 200)
    return tl::unexpected<Failure>(FromAnswer(response->status, response->body));
  return {};
}

nlohmann::json Versioned(nlohmann::json answer) {
  answer["schema_version"] = kSchemaVersion;
  return answer;
}

}  // namespace headroom::cli
