#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "daemon/job_record.h"
#include "daemon/sqlite.h"

// A JobRecord as columns of `jobs` and `submissions` (schema.cc), and back. Binding and reading
// follow the order of the lists, so a new field is one name, one bind and one read.
namespace headroom {

extern const char* const kJobColumns;         // comma-separated, without id
extern const char* const kSubmissionColumns;  // the same

// "?1, ?2, …" for a list of columns.
std::string Placeholders(const char* columns);

void BindJob(Query& query, const JobRecord& record);
void BindSubmission(Query& query, const JobSubmission& submission);

std::optional<OomCause> ParseOomCause(std::string_view text);

// What cannot be written: strings with a NUL in a list, which is stored with NULs between (F36).
Status CheckStorable(const JobSubmission& submission);

// Reads id, the columns of jobs, the id in submissions and its columns. Fails with kCorrupt when
// they do not make a record.
Result<JobRecord> ReadJob(Query& row);

}  // namespace headroom
