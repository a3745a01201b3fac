"""Reading answers files, YAML or JSON, from a file or from standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from engine.language.errors import Mark, Problem, RulesetError
from engine.language.source import MAX_BYTES, Mapping, Node, parse_json, parse_yaml, read_text


def read_answers_file(name: str) -> Mapping:
    """The answers in a file, `-` being standard input, as located nodes.

    Raises:
        RulesetError: it cannot be read, or is no mapping of facts to answers.
    """
    shown = "standard input" if name == "-" else name
    text = _standard_input(shown) if name == "-" else read_text(Path(name), shown)
    node = _parse(text, shown)
    if node is None:
        return Mapping(Mark(shown, 1, 1))
    if not isinstance(node, Mapping):
        message = "is no answers file. Write lines of 'fact: answer', or {} for no answers yet."
        raise RulesetError([Problem(Mark(shown, 1, 1), message)])
    return node


def _parse(text: str, shown: str) -> Node | None:
    if not text.lstrip().startswith("{"):
        return parse_yaml(text, shown)
    try:
        return parse_json(text, shown)
    except RulesetError as not_json:
        try:
            return parse_yaml(text, shown)  # {age: 54} is YAML
        except RulesetError:
            raise not_json from None


def _standard_input(shown: str) -> str:
    raw = sys.stdin.buffer.read(MAX_BYTES + 1)
    start = Mark(shown, 1, 1)
    if len(raw) > MAX_BYTES:
        raise RulesetError([Problem(start, "is larger than 1 MiB. Give the answers of one person.")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RulesetError([Problem(start, "is not UTF-8 text. Save it with the encoding UTF-8.")]) from None
