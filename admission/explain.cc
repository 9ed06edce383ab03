#include <charconv>
#include <string>

#include "admission/charge.h"
#include "admission/decision.h"
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

// "the target (60% of 16.0 GiB)".
std::string LineName(const char* name, const Shares& shares, const Account& account,
                     const Axis& axis) {
  if (axis.dimension == Dimension::kToken) {
    return "the policy's " + std::to_string(Amount(account.capacity, axis));
  }
  return std::string("the ") + name + " (" + Percent(100 * ShareIn(shares, axis.dimension)) +
         " of " + FormatAmount(Amount(account.capacity, axis), axis) + ")";
}

// "; held by job 7 (4.1 GiB), job 9 (2.0 GiB), others on the host (1.0 GiB)".
std::string HeldBy(const Decision& decision, const Snapshot& snapshot, const Policy& policy,
                   const Account& account) {
  const Axis& axis = *decision.axis;
  std::string list;
  const auto add = [&](const std::string& who, int64_t amount) {
    list += (list.empty() ? "; held by " : ", ") + who + " (" + FormatAmount(amount, axis) + ")";
  };
  for (const Holder& holder : TopHolders(snapshot, policy, axis, kHoldersNamed)) {
    add(Job(holder.job), holder.amount);
  }
  const ResourceVector& before =
      decision.reason == Reason::kOverCeiling ? account.peak_free : account.expected_free;
  const int64_t just_started = Amount(before, axis) - decision.available;
  if (decision.reason != Reason::kResting && just_started > 0) {
    add("jobs that start now", just_started);
  }
  if (const int64_t outside = Amount(account.unmanaged, axis); outside > 0) {
    add("others on the host", outside);
  }
  return list;
}

std::string ExplainShortage(const Decision& decision, const Snapshot& snapshot,
                            const Policy& policy) {
  const Axis& axis = *decision.axis;
  const Account account = MakeAccount(snapshot, policy);
  const bool peak = decision.reason == Reason::kOverCeiling;
  const std::string line = peak ? LineName("ceiling", policy.ceiling, account, axis)
                                : LineName("target", policy.target, account, axis);
  std::string text = "waits: needs " + WithNoun(decision.needed, axis) + ", ";
  if (decision.available >= 0) {
    text += FormatAmount(decision.available, axis) + " free under " + line;
  } else {
    text += line + " is passed by " + FormatAmount(-decision.available, axis);
  }
  if (peak) text += " if every running job grows to its request";
  text += HeldBy(decision, snapshot, policy, account);
  const Shares& shares = peak ? policy.ceiling : policy.target;
  const int64_t most = Scale(Amount(account.capacity, axis), ShareIn(shares, axis.dimension));
  if (decision.needed > most) return text + "; larger than that: starts when nothing else runs";
  return text + "; fits once " + FormatAmount(decision.needed - decision.available, axis) +
         " is released";
}

std::string ExplainRest(const Decision& decision, const Snapshot& snapshot, const Policy& policy) {
  const Axis& axis = *decision.axis;
  const Account account = MakeAccount(snapshot, policy);
  const int64_t resume =
      Scale(Amount(account.capacity, axis), ShareIn(policy.resume, axis.dimension));
  return "waits: " + std::string(ToString(axis.dimension)) + " reached " +
         LineName("target", policy.target, account, axis) + " and rests: use is " +
         FormatAmount(resume - decision.available, axis) + " and must fall below " +
         FormatAmount(resume, axis) + " (" + Percent(100 * ShareIn(policy.resume, axis.dimension)) +
         ")" + HeldBy(decision, snapshot, policy, account);
}

std::string ExplainNeverFits(const Decision& decision) {
  const Axis& axis = *decision.axis;
  const std::string needs = "rejected: needs " + WithNoun(decision.needed, axis);
  if (axis.dimension != Dimension::kToken) {
    return needs + ", jobs can have at most " + FormatAmount(decision.available, axis) +
           " on this host";
  }
  if (decision.available == 0) return needs + ", which the policy does not name";
  return needs + ", the policy has " + std::to_string(decision.available);
}

// "memory pressure (some avg10) is 23.1%".
std::string PressureNow(const GateCause& cause) {
  return std::string(ToString(cause.resource)) + " pressure (" + std::string(ToString(cause.kind)) +
         " avg10) is " + Percent(cause.value);
}

std::string ExplainGate(const char* meanwhile, const Snapshot& snapshot, const Policy& policy) {
  const GateState& gate = snapshot.gate;
  const std::string quiet = FormatDuration(policy.gate_quiet);
  if (!gate.cause) return std::string("waits: pressure; ") + meanwhile + " " + quiet + " of quiet";
  const std::string below = Percent(gate.cause->must_fall_below);
  std::string text = "waits: " + PressureNow(*gate.cause);
  if (gate.quiet_since) {
    text += ", quiet for " + FormatDuration(snapshot.now - *gate.quiet_since);
  } else if (gate.cause->value < gate.cause->must_fall_below) {
    text += ", but another reading is missing";
  }
  return text + "; " + meanwhile + " " + quiet + " below " + below;
}

std::string ExplainBehindHead(const Decision& decision, const Policy& policy) {
  const std::string head = decision.head ? Job(*decision.head) : "the first";
  switch (policy.discipline) {
    case QueueDiscipline::kBackfill:
      return "waits: would fit, but would delay " + head + ", which is ahead of it";
    case QueueDiscipline::kStrict:
      return "waits: " + head + " is ahead of it and the queue is strict";
  }
  return {};
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
      return ExplainGate("the gate opens after", snapshot, policy);
    case Reason::kGateClosing:
      return ExplainGate("jobs start one at a time until", snapshot, policy);
    case Reason::kMaxJobs:
      return ExplainMaxJobs(decision, policy);
    case Reason::kResting:
      return ExplainRest(decision, snapshot, policy);
    case Reason::kOverTarget:
    case Reason::kOverCeiling:
      return ExplainShortage(decision, snapshot, policy);
    case Reason::kBehindHead:
      return ExplainBehindHead(decision, policy);
  }
  return {};
}

}  // namespace headroom
