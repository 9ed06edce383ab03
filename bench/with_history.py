#!/usr/bin/python3
"""What a history is worth: the same tasks played cold and with the history of others of their kinds.

    bench/with_history.py mixed|tpp|TRACE.csv.gz [--seeds N] [--bin DIR]

Of made-up tasks each seed has twice as many as are played, and of a trace every other task is played;
the rest is the history. No task is in both.
"""

import argparse
import gzip
import json
import pathlib
import statistics
import subprocess
import tempfile

HOSTS = {
    "mixed": ["--jobs", "1000"],
    "tpp": ["--jobs", "2000", "--tick", "15s"],
    "trace": ["--jobs", "3000", "--capacity-memory", "10GiB", "--capacity-cpus", "64"],
}
FIGURES = [
    ("OOM kills", "oom_kills", 1),
    ("memory while jobs wait %", "mean_utilization_while_waiting.memory", 100),
    ("warm %", "mean_utilization_while_waiting_warm.memory", 100),
    ("peak %", "peak_utilization.memory", 100),
    ("makespan s", "makespan_seconds", 1),
    ("mean wait s", "mean_wait_seconds", 1),
]


def tasks_of(what, seed, programs):
    """Header and rows of the played tasks and of those before them."""
    if what in ("mixed", "tpp"):
        count = 2 * int(HOSTS[what][1])
        command = [programs / "tasks_csv", what, str(seed), str(count)]
        made = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        header, *rows = made.splitlines()
        return header, rows[count // 2 :], rows[: count // 2]
    with gzip.open(what, "rt") if what.endswith(".gz") else open(what) as file:
        header, *rows = file.read().splitlines()
    return header, rows[1::2], rows[0::2]


def play(programs, folder, what, seed, played, history, header):
    trace, before = folder / "played.csv", folder / "before.csv"
    trace.write_text("\n".join([header, *played]) + "\n")
    before.write_text("\n".join([header, *history]) + "\n")
    options = HOSTS.get(what, HOSTS["trace"])
    # A trace is the same for every seed, so its arrivals are those of as many seeds at once.
    seeds = "1" if what in HOSTS else str(seed)
    command = [programs / "headroom", "simulate", "--trace", trace, "--seeds", seeds, "--json"]
    command += ["--reference", "", *options]
    answers = []
    for more in ([], ["--history", before]):
        ran = subprocess.run(command + more, check=True, capture_output=True, text=True)
        answers.append(json.loads(ran.stdout)["results"][0])
    return answers


def figure(result, name):
    for part in name.split("."):
        result = result[part]
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path("build/release/bin"))
    args = parser.parse_args()
    made_up = args.what in HOSTS
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(1, args.seeds + 1) if made_up else [args.seeds]:
            header, played, history = tasks_of(args.what, seed, args.bin)
            folder_path = pathlib.Path(folder)
            results.append(play(args.bin, folder_path, args.what, seed, played, history, header))
    for name, path, scale in FIGURES:
        line = f"{name:28}"
        for column, label in ((0, "cold"), (1, "with history")):
            values = [scale * figure(pair[column], path) for pair in results]
            spread = statistics.stdev(values) if len(values) > 1 else 0
            line += f"  {label} {statistics.mean(values):10.1f} (sd {spread:.1f})"
        print(line)


if __name__ == "__main__":
    main()
