#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/job.h"
#include "cli/look.h"

// What /v1/snapshot says about the host and the daemon, and as text. Pure; threads: any.
namespace headroom::cli {

// One resource as admission counts it; amounts in bytes, millis or pids.
struct ResourceLines {
  std::optional<int64_t> capacity, target, unmanaged, reserve, observed, charge, peak_charge;
  std::optional<int64_t> headroom, peak_headroom;

  bool operator==(const ResourceLines&) const = default;
};

struct GateReport {
  std::string position;
  std::optional<double> since_seconds;
  std::string cause_resource, cause_kind;  // empty: no cause
  std::optional<double> cause_value, must_fall_below;

  bool operator==(const GateReport&) const = default;
};

struct TokenLine {
  std::string name;
  std::optional<int64_t> capacity, held;

  bool operator==(const TokenLine&) const = default;
};

struct WindowReport {
  std::string name;
  bool drain = false;
  std::optional<double> begins_in_seconds,
      ends_in_seconds;  // begins: zero or less while it is open

  bool operator==(const WindowReport&) const = default;
};

struct HeadroomReport {
  ResourceLines memory, cpu, pids;
  std::vector<TokenLine> tokens;
  GateReport gate;
  std::vector<WindowReport> windows;
  std::optional<double> measurement_age_seconds;
  std::optional<double> target_factor;  // below 1: the target is lowered

  bool operator==(const HeadroomReport&) const = default;
};

// One step of relief on one job.
struct ReliefReport {
  std::string step;
  std::optional<int64_t> job;
  std::optional<double> since_seconds, undone_within_seconds;

  bool operator==(const ReliefReport&) const = default;
};

struct StatusReport {
  HeadroomReport headroom;
  std::vector<ReliefReport> relief;
  std::map<std::string, int64_t> jobs_by_state;
  std::vector<std::string> degraded;
  std::string enforcement_mode;
  std::optional<int64_t> policy_generation;
  std::optional<double> store_failing_for_seconds;  // nothing can be stored
  std::string store_message;                        // why
  struct Shadow {
    std::string file;
    int64_t would_start = 0, alike = 0, earlier = 0, later = 0;

    bool operator==(const Shadow&) const = default;
  };
  std::optional<Shadow> shadow;  // a policy that is decided beside the one in force

  bool operator==(const StatusReport&) const = default;
};

HeadroomReport ReadHeadroom(const nlohmann::json& headroom);
GateReport ReadGate(const nlohmann::json& gate);
StatusReport ReadStatus(const nlohmann::json& snapshot);

// What becomes of a line that is longer than the terminal is wide: it goes on below, or, where
// lines are counted, loses whole amounts or words at its end. Never half of a number.
enum class Overflow { kWrap, kCut };

// A bar and a line of numbers for each resource.
std::string LinesText(const HeadroomReport& report, const Look& look,
                      Overflow overflow = Overflow::kWrap);

// "open for 3h 20m", "closed for 12s: memory some 24.1%, must fall below 1.0%".
std::string GateText(const GateReport& gate);

std::string StatusText(const StatusReport& report, const Look& look,
                       Overflow overflow = Overflow::kWrap);

// Capacity as `cells` characters: used outside our jobs and reserved, charged to our jobs, free
// under the target, the target's mark, the rest.
std::string Bar(const ResourceLines& lines, int cells, Charset charset);

}  // namespace headroom::cli
