"""Every expression of dashboards and label variables parses: promtool reads each as a rule."""

import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

import board
import skip


def complaints(expressions):
    """What promtool says about them; empty: all parse."""
    rules = [
        {"record": f"parsed:{i}:once", "expr": board.substitute(e)} for i, e in enumerate(expressions)
    ]
    with tempfile.TemporaryDirectory() as scratch:
        file = pathlib.Path(scratch) / "rules.yaml"
        file.write_text(yaml.safe_dump({"groups": [{"name": "parsed", "rules": rules}]}))
        ran = subprocess.run(
            ["promtool", "check", "rules", "--lint=none", file], capture_output=True, text=True
        )
    return "" if ran.returncode == 0 else ran.stderr + ran.stdout


class Expressions(unittest.TestCase):
    def test_parse(self):
        for path in board.DASHBOARDS:
            dashboard = board.load(path)
            expressions = [expr for _, expr in board.dashboard_expressions(dashboard)]
            expressions += [selector for _, selector, _ in board.label_queries(dashboard)]
            self.assertGreater(len(expressions), 50)
            self.assertEqual(complaints(expressions), "")

    def test_are_refused_when_they_do_not(self):
        self.assertRegex(complaints(["sum(up", "up"]), re.compile("parse error"))

    def test_use_no_variable_that_there_is_not(self):
        with self.assertRaises(KeyError):
            board.substitute("rate(headroom_jobs_submitted_total[$__interval])")


if __name__ == "__main__":
    skip.needs_program("promtool")
    unittest.main()
