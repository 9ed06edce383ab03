#pragma once

#include <string>

#include "base/clock.h"
#include "collectors/kept_files.h"
#include "collectors/measurements.h"

// Reads the host: memory, swap, CPUs, processes and pressure from /proc.
namespace headroom {

// Threads: one at a time.
class HostReader {
 public:
  explicit HostReader(const std::string& proc);  // outlives this object

  // Overwrites `into`. What failed is absent there and in `failures`.
  void Read(const Clock& clock, ReadBuffer& buffer, HostSample& into, FailureLog& failures);

 private:
  KeptFiles<HostSample> files_;
};

}  // namespace headroom
