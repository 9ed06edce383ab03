#pragma once

#include <span>
#include <string>

#include "cli/args.h"
#include "cli/context.h"
#include "cli/failure.h"

// A verb is a row: what it is called, what it takes, what it does. Its help is made from the row.
namespace headroom::cli {

struct Verb {
  const char* name;
  const char* operands_text;  // "ID...", as the usage line shows it
  const char* summary;        // one line, for the list of verbs
  const char* details;        // paragraphs and examples, for its own help
  std::span<const OptionSpec> options;
  Operands operands;
  int least_operands;
  int most_operands;
  Outcome<int> (*run)(Context& context, const Args& args);
};

inline constexpr int kAnyNumber = 1 << 20;

// Each is defined by the file of its family.
extern const Verb kRunVerb, kSubmitVerb;                        // run_verbs.cc
extern const Verb kListVerb, kShowVerb, kWhyVerb, kCancelVerb;  // job_verbs.cc
extern const Verb kPlanVerb;                                    // plan_verb.cc
extern const Verb kAdviseVerb;                                  // advise_verb.cc
extern const Verb kHistoryVerb;                                 // history_verb.cc
extern const Verb kLogsVerb;                                    // logs_verb.cc
extern const Verb kStatusVerb, kTopVerb;                        // status_verbs.cc
extern const Verb kEventsVerb;                                  // events_verb.cc
extern const Verb kPolicyVerb;                                  // policy_verb.cc
extern const Verb kDoctorVerb;                                  // doctor_verb.cc
extern const Verb kExplainVerb;                                 // explain_verb.cc
extern const Verb kSimulateVerb;                                // simulate_verb.cc
extern const Verb kWhatIfVerb;                                  // what_if_verb.cc
extern const Verb kVersionVerb;                                 // version_verb.cc

// All verbs, in the order of the help text.
std::span<const Verb* const> Verbs();

// Options that every verb takes.
std::span<const OptionSpec> GlobalOptions();

// The id of a job: a whole number above zero.
Outcome<int64_t> ReadJobId(const std::string& text);

}  // namespace headroom::cli
