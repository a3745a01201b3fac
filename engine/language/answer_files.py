"""Answers in files: YAML or JSON, a mapping of facts to answers."""

from __future__ import annotations

from pathlib import Path

from engine.language.errors import Mark, Problem, RulesetError
from engine.language.source import MAX_BYTES, Mapping, Node, parse_json, parse_yaml


def decode_answers(raw: bytes, shown: str) -> Mapping:
    """Read the bytes of an answers file, of at most 1 MiB, as located nodes.

    Args:
        raw: what the file holds.
        shown: how messages name it.

    Raises:
        RulesetError: it is too large, is not UTF-8, or is no mapping of facts to answers.
    """
    start = Mark(shown, 1, 1)
    if len(raw) > MAX_BYTES:
        raise RulesetError([Problem(start, "is larger than 1 MiB. Give the answers of one person.")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RulesetError([Problem(start, "is not UTF-8 text. Save it with the encoding UTF-8.")]) from None
    return parse_answers(text, shown)


def parse_answers(text: str, shown: str) -> Mapping:
    """Read the text of an answers file; see `decode_answers`."""
    node = _parse(text, shown)
    if node is None:
        return Mapping(Mark(shown, 1, 1))
    if not isinstance(node, Mapping):
        message = "is no answers file. Write lines of 'fact: answer', or {} for no answers yet."
        raise RulesetError([Problem(Mark(shown, 1, 1), message)])
    return node


def read_answers_file(path: Path, shown: str) -> Mapping:
    """Read an answers file; see `decode_answers`."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "its name cannot be a file's"
        raise RulesetError([Problem(Mark(shown, 1, 1), f"cannot be read: {why}. Check the file's name.")]) from None
    return decode_answers(raw, shown)


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
