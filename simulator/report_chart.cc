#include "simulator/report_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "simulator/report_text.h"

namespace headroom::sim {
namespace {

// Where the plot lies in the picture.
constexpr double kWidth = 320, kLeft = 34, kRight = 312, kTop = 8, kBottom = 118;
constexpr double kChartHeight = 138;
// What is higher is cut; the figures tell it.
constexpr double kHighestShare = 1.2;

double X(double at, double whole) {
  return kLeft + (kRight - kLeft) * std::clamp(whole > 0 ? at / whole : 0, 0.0, 1.0);
}
double Y(double share) {
  return kBottom - (kBottom - kTop) * std::clamp(share / kHighestShare, 0.0, 1.0);
}

// The value of a point over the middle of its time.
std::string Path(const Course& course, double whole, double CoursePoint::*value) {
  std::string path;
  double at = 0;
  for (const CoursePoint& point : course.points()) {
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L",
                        X(at + point.seconds / 2, whole), Y(point.*value));
    at += point.seconds;
  }
  return path;
}

std::string Line(double share, const char* name) {
  return fmt::format("<line class=\"{}\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>", name,
                     kLeft, kRight, Y(share), Y(share));
}

std::string Label(double x, double y, const char* anchor, const std::string& text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>", x, y, anchor,
                     text);
}

// One second and less is the left end.
double WaitX(double seconds, double longest) {
  const double whole = std::log(std::max(longest, 10.0));
  return kLeft + (kRight - kLeft) * std::clamp(std::log(std::max(seconds, 1.0)) / whole, 0.0, 1.0);
}

}  // namespace

std::string UseChart(const std::string& title, const Course& course, double seconds,
                     double target) {
  std::string svg =
      fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"use over time: {}\">",
                  kWidth, kChartHeight, title);
  for (const double share : {0.0, target, 1.0}) {
    svg += Line(share, share == target ? "target" : share == 1.0 ? "limit" : "axis");
    svg += Label(kLeft - 4, Y(share) + 4, "end", fmt::format("{:.0f}%", share * 100));
  }
  svg += fmt::format("<path class=\"most\" d=\"{}\"/>",
                     Path(course, seconds, &CoursePoint::most_memory));
  svg += fmt::format("<path class=\"cpu\" d=\"{}\"/>", Path(course, seconds, &CoursePoint::cpu));
  svg +=
      fmt::format("<path class=\"memory\" d=\"{}\"/>", Path(course, seconds, &CoursePoint::memory));
  svg += Label(kLeft, kChartHeight - 4, "start", "0");
  svg += Label(kRight, kChartHeight - 4, "end", FormatSeconds(seconds));
  return svg + "</svg>";
}

std::string WaitChart(const std::string& title, const std::vector<double>& waits, double longest) {
  constexpr double kMiddle = 10, kHalfBar = 6;
  const auto x = [&](double share) { return WaitX(QuantileOf(waits, share), longest); };
  return fmt::format(
      "<svg viewBox=\"0 0 {} 20\" role=\"img\" aria-label=\"waits: {}\">"
      "<line class=\"axis\" x1=\"{}\" x2=\"{}\" y1=\"19\" y2=\"19\"/>"
      "<line class=\"tail\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{}\" y2=\"{}\"/>"
      "<rect class=\"bar\" x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\"/>"
      "<rect class=\"median\" x=\"{:.1f}\" y=\"{}\" width=\"3\" height=\"{}\"/></svg>",
      kWidth, title, kLeft, kRight, x(0.1), x(0.99), kMiddle, kMiddle, x(0.1), kMiddle - kHalfBar,
      std::max(x(0.9) - x(0.1), 1.0), 2 * kHalfBar, x(0.5) - 1.5, kMiddle - kHalfBar - 2,
      2 * kHalfBar + 4);
}

std::string WaitAxis(double longest) {
  constexpr double kTicks[] = {1, 10, 60, 600, 3600, 36'000, 360'000, 3'600'000};
  std::string svg = fmt::format("<svg viewBox=\"0 0 {} 18\" aria-hidden=\"true\">", kWidth);
  for (const double tick : kTicks) {
    if (tick > longest) break;
    svg += Label(WaitX(tick, longest), 13, "middle",
                 tick == 1 ? std::string("≤1 s") : FormatSeconds(tick));
  }
  return svg + "</svg>";
}

double QuantileOf(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::min(std::max<std::size_t>(rank, 1), sorted.size()) - 1];
}

}  // namespace headroom::sim
