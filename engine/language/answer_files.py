"""Answers in files: YAML or JSON, a mapping of facts to answers."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping as AnyMapping
from pathlib import Path

from engine.language.errors import Mark, Problem, RegimenError, RulesetError
from engine.language.source import MAX_BYTES, Mapping, Node, Scalar, parse_json, parse_yaml
from engine.language.values import UNKNOWN, Answer

PLAIN = re.compile(r"[a-z][a-z0-9_]*|[0-9]{4}-[0-9]{2}-[0-9]{2}")
WORDS_OF_YAML = {"null", "true", "false"}  # in quotes, so that they are words


class SaveError(RegimenError):
    """Answers cannot be written where they should go."""


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


def opened(given: Mapping) -> tuple[Mapping, str | None]:
    """The answers of a file, and a date to evaluate at where it is a witness of `regimen check --json`.

    There they stand under `answers`, with the date beside them; an answer is never a mapping.
    """
    answers, as_of = given.get("answers"), given.get("as_of")
    if not isinstance(answers, Mapping) or not given.keys() <= {"answers", "as_of"}:
        return given, None
    return answers, as_of.text if isinstance(as_of, Scalar) else None


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


def answers_text(title: str, answers: AnyMapping[str, Answer]) -> str:
    """Answers as the YAML of an answers file, which reads back as the same answers."""
    lines = [f"# Answers: {' '.join(title.split())}"]
    lines += [f"{name}: {_written(answer)}" for name, answer in answers.items()]
    return "\n".join(lines if answers else [*lines, "{}"]) + "\n"


def _written(answer: Answer) -> str:
    if answer is UNKNOWN:
        return "unknown"
    if isinstance(answer, tuple):
        return f"[{', '.join(map(_scalar, answer))}]"
    return _scalar(str(answer))


def _scalar(text: str) -> str:
    if PLAIN.fullmatch(text) and text not in WORDS_OF_YAML:
        return text
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a YAML one


def write_answers_file(path: Path, text: str) -> None:
    """Write an answers file whole or not at all: it is written beside the old one, then takes its place.

    Raises:
        SaveError: it cannot be written; what was there before is as it was.
    """
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            raise SaveError(f"{path}: is no file. Choose another name for the answers.")
        with tempfile.NamedTemporaryFile("wb", dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
            beside = Path(file.name)
            try:
                file.write(text.encode("utf-8"))
                file.flush()
                os.fsync(file.fileno())
                beside.replace(target)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "its name cannot be a file's"
        raise SaveError(f"{path}: cannot be written: {why}. Choose another place for the answers.") from None
