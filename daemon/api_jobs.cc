#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/fd.h"
#include "base/name.h"
#include "daemon/api_call.h"
#include "daemon/host_json.h"
#include "daemon/job_json.h"
#include "daemon/plan_json.h"
#include "daemon/submission_json.h"

// The endpoints about jobs.
namespace headroom {
namespace {

constexpr int64_t kMostJobsOfPage = 1000;
constexpr int64_t kJobsOfPage = 100;
constexpr int64_t kLogBytes = 1 << 20;  // of one answer

FindUser UserFinder(ApiContext& api) {
  return [&callers = api.callers](const std::string& name) { return callers.FindUser(name); };
}

Answer JobAnswer(const Result<JobView>& job, int status = 200) {
  if (!job) return tl::unexpected(FromError(job.error()));
  return JsonResponse(JobToJson(*job), status);
}

ApiResult<JobQuery> ReadJobQuery(ApiContext& api, const ApiCall& call) {
  ParameterReader reader(call.target);
  JobQuery query;
  if (const auto state = reader.Text("state")) {
    query.state = ParseJobState(*state);
    if (!query.state) {
      reader.Complain("state", "expected waiting, starting, running, stopping or finished");
    }
  }
  query.source = reader.Text("source").value_or("");
  if (const auto user = reader.Text("user")) {
    if (!call.caller.admin && *user != call.caller.user) {
      return Refuse(403, "only an administrator may list jobs of other users");
    }
    const auto found = api.callers.FindUser(*user);
    if (found) query.uid = found->uid;
    if (!found) reader.Complain("user", found.error().message);
  }
  query.after = JobId{reader.Integer("after", 0, INT64_MAX).value_or(0)};
  query.limit =
      static_cast<std::size_t>(reader.Integer("limit", 1, kMostJobsOfPage).value_or(kJobsOfPage));
  query.newest_first = reader.Choice("order", {"oldest", "newest"}) == "newest";
  if (auto problems = reader.Finish(); !problems.empty())
    return RefuseFor(400, std::move(problems));
  return query;
}

std::string WhyText(const JobView& job) {
  const JobRecord& record = job.record;
  switch (record.state) {
    case JobState::kWaiting:
      return job.explanation.empty() ? "waits: not decided yet" : job.explanation;
    case JobState::kStarting:
    case JobState::kRunning:
    case JobState::kStopping:
      return ToString(record.state);
    case JobState::kFinished:
      break;
  }
  const std::string outcome = record.outcome ? ToString(*record.outcome) : "";
  return record.message.empty() ? "finished: " + outcome
                                : fmt::format("finished: {}: {}", outcome, record.message);
}

OrderedJson HeadToJson(const std::optional<HeadReservation>& head, TimePoint now) {
  if (!head) return nullptr;
  OrderedJson starts_by = nullptr;
  if (head->starts_by) starts_by = Seconds(*head->starts_by - now);
  return {{"id", head->job.value},
          {"starts_by_seconds", starts_by},
          {"spare", AmountsToJson(head->spare)}};
}

ApiResult<bool> ReadDryRun(const ApiCall& call) {
  ParameterReader reader(call.target);
  const bool dry_run = reader.Choice("dry_run", {"false", "true"}) == "true";
  if (auto problems = reader.Finish(); !problems.empty())
    return RefuseFor(400, std::move(problems));
  return dry_run;
}

Answer DryRun(ApiContext& api, const ApiCall& call, JobSubmission submission) {
  const auto trial = api.service.Try(call.caller, std::move(submission));
  if (!trial) return tl::unexpected(FromError(trial.error()));
  return JsonResponse(TrialToJson(*trial));
}

struct LogRequest {
  bool want_stderr = false;
  int64_t offset = 0;
  std::size_t limit = 0;
};

ApiResult<LogRequest> ReadLogRequest(const ApiCall& call) {
  ParameterReader reader(call.target);
  LogRequest log;
  log.want_stderr = reader.Choice("stream", {"stdout", "stderr"}) == "stderr";
  log.offset = reader.Integer("offset", 0, INT64_MAX / 2).value_or(0);
  log.limit = static_cast<std::size_t>(reader.Integer("limit", 1, kLogBytes).value_or(kLogBytes));
  if (auto problems = reader.Finish(); !problems.empty())
    return RefuseFor(400, std::move(problems));
  return log;
}

// A piece of an output: what is before `offset` is passed over first.
struct Piece {
  int64_t offset = 0;
  std::size_t limit = 0;
  std::string bytes;

  bool IsFull() const { return bytes.size() == limit; }
};

// Adds what the file has of it; nothing if it is not there (yet).
Status AddFrom(const std::string& path, Piece& piece) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd && errno == ENOENT) return {};
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) return FailErrno(errno, "read the job's output");
  if (!S_ISREG(info.st_mode)) return Fail(ErrorCode::kIo, "the job's output is not a file");
  int64_t at = std::min<int64_t>(piece.offset, info.st_size);
  piece.offset -= at;
  std::size_t filled = piece.bytes.size();
  piece.bytes.resize(std::min(piece.limit, filled + static_cast<std::size_t>(info.st_size - at)));
  while (filled < piece.bytes.size()) {
    const ssize_t n =
        ::pread(fd.get(), piece.bytes.data() + filled, piece.bytes.size() - filled, at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailErrno(errno, "read the job's output");
    if (n == 0) break;
    filled += static_cast<std::size_t>(n);
    at += n;
  }
  piece.bytes.resize(filled);
  return {};
}

// The output of a job that was tried again is that of its attempts, one after the other, so that
// who follows it reads on.
Result<std::string> ReadOutput(const std::vector<std::string>& paths, const LogRequest& log) {
  Piece piece{log.offset, log.limit, {}};
  for (const std::string& path : paths) {
    if (Status added = AddFrom(path, piece); !added) return tl::unexpected(added.error());
    if (piece.IsFull()) break;
  }
  return std::move(piece.bytes);
}

}  // namespace

