"""Every dashboard keeps the linter's rules, and every rule can find something."""

import copy
import unittest

import yaml

import board
import lint

EXCLUSIONS = yaml.safe_load((board.ROOT / "dashboards/grafana/.lint").read_text())["exclusions"]


class Dashboards(unittest.TestCase):
    def test_keep_the_rules(self):
        for path in board.DASHBOARDS:
            left = [f for f in lint.lint(board.load(path)) if not lint.excluded(EXCLUSIONS, f)]
            self.assertEqual(left, [], path.name)

    def test_need_every_exclusion(self):
        found = [f for path in board.DASHBOARDS for f in lint.lint(board.load(path))]
        for rule, exclusion in EXCLUSIONS.items():
            self.assertTrue(exclusion["reason"])
            for entry in exclusion.get("entries", [{"panel": ""}]):
                excuse = {rule: {"entries": [entry]}}
                self.assertTrue(any(lint.excluded(excuse, f) for f in found), (rule, entry))

    def test_have_what_provisioning_needs(self):
        for path in board.DASHBOARDS:
            dashboard = board.load(path)
            self.assertIsNone(dashboard["id"])
            self.assertEqual(dashboard["uid"], path.stem)
            self.assertEqual(dashboard["schemaVersion"], 39)
            self.assertEqual(dashboard["graphTooltip"], 1)
            self.assertNotIn("__inputs", dashboard)

    def test_have_panels_that_fill_the_grid_without_overlap(self):
        for path in board.DASHBOARDS:
            taken = {}
            for panel in board.load(path)["panels"]:
                at = panel["gridPos"]
                self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
                for x in range(at["x"], at["x"] + at["w"]):
                    for y in range(at["y"], at["y"] + at["h"]):
                        self.assertNotIn((x, y), taken, f"{panel['title']} on {taken.get((x, y))}")
                        taken[x, y] = panel["title"]
            height = 1 + max(y for _, y in taken)
            self.assertEqual(len(taken), 24 * height, "holes in the grid")

    def test_give_every_panel_an_id_of_its_own(self):
        for path in board.DASHBOARDS:
            ids = [panel["id"] for panel in board.load(path)["panels"]]
            self.assertEqual(len(ids), len(set(ids)))


class Provisioning(unittest.TestCase):
    def test_parses_and_fixes_what_must_be_stable(self):
        root = board.ROOT / "dashboards/grafana/provisioning"
        source = yaml.safe_load((root / "datasources/headroom.yaml").read_text())
        provider = yaml.safe_load((root / "dashboards/headroom.yaml").read_text())
        self.assertEqual([s["type"] for s in source["datasources"]], ["prometheus"])
        self.assertTrue(source["datasources"][0]["uid"])
        self.assertEqual([p["type"] for p in provider["providers"]], ["file"])
        self.assertFalse(provider["providers"][0]["allowUiUpdates"])


GOOD = {
    "editable": False,
    "templating": {
        "list": [
            {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
            *(
                {
                    "name": name,
                    "label": name.capitalize(),
                    "type": "query",
                    "query": {"query": f"label_values(headroom_jobs, {name})"},
                    "datasource": {"uid": "${datasource}"},
                    "multi": True,
                    "includeAll": True,
                    "allValue": ".+",
                    "refresh": 2,
                }
                for name in ("job", "instance")
            ),
        ]
    },
    "panels": [
        {
            "type": "stat",
            "title": "A title",
            "description": "A description.",
            "datasource": {"type": "prometheus", "uid": "${datasource}"},
            "fieldConfig": {"defaults": {"unit": "s"}},
            "targets": [
                {
                    "refId": "A",
                    "expr": 'rate(headroom_x_total{job=~"$job", instance=~"$instance"}[$__rate_interval])',
                }
            ],
        }
    ],
}


class Lint(unittest.TestCase):
    def rules_found_after(self, change):
        dashboard = copy.deepcopy(GOOD)
        change(dashboard, dashboard["panels"][0], dashboard["templating"]["list"])
        return {rule for rule, _, _ in lint.lint(dashboard)}

    def found_in(self, expr):
        expr = expr.replace("{}", '{job=~"$job", instance=~"$instance"}')

        def change(_, panel, __):
            panel["targets"][0]["expr"] = expr

        return self.rules_found_after(change)

    def test_finds_nothing_in_a_good_dashboard(self):
        self.assertEqual(lint.lint(GOOD), [])

    def test_finds_what_is_wrong_with_a_dashboard(self):
        cases = {
            "template-datasource-rule": lambda d, p, v: v[0].update(name="source"),
            "template-job-rule": lambda d, p, v: v.pop(1),
            "template-instance-rule": lambda d, p, v: v[2].update(multi=False),
            "template-on-time-change-reload-rule": lambda d, p, v: v[1].update(refresh=1),
            "uneditable-dashboard": lambda d, p, v: d.pop("editable"),
            "panel-datasource-rule": lambda d, p, v: p.update(datasource={"uid": "mine"}),
            "panel-title-description-rule": lambda d, p, v: p.update(description=""),
            "panel-units-rule": lambda d, p, v: p["fieldConfig"]["defaults"].update(unit="MiB"),
            "panel-no-targets-rule": lambda d, p, v: p.update(targets=[]),
        }
        for rule, change in cases.items():
            self.assertEqual(self.rules_found_after(change), {rule})

    def test_looks_into_collapsed_rows(self):
        def change(dashboard, panel, _):
            panel["title"] = ""
            dashboard["panels"] = [{"type": "row", "title": "More", "panels": [panel]}]

        self.assertEqual(self.rules_found_after(change), {"panel-title-description-rule"})

    def test_finds_what_is_wrong_with_an_expression(self):
        self.assertEqual(self.found_in('up{instance=~"$instance"}'), {"target-job-rule"})
        self.assertEqual(self.found_in('up{job=~"$job"}'), {"target-instance-rule"})
        self.assertEqual(self.found_in("sum(headroom_x_total{})"), {"target-counter-agg-rule"})
        self.assertEqual(self.found_in("rate(headroom_x_total{}[5m])"), {"target-rate-interval-rule"})
        self.assertEqual(
            self.found_in("max_over_time(headroom_x{}[$__rate_interval])"), {"target-rate-interval-rule"}
        )


if __name__ == "__main__":
    unittest.main()
