"""Checking a node against a shape, and telling each misfit where it stands and in words for people who write YAML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from engine.language.errors import Mark, Problems, did_you_mean, nearest, quote
from engine.language.leaves import NO_VALUE
from engine.language.shapes import MARK, Shape
from engine.language.source import Mapping, Scalar, Sequence

S = TypeVar("S", bound=Shape)

EXPECTED = {
    "list_type": "a list is expected. Write each item after '- ', or [one, two].",
    "dict_type": "a mapping is expected. Write lines of 'key: value' below it.",
    "model_type": "a mapping is expected. Write lines of 'key: value' below it.",
}


def keys_of(shape: type[Shape]) -> list[str]:
    """The keys that a person may write in this mapping."""
    names = (field.alias or name for name, field in shape.model_fields.items())
    return [name for name in names if name != MARK]


def read_shape(shape: type[S], node: object, mark: Mark, what: str, problems: Problems) -> S | None:
    """Check the shape of a node; on any misfit report it in `problems` and return None.

    Args:
        shape: the model.
        node: what was read.
        mark: where to point when it lacks a key or is no mapping.
        what: what it is, for messages, such as "rule 'neuro'".
        problems: gets every misfit.
    """
    if not isinstance(node, Mapping):
        place = node.mark if isinstance(node, Scalar) and node.text else mark
        problems.tell(place, f"{what} must be a mapping, lines of 'key: value'. Indent its keys below it.")
        return None
    try:
        return shape.model_validate(node)
    except ValidationError as error:
        details = error.errors(include_url=False)
        misspelt = {near for detail in details for near in _meant_by(detail, shape, node)}
        for detail in details:
            if not (detail["type"] == "missing" and detail["loc"] in misspelt):
                problems.tell(*_misfit(detail, shape, node, mark, what))
        return None


def _meant_by(detail: ErrorDetails, shape: type[Shape], node: Mapping) -> list[tuple[int | str, ...]]:
    """Where the keys would be that an unknown one can be a misspelling of; they are not missing then."""
    if detail["type"] != "extra_forbidden":
        return []
    *within, key = detail["loc"]
    _, _, steps = _walk(node, node.mark, list(detail["loc"]))
    return [(*within, near) for near in nearest(str(key), keys_of(_shape_at(shape, steps)))]


def _misfit(detail: ErrorDetails, shape: type[Shape], node: Mapping, mark: Mark, what: str) -> tuple[Mark, str]:
    path = list(detail["loc"])
    found, place, steps = _walk(node, mark, path)
    named = " ".join(f"(item {step + 1})" if isinstance(step, int) else step for step in steps)
    if detail["type"] == "missing":
        inner = f", {named}" if named else ""
        return place, f"{what}{inner} lacks {quote(str(path[-1]))}. Add it."
    if detail["type"] == "extra_forbidden":
        hint = did_you_mean(str(path[-1]), keys_of(_shape_at(shape, steps)))
        cure = hint if "mean" in hint else f"{hint} Delete it."
        return _key_mark(node, steps, place), f"{quote(str(path[-1]))} is not a key of {what}.{cure}"
    if isinstance(found, Scalar) and found.is_nothing:
        return place, f"{named}: {NO_VALUE}"
    said = detail["ctx"]["message"] if detail["type"] == "regimen" else EXPECTED[detail["type"]]
    if detail["type"] == "list_type" and isinstance(found, Scalar) and found.text and steps[-1] != "phases":
        said = f"a list is expected. Write [{found.text[:40]}]."
    return place, f"{named}: {said}"


def _walk(node: Any, mark: Mark, path: list[int | str]) -> tuple[Any, Mark, list[int | str]]:
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


def _key_mark(node: Any, steps: list[int | str], place: Mark) -> Mark:
    """The place of the key that a path ends in."""
    for step in steps[:-1]:
        node = node[step]
    return node.key_marks.get(str(steps[-1]), place) if isinstance(node, Mapping) and steps else place


def _shape_at(shape: type[Shape], steps: list[int | str]) -> type[Shape]:
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
