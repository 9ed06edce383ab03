#include "daemon/submission_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "base/name.h"
#include "base/units.h"
#include "daemon/object_reader.h"

namespace headroom {
namespace {

using nlohmann::json;

constexpr int64_t kMostMemory = int64_t{1} << 50;
constexpr int64_t kMostCpuMillis = 10'000'000;
constexpr int64_t kLeastCpuLimitMillis = 10;  // cpu.max takes no quota below 1 ms of 100 ms
constexpr int64_t kMostPids = 4'194'304;      // PID_MAX_LIMIT, proc(5)
constexpr int64_t kMostTokens = 1'000'000;
constexpr std::size_t kMostTokenKinds = 16;
constexpr std::size_t kMostPathBytes = 4095;  // PATH_MAX less its NUL
constexpr Duration kMostDuration = std::chrono::hours(24 * 365);

struct Bounds {
  int64_t least = 0;
  int64_t most = 0;
};

// "2GiB", or a number of bytes.
std::optional<int64_t> ReadBytes(ObjectReader& reader, const std::string& key, Bounds bounds) {
  const json* value = reader.Find(key);
  if (value == nullptr) return std::nullopt;
  auto bytes = IntegerWithin(*value, bounds.least, bounds.most);
  if (value->is_string()) {
    const auto parsed = ParseBytes(value->get_ref<const std::string&>());
    if (parsed && *parsed >= bounds.least && *parsed <= bounds.most) bytes = *parsed;
  }
  if (!bytes) {
    reader.Complain(key, fmt::format("expected a size like \"512MiB\" or a whole number of bytes, "
                                     "from {} to {}",
                                     FormatBytes(bounds.least), FormatBytes(bounds.most)));
  }
  return bytes;
}

// "500m", "1.5", or a number of cores.
std::optional<int64_t> ReadCpu(ObjectReader& reader, const std::string& key, Bounds bounds) {
  const json* value = reader.Find(key);
  if (value == nullptr) return std::nullopt;
  std::optional<int64_t> millis;
  if (value->is_number()) {
    const double cores = value->get<double>();
    if (cores >= 0 && cores * 1000 <= static_cast<double>(bounds.most)) {
      millis = std::llround(cores * 1000);
    }
  } else if (value->is_string()) {
    if (const auto parsed = ParseCpuMillis(value->get_ref<const std::string&>())) millis = *parsed;
  }
  if (millis && *millis >= bounds.least && *millis <= bounds.most) return millis;
  reader.Complain(key, fmt::format("expected cores like 2, 0.5 or \"500m\", from {}m to {}m",
                                   bounds.least, bounds.most));
  return std::nullopt;
}

std::optional<Duration> ReadDuration(ObjectReader& reader, const std::string& key) {
  const auto text = reader.Text(key);
  if (!text) return std::nullopt;
  const auto duration = ParseDuration(*text);
  if (duration && *duration > Duration::zero() && *duration <= kMostDuration) return *duration;
  reader.Complain(key, "expected a duration like \"30s\", \"5m\" or \"2h\", up to 365d");
  return std::nullopt;
}

// A name under the one rule of base/name.h; empty if it is not given.
std::string ReadName(ObjectReader& reader, const std::string& key) {
  const auto name = reader.Text(key);
  if (!name) return {};
  if (const Status checked = CheckName(*name); !checked) {
    reader.Complain(key, checked.error().message);
  }
  return *name;
}

std::string ReadPath(ObjectReader& reader, const std::string& key) {
  const auto path = reader.Text(key);
  if (!path) return {};
  if (!path->starts_with('/') || path->size() > kMostPathBytes) {
    reader.Complain(key,
                    fmt::format("expected an absolute path of at most {} bytes", kMostPathBytes));
  }
  return *path;
}

std::vector<std::string> ReadCommand(ObjectReader& reader) {
  std::vector<std::string> command;
  const json* value = reader.Find("command");
  if (value == nullptr || !value->is_array() || value->empty()) {
    reader.Complain("command", "expected a program and its arguments, as a list of strings");
    return command;
  }
  for (const json& argument : *value) {
    const std::string* text = argument.get_ptr<const std::string*>();
    if (text == nullptr || text->find('\0') != std::string::npos) {
      reader.Complain("command",
                      fmt::format("argument {}: expected a string without NUL", command.size()));
      return command;
    }
    command.push_back(*text);
  }
  if (command.front().empty()) reader.Complain("command", "the program's name is empty");
  return command;
}

bool IsVariableName(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
         std::ranges::all_of(name, allowed);
}

// Its values are secrets: no message repeats one.
std::map<std::string, std::string> ReadEnvironment(ObjectReader& reader) {
  std::map<std::string, std::string> environment;
  const json* value = reader.Find("environment");
  if (value == nullptr) return environment;
  ObjectReader variables(*value, reader.PointerTo("environment"), reader.problems());
  if (!value->is_object()) return environment;
  for (const auto& [name, unused] : value->items()) {
    if (!IsVariableName(name)) {
      variables.Complain(name, "expected a name of letters, digits and _, no digit first");
      continue;
    }
    if (auto text = variables.Text(name)) environment.emplace(name, *std::move(text));
  }
  return environment;
}

std::vector<TokenAmount> ReadTokens(ObjectReader& request) {
  std::vector<TokenAmount> tokens;
  const json* value = request.Find("tokens");
  if (value == nullptr) return tokens;
  ObjectReader counts(*value, request.PointerTo("tokens"), request.problems());
  if (!value->is_object()) return tokens;
  if (value->size() > kMostTokenKinds) {
    request.Complain("tokens", fmt::format("more than {} kinds", kMostTokenKinds));
    return tokens;
  }
  for (const auto& [name, unused] : value->items()) {  // in order of names
    if (const Status checked = CheckName(name); !checked) {
      counts.Complain(name, checked.error().message);
    }
    if (const auto count = counts.Integer(name, 1, kMostTokens)) tokens.push_back({name, *count});
  }
  return tokens;
}

DeclaredRequest ReadRequest(ObjectReader& reader) {
  DeclaredRequest request;
  const json* value = reader.Find("request");
  if (value == nullptr) return request;
  ObjectReader amounts(*value, reader.PointerTo("request"), reader.problems());
  request.memory_bytes = ReadBytes(amounts, "memory", {1, kMostMemory});
  request.cpu_millis = ReadCpu(amounts, "cpu", {1, kMostCpuMillis});
  request.pids = amounts.Integer("pids", 1, kMostPids);
  request.tokens = ReadTokens(amounts);
  amounts.Finish();
  return request;
}

void ReadLimits(ObjectReader& reader, JobSubmission& job) {
  const json* value = reader.Find("limits");
  if (value == nullptr) return;
  ObjectReader limits(*value, reader.PointerTo("limits"), reader.problems());
  job.memory_max_bytes = ReadBytes(limits, "memory", {kLeastMemoryLimit, kMostMemory});
  job.cpu_max_millis = ReadCpu(limits, "cpu", {kLeastCpuLimitMillis, kMostCpuMillis});
  job.pids_max = limits.Integer("pids", 1, kMostPids);
  limits.Finish();
}

// Asking for more than its own limit allows is a slip: it would be waited for and never be used.
void CompareWithLimits(ObjectReader& reader, const JobSubmission& job) {
  const json* value = reader.Find("request");
  if (value == nullptr || !value->is_object()) return;
  ObjectReader request(*value, reader.PointerTo("request"), reader.problems());
  const auto compare = [&](const char* key, const std::optional<int64_t>& asked,
                           const std::optional<int64_t>& limit) {
    if (asked && limit && *asked > *limit) request.Complain(key, "more than the job's own limit");
  };
  compare("memory", job.request.memory_bytes, job.memory_max_bytes);
  compare("cpu", job.request.cpu_millis, job.cpu_max_millis);
  compare("pids", job.request.pids, job.pids_max);
}

void CheckSize(ObjectReader& reader, const JobSubmission& job) {
  std::size_t bytes = 0;
  for (const std::string& argument : job.command) bytes += argument.size() + 1;
  for (const auto& [name, value] : job.environment) bytes += name.size() + value.size() + 2;
  if (bytes > kMostArgumentBytes) {
    reader.Complain("command", fmt::format("with its environment it has {} bytes; at most {}",
                                           bytes, kMostArgumentBytes));
  }
}

// What all jobs have in common. `forbidden` is set, and no problem added, if the named user is not
// for this caller.
class JobReader {
 public:
  explicit JobReader(const Submitter& submitter) : submitter_(submitter) {}

