"""The Prometheus rules of Grafana's dashboard linter, which is not to be had as a package.

lint(dashboard) returns what it finds as (rule, where, message). Whether expressions parse
(target-promql-rule, template-label-promql-rule) is promtool's to say: expressions_test.py.
"""

import re

# Of Grafana's unit list, the ones that our base units lead to.
UNITS = {"none", "short", "bytes", "s", "percentunit", "cpm"}
SELECTOR = re.compile(r"(?<![:\w])(headroom_\w+|process_\w+|up)(\{[^}]*\})?(\[[^\]]*\])?")
RATE_FUNCTIONS = {"rate", "irate", "increase"}
OVER_TIME_FUNCTIONS = RATE_FUNCTIONS | {"changes"}


def lint(dashboard):
    found = []
    for rule in (templates, editable):
        found += rule(dashboard)
    for panel in _panels(dashboard["panels"]):
        for rule in (panel_datasource, panel_texts, panel_units, panel_targets):
            found += [(name, panel.get("title", "?"), text) for name, text in rule(panel)]
        for target in panel.get("targets", []):
            where = f"{panel.get('title', '?')} {target['refId']}"
            for rule in (target_selectors, target_rate_interval, target_counters):
                found += [(name, where, text) for name, text in rule(target["expr"])]
    return found


def excluded(exclusions, finding):
    """Whether a .lint file excuses a finding: for the whole rule, or for the panels it names."""
    rule, where, _ = finding
    if rule not in exclusions:
        return False
    entries = exclusions[rule].get("entries")
    return entries is None or any(where.startswith(entry["panel"]) for entry in entries)


def _panels(panels):
    for panel in panels:
        if panel["type"] == "row":
            yield from _panels(panel.get("panels", []))
        else:
            yield panel


def templates(dashboard):
    variables = {v["name"]: v for v in dashboard.get("templating", {}).get("list", [])}
    sources = [v for v in variables.values() if v["type"] == "datasource"]
    if [(v["name"], v.get("label"), v["query"]) for v in sources] != [
        ("datasource", "Data source", "prometheus")
    ]:
        yield ("template-datasource-rule", "templating", "want one variable, datasource, \"Data source\"")
    for name, label in (("job", "Job"), ("instance", "Instance")):
        yield from _label_variable(f"template-{name}-rule", variables.get(name), name, label)
    for variable in variables.values():
        if variable["type"] == "query" and variable.get("refresh") != 2:
            yield ("template-on-time-change-reload-rule", variable["name"], "want refresh 2")


def _label_variable(rule, variable, name, label):
    if variable is None:
        yield (rule, "templating", f"no variable {name}")
        return
    want = {"type": "query", "label": label, "multi": True, "includeAll": True, "allValue": ".+"}
    for key, value in want.items():
        if variable.get(key) != value:
            yield (rule, name, f"want {key} {value!r}, got {variable.get(key)!r}")
    if not re.fullmatch(rf"label_values\(.+, {name}\)", variable["query"]["query"]):
        yield (rule, name, "want a label_values() query of the same label")
    if variable["datasource"].get("uid") != "${datasource}":
        yield (rule, name, "want the data source ${datasource}")


def editable(dashboard):
    if dashboard.get("editable") is not False:
        yield ("uneditable-dashboard", "dashboard", "want editable false")


def panel_datasource(panel):
    if panel.get("datasource") != {"type": "prometheus", "uid": "${datasource}"}:
        yield ("panel-datasource-rule", "want the data source ${datasource}")


def panel_texts(panel):
    for key in ("title", "description"):
        if not panel.get(key):
            yield ("panel-title-description-rule", f"no {key}")


def panel_units(panel):
    defaults = panel.get("fieldConfig", {}).get("defaults", {})
    units = [defaults.get("unit")]
    for override in panel.get("fieldConfig", {}).get("overrides", []):
        units += [p["value"] for p in override["properties"] if p["id"] == "unit"]
    for unit in units:
        if unit not in UNITS and not defaults.get("mappings"):
            yield ("panel-units-rule", f"unit {unit!r} is not one of {sorted(UNITS)}")


def panel_targets(panel):
    if not panel.get("targets"):
        yield ("panel-no-targets-rule", "no targets")


def target_selectors(expr):
    for name, matchers, _ in SELECTOR.findall(expr):
        for label in ("job", "instance"):
            if f'{label}=~"${label}"' not in matchers:
                yield (f"target-{label}-rule", f'{name} is not matched by {label}=~"${label}"')


def _functions_around(expr):
    """(function, metric, range) of every selector that is a function's first argument."""
    pattern = re.compile(r"(\w+)\s*\(\s*" + SELECTOR.pattern)
    return [(function, name, range_) for function, name, _, range_ in pattern.findall(expr)]


def target_rate_interval(expr):
    around = _functions_around(expr)
    for function, name, range_ in around:
        if function in OVER_TIME_FUNCTIONS and range_ != "[$__rate_interval]":
            yield ("target-rate-interval-rule", f"{function}({name}…) over {range_ or 'nothing'}")
    inside = sum("$__rate_interval" in range_ and f in OVER_TIME_FUNCTIONS for f, _, range_ in around)
    if expr.count("$__rate_interval") != inside:
        yield ("target-rate-interval-rule", "$__rate_interval outside of a rate function")


def target_counters(expr):
    counter = re.compile(r".*_(total|bucket|sum|count)$")
    rated = [name for function, name, _ in _functions_around(expr) if function in RATE_FUNCTIONS]
    for name, _, _ in SELECTOR.findall(expr):
        if counter.match(name):
            if name in rated:
                rated.remove(name)
            else:
                yield ("target-counter-agg-rule", f"{name} outside of rate, irate or increase")
