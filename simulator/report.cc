#include "simulator/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "simulator/report_chart.h"
#include "simulator/report_text.h"

namespace headroom::sim {
namespace {

// The line that the pictures show; the daemon's default.
constexpr double kTarget = 0.60;

// `@media` follows the reader; print is always light. 320 is what a chart is drawn for.
constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#5b6570;--back:#fff;--rule:#d5dae0;--memory:#0b62b8;--cpu:#b35900;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ed;--dim:#a0aab4;--back:#14171b;--rule:#394049;--memory:#6cb2ff;--cpu:#ffab5c;--bad:#ff8a80}}
@media print{:root{color-scheme:light;--ink:#000;--dim:#444;--back:#fff;--rule:#bbb;--memory:#0b62b8;--cpu:#b35900;--bad:#b3261e}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:70rem;padding:1rem;background:var(--back);color:var(--ink);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.15rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:0;font-weight:600}
p{margin:.4rem 0;max-width:46rem}.dim{color:var(--dim)}
pre{margin:.5rem 0;padding:.6rem;border:1px solid var(--rule);border-radius:4px;white-space:pre-wrap}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));gap:1rem 1.5rem}
figure{margin:0;break-inside:avoid}svg{display:block;width:100%;max-width:480px;height:auto}
svg text{font:11px system-ui,sans-serif;fill:var(--dim)}
.axis{stroke:var(--rule)}.target{stroke:var(--dim);stroke-dasharray:4 3}.limit{stroke:var(--bad);stroke-dasharray:2 2}
path{fill:none;stroke-width:1.5}.memory{stroke:var(--memory)}.cpu{stroke:var(--cpu);stroke-dasharray:5 2}.most{stroke:var(--memory);stroke-width:.7;opacity:.6}
.bar{fill:var(--memory);opacity:.55}.tail{stroke:var(--memory)}.median{fill:var(--ink)}
.key span{white-space:nowrap;margin-right:1rem}.key i{display:inline-block;width:1.6rem;border-top:2px solid;vertical-align:middle;margin-right:.35rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .6rem;text-align:right;border-bottom:1px solid var(--rule);white-space:nowrap}
th:first-child,td:first-child{position:sticky;left:0;background:var(--back);text-align:left;white-space:normal;min-width:8rem}
thead th{color:var(--dim);font-weight:600}.bad{color:var(--bad);font-weight:600}
@media print{body{font-size:10pt;max-width:none;padding:0}.scroll{overflow:visible}table{font-size:8pt}th,td{padding:2pt 4pt;white-space:normal}th:first-child,td:first-child{position:static;min-width:0}}
)css";

std::string Share(double value) { return fmt::format("{:.1f} %", value * 100); }
std::string Count(double value) { return fmt::format("{:.{}f}", value, value < 10 ? 1 : 0); }

// A figure as the table shows it.
struct Column {
  std::string_view title;
  std::string_view figure;
  std::string (*format)(double value);
  enum class Better { kLess, kMore, kNeither } better;
  bool zero_is_the_goal = false;
};
constexpr Column kColumns[] = {
    {"finished", "finished", &Count, Column::Better::kMore},
    {"out of memory", "oom_kills", &Count, Column::Better::kLess, true},
    {"refused", "rejected", &Count, Column::Better::kLess},
    {"over capacity", "over_capacity_seconds", &FormatSeconds, Column::Better::kLess, true},
    {"makespan", "makespan_seconds", &FormatSeconds, Column::Better::kLess},
    {"mean wait", "mean_wait_seconds", &FormatSeconds, Column::Better::kLess},
    {"p99 wait", "p99_wait_seconds", &FormatSeconds, Column::Better::kLess},
    {"p99 wait, largest tenth", "largest_job_p99_wait_seconds", &FormatSeconds,
     Column::Better::kLess},
    {"memory while jobs wait", "mean_utilization_while_waiting.memory", &Share,
     Column::Better::kMore},
    {"CPU while jobs wait", "mean_utilization_while_waiting.cpu", &Share, Column::Better::kMore},
    {"peak of memory", "peak_utilization.memory", &Share, Column::Better::kNeither},
};

Estimate EstimateOf(const Standing& standing, const Column& column) {
  for (const Figure& figure : Figures()) {
    if (figure.name == column.figure) return EstimateOf(standing, figure);
  }
  return {};
}

std::string CellOf(const Standing& standing, const Column& column) {
  const Estimate estimate = EstimateOf(standing, column);
  std::string text = column.format(estimate.mean);
  if (estimate.ci95 > 0)
    text += fmt::format(" <span class=\"dim\">±{}</span>", column.format(estimate.ci95));
  const bool bad = column.zero_is_the_goal && estimate.mean > 0;
  return fmt::format("<td{}>{}</td>", bad ? " class=\"bad\"" : "", text);
}

std::string ComparisonTable(const Report& report) {
  std::string html = "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th>policy</th>";
  for (const Column& column : kColumns) html += fmt::format("<th>{}</th>", column.title);
  html += "</tr></thead><tbody>";
  for (const Standing& standing : report.standings) {
    html += fmt::format("<tr><td>{}</td>", EscapeHtml(standing.policy));
    for (const Column& column : kColumns) html += CellOf(standing, column);
    html += "</tr>";
  }
  return html + "</tbody></table></div>";
}

