"""A real Prometheus scrapes a real headroomd under load, and every expression of dashboards, rules
and alerts is asked of it: each must answer with finite numbers.

Usage: live_test.py BIN_DIRECTORY METRICS_SAMPLE
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree
from socket import create_server

import board
import exposition
import skip

sys.path.insert(0, str(board.ROOT / "demo"))
from daemon import CannotRunHere, Daemon  # noqa: E402

RATE_WINDOW_SECONDS = 10
MIB = 1 << 20

POLICY = {
    "version": 1,
    "tick": "200ms",
    "admission": {"warm_up": "2s", "max_jobs": 8},
    "tokens": {"db": 2},
    "pool": {"memory_max": "512MiB", "pids_max": 512},
}
# For the steady load: a busy test machine has no CPU left under the target, and starts its jobs all
# the same.
BY_COUNT = {**POLICY, "admission": {"mode": "count", "max_jobs": 8}}

# Expressions that may have no answer, and why. Keys are the beginnings of their names.
MAY_BE_EMPTY = {
    "annotation": "marks events; between them there is nothing to mark",
    "Starts against what was foretold": "plans are scored every ten seconds, and jobs that never wait not at all",
    "Error of the expected start": "as above",
    "alert": "fires when something is wrong; what it looks at is asked for selector by selector",
}
# Exported only where the kernel has PSI, or where a shadow policy is decided.
MAY_BE_MISSING = {"headroom_pressure_ratio", "headroom_pressure_stall_seconds_total",
                  "headroom_shadow_startable_jobs", "headroom_shadow_waiting_jobs"}

# Set by main().
SAMPLE = target = daemon = prometheus = None


def job(name, command, memory="1MiB", **more):
    """A small job that goes before the large ones that wait."""
    return {
        "name": name,
        "command": ["/bin/sh", "-c", command],
        "request": {"memory": memory, "cpu": "10m", "pids": 2},
        "duration": "2s",
        "priority": 10,
        **more,
    }


def eat(mebibytes):
    return f"exec /usr/bin/python3 -c 'held = bytearray({mebibytes} << 20)'"


# (how many, submission, the outcome that each must come to)
SCRIPT = [
    (6, job("good", "true"), "succeeded"),
    (2, job("bad", "exit 3"), "failed"),
    (1, job("killed", "kill -9 $$"), "signaled"),
    (1, {**job("absent", ""), "command": ["/nonexistent/program"]}, "launch_failed"),
    (1, job("too-big", eat(200), limits={"memory": 48 * MIB}), "oom_killed"),
    (1, job("impossible", "true", memory="100TiB"), "rejected"),
    (
        1,
        job("holder", "sleep 600", request={"memory": "1MiB", "cpu": "10m", "pids": 2, "tokens": {"db": 1}}),
        "cancelled",
    ),
    (4, job("large", "sleep 600", memory="150MiB", priority=0, duration="10m"), "cancelled"),
]


class Prometheus:
    """A Prometheus of the test's own. Use as a context manager."""

    def __init__(self, target, token_file):
        self._dir = pathlib.Path(tempfile.mkdtemp(prefix="headroom-prometheus-"))
        self.url = f"http://127.0.0.1:{free_port()}"
        (self._dir / "prometheus.json").write_text(json.dumps(self._config(target, token_file)))

    def _config(self, target, token_file):
        every_second = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
        scrape = {
            "job_name": "headroom",
            "authorization": {"credentials_file": str(token_file)},
            "static_configs": [{"targets": [target]}],
        }
        rules = [str(path) for path in board.RULE_FILES]
        return {"global": every_second, "scrape_configs": [scrape], "rule_files": rules}

    def __enter__(self):
        self._log = open(self._dir / "log", "wb")
        self._process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={self._dir}/prometheus.json",
                f"--storage.tsdb.path={self._dir}/tsdb",
                f"--web.listen-address={self.url.removeprefix('http://')}",
            ],
            stdout=self._log,
            stderr=self._log,
        )
        wait_until(self._is_ready, "Prometheus is ready", seconds=30)
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(timeout=20)
        self._log.close()
        shutil.rmtree(self._dir, ignore_errors=True)

    def _is_ready(self):
        try:
            return urllib.request.urlopen(self.url + "/-/ready", timeout=2).status == 200
        except OSError:
            return False

    def get(self, path, **parameters):
        try:
            address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
            with urllib.request.urlopen(address, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from error

    def values(self, expr, at):
        result = self.get("query", query=expr, time=at)["result"]
        return [float(series["value"][1]) for series in result]


def free_port():
    with create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_until(condition, what, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.1)


class Load:
    """The script, and small jobs one after another until stop(): rates need something to happen."""

    def __init__(self):
        self._stopped = threading.Event()
        self.submitted = {}  # id -> expected outcome
        for count, submission, outcome in SCRIPT:
            for _ in range(count):
                self._submit(submission, outcome)
        self._script = dict(self.submitted)
        self._thread = threading.Thread(target=self._keep_going)
        self._thread.start()

    def _submit(self, submission, outcome):
        self.submitted[daemon.call("POST", "/v1/jobs", submission)["id"]] = outcome

    def _keep_going(self):
        while not self._stopped.wait(0.4):
            self._submit(job("small", "sleep 0.1"), "succeeded")
            try:
                daemon.call("GET", "/v1/jobs/999999999")
            except RuntimeError:
                pass  # 404, as wanted: a client's error

    def outcomes(self):
        listed = daemon.call("GET", "/v1/jobs?state=finished&limit=1000")["jobs"]
        return {one["id"]: one["outcome"] for one in listed}

    def script_is_done(self):
        """All that end by themselves have ended."""
        ended = self.outcomes()
        return all(i in ended for i, outcome in self._script.items() if outcome != "cancelled")

    def stop(self):
        self._stopped.set()
        self._thread.join()
        for i, outcome in self.submitted.items():
            if outcome == "cancelled":
                daemon.call("POST", f"/v1/jobs/{i}/cancel")
        wait_until(lambda: len(self.outcomes()) == len(self.submitted), "all jobs have ended", 20)


def live_text():
    """/metrics as Prometheus gets it."""
    token = (daemon.state_dir / "token").read_text().strip()
    request = urllib.request.Request(f"http://{target}/metrics", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def live_metrics():
    return exposition.parse(live_text())


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.load = Load()
        cls.addClassCleanup(cls.load.stop)
        time.sleep(3)
        (daemon.state_dir.parent / "policy.json").write_text(json.dumps(BY_COUNT))
        daemon.call("POST", "/v1/policy/reload")
        wait_until(cls.load.script_is_done, "the script is done", 30)
        time.sleep(RATE_WINDOW_SECONDS)  # a window of steady load behind us
        cls.at = time.time()

    def ask(self, where, expr):
        expr = board.substitute(expr, rate_interval=f"{RATE_WINDOW_SECONDS}s", range_="60s")
        values = prometheus.values(expr, self.at)
        if not values and not any(where.startswith(key) for key in MAY_BE_EMPTY):
            self.fail(f"{where}: no data: {expr}")
        for value in values:
            self.assertTrue(abs(value) < float("inf"), f"{where}: {value}: {expr}")

    def test_1_every_dashboard_expression_has_data(self):
        for path in board.DASHBOARDS:
            for where, expr in board.dashboard_expressions(board.load(path)):
                with self.subTest(where):
                    self.ask(where, expr)

    def test_2_every_variable_has_values(self):
        for path in board.DASHBOARDS:
            for name, selector, label in board.label_queries(board.load(path)):
                found = prometheus.get(f"label/{label}/values", **{"match[]": board.substitute(selector)})
                self.assertEqual(len(found), 1, name)

    def test_3_every_rule_has_data(self):
        for rule in board.rules():
            where = f"alert {rule['alert']}" if "alert" in rule else rule["record"]
            with self.subTest(where):
                self.ask(where, rule["expr"])
            for selector in re.findall(r"(?:up|\bheadroom_\w+)(?:\{[^}]*\})?(?![\w:])", rule["expr"]):
                if selector.startswith(("headroom_", "up{")):
                    self.ask(f"{selector} of {where}", selector)

    def test_4_prometheus_evaluates_the_rules(self):
        groups = prometheus.get("rules")["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        self.assertEqual(len(rules), len(list(board.rules())))
        self.assertEqual([r["name"] for r in rules if r["health"] != "ok"], [])

    def test_5_the_daemon_exports_what_is_documented(self):
        documented = set(exposition.parse(subprocess.check_output([SAMPLE], text=True)))
        exported = set(live_metrics())
        self.assertLessEqual(exported, documented)
        self.assertLessEqual(documented - exported, MAY_BE_MISSING)

    def test_6_the_exposition_is_clean(self):
        text = live_text()
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        self.assertEqual((checked.returncode, checked.stderr), (0, ""))

    def test_7_the_preview_draws_every_panel(self):
        for path in board.DASHBOARDS:
            with tempfile.NamedTemporaryFile(suffix=".svg") as out:
                preview = [board.ROOT / "dashboards/preview", path, out.name, "--seconds", "30"]
                subprocess.run([*preview, "--prometheus", prometheus.url], check=True)
                texts = {e.text for e in xml.etree.ElementTree.parse(out.name).iter() if e.text}
            self.assertLessEqual({panel["title"] for panel in board.panels(board.load(path))}, texts)
            self.assertTrue(any(text.startswith("preview, not Grafana") for text in texts))

    def test_8_the_counters_say_what_happened(self):
        self.load.stop()
        self.assertEqual(self.load.outcomes(), self.load.submitted)
        samples = {s: v for family in live_metrics().values() for s, v in family.samples.items()}
        self.assertEqual(samples["headroom_jobs_submitted_total"], len(self.load.submitted))
        for outcome in set(self.load.submitted.values()):
            expected = list(self.load.submitted.values()).count(outcome)
            self.assertEqual(samples[f'headroom_jobs_finished_total{{outcome="{outcome}"}}'], expected)
        self.assertEqual(samples['headroom_oom_kills_total{cause="job_limit"}'], 1)
        self.assertEqual(samples["headroom_jobs_rejected_total"], 1)
        self.assertGreater(samples['headroom_http_requests_total{code="4xx"}'], 0)
        self.assertEqual(samples["headroom_policy_generation"], 2)


def main():
    global SAMPLE, target, daemon, prometheus
    binaries, SAMPLE = pathlib.Path(sys.argv[1]), sys.argv[2]
    skip.needs_program("prometheus")
    skip.needs_program("promtool")
    for program in ("headroomd", "headroom-shim"):
        skip.needs(program, (binaries / program).exists())
    skip.needs("root, to make cgroups", os.geteuid() == 0)
    target = f"127.0.0.1:{free_port()}"
    try:
        with Daemon(binaries, POLICY, ["--listen", target]) as daemon:
            with Prometheus(target, daemon.state_dir / "token") as prometheus:
                unittest.main(argv=sys.argv[:1], verbosity=2)
    except CannotRunHere as reason:
        skip.needs(f"cgroups that headroomd can use: {reason}", False)


if __name__ == "__main__":
    main()
