// What a durable submission costs against the disk's own floor: insert and commit, beside one
// pwrite(2) and fdatasync(2) of as many bytes, taken in turns so that both see the same disk. The
// floor writes in a circle over a file of the log's size that is already there, as the log does.
//
//   store_bench [DIRECTORY]     default: the directory for temporary files; must be a real disk
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/fd.h"
#include "bench/pairs.h"
#include "daemon/store.h"

namespace headroom {
namespace {

constexpr std::size_t kLogBytes = 4'000'000;  // just under where the store folds its log

[[noreturn]] void Die(const std::string& message) {
  fmt::print(stderr, "store_bench: {}\n", message);
  std::exit(1);
}

class Floor {
 public:
  explicit Floor(const std::string& path)
      : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)),
        bytes_(kLogBytes, 'x') {
    Write(kLogBytes);
  }

  void Write(std::size_t size) {
    if (offset_ + size > kLogBytes) offset_ = 0;
    const auto at = static_cast<off_t>(offset_);
    if (::pwrite(fd_.get(), bytes_.data(), size, at) != static_cast<ssize_t>(size) ||
        ::fdatasync(fd_.get()) != 0) {
      Die("the floor's file cannot be written");
    }
    offset_ += size;
  }

 private:
  UniqueFd fd_;
  std::string bytes_;
  std::size_t offset_ = 0;
};

JobRecord AJob() {
  JobRecord job;
  job.submission.command = {"python", "analysis/model.py", "--output", "results.csv"};
  job.submission.user = job.submission.tenant = "alice";
  job.submission.key = "alice/model";
  job.submission.working_directory = "/srv/studies/1234";
  for (int i = 0; i < 10; ++i) {
    job.submission.environment["VARIABLE_" + std::to_string(i)] = std::string(40, 'v');
  }
  job.boot_id = "5f1d7a9e-0d0c-4d5b-9c39-0f3a4b1f2f11";
  return job;
}

void Submit(Store& store, int jobs) {
  static const JobRecord kJob = AJob();
  for (int i = 0; i < jobs; ++i) {
    if (!store.Insert(kJob)) Die("insert failed");
  }
  if (const Status committed = store.Commit(); !committed) Die(committed.error().message);
}

// What one commit of so many jobs adds to the log.
std::size_t BytesPerCommit(Store& store, const std::string& log, int jobs) {
  constexpr int kCommits = 8;
  const auto before = std::filesystem::file_size(log);
  for (int i = 0; i < kCommits; ++i) Submit(store, jobs);
  return (std::filesystem::file_size(log) - before) / kCommits;
}

void Compare(const std::string& directory, int jobs, int rounds) {
  const std::string path = directory + "/" + std::to_string(jobs) + ".db";
  auto store = Store::Open(path);
  if (!store) Die(store.error().message);
  Submit(**store, 1);
  const std::size_t bytes = BytesPerCommit(**store, path + "-wal", jobs);
  Floor floor(path + ".floor");
  while (std::filesystem::file_size(path + "-wal") < kLogBytes) Submit(**store, 64);
  bench::Pairs pairs;
  pairs.Measure(
      rounds, bench::kWallTime, [&] { Submit(**store, jobs); }, [&] { floor.Write(bytes); });
  const bench::Quartiles ratio = pairs.ratio();
  fmt::print(
      "{:>3} jobs a commit, {:>4} KiB: p50 {:8.1f} us, fdatasync floor {:8.1f} us, ratio {:.2f} "
      "({:.2f} to {:.2f}), {:.0f} jobs/s\n",
      jobs, bytes / 1024, pairs.ours() * 1e6, pairs.floor() * 1e6, ratio.median, ratio.low,
      ratio.high, jobs / pairs.ours());
}

}  // namespace
}  // namespace headroom

int main(int argc, char** argv) {
  std::string directory = argc > 1 ? argv[1] : std::filesystem::temp_directory_path().string();
  directory += "/headroom-store-bench-XXXXXX";
  if (::mkdtemp(directory.data()) == nullptr) headroom::Die("cannot make " + directory);
  headroom::Compare(directory, 1, 2000);
  headroom::Compare(directory, 64, 200);
  std::filesystem::remove_all(directory);
}