// Whether `other` does better than `own` by more than both intervals leave open.
bool IsBeaten(const Estimate& own, const Estimate& other, Column::Better better) {
  const double ahead =
      better == Column::Better::kMore ? other.mean - own.mean : own.mean - other.mean;
  return better != Column::Better::kNeither && ahead > own.ci95 + other.ci95 && ahead > 1e-9;
}

// What `policy` does worse than others, a line each figure.
std::string LossesOf(const Report& report, std::size_t policy) {
  std::string html;
  const Standing& own = report.standings[policy];
  for (const Column& column : kColumns) {
    std::string better;
    const Estimate mine = EstimateOf(own, column);
    for (std::size_t i = 0; i < report.standings.size(); ++i) {
      const Estimate other = EstimateOf(report.standings[i], column);
      if (i == policy || !IsBeaten(mine, other, column.better)) continue;
      better += fmt::format("{}{} ({})", better.empty() ? "" : ", ",
                            EscapeHtml(report.standings[i].policy), column.format(other.mean));
    }
    if (!better.empty())
      html += fmt::format("<li>{}: {}; better: {}</li>", column.title, column.format(mine.mean),
                          better);
  }
  return html.empty() ? "<p>In nothing of the table.</p>" : "<ul>" + html + "</ul>";
}

std::string Losses(const Report& report) {
  std::string html =
      "<h2>Where it does worse</h2><p class=\"dim\">By more than the 95 % intervals of both leave "
      "open. What starts everything at once waits least and runs out of memory.</p>";
  for (std::size_t i = 0; i < report.policies; ++i) {
    html += fmt::format("<h3>{}</h3>", EscapeHtml(report.standings[i].policy));
    html += LossesOf(report, i);
  }
  return html;
}

double LongestMakespan(const Report& report) {
  double longest = 0;
  for (const Standing& standing : report.standings)
    longest = std::max(longest, standing.runs.front().makespan_seconds);
  return longest;
}

std::string UseOverTime(const Report& report) {
  std::string html =
      "<h2>Use over time</h2><p class=\"key\"><span style=\"color:var(--memory)\"><i></i>memory"
      "</span><span style=\"color:var(--cpu)\"><i style=\"border-top-style:dashed\"></i>CPU</span>"
      "<span class=\"dim\"><i style=\"border-top-style:dashed\"></i>60 %</span></p>"
      "<p class=\"dim\">Shares of what there is, of the first seed, on one time axis. The thin "
      "line is the most memory that was wanted at once; above 100 % jobs are killed.</p>"
      "<div class=\"charts\">";
  const double longest = LongestMakespan(report);
  for (const Standing& standing : report.standings) {
    const std::string name = EscapeHtml(standing.policy);
    html += fmt::format("<figure><h3>{}</h3>{}</figure>", name,
                        UseChart(name, standing.runs.front().course, longest, kTarget));
  }
  return html + "</div>";
}

std::vector<double> WaitsOf(const Standing& standing) {
  std::vector<double> waits;
  for (const RunResult& run : standing.runs)
    waits.insert(waits.end(), run.waits.begin(), run.waits.end());
  std::ranges::sort(waits);
  return waits;
}

std::string Waits(const Report& report) {
  std::vector<std::vector<double>> all;
  double longest = 0;
  for (const Standing& standing : report.standings) {
    all.push_back(WaitsOf(standing));
    longest = std::max(longest, QuantileOf(all.back(), 1));
  }
  std::string html =
      "<h2>Waits</h2><p class=\"dim\">From submission to start, of all seeds, on a logarithmic "
      "axis: the bar is from the 10th to the 90th percentile, the mark the median, the line ends "
      "at the 99th.</p><div class=\"charts\">";
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string name = EscapeHtml(report.standings[i].policy);
    html += fmt::format(
        "<figure><h3>{}</h3>{}{}<p class=\"dim\">median {}, p90 {}, p99 {}, longest "
        "{}</p></figure>",
        name, WaitChart(name, all[i], longest), WaitAxis(longest),
        FormatSeconds(QuantileOf(all[i], 0.5)), FormatSeconds(QuantileOf(all[i], 0.9)),
        FormatSeconds(QuantileOf(all[i], 0.99)), FormatSeconds(QuantileOf(all[i], 1)));
  }
  return html + "</div>";
}

std::string Head(const Report& report) {
  const std::size_t seeds = report.standings.front().runs.size();
  return fmt::format(
      "<h1>{0} under {1} {2}</h1><p>On a host with {3}; {4:.0f} jobs, played with {5} {6}.</p>"
      "<pre><code>{7}</code></pre>",
      EscapeHtml(report.workload), report.standings.size(),
      report.standings.size() == 1 ? "policy" : "policies", EscapeHtml(report.host),
      static_cast<double>(report.standings.front().runs.front().jobs), seeds,
      seeds == 1 ? "seed" : "seeds", EscapeHtml(report.command));
}

}  // namespace

std::string ReportPage(const Report& report) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'\">"
      "<title>{} - headroom simulate</title><style>{}</style></head><body>"
      "{}<h2>Compared</h2>{}{}{}{}</body></html>\n",
      EscapeHtml(report.workload), kStyle, Head(report), ComparisonTable(report), Losses(report),
      UseOverTime(report), Waits(report));
}

}  // namespace headroom::sim
