"""Alerts fire and keep quiet as alerts_test.yaml says, and tell the reader where to go."""

import re
import subprocess
import unittest

import yaml

import board
import skip

HERE = board.ROOT / "tests/dashboards"
ALERTS = [rule for rule in board.rules() if "alert" in rule]


def anchors(markdown):
    """The anchors that a renderer makes of its headings."""
    headings = re.findall(r"^#+ (.+)$", markdown, re.M)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


class Alerts(unittest.TestCase):
    def test_fire_and_keep_quiet(self):
        subprocess.run(["promtool", "check", "rules", *board.RULE_FILES], check=True)
        subprocess.run(["promtool", "test", "rules", HERE / "alerts_test.yaml"], check=True)

    def test_are_all_tested_in_both_directions(self):
        groups = yaml.safe_load((HERE / "alerts_test.yaml").read_text())["tests"]
        cases = {(c["alertname"], "exp_alerts" in c) for g in groups for c in g["alert_rule_test"]}
        names = {alert["alert"] for alert in ALERTS}
        self.assertEqual(cases, {(name, fires) for name in names for fires in (True, False)})

    def test_are_complete(self):
        for alert in ALERTS:
            self.assertIn("for", alert)
            self.assertIn(alert["labels"]["severity"], ("warning", "critical"))
            annotations = {"summary", "description", "runbook_url", "dashboard_url"}
            self.assertEqual(set(alert["annotations"]), annotations, alert["alert"])

    def test_point_at_runbooks_that_exist(self):
        for alert in ALERTS:
            path, anchor = alert["annotations"]["runbook_url"].split("#")
            self.assertEqual(anchor, alert["alert"].lower())
            self.assertIn(anchor, anchors((board.ROOT / path).read_text()))

    def test_point_at_dashboards_that_exist(self):
        uids = {board.load(path)["uid"] for path in board.DASHBOARDS}
        for alert in ALERTS:
            uid = re.match(r"/d/([\w-]+)", alert["annotations"]["dashboard_url"]).group(1)
            self.assertIn(uid, uids)


if __name__ == "__main__":
    skip.needs_program("promtool")
    unittest.main()
