#include "admission/policy_lint.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "admission/windows.h"
#include "base/units.h"

namespace headroom {
namespace {

std::string Percent(double share) {
  char text[32];
  const auto end =
      std::to_chars(text, text + sizeof text, 100 * share, std::chars_format::general, 6);
  return std::string(text, end.ptr) + "%";
}

using Findings = std::vector<PolicyProblem>;

// A job that says nothing is as large as the pool's default.
void LintDefault(const Policy& policy, Findings& findings) {
  const auto lint = [&](const char* name, const AmountOrShare& amount, double target) {
    if (!amount.share || *amount.share <= target) return;
    findings.push_back({std::string("/requests/default/") + name,
                        Percent(*amount.share) + " is above the target of " + Percent(target) +
                            ": a job of unknown size runs only while no other does"});
  };
  lint("memory", policy.default_request.memory, policy.target.memory);
  lint("cpu", policy.default_request.cpu, policy.target.cpu);
}

void LintTenant(const TenantPolicy& tenant, const Policy& policy, Findings& findings) {
  const std::string pointer = "/tenants/" + tenant.name;
  const auto lint = [&](const char* name, const std::optional<double>& most,
                        const AmountOrShare& request) {
    if (!most || !request.share || *request.share <= *most) return;
    findings.push_back({pointer + "/most/" + name,
                        Percent(*most) + " is less than a job of unknown size is taken to need (" +
                            Percent(*request.share) + ", /requests/default/" + name +
                            "): none of this tenant's can start"});
  };
  lint("memory", tenant.most_memory, policy.default_request.memory);
  lint("cpu", tenant.most_cpu, policy.default_request.cpu);
  if (tenant.quota && tenant.most_memory && tenant.most_cpu &&
      *tenant.quota > std::max(*tenant.most_memory, *tenant.most_cpu)) {
    findings.push_back({pointer + "/quota", Percent(*tenant.quota) +
                                                " is more than /most lets it hold: it never "
                                                "borrows, and cannot use what it is promised"});
  }
  for (const TokenAmount& token : tenant.most_tokens) {
    if (token.count > 0) continue;
    findings.push_back({pointer + "/most/tokens/" + token.name,
                        "0: a job of this tenant that needs it never starts"});
  }
}

void LintQuotas(const Policy& policy, Findings& findings) {
  double sum = 0;
  for (const TenantPolicy& tenant : policy.tenants)
    if (tenant.name != "*") sum += tenant.quota.value_or(0);
  const double target = std::min(policy.target.memory, policy.target.cpu);
  if (sum <= target) return;
  findings.push_back({"/tenants", "the quotas add up to " + Percent(sum) +
                                      ", more than the target of " + Percent(target) +
                                      ": not all of them can be had at once"});
}

void LintQueue(const Policy& policy, Findings& findings) {
  const QueuePolicy& queue = policy.queue;
  if (!queue.ageing)
    findings.push_back({"/queue/ageing",
                        "null: jobs of a higher priority that keep coming can starve a lower one"});
  if (queue.order == QueueOrder::kJobRunner)
    findings.push_back({"/queue/order",
                        "\"job_runner\" has no bound on a wait: a tenant with fewer jobs goes "
                        "first, however long others have waited"});
  if (queue.order == QueueOrder::kAge && queue.due_after)
    findings.push_back({"/queue/due_after", "has no effect in order \"age\""});
  if (queue.order == QueueOrder::kAge && !policy.tenants.empty())
    findings.push_back({"/queue/order",
                        "\"age\" gives no tenant a turn before another: weights and quotas in "
                        "/tenants order nothing"});
}

void LintJobs(const Policy& policy, Findings& findings) {
  const auto& most = policy.jobs.memory_max;
  const AmountOrShare& pool = policy.pool.memory_max;
  if (most && !pool.share && *most > pool.amount)
    findings.push_back({"/jobs/memory_max", FormatBytes(*most) + " is above the pool's " +
                                                FormatBytes(pool.amount) +
                                                " (/pool/memory_max): it never takes effect"});
}

// Between two nights there is most of a day; less than that is worth a thought.
void LintWindows(const Policy& policy, Findings& findings) {
  constexpr Duration kDay = std::chrono::hours(24);
  const auto longest = LongestBetweenDrains(policy.windows);
  if (!longest || *longest >= kDay) return;
  if (*longest <= Duration{}) {
    findings.push_back(
        {"/windows", "drain windows leave no time of the week: nothing ever starts"});
    return;
  }
  findings.push_back({"/windows", "no time between two drain windows is longer than " +
                                      FormatDuration(*longest) +
                                      ": a job that is expected to run longer never starts"});
}

}  // namespace

std::vector<PolicyProblem> Lint(const Policy& policy) {
  Findings findings;
  LintWindows(policy, findings);
  if (policy.mode != AdmissionMode::kHeadroom) {
    findings.push_back({"/admission/mode", "\"" + std::string(ToString(policy.mode)) +
                                               "\" measures nothing and keeps nothing safe"});
    return findings;
  }
  LintDefault(policy, findings);
  LintQueue(policy, findings);
  for (const TenantPolicy& tenant : policy.tenants) LintTenant(tenant, policy, findings);
  LintQuotas(policy, findings);
  LintJobs(policy, findings);
  return findings;
}

std::string WaitBound(const Policy& policy) {
  const QueuePolicy& queue = policy.queue;
  if (policy.mode != AdmissionMode::kHeadroom || queue.order == QueueOrder::kJobRunner)
    return "none: a job can wait for ever";
  std::string due = "30 times the average duration";
  if (queue.order == QueueOrder::kAge) due = "at once";
  if (queue.order == QueueOrder::kFair && queue.due_after) due = FormatDuration(*queue.due_after);
  std::string bound = "a job that fits is due ";
  bound += queue.order == QueueOrder::kAge ? due : "after " + due;
  bound +=
      ", and then waits for those of its tenant that are due before it, for tenants that hold "
      "less, and for the longest "
      "running job";
  bound += queue.ageing ? "; " + FormatDuration(*queue.ageing) +
                              " more for each step to the highest priority that waits"
                        : "; for ever behind a higher priority that keeps coming";
  return bound;
}

}  // namespace headroom
