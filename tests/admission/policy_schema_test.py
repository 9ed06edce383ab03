"""The schema of the policy file agrees with the reader that `headroom policy check` runs.

Usage: policy_schema_test.py HEADROOM
"""

import functools
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import jsonschema

import commented_json

TOP = pathlib.Path(__file__).resolve().parents[2]
CORPUS = TOP / "tests/data/policy"
SCHEMA = json.loads((TOP / "deploy/policy.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

# What is wrong with these is their text: there is no document that a schema could judge.
NO_JSON = {
    "byte_order_mark": "not plain UTF-8",
    "duplicate_key": "a key appears twice",
    "empty_file": "nothing in it",
    "not_a_number": "NaN is no JSON",
    "not_utf8": "not UTF-8",
    "trailing_comma": "syntax",
    "trailing_junk": "two documents",
    "unclosed_comment": "syntax",
}

# What is wrong with these no schema can say.
BEYOND_A_SCHEMA = {
    "always_stale": "compares stale_after with tick",
    "tenant_with_a_token_that_is_not_there": "looks for the token",
    "window_of_no_length": "compares to with from",
    "window_target_above_the_ceiling": "compares a target with the ceiling",
    "window_target_without_a_resume_line": "compares a target with the policy's",
    "ceiling_below_target": "compares ceiling with target",
    "default_larger_than_the_pool": "compares a default request with the pool",
    "gate_closes_below_closing": "compares close with closing",
    "gate_opens_above_closing": "compares closing with open",
    "relief_in_mode_count": "looks for the mode",
    "relief_below_the_gate": "compares a rung with the gate",
    "relief_that_crosses": "compares rungs",
    "relief_without_a_gate": "looks for the gate's row",
    "reserve_larger_than_the_pool": "compares the reserve with the pool",
    "resume_above_target": "compares resume with target",
    "size_that_is_too_large": "a schema sees the text of a size, not its value",
    "tick_too_long": "a schema sees the text of a duration, not its value",
    "tick_too_short": "a schema sees the text of a duration, not its value",
}

# Right for some knobs and wrong for others.
VALUES = [None, True, -1, 0, 2, 0.605, 1e5, "", "0", "2.5%", "101%", "10m", "1.5GiB", "1.5h", [],
          {"db": 6}, {"open": 30, "closing": 60, "close": 90}]  # fmt: skip


def reader_refuses(path):
    ran = subprocess.run([HEADROOM, "policy", "check", path], capture_output=True, text=True)
    if ran.returncode not in (0, 2):
        raise RuntimeError(f"policy check {path}: exit {ran.returncode}: {ran.stderr}")
    return ran.returncode == 2


def corpus(part):
    return sorted((CORPUS / part).glob("*.json"))


def resolved(node):
    """The node with what its $ref says, its own words first."""
    if "$ref" not in node:
        return node
    name = node["$ref"].removeprefix("#/$defs/")
    return {**resolved(SCHEMA["$defs"][name]), **node}


def knobs(node, path=()):
    """Every value that a policy may hold: its path and its schema."""
    node = resolved(node)
    if "properties" not in node or "default" in node:
        yield path, node
        return
    for name, child in node["properties"].items():
        yield from knobs(child, (*path, name))


def objects(node, path=""):
    """Every part of the schema that names properties to be taken."""
    if isinstance(node, dict):
        if "properties" in node and not path.endswith(("/if", "/then", "/else")):
            yield path, node
        for key, value in node.items():
            yield from objects(value, f"{path}/{key}")


def at(document, path):
    return functools.reduce(lambda part, name: part[name], path, document)


def nested(path, value):
    return functools.reduce(lambda inner, name: {name: inner}, reversed(path), value)


def leaves(document, path=()):
    if isinstance(document, dict) and document:
        for name, value in document.items():
            yield from leaves(value, (*path, name))
    else:
        yield path


class Corpus(unittest.TestCase):
    def test_good_files_are_taken_by_both(self):
        self.assertGreaterEqual(len(corpus("good")), 8)
        for path in corpus("good"):
            with self.subTest(path.name):
                self.assertFalse(reader_refuses(path))
                VALIDATOR.validate(commented_json.load(path))

    def test_good_files_use_every_knob(self):
        used = {leaf for path in corpus("good") for leaf in leaves(commented_json.load(path))}
        unused = [k for k, _ in knobs(SCHEMA) if not any(leaf[: len(k)] == k for leaf in used)]
        self.assertEqual(unused, [])

    def test_bad_files_are_refused_by_the_reader(self):
        for path in corpus("bad"):
            self.assertTrue(reader_refuses(path), path.name)

    def test_bad_files_are_refused_by_the_schema_too(self):
        for path in corpus("bad"):
            if path.stem in NO_JSON or path.stem in BEYOND_A_SCHEMA:
                continue
            with self.subTest(path.name):
                self.assertFalse(VALIDATOR.is_valid(commented_json.load(path)))

    def test_exceptions_that_are_no_json_are_none(self):
        for name in NO_JSON:
            with self.subTest(name), self.assertRaises(ValueError):
                commented_json.load(CORPUS / "bad" / f"{name}.json")

    def test_exceptions_that_a_schema_cannot_say_pass_the_schema(self):
        for name in BEYOND_A_SCHEMA:
            with self.subTest(name):
                VALIDATOR.validate(commented_json.load(CORPUS / "bad" / f"{name}.json"))


class Knobs(unittest.TestCase):
    def test_have_the_defaults_of_the_deployed_file(self):
        deployed = commented_json.load(TOP / "deploy/policy.json")
        known = dict(knobs(SCHEMA))
        for path, node in known.items():
            self.assertEqual(node["default"], at(deployed, path), path)
        self.assertEqual(set(known), set(leaves(deployed)))

    def test_are_in_the_document(self):
        documented = re.findall(r"^### `([\w.]+)`", (TOP / "docs/policy.md").read_text(), re.M)
        self.assertEqual({".".join(path) for path, _ in knobs(SCHEMA)}, set(documented))

    def test_are_titled_and_described(self):
        for path, node in knobs(SCHEMA):
            self.assertTrue(node.get("title") and path, path)
            whole = resolved(at(SCHEMA, [k for name in path[:-1] for k in ("properties", name)]))
            self.assertTrue(node.get("description") or whole.get("description"), path)

    # An editor that marks what the daemon takes would teach people to ignore it.
    def test_are_refused_only_where_the_reader_refuses_too(self):
        with tempfile.TemporaryDirectory() as scratch:
            file = pathlib.Path(scratch) / "policy.json"
            for path, _ in knobs(SCHEMA):
                for value in VALUES:
                    policy = nested(path, value)
                    if VALIDATOR.is_valid(policy):
                        continue
                    file.write_text(json.dumps(policy))
                    self.assertTrue(reader_refuses(file), f"the reader takes {policy}")


class Schema(unittest.TestCase):
    def test_is_one(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_refuses_unknown_keys_all_over(self):
        found = dict(objects(SCHEMA))
        self.assertGreater(len(found), 10)
        for path, node in found.items():
            self.assertIs(node.get("additionalProperties"), False, path)


if __name__ == "__main__":
    HEADROOM = sys.argv.pop(1)
    unittest.main()