  JobSubmission Read(ObjectReader& reader) {
    JobSubmission job;
    job.command = ReadCommand(reader);
    job.environment = ReadEnvironment(reader);
    if (auto path = ReadPath(reader, "working_directory"); !path.empty()) {
      job.working_directory = std::move(path);
    }
    job.stdin_path = ReadPath(reader, "stdin");
    ReadUser(reader, job);
    job.name = ReadName(reader, "name");
    job.tenant = ReadName(reader, "tenant");
    if (job.tenant.empty()) job.tenant = job.user;
    job.key = ReadName(reader, "key");
    if (job.key.empty()) job.key = job.name;
    job.priority = ReadPriority(reader);
    job.request = ReadRequest(reader);
    ReadLimits(reader, job);
    job.duration = ReadDuration(reader, "duration");
    CompareWithLimits(reader, job);
    CheckSize(reader, job);
    return job;
  }
  const std::optional<std::string>& forbidden() const { return forbidden_; }

 private:
  int32_t ReadPriority(ObjectReader& reader) {
    const auto priority = reader.Integer("priority", -kMostPriority, kMostPriority).value_or(0);
    if (priority > 0 && !submitter_.caller.admin) {
      reader.Complain("priority", "above 0 is for administrators");
    }
    return static_cast<int32_t>(priority);
  }

