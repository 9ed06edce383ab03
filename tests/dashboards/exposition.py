"""The text exposition format of /metrics, as far as our own output needs it."""

import re
import typing


class Family(typing.NamedTuple):
    name: str
    help: str
    type: str
    labels: tuple  # names, sorted
    samples: dict  # series as written -> value


def parse(text):
    """Families by name. Strict: a line that is none of HELP, TYPE and sample is an error."""
    families, current = {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, help_ = line[len("# HELP ") :].split(" ", 1)
            current = {"name": name, "help": help_, "labels": set(), "samples": {}}
        elif line.startswith("# TYPE "):
            current["type"] = line.split(" ")[3]
        else:
            series, value = re.fullmatch(r"(\w+(?:\{.*\})?) (\S+)", line).groups()
            current["samples"][series] = float(value)
            current["labels"] |= set(re.findall(r'[{,](\w+)="', series)) - {"le"}
        families[current["name"]] = current
    return {
        name: Family(name, f["help"], f["type"], tuple(sorted(f["labels"])), f["samples"])
        for name, f in families.items()
    }


def base_name(name, families):
    """The family of a series: histograms are asked for by their _bucket, _sum and _count."""
    stem = re.sub(r"_(bucket|sum|count)$", "", name)
    return stem if stem in families and families[stem].type == "histogram" else name
