#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "daemon/job_record.h"
#include "daemon/sqlite.h"
#include "daemon/store.h"

// The statements on jobs and their submissions. Meaning and errors: store.h.
namespace headroom {

Result<JobId> InsertJob(Database& db, const JobRecord& record);
// With the id that it has.
Status InsertJobAs(Database& db, const JobRecord& record);
Status UpdateJob(Database& db, const JobRecord& record);

Result<std::optional<JobRecord>> FindJob(Database& db, JobId id);
Result<std::optional<JobRecord>> FindJobByIdempotencyKey(Database& db, uid_t uid,
                                                         const std::string& key);
Result<std::optional<JobRecord>> FindJobBySource(Database& db, const std::string& source,
                                                 const std::string& external_id);
Result<std::vector<JobRecord>> ListJobs(Database& db, const JobQuery& query);
Result<std::vector<JobRecord>> UnfinishedJobs(Database& db);
Result<std::map<std::string, int64_t>> CountJobsByState(Database& db);

// Removes finished jobs, those that finished first, until `keep` are left or `most` are gone.
// Returns the last attempt of each.
Result<std::vector<AttemptId>> PruneJobs(Database& db, int64_t keep, std::size_t most);

}  // namespace headroom
