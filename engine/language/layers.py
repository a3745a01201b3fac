"""One layer a ruleset folder: its files joined, every key read into the shape it must have.

A layer keeps shapes, not meanings. What a ruleset is made of lies on a stack of layers (see `stacking`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from engine.language import shapes
from engine.language.aliases import meant_by, offer
from engine.language.errors import Mark, Problems, RulesetError, quote
from engine.language.leaves import NO_VALUE, refusal_of_name
from engine.language.misfits import read_shape
from engine.language.salvage import keys_of
from engine.language.source import Mapping, Node, Scalar, Sequence, parse_leniently, read_text

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
    "properties": "property", "facts": "fact", "regimens": "regimen", "accept": "accepted finding",
}  # fmt: skip
S = TypeVar("S", bound=shapes.Shape)


@dataclass
class Layer:
    """What the files of one folder say, or a whole stack of them joined.

    `broken` holds the ids of things that are declared but cannot be read, `lost` the kinds of thing of which that is
    so altogether, `doubles` what has the id of another: what is wrong with them is reported once, and nothing that
    refers to them is reported again. `texts` holds what each file of a folder says, by its name. Where a file or
    base is missing altogether (`torn`), it may declare anything; and where it is part of a stack (`stacked`), even what
    the others declare may be meant to amend it.
    """

    path: Path
    mark: Mark
    header: dict[str, Any] = field(default_factory=dict)
    header_marks: dict[str, Mark] = field(default_factory=dict)
    goals: list[Node] | None = None
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    marks: dict[tuple[str, str], Mark] = field(default_factory=dict)
    accept: list[shapes.AcceptedShape] = field(default_factory=list)
    broken: set[tuple[str, str]] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    doubles: list[tuple[str, str, Any, Mark]] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    torn: bool = False
    stacked: bool = False
    renamed: dict[tuple[str, str], str] = field(default_factory=dict)

    def may_declare(self, kind: str, name: str) -> bool:
        """Whether something unknown may have been declared where it could not be read."""
        return self.torn or kind in self.lost or (kind, name) in self.broken

    def name_now(self, kind: str, name: str) -> str:
        """The id under which something goes on that was replaced, however often."""
        while (kind, name) in self.renamed:
            name = self.renamed[kind, name]
        return name

    def broken_ids(self, kind: str) -> tuple[str, ...]:
        """The ids of this kind that could not be read."""
        return tuple(sorted(name for where, name in self.broken if where == kind))


def read_layer(path: Path, problems: Problems) -> Layer:
    """Read and join the files of one folder, reporting what is wrong in `problems`."""
    files = sorted((file for file in path.glob("*.yaml") if not file.name.startswith(".")), key=lambda file: file.name)
    strays = sorted(file for file in path.glob("*.[yY]*") if file.suffix.lower() in {".yml", ".yaml"})
    layer = Layer(path, Mark(str(path), 1, 1))
    for stray in strays:
        if stray.suffix != ".yaml" and not stray.name.startswith("."):
            problems.tell(Mark(str(stray), 1, 1), "is not read: the name must end in .yaml. Rename it.", cause=True)
            layer.torn = True
    if not files:
        if not layer.torn:
            problems.tell(layer.mark, "holds no file that ends in .yaml. Write the ruleset there, as ruleset.yaml.")
        layer.torn = True
    for file in files:
        _read_file(file, layer, problems)
    layer.mark = _main_place(layer, files)
    return layer


def layer_from_texts(path: Path, texts: AnyMapping[str, str], problems: Problems) -> Layer:
    """The layer whose `texts` these are, without reading a file; `path` is what messages call its folder."""
    layer = Layer(path, Mark(str(path), 1, 1))
    for name, text in texts.items():
        _read_file_text(path / name, text, layer, problems)
    layer.mark = _main_place(layer, [path / name for name in texts])
    return layer


def _main_place(layer: Layer, files: list[Path]) -> Mark:
    """Where a ruleset that lacks something is pointed at: the file that says what it is."""
    if layer.header_marks:
        return Mark(next(iter(layer.header_marks.values())).path, 1, 1)
    names = [file.name for file in files]
    main = files[names.index("ruleset.yaml")] if "ruleset.yaml" in names else files[0] if files else layer.path
    return Mark(str(main), 1, 1)


def _read_file(file: Path, layer: Layer, problems: Problems) -> None:
    try:
        text = read_text(file, str(file))
    except RulesetError as error:
        problems.extend(replace(problem, cause=True) for problem in error.problems)
        layer.torn = True
        return
    _read_file_text(file, text, layer, problems)


def _read_file_text(file: Path, text: str, layer: Layer, problems: Problems) -> None:
    layer.texts[file.name] = text
    before = len(problems)
    root, whole = parse_leniently(text, str(file), problems)
    if not whole:
        problems[before:] = [replace(problem, cause=True) for problem in problems[before:]]
        layer.torn = True
    elif isinstance(root, Mapping):
        _FileReader(layer, problems).read(root)
    elif root is not None:
        message = "is not what a file begins with. Write lines of 'key: value' there, such as 'rules:'."
        problems.tell(root.mark, message, cause=True)
        layer.torn = True


class _FileReader:
    """Puts the top-level keys of one file into a layer."""

    def __init__(self, layer: Layer, problems: Problems) -> None:
        self.layer = layer
        self.problems = problems
        self.tell = problems.tell

    def read(self, root: Mapping) -> None:
        """Read every key; one that is misspelt is read as what it is meant for, so that its content is not lost."""
        known = keys_of(shapes.FileShape)
        for key, node in root.items():
            mark = root.key_marks[key]
            if key in known:
                self._read_key(key, node, mark, root.place_of(key))
                continue
            hint = offer(key, known, root)
            cure = hint if "mean" in hint else " Delete it."
            self.tell(mark, f"{quote(key)} is not a key of a ruleset.{cure}", cause=True)
            meant = next(iter(meant_by(key, known, root)), None)
            if meant and (isinstance(node, Sequence) if meant in LISTED else isinstance(node, Mapping | Sequence)):
                self._read_key(meant, node, mark, mark)
            elif meant:
                self.layer.header_marks.setdefault(meant, mark)

    def _read_key(self, key: str, node: Node, mark: Mark, place: Mark) -> None:
        if isinstance(node, Scalar) and node.is_nothing:
            self.tell(place, f"{key}: {NO_VALUE}")
            self.layer.lost.add(key)
            self.layer.header_marks.setdefault(key, mark)
        elif key in HEADER:
            self._header(key, node, mark)
        elif key == "goals":
            self._goals(node, mark, place)
        elif key in KEYED:
            self._keyed(key, node, place)
        elif key == "accept":
            self.layer.accept.extend(self._shapes(shapes.AcceptedShape, node, place, key))
        else:
            self._listed(key, node, place)

    def _header(self, key: str, node: Node, mark: Mark) -> None:
        first = self.layer.header_marks.get(key)
        if first:
            self.tell(mark, f"{quote(key)} is given already, at {first}. Keep one of the two.")
            return
        self.layer.header_marks[key] = mark
        single = Mapping(mark)
        single[key], single.key_marks[key] = node, mark
        shape = read_shape(shapes.FileShape, single, mark, "the ruleset", self.problems)
        if shape is not None and getattr(shape, key) is not None:
            self.layer.header[key] = getattr(shape, key)
        if key == "extends" and (shape is None or shape.gaps):
            self.layer.torn = True

    def _goals(self, node: Node, mark: Mark, place: Mark) -> None:
        self.layer.header_marks.setdefault("goals", mark)
        if not isinstance(node, Sequence):
            self.tell(place, "goals: a list of facts is expected. Write each after '- ', on a line of its own.")
        elif not node:
            self.tell(place, "goals: the list is empty. Write the facts that a session has to settle.")
        else:
            self.layer.goals = [*(self.layer.goals or []), *node]

    def _shapes(self, shape: type[S], node: Node, place: Mark, key: str) -> list[S]:
        if not isinstance(node, Sequence):
            self.tell(place, f"{key}: a list is expected. Write each {NOUN[key]} after '- ', its keys below it.")
            self.layer.lost.add(key)
            return []
        found = []
        for item in node:
            read = read_shape(shape, item, item.mark, _title(key, item), self.problems)
            if read is not None:
                found.append(read)
                if "id" in read.gaps:
                    self._refused(key, read.id.text)  # type: ignore[attr-defined]  # it is one of its keys
            if read is None or not _has_id(read):
                self.layer.lost.add(key)
        return found

    def _listed(self, key: str, node: Node, place: Mark) -> None:
        for shape in self._shapes(LISTED[key], node, place, key):
            identity: Scalar = shape.id  # type: ignore[attr-defined]  # every listed shape has one
            self._enter(key, identity.text, shape, identity.mark)

    def _keyed(self, key: str, node: Node, place: Mark) -> None:
        if not isinstance(node, Mapping):
            noun = NOUN[key]
            cure = "Write 'its_id:', with its keys below it, indented."
            self.tell(place, f"{key}: the id of each {noun} is expected. {cure}")
            self.layer.lost.add(key)
            return
        for name, item in node.items():
            mark = node.key_marks[name]
            wrong = refusal_of_name(name, dashes=False)
            if wrong:
                self.tell(mark, f"{NOUN[key]} {quote(name)}: this {wrong}", cause=True)
                self._refused(key, name)
            shape = read_shape(KEYED[key], item, mark, f"{NOUN[key]} {quote(name)}", self.problems)
            if shape is None:
                self.layer.broken.add((key, name))
            else:
                self._enter(key, name, shape, mark)

    def _refused(self, key: str, name: str) -> None:
        """Expect that others refer to what has a refused id by the id that was meant."""
        plain = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")
        self.layer.broken.update({(key, plain), (key, plain.replace("-", "_"))})

    def _enter(self, kind: str, name: str, shape: shapes.Shape, mark: Mark) -> None:
        first = self.layer.marks.get((kind, name))
        if first:
            message = f"{NOUN[kind]} {quote(name)} is declared already, at {first}. Rename or delete one."
            self.tell(mark, message, cause=True)
            self.layer.broken.add((kind, name))  # nobody knows which of the two is meant
            self.layer.doubles.append((kind, name, shape, mark))
            return
        self.layer.items.setdefault(kind, {})[name] = shape
        self.layer.marks[kind, name] = mark


def _has_id(shape: shapes.Shape) -> bool:
    """Whether it can be referred to by an id that stands there, be it a refused one."""
    identity = getattr(shape, "id", None)
    return identity is None or "id" not in shape.gaps or not identity.text.startswith("line-")


def _title(key: str, item: object) -> str:
    named = item.get("id") if isinstance(item, Mapping) else None
    return f"{NOUN[key]} {quote(named.text)}" if isinstance(named, Scalar) and named.text else f"this {NOUN[key]}"