void SubmitJob(ApiContext& api, ApiCall call) {
  const auto dry_run = ReadDryRun(call);
  if (!dry_run) return call.Respond(tl::unexpected(dry_run.error()));
  const FindUser find_user = UserFinder(api);
  auto submission = JsonBodyOf(call).and_then([&](const nlohmann::json& body) {
    return ReadSubmission(body, {call.caller, find_user});
  });
  if (!submission) return call.Respond(tl::unexpected(submission.error()));
  call.request.body.clear();
  if (*dry_run) return call.Respond(DryRun(api, call, *std::move(submission)));
  const Caller caller = call.caller;
  api.service.Submit(caller, *std::move(submission),
                     [call = std::move(call)](const Result<JobView>& job, bool created) {
                       call.Respond(JobAnswer(job, created ? 201 : 200));
                     });
}

void SyncSource(ApiContext& api, ApiCall call) {
  const std::string source = call.arguments.front();
  if (const Status checked = CheckName("source", source); !checked) {
    return call.Respond(Refuse(400, checked.error().message));
  }
  const FindUser find_user = UserFinder(api);
  auto wanted = JsonBodyOf(call).and_then([&](const nlohmann::json& body) {
    return ReadWantedJobs(body, source, {call.caller, find_user});
  });
  if (!wanted) return call.Respond(tl::unexpected(wanted.error()));
  call.request.body.clear();
  const Caller caller = call.caller;
  api.service.Sync(caller, source, *std::move(wanted),
                   [call = std::move(call)](const Result<SyncResult>& synced) {
                     if (!synced) return call.Respond(tl::unexpected(FromError(synced.error())));
                     OrderedJson withdrawn = OrderedJson::array();
                     for (const JobId id : synced->withdrawn) withdrawn.push_back(id.value);
                     call.Respond(JsonResponse({{"jobs", JobsToJson(synced->jobs, call.caller)},
                                                {"withdrawn", withdrawn}}));
                   });
}

void CancelJob(ApiContext& api, ApiCall call) {
  const auto id = JobIdOf(call);
  if (!id) return call.Respond(tl::unexpected(id.error()));
  const Caller caller = call.caller;
  api.service.Cancel(caller, *id, [call = std::move(call)](const Result<JobView>& job) {
    call.Respond(JobAnswer(job));
  });
}

Answer ListJobs(ApiContext& api, const ApiCall& call) {
  auto query = ReadJobQuery(api, call);
  if (!query) return tl::unexpected(query.error());
  const std::size_t limit = query->limit++;  // one more tells whether there are more
  auto jobs = api.service.List(call.caller, *query);
  if (!jobs) return tl::unexpected(FromError(jobs.error()));
  OrderedJson next_after = nullptr;
  if (jobs->size() > limit) {
    jobs->resize(limit);
    next_after = jobs->back().record.id.value;
  }
  return JsonResponse({{"jobs", JobsToJson(*jobs, call.caller)}, {"next_after", next_after}});
}

Answer ShowJob(ApiContext& api, const ApiCall& call) {
  const auto id = JobIdOf(call);
  if (!id) return tl::unexpected(id.error());
  return JobAnswer(api.service.Show(call.caller, *id));
}

Answer ExplainJob(ApiContext& api, const ApiCall& call) {
  const auto id = JobIdOf(call);
  if (!id) return tl::unexpected(id.error());
  const auto why = api.service.Why(call.caller, *id);
  if (!why) return tl::unexpected(FromError(why.error()));
  const TimePoint now = api.clock.Now();
  const bool waits = why->job.record.state == JobState::kWaiting;
  OrderedJson ahead = OrderedJson::array();
  for (const JobId job : why->ahead) ahead.push_back(job.value);
  return JsonResponse({{"job", JobToJson(why->job)},
                       {"text", WhyText(why->job)},
                       {"holders", HoldersToJson(why->holders)},
                       {"needs", NeedsToJson(why->needs)},
                       {"start", waits ? StartToJson(why->planned) : OrderedJson(nullptr)},
                       {"would_start", ChangesToJson(why->changes)},
                       {"ahead", ahead},
                       {"head", HeadToJson(why->head, now)},
                       {"gate", GateToJson(why->gate, now)},
                       {"lines", LinesToJson(why->account, why->observed, api.service.policy())}});
}

Answer ReadLog(ApiContext& api, const ApiCall& call) {
  const auto id = JobIdOf(call);
  if (!id) return tl::unexpected(id.error());
  const auto log = ReadLogRequest(call);
  if (!log) return tl::unexpected(log.error());
  // Asked before the file is read: what a finished job wrote is all there.
  const auto job = api.service.Show(call.caller, *id);
  if (!job) return tl::unexpected(FromError(job.error()));
  std::string bytes;
  if (job->record.attempt > 0) {
    auto part = api.service.LogPaths(call.caller, *id, log->want_stderr)
                    .and_then([&](const std::vector<std::string>& paths) {
                      return ReadOutput(paths, *log);
                    });
    if (!part) return tl::unexpected(FromError(part.error()));
    bytes = *std::move(part);
  }
  const bool complete = job->record.state == JobState::kFinished && bytes.size() < log->limit;
  const int64_t next = log->offset + static_cast<int64_t>(bytes.size());
  return HttpResponse{200,
                      "application/octet-stream",
                      {{"X-Headroom-Offset-Next", std::to_string(next)},
                       {"X-Headroom-Complete", complete ? "true" : "false"}},
                      std::move(bytes)};
}

}  // namespace headroom
