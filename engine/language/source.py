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
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from engine.language.errors import Mark, Problem, Problems, RulesetError, quote
from engine.language.scanning import events
from engine.language.syntax import syntax_problem

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 50
MAX_NODES = 100_000  # a thousand rules have some 60,000

# What the YAML 1.2 core schema (and ruamel's dates) would turn into something else than text.
_NULL = re.compile(r"(~|null|Null|NULL|)\Z")
_BOOLEAN = re.compile(r"(true|True|TRUE|false|False|FALSE)\Z")
_NUMBER = re.compile(
    r"[-+]?(\.[0-9]+|[0-9][0-9_,]*(\.[0-9_]*)?)(e[-+]?[0-9]+)?\Z|0[xo][0-9a-f]+\Z|[-+]?\.(inf|nan)\Z", re.IGNORECASE
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}\Z")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_CUT_OFF = re.compile(r" +#[0-9]")  # "dose #2": a person means a number, YAML reads a comment


@dataclass(frozen=True)
class Scalar:
    """One value as it was written.

    `plain` when it had no quotes; `offset` is how far behind `mark` its text begins, None where the text is not in the
    file as it is here, because it was folded or has escapes.
    """

    text: str
    mark: Mark = field(compare=False)
    plain: bool = True
    offset: int | None = field(default=None, compare=False)

    @property
    def looks_like(self) -> str | None:
        """What YAML would take an unquoted text for: 'nothing', 'true or false', 'a number', 'a date', or None."""
        if not self.plain:
            return None
        kinds = ((_NULL, "nothing"), (_BOOLEAN, "true or false"), (_NUMBER, "a number"), (_DATE, "a date"))
        return next((kind for pattern, kind in kinds if pattern.match(self.text)), None)

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is written, or one of YAML's words for nothing."""
        return self.plain and _NULL.match(self.text) is not None

    def at(self, column: int) -> Mark:
        """The place of a character of the text, counted from 0, or the nearest that is known."""
        if self.offset is None:
            return self.mark
        return self.mark._replace(column=self.mark.column + self.offset + column)


class Sequence(list[Any]):
    """A YAML list that knows where it begins."""

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark


class Mapping(dict[str, Any]):
    """A YAML mapping that knows where it and each of its keys begin."""

    more: tuple[Mapping, ...] = ()  # that follow it in a list, where the dash before them was lost

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark
        self.key_marks: dict[str, Mark] = {}

    def place_of(self, key: str) -> Mark:
        """Where the value of a key stands; where nothing is written, or a block begins below it, the key itself."""
        node = self[key]
        return node.mark if isinstance(node, Scalar) and (node.text or not node.plain) else self.key_marks[key]


Node = Scalar | Sequence | Mapping


