#include <charconv>
#include <string>

#include "admission/charge.h"
#include "admission/decision.h"
#include "admission/outer_loop.h"
#include "admission/windows.h"
#include "base/units.h"

namespace headroom {
namespace {

constexpr std::size_t kHoldersNamed = 3;

std::string Percent(double percent) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, percent, std::chars_format::fixed, 1);
  std::string_view digits(text, static_cast<std::size_t>(end.ptr - text));
  if (digits.ends_with(".0")) digits.remove_suffix(2);
  return std::string(digits) + "%";
}

std::string Job(JobId id) { return "job " + std::to_string(id.value); }

// "3.0 GiB memory", "1.50 cores", "12 pids", "2 of token db".
std::string WithNoun(int64_t amount, const Axis& axis) {
  return FormatAmount(amount, axis) + (axis.dimension == Dimension::kMemory ? " memory" : "");
}

double ShareIn(const Shares& shares, Dimension dimension) {
  switch (dimension) {
    case Dimension::kMemory:
      return shares.memory;
    case Dimension::kCpu:
      return shares.cpu;
    case Dimension::kPids:
      return shares.pids;
    case Dimension::kToken:
      return 1;
  }
  return 1;
}

// One of the two lines, or the count of a token.
struct Line {
  const char* name;
  int64_t at;     // how much may be used below it
  int64_t whole;  // of what it is a share
  double share;
};

Line LineOf(const char* name, const Shares& shares, const Account& account, const Axis& axis) {
  const int64_t whole = Amount(account.capacity, axis);
  const double share = ShareIn(shares, axis.dimension);
  return {name, Scale(whole, share), whole, share};
}

Line TargetLine(const Snapshot& snapshot, const Policy& policy, const Account& account,
                const Axis& axis) {
  const Shares target = EffectiveTarget(snapshot, policy);
  const bool is_lowered =
      ShareIn(target, axis.dimension) < ShareIn(TargetAt(snapshot, policy), axis.dimension);
  return LineOf(is_lowered ? "target lowered after trouble" : "target", target, account, axis);
}

// "the target (60% of 16.0 GiB)".
std::string Named(const Line& line, const Axis& axis) {
  return std::string("the ") + line.name + " (" + Percent(100 * line.share) + " of " +
         FormatAmount(line.whole, axis) + ")";
}

// "2.0 GiB free under the target (60% of 16.0 GiB)".
std::string Room(int64_t available, const Line& line, const Axis& axis) {
  if (axis.dimension == Dimension::kToken) {
    return std::to_string(available) + " of " + std::to_string(line.whole) + " free";
  }
  if (available < 0) {
    return Named(line, axis) + " is passed by " + FormatAmount(-available, axis);
  }
  return FormatAmount(available, axis) + " free under " + Named(line, axis);
}

// Like FormatAmount, where the text has named the token already.
std::string Bare(int64_t amount, const Axis& axis) {
  return axis.dimension == Dimension::kToken ? std::to_string(amount) : FormatAmount(amount, axis);
}

// "; held by job 7 (4.1 GiB), jobs that start now (2.0 GiB), others on the host (1.0 GiB)".
std::string HeldBy(const std::vector<Holder>& holders, int64_t starting, int64_t outside,
                   const Axis& axis) {
  std::string list;
  const auto add = [&](const std::string& who, int64_t amount) {
    if (amount <= 0) return;
    list += (list.empty() ? "; held by " : ", ") + who + " (" + Bare(amount, axis) + ")";
  };
  for (const Holder& holder : holders) add(Job(holder.job), holder.amount);
  add("jobs that start now", starting);
  add("others on the host", outside);
  return list;
}

std::string ExplainShortage(const Decision& decision, const Line& line,
                            const ResourceVector& free_before, const Account& account,
                            const std::vector<Holder>& holders, const char* condition) {
  const Axis& axis = *decision.axis;
  const std::string text = "waits: needs " + WithNoun(decision.needed, axis) + ", " +
                           Room(decision.available, line, axis) + condition +
                           HeldBy(holders, Amount(free_before, axis) - decision.available,
                                  Amount(account.unmanaged, axis), axis);
  if (decision.needed > line.at) {
    return text + "; larger than the " + line.name +
           " itself: starts when no other job runs and the host has room";
  }
  return text + "; fits once " + Bare(decision.needed - decision.available, axis) + " is released";
}

