#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/units.h"
#include "collectors/collector.h"

// A host of 16 GiB and 8 cores that uses what the test says.
namespace headroom {

class FakeCollector final : public Collector {
 public:
  explicit FakeCollector(const Clock& clock) : clock_(clock) {}

  int64_t host_used_bytes = 0;  // besides the jobs
  bool host_reads = true;
  std::map<std::string, int64_t> used_bytes;  // by attempt; 0 if missing
  PressureSample pressure;
  std::vector<std::string> tracked;

  void Track(const std::vector<std::string>& attempts) override { tracked = attempts; }

  Measurements Measure() override {
    Measurements now;
    now.started_at = now.finished_at = clock_.Now();
    now.host.taken_at = now.pool.taken_at = now.started_at;
    int64_t jobs = 0;
    for (const std::string& name : tracked) {
      now.attempts[name] = Sample(used_bytes[name]);
      jobs += used_bytes[name];
    }
    if (host_reads) ReadHost(now, jobs);
    now.pool.pressure = pressure;
    return now;
  }

 private:
  CgroupSample Sample(int64_t bytes) const {
    CgroupSample sample;
    sample.taken_at = clock_.Now();
    sample.memory.current = sample.memory.anon = bytes;
    sample.memory.shmem = sample.memory.file = sample.memory.kernel = 0;
    sample.memory.slab_reclaimable = sample.memory.sock = sample.memory.dirty = 0;
    sample.memory.writeback = sample.memory.swap = 0;
    sample.cpu.usage_usec = 0;
    sample.pids = 1;
    return sample;
  }

  void ReadHost(Measurements& now, int64_t jobs) const {
    now.host.memory_total = 16 * kGiB;
    now.host.memory_available = 16 * kGiB - host_used_bytes - jobs;
    now.host.memory_free = now.host.memory_available;
    now.host.swap_total = now.host.swap_free = 0;
    now.host.cpu_busy_usec = 0;
    now.host.online_cpus = 8;
    now.host.pids = 100;
    now.capacity.memory_bytes = 16 * kGiB;
    now.capacity.cpu_millis = 8000;
    now.capacity.pids = 10'000;
  }

  const Clock& clock_;
};

}  // namespace headroom
