"""Plays the incident three ways and says what happened. `./dev demo` calls it after the build.

47 jobs come at once to a host that has room for some 24 of them:
  none       everything starts at once, as it did in the incident
  count:24   MAX_WORKERS=24, the fixed count that was patched back in
  headroom   admitted by what is really free
The pool is a cgroup of its own with a hard cap, so the host is never at risk.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
REPO = HERE.parent
sys.path.insert(0, str(HERE))

import plot  # noqa: E402
import workload  # noqa: E402
from daemon import CannotRunHere, Daemon  # noqa: E402

GIB = 1 << 30
SAMPLE_SECONDS = 0.5
LONGEST_RUN_SECONDS = 240
ADMISSION = {
    "none": {"mode": "none"},
    "count:24": {"mode": "count", "max_jobs": 24},
    "headroom": {"mode": "headroom"},
}


def policy(name, pool_bytes):
    """deploy/policy.json, but for a pool of this size and jobs that live for half a minute, not for hours."""
    return {
        "version": 1,
        "tick": "500ms",
        "admission": {**ADMISSION[name], "warm_up": "3s"},
        "gate": {"quiet": "5s"},
        "pool": {"memory_max": pool_bytes, "pids_max": 4096},
    }


def pool_size():
    """2 GiB, or a third of what is available on a small machine."""
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            available = int(line.split()[1]) * 1024
            return min(2 * GIB, available // 3)
    return GIB


class Recorder:
    """What one run looked like, sample by sample."""

    def __init__(self, name, pool_bytes):
        self.name = name
        self.pool_bytes = pool_bytes
        self.samples = []
        self.jobs = []

    def sample(self, at, snapshot, headroom):
        pool = snapshot["measurements"]["pool"]
        states = snapshot["jobs_by_state"]
        pressure = pool["pressure"]["memory"] or {}
        lines = headroom["memory"]
        self.samples.append(
            {
                "seconds": round(at, 3),
                "memory": _share(lines["observed"], self.pool_bytes),
                "charge": _share(lines["charge"], self.pool_bytes),
                "peak_charge": _share(lines["peak_charge"], self.pool_bytes),
                "cache": _share(pool["memory"]["file"], self.pool_bytes),
                "cpu": _share(headroom["cpu"]["observed"], headroom["cpu"]["capacity"]),
                "waiting": states["waiting"],
                "running": states["running"] + states["starting"] + states["stopping"],
                "psi_some": _avg10(pressure, "some"),
                "psi_full": _avg10(pressure, "full"),
                "gate": snapshot["gate"]["position"],
            }
        )

    def summary(self):
        waiting = [s["memory"] for s in self.samples if s["waiting"] > 0]
        waits = [job["waited"] for job in self.jobs if job["waited"] is not None]
        memory = [s["memory"] for s in self.samples] or [0.0]
        return {
            "policy": self.name,
            "jobs": len(self.jobs),
            "finished": sum(job["outcome"] == "succeeded" for job in self.jobs),
            "oom_killed": sum(job["outcome"] == "oom_killed" for job in self.jobs),
            "mean_use": _mean(memory),
            "peak_use": max(memory),
            "mean_use_while_waiting": _mean(waiting) if waiting else None,
            "makespan_seconds": max((job["ended"] for job in self.jobs), default=None),
            "mean_wait_seconds": _mean(waits) if waits else None,
            "peak_psi_some": max((s["psi_some"] for s in self.samples), default=0.0),
            "peak_psi_full": max((s["psi_full"] for s in self.samples), default=0.0),
        }


def _share(part, whole):
    return (part or 0) / whole if whole else 0.0


def _avg10(pressure, kind):
    return ((pressure.get(kind) or {}).get("avg10") or 0.0) / 100


def _mean(values):
    return sum(values) / len(values)


def play(name, binaries, pool_bytes):
    recorder = Recorder(name, pool_bytes)
    with Daemon(binaries, policy(name, pool_bytes)) as daemon:
        cpu_millis = daemon.call("GET", "/v1/headroom")["cpu"]["capacity"]
        jobs = workload.incident(pool_bytes, cpu_millis)
        program = str(pathlib.Path(binaries) / "headroom-demo-job")
        began = time.time()
        wanted = [{"external_id": j.name, **j.submission(program, pool_bytes)} for j in jobs]
        daemon.call("PUT", "/v1/sources/incident/jobs", {"jobs": wanted})
        while True:
            at = time.time() - began
            snapshot = daemon.call("GET", "/v1/snapshot")
            recorder.sample(at, snapshot, daemon.call("GET", "/v1/headroom"))
            progress(recorder)
            states = snapshot["jobs_by_state"]
            if sum(states.values()) == 0:
                break
            if at > LONGEST_RUN_SECONDS:
                raise RuntimeError(f"{name}: not finished after {LONGEST_RUN_SECONDS} s")
            time.sleep(SAMPLE_SECONDS)
        for job in daemon.call("GET", "/v1/jobs?source=incident&limit=100")["jobs"]:
            recorder.jobs.append(_fate(job, began))
    progress_done()
    return recorder


def _fate(job, began):
    started = _seconds(job["started_at"])
    return {
        "name": job["name"],
        "outcome": job["outcome"],
        "oom": job["oom"],
        "waited": started - _seconds(job["submitted_at"]) if started else None,
        "ended": _seconds(job["finished_at"]) - began,
        "peak_bytes": job["usage"]["peak_memory_bytes"],
    }


def _seconds(text):
    if text is None:
        return None
    from datetime import datetime

    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def progress(recorder):
    last = recorder.samples[-1]
    bar = "#" * round(min(last["memory"], 1.0) * 40)
    line = (
        f"{recorder.name:<9} {last['seconds']:6.1f} s  memory [{bar:<40}] {last['memory']:4.0%}  "
        f"running {last['running']:>2}  waiting {last['waiting']:>2}  gate {last['gate']}"
    )
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[2K" + line)
        sys.stderr.flush()
    elif len(recorder.samples) % 10 == 1:
        print(line, file=sys.stderr, flush=True)


def progress_done():
    if sys.stderr.isatty():
        sys.stderr.write("\n")


COLUMNS = (
    ("policy", "policy", "{}"),
    ("jobs", "jobs", "{}"),
    ("finished", "finished", "{}"),
    ("OOM-killed", "oom_killed", "{}"),
    ("mean use", "mean_use", "{:.0%}"),
    ("peak use", "peak_use", "{:.0%}"),
    ("use while jobs wait", "mean_use_while_waiting", "{:.1%}"),
    ("makespan", "makespan_seconds", "{:.0f} s"),
    ("mean wait", "mean_wait_seconds", "{:.1f} s"),
    ("peak PSI some/full", "peak_psi", "{}"),
)


def table(results):
    rows = [[head for head, _, _ in COLUMNS]]
    for result in results:
        shown = {**result, "peak_psi": f"{result['peak_psi_some']:.0%} / {result['peak_psi_full']:.0%}"}
        rows.append(["-" if shown[key] is None else form.format(shown[key]) for _, key, form in COLUMNS])
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in rows]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def play_all(arguments, where):
    pool_bytes = arguments.pool_mib << 20 if arguments.pool_mib else pool_size()
    print(f"The incident, {where}: 47 jobs come at once to a pool of {pool_bytes / GIB:.1f} GiB.", file=sys.stderr)
    runs = [play(name, arguments.binaries, pool_bytes) for name in ADMISSION]
    results = [run.summary() for run in runs]
    arguments.out.mkdir(parents=True, exist_ok=True)
    document = {"where": where, "pool_bytes": pool_bytes, "target": 0.60, "results": results}
    (arguments.out / "incident.json").write_text(json.dumps(document, indent=2) + "\n")
    samples = {run.name: {"samples": run.samples, "jobs": run.jobs} for run in runs}
    (arguments.out / "samples.json").write_text(json.dumps(samples) + "\n")
    picture = plot.draw(runs, where, arguments.out)
    print(table(results))
    print(f"\nplot: {' and '.join(str(path) for path in picture)}")
    if arguments.json:
        arguments.json.write_text(json.dumps(document, indent=2) + "\n")
    return document


def play_in_lab(arguments):
    out = arguments.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    command = [
        REPO / "tests/kernel/lab", "--memory", "4096", "--timeout", "900", "--out", out, "--",
        sys.executable, HERE / "run.py", "--inside", "--binaries", arguments.binaries, "--out", out,
        "--pool-mib", str(arguments.pool_mib or 1536),
    ]
    done = subprocess.run([str(part) for part in command], check=False)
    if done.returncode == 0 and arguments.json:
        arguments.json.write_text((out / "incident.json").read_text())
    return done.returncode


def parse():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__.split("\n\n")[0])
    parser.add_argument("--vm", action="store_true", help="in the kernel lab, on cgroup v2")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the table as JSON")
    parser.add_argument("--out", type=pathlib.Path, default=REPO / "build/demo", metavar="DIR", help="for plot and samples")
    parser.add_argument("--pool-mib", type=int, metavar="N", help="size of the pool (default: 2048, less on a small machine)")
    parser.add_argument("--binaries", type=pathlib.Path, default=REPO / "build/release/bin", help=argparse.SUPPRESS)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    arguments = parse()
    if arguments.vm:
        return play_in_lab(arguments)
    try:
        where = "in the kernel lab" if arguments.inside else "on this machine"
        play_all(arguments, where)
        return 0
    except CannotRunHere as reason:
        if arguments.inside:
            print(reason, file=sys.stderr)
            return 1
        print(f"{reason}\nThis machine cannot enforce limits; playing it in the kernel lab.", file=sys.stderr)
        return play_in_lab(arguments)
    except KeyboardInterrupt:
        print("\ninterrupted; everything of the demo was removed", file=sys.stderr)
        return 130


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
