#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

// Whole small files, read with a bound and written so that they are there after a power cut.
// Threads: any. Errors name the path.
namespace headroom {

// Reads a regular file, or a file of /proc or /sys, of at most `limit` bytes; a longer one is an
// error, as is a directory or a FIFO (which would block).
Result<std::string> ReadFile(const std::string& path, std::size_t limit);

// Replaces `path` in one step: written beside it, fsync'ed, renamed over it, directory fsync'ed.
Status WriteFileDurably(const std::string& path, std::string_view content, unsigned mode = 0600);

// Makes the creation, renaming or removal of `path` itself last through a power cut (fsync(2)).
Status SyncDirectoryOf(const std::string& path);

// Takes an exclusive lock on an open file (flock(2)); it goes with the process. A process that was
// killed a moment ago may have left it to a child that has yet to exec, so it is tried for a second
// before kConflict.
Status LockAlone(int fd, const std::string& path);

// Writes `content` to an existing file with one write(2), as the files of cgroupfs want it.
Status WriteExisting(const std::string& path, std::string_view content);

}  // namespace headroom