def read_text(path: Path, shown: str) -> str:
    """The text of a file of at most 1 MiB.

    Raises:
        RulesetError: it cannot be read, or is not UTF-8.
    """
    start = Mark(shown, 1, 1)
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise RulesetError([Problem(start, "is not a file. Give it another name, or delete it.")])
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        message = f"cannot be read: {error.strerror}. Check the file's name and rights."
        raise RulesetError([Problem(start, message)]) from None
    if len(raw) > MAX_BYTES:
        raise RulesetError([Problem(start, "is larger than 1 MiB. Split it into several files of the same folder.")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8-sig", "replace")) + 1
        message = "this character is not UTF-8. Save the file with the encoding UTF-8."
        raise RulesetError([Problem(Mark(shown, line, column), message)]) from None


def parse_yaml(text: str, shown: str) -> Node | None:
    """Read a YAML text into nodes; None when it is empty.

    Args:
        text: the YAML.
        shown: how messages name the file.

    Raises:
        RulesetError: it is not YAML, or uses YAML that rulesets do not.
    """
    problems = Problems()
    root, _ = parse_leniently(text, shown, problems)
    if problems:
        raise RulesetError(problems)
    return root


def parse_leniently(text: str, shown: str, problems: Problems) -> tuple[Node | None, bool]:
    """Read a YAML text, going on after what can be gone on after; False when part of it is missing from the nodes."""
    reader = _Reader(shown, problems, text)
    root = None
    try:
        root = reader.read(events(text))
    except (MarkedYAMLError, ReaderError) as error:
        problems.append(syntax_problem(error, shown, text))
        reader.whole = False
    except _StopError:
        reader.whole = False
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError, AssertionError):
        # ruamel itself gives way on a few texts, such as an escape beyond Unicode.
        message = "from here on this is not YAML that can be read. Look for a wrong escape or character."
        problems.tell(reader.last, message)
        reader.whole = False
    return root, reader.whole


class _StopError(Exception):
    """Reading cannot go on; why has been told."""


class _Reader:
    """Builds nodes from events, keeping every problem it meets."""

    def __init__(self, shown: str, problems: Problems, text: str) -> None:
        self.shown = shown
        self.tell = problems.tell
        self.lines = text.splitlines() if _CUT_OFF.search(text) else []
        self.last = Mark(shown, 1, 1)
        self.whole = True
        self.documents = 0
        self.nodes = 0

    def read(self, events: Iterator[Event]) -> Node | None:
        """Read the only document of a stream."""
        root: Node | None = None
        for event in events:
            if isinstance(event, DocumentStartEvent):
                self.documents += 1
                if self.documents > 1:
                    message = "a second document begins here. Delete the '---', or make it a file of its own."
                    self.tell(self._mark(event), message)
                    break
                if event.version or event.tags:
                    self.tell(self._mark(event), "'%' directives are not used in rulesets. Delete the line.")
            elif isinstance(event, NodeEvent):
                root = self._node(event, events, 1)
        if isinstance(root, Scalar) and root.plain and not root.text:
            return None
        return root

    def _mark(self, event: Event) -> Mark:
        self.last = Mark(self.shown, event.start_mark.line + 1, event.start_mark.column + 1)
        return self.last

    def _node(self, event: Event, events: Iterator[Event], depth: int, *, in_list: bool = False) -> Node:
        mark = self._mark(event)
        self._refuse_extras(event, mark)
        self.nodes += 1
        if depth > MAX_DEPTH:
            self._stop(mark, f"is nested more than {MAX_DEPTH} deep. Write it flatter.")
        if self.nodes > MAX_NODES:
            self._stop(mark, f"is the {MAX_NODES + 1}th value of this file. Split it into several files.")
        if isinstance(event, MappingStartEvent):
            return self._mapping(mark, events, depth, in_list=in_list)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(mark, events, depth)
        if isinstance(event, ScalarEvent):
            return self._scalar(event, mark)
        return Scalar("", mark, plain=False)

    def _stop(self, mark: Mark, message: str) -> None:
        self.tell(mark, message)
        raise _StopError

    def _refuse_extras(self, event: Event, mark: Mark) -> None:
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if isinstance(event, AliasEvent):
            self.tell(mark, f"{quote(f'*{anchor}')} is an alias. Write the value out here, or put a text in quotes.")
            self.whole = False
            return
        if anchor:
            self.tell(
                mark,
                f"{quote(f'&{anchor}')} is an anchor. Write the value out where it is used, or put a text in quotes.",
            )
        if tag:
            written = str(tag).replace("tag:yaml.org,2002:", "!!")
            cure = "Delete it, or put a text in quotes."
            if written.startswith("!="):
                cure = "For 'not' write {is_not: value}."
            self.tell(mark, f"{quote(written)} is a tag, which rulesets do not use. {cure}")

    def _scalar(self, event: ScalarEvent, mark: Mark) -> Scalar:
        plain = not event.style
        if _UNPRINTABLE.search(event.value):
            self.tell(mark, f"{quote(event.value)} holds a character that cannot be shown. Take it out.")
        start, end = event.start_mark, event.end_mark
        if plain and end.line < len(self.lines) and _CUT_OFF.match(self.lines[end.line], end.column):
            message = "this text is cut off at its #. Put the whole text in quotes, or a space behind the #."
            self.tell(mark, message)
        edge = 0 if plain else 1
        as_written = start.line == end.line and end.column - start.column == len(event.value) + 2 * edge
        return Scalar(event.value, mark, plain, edge if as_written else None)

    def _sequence(self, mark: Mark, events: Iterator[Event], depth: int) -> Sequence:
        node = Sequence(mark)
        for event in events:
            if isinstance(event, SequenceEndEvent):
                break
            item = self._node(event, events, depth + 1, in_list=True)
            node.append(item)
            if isinstance(item, Mapping):
                node.extend(item.more)
        return node

    def _mapping(self, mark: Mark, events: Iterator[Event], depth: int, *, in_list: bool) -> Mapping:
        pairs: list[tuple[Node, Node]] = []
        for event in events:
            if isinstance(event, MappingEndEvent):
                break
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            pairs.append((key, value))
        first, *more = _at_lost_dashes(pairs) if in_list else [pairs]
        node = self._filled(mark, first)
        for part in more:
            key = cast("Scalar", part[0][0])
            message = f"a second {quote(key.text)} stands in this item. Write '- ' before it: a new one begins here."
            self.tell(key.mark, message, cause=True)
        if more:
            node.more = tuple(self._filled(part[0][0].mark, part) for part in more)
        return node

    def _filled(self, mark: Mark, pairs: list[tuple[Node, Node]]) -> Mapping:
        node = Mapping(mark)
        for key, value in pairs:
            self._enter(node, key, value)
        return node

    def _enter(self, node: Mapping, key: Node, value: Node) -> None:
        if not isinstance(key, Scalar):
            self.tell(key.mark, "a list or mapping stands before a colon. Write a word there.")
            self.whole = False
        elif key.text == "<<" and key.plain:
            self.tell(key.mark, "'<<' is a merge key. Write the keys out here.")
            self.whole = False
        elif key.text in node:
            first = node.key_marks[key.text].line
            message = f"{quote(key.text)} stands twice here, first in line {first}. Delete one, or rename it."
            self.tell(key.mark, message, cause=isinstance(value, Mapping))
            _join(node[key.text], value)
        else:
            node[key.text] = value
            node.key_marks[key.text] = key.mark


def _at_lost_dashes(pairs: list[tuple[Node, Node]]) -> list[list[tuple[Node, Node]]]:
    """The keys and values of an item of a list, parted where its first key and more of them come again."""
    keys = [key.text if isinstance(key, Scalar) else "" for key, _ in pairs]
    starts = [at for at, key in enumerate(keys) if key == keys[0]]
    if len(starts) < 2 or len(keys) - len(set(keys)) < len(starts):  # noqa: PLR2004 (twice)
        return [pairs]
    return [pairs[start:end] for start, end in pairwise([*starts, len(pairs)])]


def _join(first: Node, second: Node) -> None:
    """Keep what a key holds that stands twice, so that what refers to it is not reported as well."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for key, node in second.items():
            if key in first:
                _join(first[key], node)
            else:
                first[key], first.key_marks[key] = node, second.key_marks[key]
    elif isinstance(first, Sequence) and isinstance(second, Sequence):
        first.extend(second)


def parse_json(text: str, shown: str) -> Node:
    """Read a JSON text into nodes, numbers kept as they were written; all of it stands at the beginning.

    Raises:
        RulesetError: it is not JSON, a key stands twice, or it is nested too deeply.
    """
    start = Mark(shown, 1, 1)
    try:
        value = json.loads(text, object_pairs_hook=_Pairs, parse_int=_Bare, parse_float=_Bare, parse_constant=_Bare)
    except json.JSONDecodeError as error:
        message = f"is not JSON as written ({error.msg}). Check brackets, commas and quotes near here."
        raise RulesetError([Problem(Mark(shown, error.lineno, error.colno), message)]) from None
    except RecursionError:
        raise RulesetError([Problem(start, f"is nested more than {MAX_DEPTH} deep. Write it flatter.")]) from None
    problems = Problems()
    node = _json_node(value, start, problems, 1)
    if problems:
        raise RulesetError(problems)
    return node


class _Bare(str):
    """A JSON number, as it was written."""

    __slots__ = ()


class _Pairs(list[tuple[str, Any]]):
    """A JSON object, with keys that stand twice."""


def _json_node(value: object, mark: Mark, problems: Problems, depth: int) -> Node:
    if depth > MAX_DEPTH:
        problems.tell(mark, f"is nested more than {MAX_DEPTH} deep. Write it flatter.")
        return Scalar("", mark)
    if isinstance(value, _Pairs):
        node = Mapping(mark)
        for key, inner in value:
            if key in node:
                problems.tell(mark, f"{quote(key)} stands twice. Delete one.")
            node[key], node.key_marks[key] = _json_node(inner, mark, problems, depth + 1), mark
        return node
    if isinstance(value, list):
        items = Sequence(mark)
        items.extend(_json_node(item, mark, problems, depth + 1) for item in value)
        return items
    if value is None or isinstance(value, bool):
        return Scalar({None: "null", True: "true", False: "false"}[value], mark)
    return Scalar(str(value), mark, plain=isinstance(value, _Bare))
