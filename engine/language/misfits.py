"""Checking a node against a shape, and telling each misfit where it stands and in words for people who write YAML."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from engine.language.aliases import meant_by, offer
from engine.language.errors import Mark, Problems, quote, shorten
from engine.language.leaves import NO_VALUE
from engine.language.salvage import Rest, S, holder, keys_of, shape_at, walk
from engine.language.shapes import Shape
from engine.language.source import Mapping, Scalar, Sequence

EXPECTED = {
    "list_type": "a list is expected. Write each item after '- ', or [one, two].",
    "dict_type": "lines of 'key: value' are expected. Write them below it, indented.",
    "model_type": "lines of 'key: value' are expected. Write them below it, indented.",
}
MOST_ROUNDS = 4
PART = {"phases": "phase", "cites": "citation"}  # what an item of a list within a rule or regimen is called


def read_shape(shape: type[S], node: object, mark: Mark, what: str, problems: Problems) -> S | None:
    """Check the shape of a node; report every misfit in `problems`, and read the rest, whose `gaps` name what is lost.

    Args:
        shape: the model.
        node: what was read.
        mark: where to point when it lacks a key or is no mapping.
        what: what it is, for messages, such as "rule 'neuro'".
        problems: gets every misfit.

    Returns:
        None where the node is no mapping, or nothing can be made of it.
    """
    if not isinstance(node, Mapping):
        place = node.mark if isinstance(node, Scalar) and node.text else mark
        problems.tell(place, f"{what} must be lines of 'key: value'. Write its keys below it, indented.")
        return None
    try:
        return shape.model_validate(node)
    except ValidationError as error:
        details = error.errors(include_url=False)
    rest = Rest(shape, node, mark)
    for _ in range(MOST_ROUNDS):
        misspelt = {near for detail in details for near in _meant_by(detail, shape, rest.node)}
        for detail in details:
            if not (detail["type"] == "missing" and detail["loc"] in misspelt) and not rest.is_guessed(detail["loc"]):
                place, message = _misfit(detail, shape, rest.node, mark, what)
                problems.tell(place, message, cause=(detail["type"], detail["loc"]) == ("regimen", ("id",)))
        rest.mend(details)
        try:
            return rest.read()
        except ValidationError as error:  # of what a misspelt key holds
            details = error.errors(include_url=False)
    return None


def _meant_by(detail: ErrorDetails, shape: type[Shape], node: Mapping) -> list[tuple[int | str, ...]]:
    """Where the keys would be that an unknown one can be a misspelling of; they are not missing then."""
    if detail["type"] != "extra_forbidden":
        return []
    *within, key = detail["loc"]
    _, _, steps = walk(node, node.mark, list(detail["loc"]))
    keys = keys_of(shape_at(shape, steps))
    return [(*within, near) for near in meant_by(str(key), keys, holder(node, steps))]


def _misfit(detail: ErrorDetails, shape: type[Shape], node: Mapping, mark: Mark, what: str) -> tuple[Mark, str]:
    path = list(detail["loc"])
    found, place, steps = walk(node, mark, path)
    if detail["type"] == "missing":
        return place, f"{_owner(steps, what)} lacks {quote(str(path[-1]))}. Add it."
    if detail["type"] == "extra_forbidden":
        hint = offer(str(path[-1]), keys_of(shape_at(shape, steps)), holder(node, steps))
        cure = hint if "mean" in hint else f"{hint} {_way_out(found)}"
        owner = _owner(steps[:-1], what)
        return _key_mark(node, steps, place), f"{quote(str(path[-1]))} is not a key of {owner}.{cure}"
    named = _named(steps)
    if isinstance(found, Scalar) and found.is_nothing:
        return place, f"{named}: {NO_VALUE}"
    said: str = detail["ctx"]["message"] if detail["type"] == "regimen" else EXPECTED[detail["type"]]
    if detail["type"] in EXPECTED and isinstance(found, Scalar) and found.text:
        said = f"{said.partition('. ')[0]}. {_instead(steps, found.text) or said.partition('. ')[2]}"
    if isinstance(found, Mapping | Sequence) and detail["type"] == "regimen":
        place = found.mark
    return place, f"{named}: {said}"


def _instead(steps: list[int | str], text: str) -> str | None:
    """What to write for a text where a list, or keys with values, are expected; None where that cannot be guessed."""
    match steps:
        case [*_, "phases"]:
            return None
        case [*_, "range" | "plausible"]:
            return "Write [lowest, highest]."
        case [*_, "cites", int()]:
            return f"Write {{source: {shorten(text)}}}."
        case [*_, "phases", int()]:
            return f"Write {{name: {shorten(text)}}}."
    return f"Write [{shorten(text)}]."


def _way_out(found: object) -> str:
    """What to do with a key that is none; one without a value may be the rest of a text that a comma cut in two."""
    cut_off = isinstance(found, Scalar) and found.is_nothing
    return "If it is part of a text, put the whole text in quotes; else delete it." if cut_off else "Delete it."


def _named(steps: list[int | str]) -> str:
    """A path in words: "phase 1, every", "range, item 2"."""
    words: list[str] = []
    for step in steps:
        if isinstance(step, int) and words and words[-1] in PART:
            words[-1] = f"{PART[words[-1]]} {step + 1}"
        else:
            words.append(f"item {step + 1}" if isinstance(step, int) else shorten(step))
    return ", ".join(words)


def _owner(steps: list[int | str], what: str) -> str:
    """What a path leads to: "phase 1 of regimen 'weekly'"."""
    return f"{_named(steps)} of {what}" if steps else what


def _key_mark(node: Any, steps: list[int | str], place: Mark) -> Mark:
    """The place of the key that a path ends in."""
    return holder(node, steps).key_marks.get(str(steps[-1]), place) if steps else place
