"""Reading one YAML file into located nodes.

YAML is read from its event stream, before any tree or value is built, because most of what YAML can do is a trap for
somebody who edits rulesets: anchors, tags, merge keys, values that change type by how they look. Those are refused
here, each with its place and what to write instead. A scalar stays the text that was written; what it means is decided
later, by the fact it belongs to.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Union

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from engine.language.errors import Mark, Problem, RulesetError, quote

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 50

# What the YAML 1.2 core schema (and ruamel's dates) would turn into something else than text.
_NULL = re.compile(r"(~|null|Null|NULL|)\Z")
_BOOLEAN = re.compile(r"(true|True|TRUE|false|False|FALSE)\Z")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_,]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?\Z|0[xo][0-9a-fA-F]+\Z|[-+]?\.(inf|nan)\Z", re.I)
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}\Z")


@dataclass(frozen=True)
class Scalar:
    """One value as it was written; `plain` when it had no quotes."""

    text: str
    mark: Mark = field(compare=False)
    plain: bool = True

    @property
    def looks_like(self) -> str | None:
        """What YAML would take an unquoted text for: 'nothing', 'true or false', 'a number', 'a date', or None."""
        if not self.plain:
            return None
        kinds = ((_NULL, "nothing"), (_BOOLEAN, "true or false"), (_NUMBER, "a number"), (_DATE, "a date"))
        return next((kind for pattern, kind in kinds if pattern.match(self.text)), None)


class Sequence(list[Any]):
    """A YAML list that knows where it begins."""

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark


class Mapping(dict[str, Any]):
    """A YAML mapping that knows where it and each of its keys begin."""

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark
        self.key_marks: dict[str, Mark] = {}


Node = Union[Scalar, Sequence, Mapping]


def read_yaml(path: Path, shown: str) -> Node | None:
    """Read a file of at most 1 MiB; None when it is empty.

    Args:
        path: the file.
        shown: how messages name it.

    Raises:
        RulesetError: the file cannot be read, or uses YAML that rulesets do not.
    """
    return parse_yaml(read_text(path, shown), shown)


def parse_yaml(text: str, shown: str) -> Node | None:
    """Read a YAML text into nodes; see `read_yaml`."""
    reader = _Reader(shown)
    try:
        root = reader.read(YAML(typ="safe", pure=True).parse(text))
    except (MarkedYAMLError, ReaderError) as error:
        reader.problems.append(_syntax_problem(error, shown, text))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError, AssertionError):
        # ruamel itself gives way on a few texts, such as an escape beyond Unicode.
        reader.tell(reader.last, "from here on this is not YAML that can be read. Look for a wrong escape or character.")
    if reader.problems:
        raise RulesetError(sorted(reader.problems))
    return root


def read_text(path: Path, shown: str) -> str:
    start = Mark(shown, 1, 1)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise RulesetError([Problem(start, f"cannot be read: {error.strerror}. Check the file's name and rights.")]) from None
    if len(raw) > MAX_BYTES:
        raise RulesetError([Problem(start, "is larger than 1 MiB. Split it into several files of the same folder.")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        message = "is not UTF-8 text. Save the file with the encoding UTF-8."
        raise RulesetError([Problem(Mark(shown, line, column), message)]) from None


def _syntax_problem(error: MarkedYAMLError | ReaderError, shown: str, text: str) -> Problem:
    if isinstance(error, ReaderError):
        before = text[: error.position] if isinstance(error.position, int) else ""
        mark = Mark(shown, before.count("\n") + 1, len(before) - before.rfind("\n"))
        return Problem(mark, "holds a character that YAML does not allow. Delete it.")
    place = error.problem_mark or error.context_mark
    mark = Mark(shown, place.line + 1, place.column + 1) if place else Mark(shown, 1, 1)
    line = text.splitlines()[place.line] if place and place.line < len(text.splitlines()) else ""
    if "\t" in line[: mark.column]:
        return Problem(mark, "a tab stands where YAML wants spaces. Indent with spaces.")
    said = " ".join(filter(None, [error.context, error.problem]))
    return Problem(mark, f"is not YAML as written ({said}). Check indentation, colons, brackets and quotes near here.")


class _Reader:
    """Builds nodes from events, keeping every problem it meets."""

    def __init__(self, shown: str) -> None:
        self.shown = shown
        self.problems: list[Problem] = []
        self.last = Mark(shown, 1, 1)
        self.documents = 0

    def tell(self, mark: Mark, message: str) -> None:
        self.problems.append(Problem(mark, message))

    def read(self, events: Iterator[Event]) -> Node | None:
        """Read the only document of a stream."""
        root: Node | None = None
        for event in events:
            if isinstance(event, DocumentStartEvent):
                self.documents += 1
                if self.documents > 1:
                    self.tell(self._mark(event), "a second document begins here. Delete the '---', or make it a file.")
                    break
                if event.version or event.tags:
                    self.tell(self._mark(event), "'%' directives are not used in rulesets. Delete the line.")
            elif isinstance(event, (AliasEvent, ScalarEvent, MappingStartEvent, SequenceStartEvent)):
                root = self._node(event, events, 1)
        if isinstance(root, Scalar) and root.plain and not root.text:
            return None
        return root

    def _mark(self, event: Event) -> Mark:
        self.last = Mark(self.shown, event.start_mark.line + 1, event.start_mark.column + 1)
        return self.last

    def _node(self, event: Event, events: Iterator[Event], depth: int) -> Node:
        mark = self._mark(event)
        self._refuse_extras(event, mark)
        if depth > MAX_DEPTH:
            self.tell(mark, f"is nested more than {MAX_DEPTH} deep. Write it flatter.")
            raise RulesetError(self.problems)
        if isinstance(event, MappingStartEvent):
            return self._mapping(mark, events, depth)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(mark, events, depth)
        if isinstance(event, ScalarEvent):
            return Scalar(event.value, mark, plain=event.style is None or event.style == "")
        return Scalar("", mark, plain=False)

    def _refuse_extras(self, event: Event, mark: Mark) -> None:
        if isinstance(event, AliasEvent):
            self.tell(mark, f"'*{event.anchor}' is an alias. Write the value out here.")
            return
        if getattr(event, "anchor", None):
            self.tell(mark, f"'&{event.anchor}' is an anchor. Delete it, and write the value out where it is used.")
        tag = getattr(event, "tag", None)
        if tag:
            self.tell(mark, f"{quote(str(tag))} is a tag. Delete it: the fact decides what a value means.")

    def _sequence(self, mark: Mark, events: Iterator[Event], depth: int) -> Sequence:
        node = Sequence(mark)
        for event in events:
            if isinstance(event, SequenceEndEvent):
                break
            node.append(self._node(event, events, depth + 1))
        return node

    def _mapping(self, mark: Mark, events: Iterator[Event], depth: int) -> Mapping:
        node = Mapping(mark)
        for event in events:
            if isinstance(event, MappingEndEvent):
                break
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            self._enter(node, key, value)
        return node

    def _enter(self, node: Mapping, key: Node, value: Node) -> None:
        if not isinstance(key, Scalar):
            self.tell(key.mark, "a list or mapping cannot be a key. Write a word before the colon.")
        elif key.text == "<<" and key.plain:
            self.tell(key.mark, "'<<' is a merge key. Write the keys out here.")
        elif key.text in node:
            first = node.key_marks[key.text].line
            self.tell(key.mark, f"{quote(key.text)} stands twice here, first in line {first}. Delete one, or rename it.")
        else:
            node[key.text] = value
            node.key_marks[key.text] = key.mark


def parse_json(text: str, shown: str) -> Node:
    """Read a JSON text into nodes, numbers kept as they were written.

    Raises:
        RulesetError: it is not JSON, or a key stands twice.
    """
    start = Mark(shown, 1, 1)

    def mapping(pairs: list[tuple[str, Any]]) -> Mapping:
        node = Mapping(start)
        for key, value in pairs:
            if key in node:
                raise RulesetError([Problem(start, f"{quote(key)} stands twice. Delete one.")])
            node[key], node.key_marks[key] = _json_node(value, start), start
        return node

    try:
        value = json.loads(text, object_pairs_hook=mapping, parse_int=_bare, parse_float=_bare, parse_constant=_bare)
    except json.JSONDecodeError as error:
        problem = Problem(Mark(shown, error.lineno, error.colno), f"is not JSON as written ({error.msg}).")
        raise RulesetError([problem]) from None
    except RecursionError:
        raise RulesetError([Problem(start, f"is nested more than {MAX_DEPTH} deep. Write it flatter.")]) from None
    return _json_node(value, start)


class _bare(str):  # noqa: N801 (a marker for json.loads)
    """A JSON number, as it was written."""

    __slots__ = ()


def _json_node(value: Any, mark: Mark) -> Node:
    if isinstance(value, Mapping):
        return value
    if isinstance(value, list):
        node = Sequence(mark)
        node.extend(_json_node(item, mark) for item in value)
        return node
    words = {None: "null", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return Scalar(words[value], mark)
    return Scalar(str(value), mark, plain=isinstance(value, _bare))
