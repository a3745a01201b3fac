"""One layer a ruleset folder: its files joined, and the layers of what it extends put under it.

A layer keeps shapes, not meanings. Stacking them decides what a declaration that comes again means: goals and sections
replace, a fact is amended, a rule says `replaces`, and anything else repeated is a mistake to tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from engine.language import shapes
from engine.language.errors import Mark, Problem, RulesetError, did_you_mean, quote
from engine.language.source import Mapping, Scalar, Sequence, read_yaml

HEADER = (
    "id", "title", "version", "extends", "summary", "jurisdiction", "authors", "licence", "reviewed", "next_review",
    "not_for", "glossary",
)  # fmt: skip
LISTED: dict[str, type[shapes.Shape]] = {
    "starts": shapes.StartShape,
    "sources": shapes.SourceShape,
    "sections": shapes.SectionShape,
    "rules": shapes.RuleShape,
    "cases": shapes.CaseShape,
    "properties": shapes.PropertyShape,
}
KEYED: dict[str, type[shapes.Shape]] = {"facts": shapes.FactShape, "regimens": shapes.RegimenShape}
NOUN = {
    "starts": "start", "sources": "source", "sections": "section", "rules": "rule", "cases": "case",
    "properties": "property", "facts": "fact", "regimens": "regimen",
}  # fmt: skip
FIXED = ("type", "unit", "formula")
S = TypeVar("S", bound=shapes.Shape)


@dataclass
class Layer:
    """What the files of one folder say, or a whole stack of them joined.

    `broken` holds the ids of things that are declared but have the wrong shape: they are reported once, and nothing
    that refers to them is reported again.
    """

    path: Path
    mark: Mark
    header: dict[str, Any] = field(default_factory=dict)
    header_marks: dict[str, Mark] = field(default_factory=dict)
    goals: list[Any] | None = None
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    marks: dict[tuple[str, str], Mark] = field(default_factory=dict)
    accept: list[Any] = field(default_factory=list)
    broken: set[tuple[str, str]] = field(default_factory=set)

    def broken_ids(self, kind: str) -> frozenset[str]:
        """The ids of this kind that could not be read."""
        return frozenset(name for where, name in self.broken if where == kind)


def read_layer(path: Path, problems: list[Problem]) -> Layer:
    """Read and join the files of one folder, reporting what is wrong in `problems`."""
    layer = Layer(path, Mark(str(path), 1, 1))
    files = sorted(path.glob("*.yaml"), key=lambda file: file.name)
    for stray in sorted(path.glob("*.yml")):
        problems.append(Problem(Mark(str(stray), 1, 1), "is not read: the name must end in .yaml. Rename it."))
    if not files:
        problems.append(Problem(layer.mark, "holds no file that ends in .yaml. Write the ruleset there, as ruleset.yaml."))
    for number, file in enumerate(files):
        start = Mark(str(file), 1, 1)
        layer.mark = start if number == 0 else layer.mark
        try:
            root = read_yaml(file, str(file))
        except RulesetError as error:
            problems.extend(error.problems)
            layer.broken.add(("file", file.name))
            continue
        if isinstance(root, Mapping):
            _LayerReader(layer, problems).read(root)
        elif root is not None:
            problems.append(Problem(start, "must be a mapping at the top, lines of 'key: value' such as 'rules:'."))
    return layer


class _LayerReader:
    """Puts the top-level keys of one file into a layer."""

    def __init__(self, layer: Layer, problems: list[Problem]) -> None:
        self.layer = layer
        self.problems = problems

    def tell(self, mark: Mark, message: str) -> None:
        self.problems.append(Problem(mark, message))

    def read(self, root: Mapping) -> None:
        known = shapes.keys_of(shapes.FileShape)
        for key, node in root.items():
            mark = root.key_marks[key]
            if key in HEADER:
                self._header(key, node, mark)
            elif key == "goals":
                self._goals(node, mark)
            elif key in LISTED:
                self._listed(key, node, mark)
            elif key in KEYED:
                self._keyed(key, node, mark)
            elif key == "accept":
                self.layer.accept.extend(self._shapes(shapes.AcceptedShape, node, mark, "accept"))
            else:
                hint = did_you_mean(key, known)
                self.tell(mark, f"{quote(key)} is not a key of a ruleset.{hint if 'mean' in hint else ' Delete it.'}")

    def _header(self, key: str, node: Any, mark: Mark) -> None:
        first = self.layer.header_marks.get(key)
        if first:
            self.tell(mark, f"{quote(key)} is given already, at {first}. Keep one of the two.")
            return
        self.layer.header_marks[key] = mark
        single = Mapping(mark)
        single[key], single.key_marks[key] = node, mark
        shape = shapes.read_shape(shapes.FileShape, single, mark, "the ruleset", self.problems)
        if shape is not None:
            self.layer.header[key] = getattr(shape, key)

    def _goals(self, node: Any, mark: Mark) -> None:
        if not isinstance(node, Sequence) or not node:
            self.tell(mark, "goals: a list of facts is expected. Write each after '- '.")
            return
        self.layer.goals = [*(self.layer.goals or []), *node]
        self.layer.header_marks.setdefault("goals", mark)

    def _shapes(self, shape: type[S], node: Any, mark: Mark, key: str) -> list[S]:
        if not isinstance(node, Sequence):
            self.tell(mark, f"{key}: a list is expected. Write each item after '- '.")
            return []
        read = [(item, shapes.read_shape(shape, item, mark, self._title(key, item), self.problems)) for item in node]
        for item, found in read:
            if found is None and isinstance(item, Mapping) and isinstance(item.get("id"), Scalar):
                self.layer.broken.add((key, item["id"].text))
        return [found for _, found in read if found is not None]

    def _title(self, key: str, item: Any) -> str:
        named = item.get("id") if isinstance(item, Mapping) else None
        noun = NOUN.get(key, "entry")
        return f"{noun} {quote(named.text)}" if isinstance(named, Scalar) else f"a {noun}"

    def _listed(self, key: str, node: Any, mark: Mark) -> None:
        for shape in self._shapes(LISTED[key], node, mark, key):
            self._enter(key, shape.id.text, shape, shape.id.mark)  # type: ignore[attr-defined]

    def _keyed(self, key: str, node: Any, mark: Mark) -> None:
        if not isinstance(node, Mapping):
            self.tell(mark, f"{key}: a mapping is expected. Write each {NOUN[key]} as 'its_id:' with its keys below.")
            return
        for name, item in node.items():
            place = node.key_marks[name]
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in shapes.RESERVED:
                self._bad_name(name, place, NOUN[key])
                self.layer.broken.add((key, name))
                continue
            shape = shapes.read_shape(KEYED[key], item, place, f"{NOUN[key]} {quote(name)}", self.problems)
            if shape is None:
                self.layer.broken.add((key, name))
            else:
                self._enter(key, name, shape, place)

    def _bad_name(self, name: str, mark: Mark, noun: str) -> None:
        if name in shapes.RESERVED:
            self.tell(mark, f"{quote(name)} is a word of the language. Choose another id for this {noun}.")
        else:
            self.tell(mark, f"{quote(name)} is no id. Write small letters, digits and _, beginning with a letter.")

    def _enter(self, kind: str, name: str, shape: Any, mark: Mark) -> None:
        first = self.layer.marks.get((kind, name))
        if first:
            self.tell(mark, f"{NOUN[kind]} {quote(name)} is declared already, at {first}. Rename or delete one.")
            return
        self.layer.items.setdefault(kind, {})[name] = shape
        self.layer.marks[kind, name] = mark


def stack(layers: list[Layer], problems: list[Problem]) -> Layer:
    """Put layers on each other, the base first; the result speaks for the last."""
    top = layers[-1]
    joined = Layer(top.path, top.mark, dict(top.header), dict(top.header_marks))
    for layer in layers:
        joined.broken |= layer.broken
        joined.accept.extend(layer.accept)
        joined.goals = layer.goals or joined.goals
        for kind in (*LISTED, *KEYED):
            _put(joined, layer, kind, problems)
    for key in ("glossary", "not_for", "authors"):
        _inherit(joined, layers, key)
    return joined


def _inherit(joined: Layer, layers: list[Layer], key: str) -> None:
    """A glossary grows with each layer; other texts come from the last layer that gives them."""
    given = [layer.header[key] for layer in layers if layer.header.get(key)]
    if given and key == "glossary":
        joined.header[key] = {term: text for each in given for term, text in each.items()}
    elif given:
        joined.header[key] = given[-1]


def _put(joined: Layer, layer: Layer, kind: str, problems: list[Problem]) -> None:
    items = layer.items.get(kind, {})
    if kind == "sections" and items:
        joined.items[kind] = {}
    below = joined.items.setdefault(kind, {})
    base = frozenset(below)
    for name, shape in items.items():
        mark = layer.marks[kind, name]
        if kind == "facts" and name in base:
            below[name] = _amended(below[name], shape, name, problems)
        elif getattr(shape, "replaces", None) is not None:
            joined.items[kind] = below = _replaced(below, base, name, shape, kind, problems)
        elif name in base and kind != "sections":
            cure = f"Write 'replaces: {name}' in it" if kind in {"rules", "regimens", "properties"} else "Rename it"
            problems.append(Problem(mark, f"{NOUN[kind]} {quote(name)} is in a base already. {cure}, or delete it."))
        else:
            below[name] = shape
        joined.marks.setdefault((kind, name), mark)


def _replaced(
    below: dict[str, Any], base: frozenset[str], name: str, shape: Any, kind: str, problems: list[Problem]
) -> dict[str, Any]:
    """The items with one of the base's replaced in its place."""
    old = shape.replaces.text
    if old not in base:
        hint = did_you_mean(old, base)
        problems.append(Problem(shape.replaces.mark, f"{quote(old)} is no {NOUN[kind]} of a base.{hint} Delete 'replaces'."))
        return {**below, name: shape}
    if name != old and name in below:
        problems.append(Problem(shape.replaces.mark, f"{NOUN[kind]} {quote(name)} is in a base already. Rename it."))
        return below
    return {(name if key == old else key): (shape if key == old else item) for key, item in below.items()}


