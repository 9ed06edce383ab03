"""JSON with // and /* */ comments, read as strictly as the policy reader does."""

import json
import re

# A string, or a comment. What stands in a string is no comment, so strings are matched first.
TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.S)


def without_comments(text):
    """The text with every comment as blanks, so that lines keep their numbers."""

    def blank(match):
        token = match.group()
        return token if token.startswith('"') else re.sub(r"[^\n]", " ", token)

    return TOKEN.sub(blank, text)


def object_of(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError(f"a key appears twice in {names}")
    return dict(pairs)


def refuse_constant(name):
    raise ValueError(f"{name} is no JSON")


def loads(text):
    return json.loads(
        without_comments(text), object_pairs_hook=object_of, parse_constant=refuse_constant
    )


def load(path):
    return loads(path.read_bytes().decode("utf-8"))
