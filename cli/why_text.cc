#include "cli/why_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "admission/resources.h"
#include "base/units.h"
#include "cli/job.h"
#include "cli/job_text.h"
#include "cli/json_read.h"
#include "cli/status_report.h"
#include "cli/text.h"

namespace headroom::cli {
namespace {

using nlohmann::json;

Axis AxisOf(const json& decision) {
  const std::string dimension = TextAt(decision, "dimension");
  for (const Dimension known : {Dimension::kCpu, Dimension::kPids, Dimension::kToken}) {
    if (dimension == ToString(known)) return {known, TextAt(decision, "token")};
  }
  return {Dimension::kMemory, {}};
}

std::string Join(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string HoldersText(const json& why) {
  const Axis axis = AxisOf(ObjectAt(ObjectAt(why, "job"), "decision"));
  std::vector<std::string> parts;
  for (const auto& holder : ArrayAt(why, "holders")) {
    parts.push_back(fmt::format("job {} ({})", IntAt(holder, "id").value_or(0),
                                FormatAmount(IntAt(holder, "amount").value_or(0), axis)));
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

std::string Headline(const Job& job, const json& why, const Look& look) {
  const std::string name = job.name.empty() ? "" : fmt::format(" ({})", Escape(job.name));
  const std::string text = TextAt(why, "text");
  if (job.finished()) {
    return fmt::format("{}{} {}\n", Paint(fmt::format("job {}", job.id), Tone::kStrong, look), name,
                       Escape(OutcomeText(job)));
  }
  const std::string& state = job.state;
  return fmt::format("{}{} {}\n", Paint(fmt::format("job {}", job.id), Tone::kStrong, look), name,
                     Escape(text.empty() ? state : text));
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
  sheet.Add("held by", HoldersText(why));
  sheet.Add("ahead of it", AheadText(why));
  sheet.Add("first in line", HeadText(why));
  sheet.Add("pressure gate", GateText(ReadGate(ObjectAt(why, "gate"))));
  return Headline(*job, why, look) + sheet.Render(look) +
         LinesText(ReadHeadroom(ObjectAt(why, "lines")), look);
}

}  // namespace headroom::cli
