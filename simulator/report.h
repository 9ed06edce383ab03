#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "simulator/study.h"

// A study as one HTML page that needs nothing else: no network, no script, no file beside it.
// Pictures are inline SVG; colours follow the reader's light or dark theme, and print. Names come
// from files of other people and are escaped. Pure.
namespace headroom::sim {

struct Report {
  std::string workload;  // its name
  std::string host;      // "512.0 GiB memory, 64 cores"
  std::string command;   // what makes this page again
  // Policies under test first, then what they are compared with.
  std::vector<Standing> standings;
  std::size_t policies = 0;  // how many of them are under test
};

// REQUIRES: every standing has played the same seeds, at least one.
std::string ReportPage(const Report& report);

}  // namespace headroom::sim
