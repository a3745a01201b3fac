"""What can be read of a mapping that does not fit its shape, so that one slip in it hides no other.

A misspelt key is read as what it is meant for, what is wrong is taken out, and what is needed and not there gets a
stand-in. What comes of it is never run, only looked at for more to tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar, get_args

from pydantic_core import ErrorDetails

from engine.language.aliases import meant_by
from engine.language.errors import Mark, nearest
from engine.language.shapes import MARK, Shape
from engine.language.source import Mapping, Node, Scalar, Sequence

S = TypeVar("S", bound=Shape)
WHOLE = frozenset({"range", "plausible", "units"})  # lists that say nothing when one of their items is gone


class Rest(Generic[S]):
    """The readable rest of a mapping.

    Args:
        shape: what the mapping is meant to be.
        node: the mapping, which is left as it is.
        mark: where it stands.
    """

    def __init__(self, shape: type[S], node: Mapping, mark: Mark) -> None:
        self.shape = shape
        self.node = _copy(node)
        self.mark = mark
        self.gaps: set[str] = set()
        self.guessed: set[tuple[int | str, ...]] = set()
        self.refused_id: Scalar | None = None

    def is_guessed(self, path: Iterable[int | str]) -> bool:
        """Whether this is within a key that another word was taken for, whose value may well look different."""
        path = tuple(path)
        return any(path[: len(guess)] == guess for guess in self.guessed)

    def mend(self, details: list[ErrorDetails]) -> None:
        """Take out what is wrong, or put something in its place."""
        gone: list[tuple[Sequence, Any]] = []
        for detail in details:
            if detail["type"] == "extra_forbidden":
                self._rename(detail["loc"])
        for detail in details:
            path = list(detail["loc"])
            if detail["type"] == "missing":
                gone.extend(self._stand_in(path))
            elif detail["type"] != "extra_forbidden":
                gone.extend(self._take_out(path))
        for items, item in gone:
            items[:] = [each for each in items if each is not item]

    def read(self) -> S:
        """The shape of the rest.

        Raises:
            ValidationError: something in it does not fit.
        """
        found = self.shape.model_validate(self.node)
        found.gaps = frozenset(self.gaps)
        if self.refused_id is not None:
            found.id = self.refused_id  # type: ignore[attr-defined]  # it was one of its keys
        return found

    def _rename(self, path: tuple[int | str, ...]) -> None:
        _, _, steps = walk(self.node, self.mark, list(path))
        key, keys, mapping = str(path[-1]), keys_of(shape_at(self.shape, steps)), holder(self.node, steps)
        meant = meant_by(key, keys, mapping)
        node, mark = mapping.pop(key), mapping.key_marks.pop(key)
        if len(meant) == 1 and meant[0] not in mapping:
            mapping[meant[0]], mapping.key_marks[meant[0]] = node, mark
            if meant[0] not in nearest(key, keys):
                self.guessed.add((*path[:-1], meant[0]))
        elif len(path) == 1:
            self.gaps.update(each for each in meant if each not in mapping)

    def _stand_in(self, path: list[int | str]) -> list[tuple[Sequence, Any]]:
        """Put something harmless where a key is missing."""
        found, mark, _ = walk(self.node, self.mark, path[:-1])
        key = str(path[-1])
        if not isinstance(found, Mapping) or key in found:
            return []
        if _cites_nothing(path):
            return self._take_out(path[:-1])
        found[key], found.key_marks[key] = _harmless(key, mark), mark
        self.gaps.add(str(path[0]))
        return []

    def _take_out(self, path: list[int | str]) -> list[tuple[Sequence, Any]]:
        """Take out a value; an item of a list only later, as other paths count its items."""
        found, mark, steps = walk(self.node, self.mark, path)
        if not steps:
            return []
        self.gaps.add(str(steps[0]))
        if steps[0] in WHOLE:
            steps = steps[:1]
        elif _cites_nothing(steps):
            steps = steps[:-1]
        around, _, _ = walk(self.node, self.mark, steps[:-1])
        found = around[steps[-1]]
        if isinstance(around, Sequence):
            return [(around, found)]
        key = str(steps[-1])
        if key in around and shape_at(self.shape, steps).model_fields.get(key, _OPTIONAL).is_required():
            if steps == ["id"] and isinstance(found, Scalar) and found.text:
                self.refused_id = found
            around[key] = _harmless(key, mark)
        else:
            around.pop(key, None)
        return []


def _cites_nothing(path: list[int | str]) -> bool:
    """Whether this is the source of a citation, without which the rest of it says nothing."""
    return len(path) > 1 and path[-1] == "source"


_OPTIONAL = Shape.model_fields["mark"]


def _harmless(key: str, mark: Mark) -> Node:
    """What stands in for a needed key, so that all else can be looked at."""
    if key in {"when", "then", "answers"}:
        return Mapping(mark)
    if key == "phases":
        return Sequence(mark)
    return Scalar(f"line-{mark.line}", mark, plain=False)


def _copy(node: Any) -> Any:
    if isinstance(node, Mapping):
        mapping = Mapping(node.mark)
        mapping.update((key, _copy(inner)) for key, inner in node.items())
        mapping.key_marks = dict(node.key_marks)
        return mapping
    if isinstance(node, Sequence):
        items = Sequence(node.mark)
        items.extend(map(_copy, node))
        return items
    return node


def keys_of(shape: type[Shape]) -> list[str]:
    """The keys that a person may write in this mapping."""
    names = (field.alias or name for name, field in shape.model_fields.items())
    return [name for name in names if name != MARK]


def holder(node: Any, steps: list[int | str]) -> Mapping:
    """The mapping whose key a path ends in."""
    for step in steps[:-1]:
        node = node[step]
    return node if isinstance(node, Mapping) else Mapping(Mark("", 1, 1))


def walk(node: Any, mark: Mark, path: list[int | str]) -> tuple[Any, Mark, list[int | str]]:
    """Follow a path as far as it leads; the node there, its place, and the steps that were followed."""
    steps: list[int | str] = []
    for step in path:
        if isinstance(node, Mapping) and isinstance(step, str) and step in node:
            mark = node.place_of(step)
            node = node[step]
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node):
            node = node[step]
            mark = node.mark
        else:
            continue
        steps.append(step)
    return node, mark, steps


def shape_at(shape: type[Shape], steps: list[int | str]) -> type[Shape]:
    """The shape whose key a path ends in."""
    for step in steps[:-1]:
        nested = _nested(shape).get(step) if isinstance(step, str) else None
        shape = nested or shape
    return shape


def _nested(shape: type[Shape]) -> dict[str, type[Shape]]:
    """The keys of a shape that hold shapes, or lists or mappings of them."""
    found: dict[str, type[Shape]] = {}
    for name, field in shape.model_fields.items():
        for inner in _types_in(field.annotation):
            if isinstance(inner, type) and issubclass(inner, Shape):
                found[field.alias or name] = inner
    return found


def _types_in(annotation: Any) -> Iterator[Any]:
    yield annotation
    for inner in get_args(annotation):
        yield from _types_in(inner)