std::string ExplainOverTarget(const Decision& decision, const Snapshot& snapshot,
                              const Policy& policy) {
  const Axis& axis = *decision.axis;
  const Account account = MakeAccount(snapshot, policy);
  return ExplainShortage(decision, TargetLine(snapshot, policy, account, axis),
                         account.expected_free, account,
                         TopHolders(snapshot, policy, axis, kHoldersNamed), "");
}

std::string ExplainOverCeiling(const Decision& decision, const Snapshot& snapshot,
                               const Policy& policy) {
  const Axis& axis = *decision.axis;
  const Account account = MakeAccount(snapshot, policy);
  return ExplainShortage(decision, LineOf("ceiling", policy.ceiling, account, axis),
                         account.peak_free, account, TopPeakHolders(snapshot, axis, kHoldersNamed),
                         " should running jobs grow as they may");
}

std::string ExplainRest(const Decision& decision, const Snapshot& snapshot, const Policy& policy) {
  const Axis& axis = *decision.axis;
  const Account account = MakeAccount(snapshot, policy);
  const Line resume = LineOf("resume line", EffectiveResume(snapshot, policy), account, axis);
  const Line target = TargetLine(snapshot, policy, account, axis);
  return "waits: " + std::string(ToString(axis.dimension)) + " reached " + Named(target, axis) +
         " and rests: use is " + FormatAmount(resume.at - decision.available, axis) +
         " and must fall below " + FormatAmount(resume.at, axis) + " (" +
         Percent(100 * resume.share) + ")" +
         HeldBy(TopHolders(snapshot, policy, axis, kHoldersNamed), 0,
                Amount(account.unmanaged, axis), axis);
}

std::string ExplainNeverFits(const Decision& decision) {
  const Axis& axis = *decision.axis;
  const std::string needs = "rejected: needs " + WithNoun(decision.needed, axis);
  if (axis.dimension != Dimension::kToken) {
    const std::string most = FormatAmount(decision.available, axis);
    // Rounded to the same, the two numbers would contradict each other.
    if (FormatAmount(decision.needed, axis) == most)
      return needs + ", " + FormatAmount(decision.needed - decision.available, axis) +
             " more than jobs can have on this host (" + most + ")";
    return needs + ", jobs can have at most " + most + " on this host";
  }
  if (decision.available == 0) return needs + ", which the policy does not name";
  return needs + ", the policy has " + std::to_string(decision.available);
}

// "memory pressure (some avg10) is 23.1%".
std::string PressureNow(const GateCause& cause) {
  return std::string(ToString(cause.resource)) + " pressure (" + std::string(ToString(cause.kind)) +
         " avg10) is " + Percent(cause.value);
}

// "waits: memory pressure (some avg10) is 23.1%; the gate opens after 30s below 1%".
std::string ExplainGate(const Snapshot& snapshot, const Policy& policy) {
  const GateState& gate = snapshot.gate;
  std::string text = "waits: ";
  text += gate.cause ? PressureNow(*gate.cause) : "pressure";
  if (gate.quiet_since) {
    text += ", quiet for " + FormatDuration(snapshot.now - *gate.quiet_since);
  } else if (gate.cause && gate.cause->value < gate.cause->must_fall_below) {
    text += ", but another reading is missing";
  }
  const std::string quiet = FormatDuration(policy.gate_quiet);
  text += gate.position == GatePosition::kClosing
              ? "; jobs start one at a time until " + quiet + " have passed"
              : "; the gate opens after " + quiet;
  return gate.cause ? text + " below " + Percent(gate.cause->must_fall_below) : text + " of quiet";
}

std::string ExplainBehindHead(const Decision& decision, const Policy& policy) {
  const std::string head = decision.head ? Job(*decision.head) : "the first";
  switch (policy.queue.discipline) {
    case QueueDiscipline::kBackfill:
      return "waits: would fit, but would delay " + head + ", which is ahead of it";
    case QueueDiscipline::kStrict:
      return "waits: " + head + " is ahead of it and the queue is strict";
  }
  return {};
}

std::string ExplainAlone(const Decision& decision) {
  if (decision.head) return "waits: " + Job(*decision.head) + " runs alone";
  return "waits: it is tried again alone, and other jobs run";
}

