// headroomd. Puts the parts together; every rule lives elsewhere.

// Boost 1.74's awaitable.hpp uses std::exchange without including this.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "admission/json/policy_json.h"
#include "base/cgroup_layout.h"
#include "base/version.h"
#include "collectors/collector.h"
#include "collectors/psi_trigger.h"
#include "daemon/api.h"
#include "daemon/callers.h"
#include "daemon/control_loop.h"
#include "daemon/event_loop.h"
#include "daemon/host_watch.h"
#include "daemon/http_server.h"
#include "daemon/job_book.h"
#include "daemon/listen_socket.h"
#include "daemon/local_service.h"
#include "daemon/metrics.h"
#include "daemon/options.h"
#include "daemon/policy_use.h"
#include "daemon/salvage.h"
#include "daemon/state_dir.h"
#include "daemon/store.h"
#include "executor/boot_marker.h"
#include "executor/native_executor.h"

namespace headroom {
namespace {

// As documented in --help; 78 is EX_CONFIG of sysexits.h.
enum ExitCode {
  kStopped = 0,
  kFailed = 1,
  kBadInput = 2,
  kAnotherDaemon = 3,
  kBadState = 4,
  kCannotEnforce = 78
};

// CPU use is an average over this much of the past.
constexpr Duration kCpuWindow = std::chrono::seconds(5);

int Refuse(ExitCode code, const std::string& why) {
  std::fprintf(stderr, "headroomd: %s\n", why.c_str());
  return code;
}

bool IsFullDisk(const Error& error) {
  return error.code == ErrorCode::kExhausted &&
         (error.os_error == 0 || error.os_error == ENOSPC || error.os_error == EDQUOT);
}

// Of the file itself, so that salvaging it may help; EIO is a sector that cannot be read.
bool IsDamage(const Error& error) {
  return error.code == ErrorCode::kCorrupt || error.os_error == EIO;
}

// What another daemon or a full disk keeps us from is nothing wrong with the state or the host, and
// passes; `otherwise` does not.
int Refuse(ExitCode otherwise, const Error& error, const std::string& state_dir) {
  if (error.code == ErrorCode::kConflict) return Refuse(kAnotherDaemon, error.message);
  if (!IsFullDisk(error)) return Refuse(otherwise, error.message);
  return Refuse(kFailed, "the disk of " + state_dir + " is full: " + error.message +
                             ". Nothing is lost, and jobs that run go on; make room there (df " +
                             state_dir + "), then start again");
}

std::variant<Policy, std::vector<PolicyProblem>> StartingPolicy(const Options& options) {
  if (!options.policy_was_named && ::access(options.policy.c_str(), F_OK) != 0) return Policy{};
  return LoadPolicy(options.policy);
}

std::string Listed(const std::string& path, const std::vector<PolicyProblem>& problems) {
  std::string text = "the policy is not usable";
  for (const PolicyProblem& problem : problems) {
    text += "\n  " + path + ": " + Located(problem);
  }
  return text;
}

// With the port that was taken where any was asked for.
std::string ListenedOn(const std::string& asked, int fd) {
  const auto port = LocalPort(fd);
  return port ? asked.substr(0, asked.rfind(':') + 1) + std::to_string(*port) : asked;
}

void LogToStderr(const std::string& level) {
  auto logger = spdlog::stderr_logger_st("headroomd");
  logger->set_level(spdlog::level::from_str(level));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

// The parts, in the order in which they are made; they go in the other.
class Headroomd {
 public:
  Headroomd(Options options, Policy policy)
      : options_(std::move(options)), policy_(std::move(policy)) {}

  int Run() {
    for (const auto step :
         {&Headroomd::TakeState, &Headroomd::TakeHost, &Headroomd::Recover, &Headroomd::Serve}) {
      if (const int refused = (this->*step)(); refused != kStopped) return refused;
    }
    spdlog::info("headroomd {} is ready on {}", kVersion, options_.socket);
    events_->Run();
    return Stop();
  }

 private:
  int TakeState() {
    auto lock = LockStateDir(options_.state_dir);
    if (!lock) return Refuse(kBadState, lock.error(), options_.state_dir);
    lock_ = *std::move(lock);
    const auto finished = FinishSalvage(options_.state_dir);
    if (!finished) return Refuse(kBadState, finished.error(), options_.state_dir);
    if (*finished) spdlog::warn("finished a --recover that was interrupted");
    auto store = OpenStore();
    if (options_.recover && store) spdlog::info("--recover: nothing is wrong with the state file");
    if (options_.recover && !store && IsDamage(store.error())) store = RecoverStore(store.error());
    if (!store) return Refuse(kBadState, store.error(), options_.state_dir);
    store_ = *std::move(store);
    return kStopped;
  }

  Result<std::unique_ptr<Store>> OpenStore() {
    if (Status whole = CheckStateIsWhole(options_.state_dir); !whole)
      return tl::unexpected(whole.error());
    auto store = Store::Open(options_.state_dir + "/" + kDatabaseName);
    if (!store || !options_.recover) return store;
    if (Status readable = CheckEveryJob(**store); !readable)
      return tl::unexpected(readable.error());
    return store;
  }

  Result<std::unique_ptr<Store>> RecoverStore(const Error& damage) {
    spdlog::warn("--recover: {}", damage.message);
    const auto salvaged = SalvageState(options_.state_dir, clock_);
    if (!salvaged) return tl::unexpected(salvaged.error());
    for (const std::string& line : *salvaged) spdlog::warn("--recover: {}", line);
    return OpenStore();
  }

  int TakeHost() {
    auto mounts = FindCgroupMounts();
    if (!mounts) return Refuse(kCannotEnforce, mounts.error().message);
    layout_ = {*std::move(mounts), options_.cgroup_root, "/proc"};
    if (::access(options_.shim.c_str(), X_OK) != 0) {
      return Refuse(kBadInput, "--shim " + options_.shim + ": " + std::strerror(errno));
    }
    auto executor = MakeNativeExecutor({layout_, options_.state_dir, options_.shim, {}}, clock_);
    if (!executor) return Refuse(kCannotEnforce, executor.error(), options_.state_dir);
    executor_ = *std::move(executor);
    collector_ = MakeCollector(layout_, clock_);
    watch_ = std::make_unique<HostWatch>(*collector_, kCpuWindow);
    return kStopped;
  }

  int Recover() {
    auto boot = ReadBootId("/proc");
    if (!boot) return Refuse(kFailed, boot.error().message);
    book_ = std::make_unique<JobBook>(*store_, clock_, *std::move(boot));
    if (Status loaded = book_->Load(); !loaded) {
      return Refuse(kBadState, loaded.error().message +
                                   "; start once with --recover to salvage what can be read");
    }
    loop_ = std::make_unique<ControlLoop>(LoopParts{clock_, *book_, *watch_, *executor_, metrics_},
                                          policy_);
    events_ = std::make_unique<EventLoop>(io_, MakeCallbacks());
    service_ = std::make_unique<LocalService>(
        ServiceOptions{options_.policy, options_.state_dir}, *loop_, *book_, *executor_, metrics_,
        clock_,
        LocalService::Hooks{[this] { events_->CycleSoon(); }, [this] { events_->CommitSoon(); },
                            [this] { UsePolicy(); }});
    service_->UseShadow();
    UsePolicy();
    metrics_.PolicyReloaded(true, clock_.WallNow());
    loop_->OnCycle([this] { service_->Publish(); });
    static_cast<void>(book_->Note("daemon_started", std::nullopt, "{}"));
    if (Status recovered = loop_->Recover(); !recovered)
      return Refuse(kBadState, recovered.error(), options_.state_dir);
    events_->Watch(executor_->WaitFd());
    return kStopped;
  }

  int Serve() {
    ApiOptions api;
    api.on_answered = [this](int status) { metrics_.HttpRequest(status); };
    if (options_.listen) {
      auto token = LoadOrMakeToken(options_.token_file);
      if (!token) return Refuse(kBadInput, "--token-file: " + token.error().message);
      api.token = *std::move(token);
    }
    api_ = std::make_unique<Api>(*service_, clock_, std::move(api));
    server_ = std::make_unique<HttpServer>(io_, *api_);
    auto unix_socket = ListenUnix(options_.socket);
    if (!unix_socket) {
      const bool taken = unix_socket.error().code == ErrorCode::kConflict;
      return Refuse(taken ? kAnotherDaemon : kBadInput, unix_socket.error().message);
    }
    server_->Listen(*std::move(unix_socket), Transport::kUnix);
    if (!options_.listen) return kStopped;
    auto tcp_socket = ListenLoopback(*options_.listen);
    if (!tcp_socket) return Refuse(kBadInput, "--listen: " + tcp_socket.error().message);
    spdlog::info("also listening on {}", ListenedOn(*options_.listen, tcp_socket->get()));
    server_->Listen(*std::move(tcp_socket), Transport::kTcp);
    return kStopped;
  }

  // What a policy changes outside the loop: the pool's caps, and what the kernel wakes us for.
  void UsePolicy() {
    const Policy& policy = loop_->policy();
    const PoolCaps caps = PoolCapsOf(policy.pool, collector_->Measure(), "/" + layout_.Pool());
    const Status capped = executor_->SetPoolCaps(caps);
    if (capped)
      metrics_.PoolCapped(caps);
    else
      spdlog::error("the policy's pool caps are not in force: {}", capped.error().message);
    if (loop_->triggers() != nullptr) events_->Unwatch(loop_->triggers()->WaitFd());
    loop_->SetTriggers(ArmPressureTriggers(layout_, policy.gate));
    if (loop_->triggers()->WaitFd() >= 0) events_->Watch(loop_->triggers()->WaitFd());
  }

  EventLoop::Callbacks MakeCallbacks() {
    return {[this] {
              loop_->Tick();
              Commit();
            },
            [this] { Commit(); },
            [this] {
              static_cast<void>(service_->ReloadPolicy(Caller{0, "root", true}));
            },
            [this] { return loop_->policy().tick; }};
  }

  void Commit() {
    if (book_->HasUncommitted() && book_->Commit()) service_->EventsCommitted();
  }

  // Jobs go on without us; the next daemon adopts them.
  int Stop() {
    server_->Stop();
    ::unlink(options_.socket.c_str());
    loop_->Stop();
    static_cast<void>(book_->Note("daemon_stopped", std::nullopt, "{}"));
    Commit();
    spdlog::info("stopped; {} jobs go on", executor_->Live().size());
    return kStopped;
  }

  Options options_;
  Policy policy_;
  SystemClock clock_;
  boost::asio::io_context io_{1};
  UniqueFd lock_;
  CgroupLayout layout_;
  Metrics metrics_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<NativeExecutor> executor_;
  std::unique_ptr<Collector> collector_;
  std::unique_ptr<HostWatch> watch_;
  std::unique_ptr<JobBook> book_;
  std::unique_ptr<ControlLoop> loop_;
  std::unique_ptr<EventLoop> events_;
  std::unique_ptr<LocalService> service_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<HttpServer> server_;
};

int Main(int argc, char** argv) {
  auto parsed = ParseOptions(argc, argv);
  if (const auto* instead = std::get_if<Instead>(&parsed)) {
    std::fputs(instead->text.c_str(), instead->exit_code == 0 ? stdout : stderr);
    return instead->exit_code;
  }
  const Options& options = std::get<Options>(parsed);
  auto policy = StartingPolicy(options);
  if (const auto* problems = std::get_if<std::vector<PolicyProblem>>(&policy)) {
    return Refuse(kBadInput, Listed(options.policy, *problems));
  }
  std::signal(SIGPIPE, SIG_IGN);  // a log pipe that closed must not end the daemon (F57)
  LogToStderr(options.log_level);
  return Headroomd(options, std::get<Policy>(std::move(policy))).Run();
}

}  // namespace
}  // namespace headroom

int main(int argc, char** argv) { return headroom::Main(argc, argv); }