def _amended(old: shapes.FactShape, new: shapes.FactShape, name: str, problems: list[Problem]) -> shapes.FactShape:
    """A base fact with the keys of a later declaration; options are added to."""
    given = {key: getattr(new, key) for key in new.model_fields_set if getattr(new, key) is not None and key != "mark"}
    for key in FIXED:
        was = getattr(old, key)
        if key in given and (was is None or was.text != given[key].text):
            message = f"fact {quote(name)} is a base's: its {key} cannot be changed. Delete this key, or use a new id."
            problems.append(Problem(given.pop(key).mark, message))
    if "options" in given and old.options:
        given["options"] = {**old.options, **given["options"]}
    return old.model_copy(update=given)


Find = Callable[[str, Path], Path | None]


def read_stack(path: Path, find: Find, problems: list[Problem]) -> list[Layer]:
    """The layers of a ruleset, each base before what extends it, none twice."""
    done: dict[Path, Layer] = {}
    _collect(path, find, problems, done, ())
    return list(done.values())


def _collect(path: Path, find: Find, problems: list[Problem], done: dict[Path, Layer], above: tuple[Path, ...]) -> None:
    if path in done:
        return
    layer = read_layer(path, problems)
    for scalar in layer.header.get("extends") or []:
        base = find(scalar.text, path)
        if base is None:
            message = f"{quote(scalar.text)} is found neither beside this ruleset nor under rulesets/. Check the name."
            problems.append(Problem(scalar.mark, message))
            layer.broken.add(("base", scalar.text))
        elif base in (*above, path):
            loop = " → ".join([*(each.name for each in (*above, path)[(*above, path).index(base) :]), base.name])
            problems.append(Problem(scalar.mark, f"rulesets extend each other in a loop: {loop}. Take one out."))
        else:
            _collect(base, find, problems, done, (*above, path))
    done[path] = layer
