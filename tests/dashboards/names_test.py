"""docs/metrics.md, dashboards and rules speak of the metrics that there are, and of all of them.

Usage: names_test.py METRICS_SAMPLE [--write]; --write brings the table of docs/metrics.md up to date.
"""

import re
import subprocess
import sys
import unittest

import board
import exposition

DOC = board.ROOT / "docs/metrics.md"
DECLARATIONS = board.ROOT / "daemon/metric_families.h"
TABLE = re.compile(r"\| metric \|.*?\n(?=\n)", re.S)

# Exported, on no dashboard and in no rule.
UNUSED = {
    "headroom_memory_peak_charge_bytes": "for the capacity dashboard; the overview shows one line",
    "headroom_memory_peak_headroom_bytes": "as above",
    "headroom_cpu_peak_charge_cores": "as above",
    "headroom_cpu_peak_headroom_cores": "as above",
    "headroom_pids_ceiling": "as above",
    "headroom_pids_peak_charge": "as above",
    "headroom_pids_peak_headroom": "as above",
    "headroom_jobs_rejected_total": "also counted in headroom_jobs_finished_total",
    "headroom_jobs_requeued_total": "off unless the policy has retries; for reports",
    "headroom_attempts_recovered_total": "for the look back after a restart",
    "headroom_run_duration_seconds": "for reports",
    "headroom_shadow_startable_jobs": "only while a shadow policy is tried (docs/policy.md)",
    "headroom_shadow_starts_total": "as above",
    "headroom_shadow_waiting_jobs": "as above",
    "headroom_pool_memory_current_bytes": "for comparison with the kernel's own figure",
    "headroom_pool_memory_max_bytes": "the overview shows the capacity, which it bounds",
    "headroom_store_commits_total": "for the rate of commits when the disk is in doubt",
    "headroom_policy_reload_timestamp_seconds": "for reports; the overview marks each change",
}

families = {}


def table():
    rows = ["| metric | type | labels | meaning |", "|---|---|---|---|"]
    for family in families.values():
        labels = ", ".join(f"`{label}`" for label in family.labels)
        rows.append(f"| `{family.name}` | {family.type} | {labels} | {family.help} |")
    return "\n".join(rows) + "\n"


def used_names():
    """Names that dashboards and rules speak of, by where."""
    for path in board.DASHBOARDS:
        dashboard = board.load(path)
        for where, expr in board.dashboard_expressions(dashboard):
            yield f"{path.name}: {where}", board.metric_names(expr)
        for variable, selector, _ in board.label_queries(dashboard):
            yield f"{path.name}: ${variable}", board.metric_names(selector)
    for rule in board.rules():
        yield rule.get("alert") or rule["record"], board.metric_names(rule["expr"])


class Names(unittest.TestCase):
    def test_in_the_sample_are_all_that_are_declared(self):
        declared = set(re.findall(r'"((?:headroom|process)_\w+[a-z])"', DECLARATIONS.read_text()))
        self.assertGreater(len(declared), 40)
        self.assertLessEqual(declared, set(families))

    def test_in_the_documentation_are_those_that_are_exported(self):
        self.assertEqual(TABLE.search(DOC.read_text()).group(), table())

    def test_in_dashboards_and_rules_are_exported(self):
        for where, names in used_names():
            for name in names - {"up"}:
                self.assertIn(exposition.base_name(name, families), families, where)

    def test_are_used_or_listed_as_unused(self):
        used = {exposition.base_name(n, families) for _, names in used_names() for n in names}
        self.assertEqual(set(families) - used, set(UNUSED))

    def test_are_matched_by_labels_that_exist(self):
        """A misspelt label or value matches nothing and would never be noticed."""
        values = {}
        for family in families.values():
            for series in family.samples:
                for label, value in re.findall(r'(\w+)="([^"]*)"', series):
                    values.setdefault((family.name, label), set()).add(value)
        for where, name, label, value in label_matchers():
            key = (exposition.base_name(name, families), label)
            self.assertIn(key, values, where)
            self.assertIn(value, values[key], where)


def label_matchers():
    """(where, metric, label, value) of each value that an expression names."""
    for path in board.DASHBOARDS:
        for where, expr in board.dashboard_expressions(board.load(path)):
            yield from matchers_of(where, expr)
    for rule in board.rules():
        yield from matchers_of(rule.get("alert") or rule["record"], rule["expr"])


def matchers_of(where, expr):
    for name, matchers in re.findall(r"(headroom_\w+)\{([^}]*)\}", expr):
        for label, value in re.findall(r'(\w+)\s*(?:=~|!=|=)\s*"([^"]*)"', matchers):
            if label not in ("job", "instance"):
                for one in value.split("|"):
                    yield where, name, label, one


def main():
    families.update(exposition.parse(subprocess.check_output([sys.argv[1]], text=True)))
    if "--write" in sys.argv:
        DOC.write_text(TABLE.sub(lambda _: table(), DOC.read_text()))
    unittest.main(argv=sys.argv[:1])


if __name__ == "__main__":
    main()