  void ReadUser(ObjectReader& reader, JobSubmission& job) {
    const Caller& caller = submitter_.caller;
    job.uid = caller.uid;
    job.user = caller.user;
    const auto name = reader.Text("user");
    if (!name && caller.user.empty()) {
      reader.Complain("user", fmt::format("uid {} has no name on this host", caller.uid));
    }
    if (!name || *name == caller.user) return;
    // Said before looking: whether a name exists is nobody else's business.
    if (!caller.admin) return Forbid("only an administrator may run jobs as another user");
    const auto user = submitter_.find_user(*name);
    if (!user) return reader.Complain("user", user.error().message);
    if (user->uid == 0 && caller.uid != 0) return Forbid("only root may run jobs as root");
    job.uid = user->uid;
    job.user = user->name;
  }

  void Forbid(std::string why) { forbidden_ = std::move(why); }

  const Submitter& submitter_;
  std::optional<std::string> forbidden_;
};

template <class T>
ApiResult<T> Judge(std::vector<RequestProblem> problems, const JobReader& jobs, T value) {
  if (jobs.forbidden()) return Refuse(403, *jobs.forbidden());
  if (!problems.empty()) return RefuseFor(422, std::move(problems));
  return value;
}

}  // namespace

ApiResult<JobSubmission> ReadSubmission(const json& body, const Submitter& submitter) {
  std::vector<RequestProblem> problems;
  ObjectReader reader(body, "", problems);
  JobReader jobs(submitter);
  JobSubmission job = jobs.Read(reader);
  job.idempotency_key = ReadName(reader, "idempotency_key");
  reader.Finish();
  return Judge(std::move(problems), jobs, std::move(job));
}

ApiResult<std::vector<WantedJob>> ReadWantedJobs(const json& body, const std::string& source,
                                                 const Submitter& submitter) {
  std::vector<RequestProblem> problems;
  ObjectReader list(body, "", problems);
  JobReader jobs(submitter);
  std::vector<WantedJob> wanted;
  const json* items = list.Find("jobs");
  list.Finish();
  if (items == nullptr || !items->is_array() || items->size() > kMostJobsOfSource) {
    list.Complain("jobs", fmt::format("expected a list of at most {} jobs", kMostJobsOfSource));
    return RefuseFor(422, std::move(problems));
  }
  std::set<std::string> seen;
  for (const json& item : *items) {
    ObjectReader reader(item, fmt::format("/jobs/{}", wanted.size()), problems);
    JobSubmission job = jobs.Read(reader);
    job.source = source;
    job.external_id = ReadName(reader, "external_id");
    if (job.external_id.empty()) {
      reader.Complain("external_id", "needed: the name by which the source knows the job");
    } else if (!seen.insert(job.external_id).second) {
      reader.Complain("external_id", "another job of the list has the same");
    }
    reader.Finish();
    wanted.push_back({std::move(job)});
  }
  return Judge(std::move(problems), jobs, std::move(wanted));
}

}  // namespace headroom
