#pragma once

#include <string>

#include "base/result.h"

// Reads a whole file, plain or gzip. The one place that includes zlib.
namespace headroom::cli {

// At most `most` bytes once unpacked; more is kInvalid. kCorrupt: damaged gzip.
Result<std::string> ReadPlainOrGzip(const std::string& path, std::size_t most);

}  // namespace headroom::cli
