#!/usr/bin/python3
"""Holds every answer that the API's tests get against openapi.json, both ways.

Runs the test program with HEADROOM_EXCHANGES set, which makes its server append each exchange to a
file. Then: every path, method, status, media type, header and field that was answered is described;
every status that is described was answered; the description itself is sound; and the page for
people names every endpoint and every error code.

usage: check_contract.py API_TEST OPENAPI_JSON API_MD
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from urllib.parse import urlsplit

import jsonschema


def resolve(document, node):
    while "$ref" in node:
        target = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


class Contract:
    def __init__(self, document):
        self.document = document
        self.operations = {}  # (method, path) -> operation
        for path, item in document["paths"].items():
            for method, operation in item.items():
                if method != "parameters":
                    self.operations[method.upper(), path] = operation
        self.patterns = [
            (re.compile("^" + re.sub(r"\{\w+\}", "[^/]+", path) + "$"), path)
            for path in document["paths"]
        ]
        self.answered = set()  # (method, path, status)

    def problems_of_document(self):
        """What is wrong with the description itself."""
        for reference in set(references(self.document)):
            try:
                resolve(self.document, {"$ref": reference})
            except KeyError:
                yield f"{reference}: there is no such component"
        used = set(references(self.document))
        for kind in ("schemas", "responses"):
            for name, component in self.document["components"][kind].items():
                if f"#/components/{kind}/{name}" not in used:
                    yield f"components/{kind}/{name}: is not used"
                if kind == "schemas":
                    jsonschema.Draft202012Validator.check_schema(component)
        names = [operation["operationId"] for operation in self.operations.values()]
        if len(names) != len(set(names)):
            yield "operationId: not unique"
        for (method, path), operation in self.operations.items():
            if not operation.get("summary"):
                yield f"{method} {path}: no summary"
            shared = self.document["paths"][path].get("parameters", [])
            declared = {p["name"] for p in shared if p["in"] == "path"}
            if declared != set(re.findall(r"\{(\w+)\}", path)):
                yield f"{method} {path}: path parameters and path differ"

    def problems_of_page(self, text):
        """What the page for people leaves out."""
        for method, path in self.operations:
            if f"`{method} {path}`" not in text:
                yield f"docs: {method} {path} is missing"
        for code in self.document["components"]["schemas"]["Error"]["properties"]["code"]["enum"]:
            if f"`{code}`" not in text:
                yield f"docs: error code {code} is missing"

    def problems_of(self, exchange):
        """What is wrong with one answer."""
        where = "{method} {target} -> {status}".format(**exchange)
        if not exchange["method"]:  # never became a request of an endpoint
            yield from self.body_problems(
                where, {"$ref": "#/components/schemas/Error"}, exchange["body"]
            )
            return
        raw_path = urlsplit(exchange["target"]).path
        path = next((path for pattern, path in self.patterns if pattern.match(raw_path)), None)
        operation = self.operations.get((exchange["method"], path))
        if operation is None:
            if exchange["status"] not in (404, 405):
                yield f"{where}: the endpoint is not described"
            return
        response = operation["responses"].get(str(exchange["status"]))
        if response is None:
            yield f"{where}: the status is not described"
            return
        self.answered.add((exchange["method"], path, str(exchange["status"])))
        yield from self.response_problems(where, resolve(self.document, response), exchange)

    def response_problems(self, where, response, exchange):
        headers = {name.lower(): value for name, value in exchange["headers"].items()}
        for name, header in response.get("headers", {}).items():
            if name.lower() not in headers:
                yield f"{where}: header {name} is missing"
                continue
            yield from self.value_problems(where, header["schema"], headers[name.lower()])
        media = headers.get("content-type", "").split(";")[0]
        content = response["content"].get(media)
        if content is None:
            yield f"{where}: media type {media} is not described"
        elif media == "application/json":
            yield from self.body_problems(where, content["schema"], exchange["body"])

    def body_problems(self, where, schema, body):
        try:
            value = json.loads(body)
        except ValueError as error:
            yield f"{where}: the body is not JSON: {error}"
            return
        yield from self.value_problems(where, schema, value)

    def value_problems(self, where, schema, value):
        rooted = {"components": self.document["components"], **schema}
        for error in jsonschema.Draft202012Validator(rooted).iter_errors(value):
            place = "/".join(str(step) for step in error.absolute_path)
            yield f"{where}: /{place}: {error.message[:200]}"

    def never_answered(self):
        """Statuses that are described and that no test has seen."""
        for (method, path), operation in self.operations.items():
            for status in operation["responses"]:
                if (method, path, status) not in self.answered:
                    yield f"{method} {path} -> {status}: described, but no test gets it"


def exchanges_of(test_program):
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "exchanges")
        run = subprocess.run(
            [test_program, "--gtest_brief=1"],
            env={**os.environ, "HEADROOM_EXCHANGES": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=300,
        )
        if run.returncode != 0:
            sys.exit(run.stdout.decode(errors="replace") + "the tests themselves fail")
        with open(path, encoding="ascii") as lines:
            return [json.loads(line) for line in lines]


def main():
    test_program, description, page = sys.argv[1:]
    with open(description, encoding="utf-8") as file:
        contract = Contract(json.load(file))
    problems = list(contract.problems_of_document())
    with open(page, encoding="utf-8") as file:
        problems += contract.problems_of_page(file.read())
    exchanges = exchanges_of(test_program)
    for exchange in exchanges:
        problems += contract.problems_of(exchange)
    problems += contract.never_answered()
    for problem in problems:
        print(problem)
    print(f"{len(exchanges)} answers, {len(contract.answered)} statuses of "
          f"{len(contract.operations)} endpoints, {len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
