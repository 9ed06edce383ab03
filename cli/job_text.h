#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/job.h"
#include "cli/look.h"
#include "cli/table.h"

// Jobs as text for people. Pure; threads: any.
namespace headroom::cli {

// ID STATE NAME USER REQUEST OBSERVED WAIT/RUN REASON, in the order given. On a narrow terminal
// USER goes first, then OBSERVED, REQUEST, WAIT/RUN and NAME; REASON stays, with fewer words.
Table JobsTable(const std::vector<Job>& jobs, WallTime now);

// Everything about one job, a line each.
std::string JobText(const Job& job, WallTime now, const Look& look);

// Lines of "  label  text", the labels in one column; on a terminal texts go on below.
class Sheet {
 public:
  void Add(std::string label, std::string text, Tone tone = Tone::kPlain);
  std::string Render(const Look& look) const;

 private:
  struct Line {
    std::string label, text;
    Tone tone;
  };
  std::vector<Line> lines_;
};

// "512 MiB 0.50c", with tokens "512 MiB 0.50c 2 db"; "-" when nothing is known.
std::string ShortAmounts(const Amounts& amounts);

// "1.0 GiB memory (declared), 0.50 cores (history)".
std::string LongAmounts(const Amounts& amounts, const std::map<std::string, std::string>& sources);

// Why it waits in the 17 columns that a table keeps for it: a name for the reason, and no amounts.
std::string BriefReason(const JobDecision& decision);

// "succeeded", "exit code 3", "signal 9 (SIGKILL)", "out of memory: its own limit"; "" before.
std::string EndText(const Job& job);
// With the outcome in front: "failed: exit code 3", "succeeded".
std::string OutcomeText(const Job& job);

// "4 B of stdout dropped: over the policy's jobs.log_max"; "" if its logs are whole.
std::string DroppedText(const Job& job);

// How long it has waited, has run, or ran; absent when the times are not known.
std::optional<Duration> Age(const Job& job, WallTime now);

// The words of a command as a shell would take them.
std::string ShellQuote(const std::vector<std::string>& words);

}  // namespace headroom::cli
