"""Dashboards, rules and their expressions, as the tests need them."""

import json
import pathlib
import re

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DASHBOARDS = sorted((ROOT / "dashboards/grafana").glob("*.json"))
RULE_FILES = [ROOT / "dashboards/prometheus/rules.yaml", ROOT / "dashboards/prometheus/alerts.yaml"]

# A metric of ours in an expression, but not inside a recorded name ("instance:headroom_…").
METRIC = re.compile(r"(?<![:\w])(?:headroom_\w+|process_\w+|up)(?![\w:])")


def load(path):
    return json.loads(path.read_text())


def panels(dashboard):
    """All panels, those of collapsed rows included, rows themselves not."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panel.get("panels", [])
        else:
            yield panel


def rules():
    """Every recording and alerting rule, in the order in which they depend on each other."""
    for path in RULE_FILES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]


def substitute(expr, job=".+", instance=".+", rate_interval="1m", range_="3h"):
    """The expression as Grafana would send it."""
    values = {"job": job, "instance": instance, "__rate_interval": rate_interval, "__range": range_}
    return re.sub(r"\$(\w+)", lambda match: values[match.group(1)], expr)


def metric_names(expr):
    return set(METRIC.findall(expr))


def dashboard_expressions(dashboard):
    """(where, expression) of every target and annotation."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            yield f"{panel['title']} {target['refId']}", target["expr"]
    for annotation in dashboard["annotations"]["list"]:
        if "expr" in annotation:
            yield f"annotation {annotation['name']}", annotation["expr"]


def label_queries(dashboard):
    """(variable, selector, label) of every label_values() variable."""
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            match = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
            yield variable["name"], match.group(1), match.group(2)
