#pragma once

#include <memory>
#include <string>

#include "base/units.h"
#include "daemon/control_loop.h"
#include "daemon/job_book.h"
#include "daemon/local_service.h"
#include "daemon/metrics.h"
#include "daemon/store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_collector.h"
#include "tests/support/fake_executor.h"
#include "tests/support/temp_dir.h"

// A daemon without its sockets: a real store and the real loop over a fake host. Crash() is kill
// -9: what was not committed is gone, what runs goes on; the next use is a new daemon on the same
// state.
namespace headroom {

class ADaemon {
 public:
  explicit ADaemon(Policy policy = {}) : collector(clock), policy_(std::move(policy)) { Start(); }

  FakeClock clock;
  FakeCollector collector;
  FakeExecutor executor;

  JobBook& book() { return *book_; }
  Store& store() { return *store_; }
  ControlLoop& loop() { return *loop_; }
  // Commits and cycles are the test's to call, where the daemon's event loop would.
  LocalService& service() { return *service_; }
  std::string policy_path() const { return dir_ / "policy.json"; }

  JobId Submit(int64_t memory_bytes, int32_t priority = 0) {
    JobSubmission submission;
    submission.command = {"/bin/true"};
    submission.request.memory_bytes = memory_bytes;
    submission.request.cpu_millis = 10;
    submission.request.pids = 1;
    submission.priority = priority;
    return Submit(std::move(submission));
  }
  JobId Submit(JobSubmission submission) {
    const JobId id = book_->Add(std::move(submission)).value().id;
    if (!book_->Commit()) std::abort();
    return id;
  }

  // A cycle one second later. The first one of a daemon knows no CPU use yet, so nothing starts in
  // it.
  void Tick(Duration later = std::chrono::seconds(1)) {
    clock.Advance(later);
    loop_->Tick();
    if (book_->HasUncommitted() && !book_->Commit()) return;
  }

  void Crash() {
    service_.reset();
    loop_.reset();
    watch_.reset();
    book_.reset();
    store_.reset();
    Start();
  }

  JobRecord Job(JobId id) { return store_->Find(id).value().value(); }
  AttemptId Attempt(JobId id) { return {id, Job(id).attempt}; }

 private:
  void Start() {
    store_ = Store::Open(dir_ / "headroom.db").value();
    book_ = std::make_unique<JobBook>(*store_, clock, "this-boot");
    if (!book_->Load()) std::abort();
    watch_ = std::make_unique<HostWatch>(collector, std::chrono::seconds(5));
    loop_ = std::make_unique<ControlLoop>(LoopParts{clock, *book_, *watch_, executor, metrics_},
                                          policy_);
    if (!loop_->Recover()) std::abort();
    service_ = std::make_unique<LocalService>(ServiceOptions{policy_path(), dir_.path()}, *loop_,
                                              *book_, executor, metrics_, clock,
                                              LocalService::Hooks{[] {}, [] {}, [] {}});
    loop_->OnCycle([this] { service_->Publish(); });
    Tick();
  }

  TempDir dir_;
  Policy policy_;
  Metrics metrics_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<JobBook> book_;
  std::unique_ptr<HostWatch> watch_;
  std::unique_ptr<ControlLoop> loop_;
  std::unique_ptr<LocalService> service_;
};

}  // namespace headroom
