#include "collectors/host_reader.h"

#include <algorithm>
#include <cerrno>

#include "collectors/parse.h"
#include "collectors/proc_parse.h"

namespace headroom {
namespace {

// kernel.pid_max and kernel.threads-max: the smaller one counts.
Status PidsMax(std::string_view text, HostSample& into) {
  const auto most = ParseAmount(text);
  if (!most) return tl::unexpected(most.error());
  into.pids_max = std::min(*most, into.pids_max.value_or(*most));
  return {};
}

constexpr FileSpec<HostSample> kFiles[] = {
    {0, "meminfo", Need::kRequired, Topic::kUse, &ParseMeminfo},
    {0, "stat", Need::kRequired, Topic::kUse, &ParseProcStat},
    {0, "loadavg", Need::kRequired, Topic::kUse, &ParseLoadavg},
    {0, "sys/kernel/pid_max", Need::kRequired, Topic::kUse, &PidsMax},
    {0, "sys/kernel/threads-max", Need::kRequired, Topic::kUse, &PidsMax},
    {0, "pressure/memory", Need::kOptional, Topic::kPressure,
     &ParsePressure<&PressureSample::memory>},
    {0, "pressure/cpu", Need::kOptional, Topic::kPressure, &ParsePressure<&PressureSample::cpu>},
    {0, "pressure/io", Need::kOptional, Topic::kPressure, &ParsePressure<&PressureSample::io>},
};

}  // namespace

HostReader::HostReader(const std::string& proc) : files_(Source::kHost, {&proc, 1}, "", kFiles) {}

void HostReader::Read(const Clock& clock, ReadBuffer& buffer, HostSample& into,
                      FailureLog& failures) {
  into = HostSample{};
  into.taken_at = clock.Now();
  if (files_.Read(buffer, into, failures) == Outcome::kGone) {
    failures.Add(Source::kHost, "/proc", FailErrno(ENOENT, "open").value());
  }
}

}  // namespace headroom
