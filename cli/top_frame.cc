#include "cli/top_frame.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"
#include "cli/job_text.h"

namespace headroom::cli {
namespace {

std::vector<Job> InOrder(const TopFrame& frame) {
  std::vector<Job> jobs = frame.running;
  std::ranges::stable_sort(jobs, std::ranges::greater(),
                           [](const Job& job) { return job.observed.memory_bytes.value_or(0); });
  std::vector<Job> queue = frame.waiting;
  std::ranges::stable_sort(queue, {}, [](const Job& job) {
    return job.decision ? job.decision->position.value_or(INT64_MAX) : INT64_MAX;
  });
  jobs.insert(jobs.end(), queue.begin(), queue.end());
  return jobs;
}

int CountLines(const std::string& text) { return static_cast<int>(std::ranges::count(text, '\n')); }

}  // namespace

std::string FrameText(const TopFrame& frame, const Look& look, std::optional<TerminalSize> size) {
  const std::string status = StatusText(frame.status, look, Overflow::kCut);  // lines are counted
  const std::string head = fmt::format("{}  {}\n{}\n", Paint("headroom", Tone::kStrong, look),
                                       FormatWallTime(frame.at), status);
  std::vector<Job> jobs = InOrder(frame);
  if (!size) return head + Render(JobsTable(jobs, frame.at), look);
  // A title and a last line; the cursor stays behind the last one, so nothing scrolls.
  const auto room = static_cast<std::size_t>(std::max(0, size->rows - CountLines(head) - 2));
  const std::size_t hidden = jobs.size() > room ? jobs.size() - room : 0;
  jobs.resize(jobs.size() - hidden);
  const std::string more = hidden > 0 ? fmt::format("{} more; ", hidden) : "";
  return head + Render(JobsTable(jobs, frame.at), look) + Paint(more + "q quits", Tone::kDim, look);
}

std::string Repaint(const std::string& text) {
  // ECMA-48: CUP to the home position, EL after each line, ED after the last.
  std::string screen = "\x1b[H";
  for (const char c : text) screen += c == '\n' ? std::string("\x1b[K\r\n") : std::string(1, c);
  return screen + "\x1b[K\x1b[J";
}

}  // namespace headroom::cli