std::string ExplainTenantLimit(const Decision& decision) {
  if (!decision.axis) return "waits: as many jobs of its tenant run as the policy lets it";
  return "waits: needs " + WithNoun(decision.needed, *decision.axis) +
         ", and its tenant may have " +
         FormatAmount(std::max<int64_t>(decision.available, 0), *decision.axis) + " more";
}

// When it can start for all that windows say, if that is not at the end of the first.
std::string StartText(const Snapshot& snapshot, const Policy& policy, Duration lasts,
                      TimePoint first_ends) {
  const auto start = FirstStart(snapshot, policy, snapshot.now, lasts);
  if (start == first_ends) return {};
  if (start) return "; starts in " + FormatDuration(*start - snapshot.now) + " at the earliest";
  return "; no time between drain windows is as long, so it never starts unless it is expected to "
         "take less";
}

// "waits: may run for 4h 0m, and drain window "db" begins in 2h 0m and ends in 5h 0m".
std::string ExplainDrainWindow(const Decision& decision, const Snapshot& snapshot,
                               const Policy& policy) {
  const Duration lasts = std::chrono::seconds(decision.needed);
  const OpenWindow* open = DrainInTheWay(snapshot, policy, snapshot.now, lasts);
  const TimeWindow* window = open == nullptr ? nullptr : WindowOf(*open, policy);
  if (window == nullptr) return "waits: for the end of a drain window";
  const std::string name = "drain window \"" + window->name + "\"";
  if (open->begins <= snapshot.now) {
    return "waits: " + name + " is open and ends in " + FormatDuration(open->ends - snapshot.now) +
           StartText(snapshot, policy, lasts, open->ends);
  }
  return "waits: may run for " + FormatDuration(lasts) + ", and " + name + " begins in " +
         FormatDuration(open->begins - snapshot.now) + " and ends in " +
         FormatDuration(open->ends - snapshot.now) + StartText(snapshot, policy, lasts, open->ends);
}

std::string ExplainStale(const Snapshot& snapshot, const Policy& policy) {
  return "waits: the last measurement is " +
         FormatDuration(snapshot.now - snapshot.host->measured_at) + " old, more than " +
         FormatDuration(policy.stale_after);
}

std::string ExplainMaxJobs(const Decision& decision, const Policy& policy) {
  const int64_t most = policy.max_jobs.value_or(0);
  return "waits: " + std::to_string(most - decision.available) + " jobs run, max_jobs is " +
         std::to_string(most);
}

}  // namespace

std::string Explain(const Decision& decision, const Snapshot& snapshot, const Policy& policy) {
  switch (decision.reason) {
    case Reason::kFits:
      return "starts: it fits under the target and under the ceiling";
    case Reason::kIdleHost:
      return "starts: larger than the target leaves room for, but nothing else runs and it fits "
             "the host";
    case Reason::kNoLimit:
      return "starts: policy mode \"" + std::string(ToString(policy.mode)) + "\" measures nothing";
    case Reason::kNeverFits:
      return ExplainNeverFits(decision);
    case Reason::kNoMeasurement:
      return "waits: the host has not been measured yet";
    case Reason::kStale:
      return ExplainStale(snapshot, policy);
    case Reason::kGateClosed:
    case Reason::kGateClosing:
      return ExplainGate(snapshot, policy);
    case Reason::kMaxJobs:
      return ExplainMaxJobs(decision, policy);
    case Reason::kResting:
      return ExplainRest(decision, snapshot, policy);
    case Reason::kOverTarget:
      return ExplainOverTarget(decision, snapshot, policy);
    case Reason::kOverCeiling:
      return ExplainOverCeiling(decision, snapshot, policy);
    case Reason::kNewKey:
      return "waits: little is known of its key yet, and as many of it run as may until some have "
             "finished";
    case Reason::kBehindHead:
      return ExplainBehindHead(decision, policy);
    case Reason::kAlone:
      return ExplainAlone(decision);
    case Reason::kTenantLimit:
      return ExplainTenantLimit(decision);
    case Reason::kBeyondQuota:
      return "waits: its tenant would be beyond its quota, and tenants within theirs wait";
    case Reason::kDrainWindow:
      return ExplainDrainWindow(decision, snapshot, policy);
  }
  return {};
}

}  // namespace headroom
