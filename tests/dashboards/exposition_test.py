"""What the daemon exports is clean under promtool's own lint.

Usage: exposition_test.py METRICS_SAMPLE
"""

import subprocess
import sys
import unittest

import skip


def lint(text):
    return subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)


class Exposition(unittest.TestCase):
    def test_is_clean(self):
        checked = lint(subprocess.check_output([SAMPLE], text=True))
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def test_would_be_found_unclean(self):
        self.assertIn("_total", lint("# HELP x_jobs Jobs.\n# TYPE x_jobs counter\nx_jobs 1\n").stderr)


if __name__ == "__main__":
    skip.needs_program("promtool")
    SAMPLE = sys.argv.pop(1)
    unittest.main()
