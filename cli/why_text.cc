#include "cli/why_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "admission/resources.h"
#include "base/units.h"
#include "cli/job.h"
#include "cli/job_text.h"
#include "cli/json_read.h"
#include "cli/start_text.h"
#include "cli/status_report.h"
#include "cli/text.h"

namespace headroom::cli {
namespace {

using nlohmann::json;

std::string Join(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string HoldersText(const json& why) {
  const Axis axis = AxisIn(ObjectAt(ObjectAt(why, "job"), "decision"));
  std::vector<std::string> parts;
  for (const auto& holder : ArrayAt(why, "holders")) {
    parts.push_back(HolderText(holder, axis));
  }
  return Join(parts);
}

std::string AheadText(const json& why) {
  std::vector<std::string> parts;
  for (const auto& id : ArrayAt(why, "ahead")) {
    if (id.is_number_integer()) parts.push_back(fmt::format("job {}", id.get<int64_t>()));
  }
  return Join(parts);
}

// The blocked job that holds a reservation, which others may pass only if they do not delay it.
std::string HeadText(const json& why) {
  const auto& head = ObjectAt(why, "head");
  const auto id = IntAt(head, "id");
  if (!id) return {};
  const auto by = NumberAt(head, "starts_by_seconds");
  if (!by) return fmt::format("job {}, whose start nobody can foretell", *id);
  const auto seconds = std::chrono::duration<double>(std::clamp(*by, 0.0, 3.2e9));
  return fmt::format("job {}, which starts within {}", *id,
                     FormatDuration(std::chrono::duration_cast<Duration>(seconds)));
}

// What it says first. On a terminal it goes on below.
std::string Wrapped(const std::string& text, const Look& look) {
  constexpr int kIndent = 2, kLeastRoom = 20;
  if (!look.width) return text;
  const int room = std::max(*look.width - kIndent, kLeastRoom);
  return fmt::format("{}", fmt::join(WrapWords(text, room), "\n  "));
}

std::string Headline(const Job& job, const json& why, const Look& look) {
  const std::string text = TextAt(why, "text");
  const std::string says = job.finished() ? OutcomeText(job) : text.empty() ? job.state : text;
  const std::string name = job.name.empty() ? "" : fmt::format(" ({})", job.name);
  const std::string who = fmt::format("job {}", job.id);
  const std::string line = Wrapped(fmt::format("{}{} {}", who, Escape(name), Escape(says)), look);
  return Paint(who, Tone::kStrong, look) + line.substr(who.size()) + "\n";
}

}  // namespace

Outcome<std::string> WhyText(const json& why, const Look& look) {
  const auto job = ReadJob(ObjectAt(why, "job"), "why");
  if (!job) return tl::unexpected<Failure>(job.error());
  if (job->state != "waiting") return Headline(*job, why, look);
  Sheet sheet;
  if (job->decision && job->decision->position)
    sheet.Add("place in line", fmt::to_string(*job->decision->position));
  sheet.Add("needs", ShortAmounts(job->request));
  AddNeeds(ArrayAt(why, "needs"), &sheet);
  sheet.Add("held by", HoldersText(why));
  sheet.Add("ahead of it", AheadText(why));
  sheet.Add("first in line", HeadText(why));
  sheet.Add("pressure gate", GateText(ReadGate(ObjectAt(why, "gate"))));
  AddStart(ObjectAt(why, "start"), &sheet);
  AddChanges(ObjectAt(why, "would_start"), &sheet);
  return Headline(*job, why, look) + sheet.Render(look) +
         LinesText(ReadHeadroom(ObjectAt(why, "lines")), look);
}

std::string TrialText(const json& trial, const Look& look) {
  const json& decision = ObjectAt(trial, "decision");
  Sheet sheet;
  if (const auto position = IntAt(decision, "position"))
    sheet.Add("place in line", fmt::to_string(*position));
  sheet.Add("requested", LongAmounts(ReadAmounts(ObjectAt(trial, "request")),
                                     ReadSources(ObjectAt(trial, "request_source"))));
  const bool waits = TextAt(decision, "verdict") == "wait";
  if (waits) AddNeeds(ArrayAt(trial, "needs"), &sheet);
  AddStart(ObjectAt(trial, "start"), &sheet);
  if (waits) AddChanges(ObjectAt(trial, "would_start"), &sheet);
  return Wrapped("dry run: " + Escape(TextAt(decision, "text")), look) + "\n" + sheet.Render(look);
}

}  // namespace headroom::cli
