// One batch job of the incident: takes memory along a shape, touches it all the time, burns CPU.
//
//   headroom-demo-job SHAPE PEAK-BYTES SECONDS CPU-MILLIS
//   headroom-demo-job ramp 53687091 25 50
//
// SHAPE is ramp, staircase, burst or cache.
//
// Its life is counted in steps of 100 ms, each with a fixed amount of CPU work, so that a job on a
// host that thrashes really takes longer. It ends with 0, or is killed.

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

namespace {

constexpr int64_t kStepNanoseconds = 100'000'000;
constexpr std::size_t kPage = 4096;

struct Job {
  std::string shape;
  std::size_t peak_bytes = 0;
  double seconds = 0;
  int64_t cpu_millis = 0;
};

// The share of its peak that a job holds when this part of its life is over.
double ShareAt(const std::string& shape, double progress) {
  if (shape == "staircase") return progress < 0.02 ? 0.5 : progress < 0.04 ? 0.75 : 1.0;
  if (shape == "burst") return progress < 0.02 ? 0.6 : progress > 0.5 && progress < 0.8 ? 1.0 : 0.8;
  return std::min(1.0, progress / 0.04);  // ramp, and cache, whose page cache comes on top
}

int64_t Now(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

// The memory of the job: grown by touching it, given back by telling the kernel.
class Memory {
 public:
  explicit Memory(std::size_t most) : most_(most) {
    void* mapped = mmap(nullptr, most_, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) {
      std::perror("headroom-demo-job: mmap");
      std::exit(1);
    }
    madvise(mapped, most_, MADV_HUGEPAGE);  // fewer faults: emulated processors are slow at them
    bytes_ = static_cast<unsigned char*>(mapped);
  }

  void Hold(double share) {
    const auto want =
        std::min(most_, static_cast<std::size_t>(share * static_cast<double>(most_))) / kPage *
        kPage;
    if (want < held_) madvise(bytes_ + want, held_ - want, MADV_DONTNEED);
    held_ = want;
    // All pages once a second, a tenth of them at each step, and new ones at once.
    for (std::size_t at = 0; at < held_; at += kPage) {
      if (at >= touched_ || at / kPage % 10 == turn_) ++bytes_[at];
    }
    touched_ = held_;
    turn_ = (turn_ + 1) % 10;
  }

 private:
  unsigned char* bytes_ = nullptr;
  std::size_t most_;
  std::size_t held_ = 0;
  std::size_t touched_ = 0;
  std::size_t turn_ = 0;
};

// A file that is written and read over and over: page cache that the kernel may take back.
class Cache {
 public:
  explicit Cache(std::size_t bytes) : bytes_(bytes), chunk_(1 << 20, 'x') {
    char name[] = "/var/tmp/headroom-demo-XXXXXX";
    fd_ = mkstemp(name);
    if (fd_ >= 0) unlink(name);
  }

  void Step() {
    if (fd_ < 0 || bytes_ == 0) return;
    if (written_ < bytes_) {
      const ssize_t n = write(fd_, chunk_.data(), std::min(chunk_.size(), bytes_ - written_));
      written_ += n > 0 ? static_cast<std::size_t>(n) : 0;
      if (written_ >= bytes_) fdatasync(fd_);
    } else if (pread(fd_, chunk_.data(), chunk_.size(), static_cast<off_t>(read_)) > 0) {
      read_ = (read_ + chunk_.size()) % bytes_;
    }
  }

 private:
  std::size_t bytes_, written_ = 0, read_ = 0;
  std::vector<char> chunk_;
  int fd_ = -1;
};

void Burn(int64_t nanoseconds) {
  const int64_t until = Now(CLOCK_PROCESS_CPUTIME_ID) + nanoseconds;
  volatile unsigned work = 0;
  while (Now(CLOCK_PROCESS_CPUTIME_ID) < until) {
    for (int i = 0; i < 1000; ++i) work = work * 1664525u + 1013904223u;
  }
}

void SleepUntil(int64_t instant) {
  const timespec at{instant / 1'000'000'000, instant % 1'000'000'000};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
}

void Live(const Job& job) {
  Memory memory(job.peak_bytes);
  Cache cache(job.shape == "cache" ? job.peak_bytes / 2 : 0);
  const int steps = std::max(1, static_cast<int>(job.seconds * 10));
  int64_t next = Now(CLOCK_MONOTONIC);
  for (int step = 1; step <= steps; ++step) {
    const int64_t cpu_before = Now(CLOCK_PROCESS_CPUTIME_ID);
    memory.Hold(ShareAt(job.shape, static_cast<double>(step) / steps));
    cache.Step();
    const int64_t used = Now(CLOCK_PROCESS_CPUTIME_ID) - cpu_before;
    Burn(std::max<int64_t>(0, job.cpu_millis * kStepNanoseconds / 1000 - used));
    next = std::max(next + kStepNanoseconds, Now(CLOCK_MONOTONIC));
    SleepUntil(next);
  }
}

template <class T>
T Number(const char* text) {
  T value{};
  const char* const end = text + std::strlen(text);
  const auto [rest, error] = std::from_chars(text, end, value);
  if (error != std::errc() || rest != end || value < 0) {
    std::fprintf(stderr, "headroom-demo-job: expected a number, got \"%s\"\n", text);
    std::exit(2);
  }
  return value;
}

// By hand, so that the job is one small static program: 47 dynamic linkers at once would be all
// that an emulated processor has to do.
Job Parse(int argc, char** argv) {
  const bool known =
      argc == 5 && (std::strcmp(argv[1], "ramp") == 0 || std::strcmp(argv[1], "staircase") == 0 ||
                    std::strcmp(argv[1], "burst") == 0 || std::strcmp(argv[1], "cache") == 0);
  if (!known) {
    std::fprintf(
        stderr,
        "usage: headroom-demo-job ramp|staircase|burst|cache PEAK-BYTES SECONDS CPU-MILLIS\n");
    std::exit(2);
  }
  return {argv[1], Number<std::size_t>(argv[2]), Number<double>(argv[3]), Number<int64_t>(argv[4])};
}

}  // namespace

int main(int argc, char** argv) {
  Live(Parse(argc, argv));
  return 0;
}
