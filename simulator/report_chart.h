#pragma once

#include <string>
#include <vector>

#include "simulator/course.h"

// The pictures of a report, as SVG elements. Their classes are styled by the page. Each is drawn
// 320 wide, so that its text is readable on a phone. `title` is escaped already. Pure.
namespace headroom::sim {

// Memory and CPU over time, shares of capacity, with lines at `target` and at all there is. The
// axis ends at `seconds`, so that policies can be compared.
std::string UseChart(const std::string& title, const Course& course, double seconds, double target);

// The spread of waits: a bar from the 10th to the 90th percentile, a line to the 99th, a mark at
// the median; logarithmic, to `longest`. REQUIRES: waits are sorted.
std::string WaitChart(const std::string& title, const std::vector<double>& waits, double longest);
// The axis under them.
std::string WaitAxis(double longest);

// The smallest value that a share of them does not exceed; 0 of nothing.
double QuantileOf(const std::vector<double>& sorted, double share);

}  // namespace headroom::sim
