"""Who may include whom (docs/architecture.md), as rules over the #include lines of a tree.

Usage: layering.py [TREE]   prints every violation as "file:line: what; what to do"
"""

import pathlib
import re
import sys
from typing import NamedTuple

# Where product code lies -> what it may include besides itself. The longest folder that holds a
# file is its layer. Each folder is a library that links only these, so most wrong arrows do not
# link either; a header alone would.
LAYERS = {
    "base": set(),
    "admission": {"base"},
    "admission/json": {"admission", "base"},
    "collectors": {"admission", "base"},
    "executor": {"admission", "base"},
    "executor/shim": {"executor", "base"},
    "daemon": {"admission", "admission/json", "base", "collectors", "executor", "record"},
    "record": {"admission", "admission/json", "base"},
    "simulator": {"admission", "base", "record"},
    "cli": {"admission", "admission/json", "base", "record", "simulator"},
    "demo": {"base"},
    "bench": {"admission", "admission/json", "base", "collectors", "daemon", "executor",
              "simulator"},
}

# The shim outlives the daemon and stays small: of the executor it knows the protocol alone.
SHIM_ARROW = ("executor/shim", "executor")
SHIM_MAY_INCLUDE = {
    "executor/attempt.h",
    "executor/cgroup_place.h",
    "executor/exit_record.h",
    "executor/shim_spec.h",
}

# The core decides with values. These read no file and no clock, start no thread and print nothing.
CORE = "admission"
CORE_MAY_INCLUDE = {
    "<algorithm>", "<array>", "<bit>", "<charconv>", "<cmath>", "<compare>", "<concepts>",
    "<cstddef>", "<cstdint>", "<cstdlib>", "<functional>", "<iterator>", "<limits>", "<map>", "<memory>",
    "<numeric>", "<optional>", "<ranges>", "<set>", "<span>", "<string>", "<string_view>",
    "<tuple>", "<type_traits>", "<unordered_map>", "<utility>", "<variant>", "<vector>",
}  # fmt: skip
# base/clock.h is needed for TimePoint; that nobody asks it for the time is checked apart.
CORE_MAY_NOT_INCLUDE = {"base/cgroup_layout.h", "base/fd.h", "base/file.h"}
ASKS_FOR_THE_TIME = re.compile(r"\b([Nn]ow|WallNow|clock_gettime|time)\(|\bSystemClock\b")

# A header that one file wraps for all others of its layer. The command reads another program's file.
WRAPPED = {
    "<libcgroup.h>": {"executor/libcgroup.cc"},
    "<sqlite3.h>": {"daemon/sqlite.cc", "cli/metrics_file.cc"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(<[^>]+>|"[^"]+")')
COMMENT = re.compile(r"//.*")


class Problem(NamedTuple):
    file: str
    line: int
    what: str

    def __str__(self):
        return f"{self.file}:{self.line}: {self.what}"


class Include(NamedTuple):
    file: str
    line: int
    target: str  # "base/clock.h" or "<vector>"

    def problem(self, what):
        return Problem(self.file, self.line, what)


def layer_of(file):
    """The layer of "admission/json/x.h": "admission/json"; None for what is in none."""
    folders = [str(folder) for folder in pathlib.PurePosixPath(file).parents]
    return next((folder for folder in folders if folder in LAYERS), None)


def product_files(tree):
    for top in sorted({layer.split("/")[0] for layer in LAYERS}):
        for path in sorted((tree / top).rglob("*")):
            if path.suffix in (".h", ".cc") or path.name.endswith((".h.in", ".cc.in")):
                yield path.relative_to(tree).as_posix()


def includes(tree, file):
    for number, line in enumerate((tree / file).read_text().splitlines(), 1):
        found = INCLUDE.match(line)
        if found:
            yield Include(file, number, found.group(1).strip('"'))


def is_there(tree, target):
    return (tree / target).is_file() or (tree / f"{target}.in").is_file()


def check_arrow(tree, include):
    """A quoted include stays in its layer or follows an arrow."""
    source, target = layer_of(include.file), layer_of(include.target)
    if not is_there(tree, include.target):
        yield include.problem(f'"{include.target}" is not there; name it from the top of the tree')
    elif target is None:
        yield include.problem(f"{include.target} is in no layer; move what is needed into one")
    elif target != source and target not in LAYERS[source]:
        may = ", ".join(sorted(LAYERS[source])) or "itself"
        yield include.problem(
            f"{source} may not include {include.target}, only {may}; move what it needs there, or "
            "hand the value in"
        )
    elif (source, target) == SHIM_ARROW and include.target not in SHIM_MAY_INCLUDE:
        yield include.problem(
            f"the shim may not include {include.target}; it shares only the protocol with the "
            f"daemon: {', '.join(sorted(SHIM_MAY_INCLUDE))}"
        )


def check_core(include):
    """The core includes its own headers, pure ones of base, and standard ones that do no I/O."""
    if layer_of(include.file) != CORE:
        return
    target = include.target
    if target.startswith("<") and target not in CORE_MAY_INCLUDE:
        yield include.problem(
            f"the core may not include {target}; read outside and hand the value in, or add a "
            "header without I/O, clock or thread to CORE_MAY_INCLUDE"
        )
    if target in CORE_MAY_NOT_INCLUDE:
        yield include.problem(f"the core may not include {target}; read it outside of the core")


def check_wrapped(include):
    owners = WRAPPED.get(include.target, {include.file})
    if include.file not in owners:
        only = " and ".join(sorted(owners))
        yield include.problem(f"only {only} includes {include.target}; call what it offers")


def check_time(tree, file):
    """Time enters the core once, as a value."""
    if layer_of(file) != CORE:
        return
    for number, line in enumerate((tree / file).read_text().splitlines(), 1):
        found = ASKS_FOR_THE_TIME.search(COMMENT.sub("", line))
        if found:
            what = f"the core asks for the time ({found.group()}); take the instant as an argument"
            yield Problem(file, number, what)


def find_cycles(lines):
    """A cycle of files that include each other, reported at the include that closes it."""
    graph = {}
    for include in lines:
        graph.setdefault(include.file, []).append(include)
    done = set()

    def walk(file, path):
        if file in done:
            return
        for include in graph.get(file, []):
            if include.target in (*path, file):
                cycle = [*path, file, include.target]
                cycle = cycle[cycle.index(include.target) :]
                yield include.problem(
                    f"headers in a circle: {' -> '.join(cycle)}; move what both need into a third"
                )
            else:
                yield from walk(include.target, (*path, file))
        done.add(file)

    for file in sorted(graph):
        yield from walk(file, ())


def check(tree):
    """Every problem of the tree, by file and line."""
    files = list(product_files(tree))
    lines = [include for file in files for include in includes(tree, file)]
    problems = list(find_cycles(lines))
    for file in files:
        problems += check_time(tree, file)
    for include in lines:
        if not include.target.startswith("<"):
            problems += check_arrow(tree, include)
        problems += check_core(include)
        problems += check_wrapped(include)
    return sorted(problems)


if __name__ == "__main__":
    top = pathlib.Path(__file__).resolve().parents[2]
    found = check(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else top)
    print("\n".join(map(str, found)), end="\n" if found else "")
    sys.exit(bool(found))
