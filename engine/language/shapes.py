"""The shape of ruleset files: which keys there are, which are needed, what kind of value each takes.

These models are the border: they check shape only and keep every leaf as the located scalar it was. What the words
refer to (facts, options, sources) is checked in `build`. The JSON Schema of the files comes from the same models.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema, model_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import ErrorDetails, PydanticCustomError

from engine.language.errors import Mark, Problem, did_you_mean, quote
from engine.language.model import FactType
from engine.language.source import Mapping, Scalar, Sequence

RESERVED = frozenset({"all", "any", "not", "known", "unknown", "as_of", "min", "max", "round"})
KINDS = ("scope", "decision_factor", "safety", "route", "regimen", "monitoring", "mistake", "advice")
STRENGTHS = ("strong", "moderate", "weak", "custom")
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_LONG_NAME = re.compile(r"[a-z][a-z0-9_-]*\Z")
_MARK = "\0mark"  # no YAML key can hold this character


def _refuse(message: str) -> PydanticCustomError:
    return PydanticCustomError("regimen", "{message}", {"message": message})


def _scalar(node: object) -> Scalar:
    if isinstance(node, Scalar):
        if node.looks_like == "nothing":
            raise _refuse("has no value. Write one, or delete the key.")
        return node
    kind = "a list" if isinstance(node, Sequence) else "a mapping"
    raise _refuse(f"one value is expected here, not {kind}. Write a single word, number or sentence.")


def _text(node: object) -> Scalar:
    scalar = _scalar(node)
    if scalar.looks_like:
        raise _refuse(f'{quote(scalar.text)} would be read as {scalar.looks_like}. Write it in quotes: "{scalar.text[:40]}".')
    if not scalar.text.strip():
        raise _refuse("is empty. Write a text, or delete the key.")
    return scalar


def _name(pattern: re.Pattern[str], dash: str) -> Callable[[object], Scalar]:
    def read(node: object) -> Scalar:
        scalar = _scalar(node)
        if scalar.plain and scalar.looks_like:
            raise _refuse(f"{quote(scalar.text)} is read as {scalar.looks_like}. Begin an id with a letter from a to z.")
        if not pattern.match(scalar.text):
            raise _refuse(
                f"{quote(scalar.text)} is no id. Write small letters, digits and _{dash}, beginning with a letter."
            )
        return scalar

    return read


def _one_of(words: tuple[str, ...]) -> Callable[[object], Scalar]:
    def read(node: object) -> Scalar:
        scalar = _scalar(node)
        if scalar.text not in words:
            hint = did_you_mean(scalar.text, words)
            raise _refuse(f"{quote(scalar.text)} is not one of {', '.join(words)}.{hint if 'mean' in hint else ''}")
        return scalar

    return read


def _true_or_false(node: object) -> Scalar:
    scalar = _scalar(node)
    if scalar.text not in {"true", "false"}:
        raise _refuse(f"{quote(scalar.text)} stands where true or false is expected. Write true or false.")
    return scalar


def iso_date(text: str) -> date | None:
    """A date written as 2026-11-22, or None."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _date(node: object) -> Scalar:
    scalar = _scalar(node)
    if iso_date(scalar.text) is None:
        raise _refuse(f"{quote(scalar.text)} is no date of the calendar. Write year-month-day, such as 2026-11-22.")
    return scalar


def _texts(node: object) -> object:
    return [node] if isinstance(node, Scalar) else node


_STRING = {"type": "string"}
Leaf = Annotated[Any, BeforeValidator(_scalar), WithJsonSchema({"type": ["string", "number"]})]
Text = Annotated[Any, BeforeValidator(_text), WithJsonSchema(_STRING)]
Name = Annotated[Any, BeforeValidator(_name(_NAME, "")), WithJsonSchema({**_STRING, "pattern": "^[a-z][a-z0-9_]*$"})]
LongName = Annotated[
    Any, BeforeValidator(_name(_LONG_NAME, " or -")), WithJsonSchema({**_STRING, "pattern": "^[a-z][a-z0-9_-]*$"})
]
Date = Annotated[Any, BeforeValidator(_date), WithJsonSchema({**_STRING, "format": "date"})]
Flag = Annotated[Any, BeforeValidator(_true_or_false), WithJsonSchema({"type": "boolean"})]
Kind = Annotated[Any, BeforeValidator(_one_of(KINDS)), WithJsonSchema({"enum": list(KINDS)})]
Strength = Annotated[Any, BeforeValidator(_one_of(STRENGTHS)), WithJsonSchema({"enum": list(STRENGTHS)})]
Type = Annotated[
    Any, BeforeValidator(_one_of(get_args(FactType))), WithJsonSchema({"enum": list(get_args(FactType))})
]
# These are read by the parts of the language that know the facts.
ConditionNode = Annotated[Any, WithJsonSchema({"$ref": "#/$defs/Condition"})]
AnswersNode = Annotated[Any, WithJsonSchema({"type": "object"})]
ThenNode = Annotated[Any, WithJsonSchema({"type": "object", "minProperties": 1})]
GoalNode = Annotated[Any, WithJsonSchema({"anyOf": [_STRING, {"type": "object", "maxProperties": 1}]})]
OptionNode = Annotated[Any, WithJsonSchema({"anyOf": [_STRING, {"$ref": "#/$defs/OptionShape"}]})]


class Shape(BaseModel):
    """A mapping in a ruleset file; `mark` is where it begins."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    mark: SkipJsonSchema[Any] = Field(default=None, alias=_MARK, exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _keep_mark(cls, data: object) -> object:
        return {**data, _MARK: data.mark} if isinstance(data, Mapping) else data


class CitationShape(Shape):
    """A place in a source."""

    source: Name
    section: Leaf | None = None


class OptionShape(Shape):
    """An option with more than a label."""

    label: Text
    help: Text | None = None


class FactShape(Shape):
    """Something that can be known: an input is asked for, a derived fact is concluded."""

    section: LongName | None = None
    label: Text | None = None
    ask: Text | None = None
    help: Text | None = None
    clinician_note: Text | None = None
    why: Text | None = None
    type: Type | None = None
    unit: Text | None = None
    units: list[Text] | None = None
    molar_mass: Text | None = None
    range: list[Leaf] | None = None
    plausible: list[Leaf] | None = None
    required: Flag | None = None
    codes: dict[str, list[Text]] | None = None
    options: dict[str, OptionNode] | None = None
    none: Text | None = None
    ask_when: ConditionNode | None = None
    formula: Leaf | None = None
    derived: Flag | None = None
    otherwise: Leaf | None = None


class RuleShape(Shape):
    """When something holds, conclude something."""

    id: LongName
    title: Text
    kind: Kind | None = None
    when: ConditionNode
    then: ThenNode
    because: Text
    cites: list[CitationShape] | None = None
    strength: Strength | None = None
    needs_check: Text | None = None
    harm: Text | None = None
    remedy: Text | None = None
    overrides: list[LongName] | None = None
    replaces: LongName | None = None


class PhaseShape(Shape):
    """One stretch of a regimen; what is absent is as the local protocol says."""

    name: Text
    dose: Text | None = None
    route: Text | None = None
    every: Text | None = None
    until: Text | None = None
    review_after: Text | None = None
    for_: Text | None = Field(default=None, alias="for")


class RegimenShape(Shape):
    """A schedule that a rule can suggest."""

    title: Text
    product: Text | None = None
    phases: list[PhaseShape]
    cites: list[CitationShape] | None = None
    strength: Strength | None = None
    needs_check: Text | None = None
    replaces: Name | None = None


class SectionShape(Shape):
    """A heading over questions."""

    id: LongName
    title: Text
    together: Flag | None = None


class SourceShape(Shape):
    """Where statements come from."""

    id: Name
    title: Text
    url: Text | None = None
    date: Date | None = None
    read: Date | None = None
    note: Text | None = None


class StartShape(Shape):
    """A situation on the home page."""

    id: LongName
    title: Text
    answers: AnswersNode | None = None


class CaseShape(Shape):
    """An example: answers, and what must come of them."""

    id: LongName
    title: Text
    answers: AnswersNode
    as_of: Date | None = None
    expect: ConditionNode | None = None
    fires: list[LongName] | None = None
    not_fires: list[LongName] | None = None
    source: Text | None = None


class PropertyShape(Shape):
    """A promise about every complete set of answers."""

    id: LongName
    title: Text
    whenever: ConditionNode | None = None
    always: ConditionNode | None = None
    never: ConditionNode | None = None
    replaces: LongName | None = None


class AcceptedShape(Shape):
    """A finding that the authors accept."""

    finding: Text
    reason: Text


class FileShape(Shape):
    """A ruleset file: a folder's files are read in order of name and joined."""

    id: LongName | None = None
    title: Text | None = None
    version: Text | None = None
    extends: list[LongName] | None = None
    summary: Text | None = None
    jurisdiction: Text | None = None
    authors: Annotated[list[Text], BeforeValidator(_texts)] | None = None
    licence: Text | None = None
    reviewed: Date | None = None
    next_review: Date | None = None
    not_for: Annotated[list[Text], BeforeValidator(_texts)] | None = None
    glossary: dict[str, Text] | None = None
    starts: list[StartShape] | None = None
    sources: list[SourceShape] | None = None
    goals: list[GoalNode] | None = None
    sections: list[SectionShape] | None = None
    facts: dict[str, FactShape] | None = None
    rules: list[RuleShape] | None = None
    regimens: dict[str, RegimenShape] | None = None
    cases: list[CaseShape] | None = None
    properties: list[PropertyShape] | None = None
    accept: list[AcceptedShape] | None = None


S = TypeVar("S", bound=Shape)


def keys_of(shape: type[Shape]) -> list[str]:
    """The keys that a person may write in this mapping."""
    names = (field.alias or name for name, field in shape.model_fields.items())
    return [name for name in names if name != _MARK]


def read_shape(shape: type[S], node: object, mark: Mark, what: str, problems: list[Problem]) -> S | None:
    """Check the shape of a node; on any misfit report it in `problems` and return None.

    Args:
        shape: the model.
        node: what was read.
        mark: where to point when the node has no place of its own, or lacks a key.
        what: what it is, for messages, such as "rule 'neuro'".
        problems: gets every misfit.
    """
    if not isinstance(node, Mapping):
        found = getattr(node, "mark", mark)
        problems.append(Problem(found, f"{what} must be a mapping, lines of 'key: value'. Indent its keys below it."))
        return None
    try:
        return shape.model_validate(node)
    except ValidationError as error:
        problems.extend(_problems(error, shape, node, mark, what))
        return None


def _problems(error: ValidationError, shape: type[Shape], node: Mapping, mark: Mark, what: str) -> Iterator[Problem]:
    for detail in error.errors(include_url=False):
        yield _problem(detail, shape, node, mark, what)


def _problem(detail: ErrorDetails, shape: type[Shape], node: Mapping, mark: Mark, what: str) -> Problem:
    path = [step for step in detail["loc"] if not isinstance(step, str) or not step.startswith("function-")]
    found, place, steps = _walk(node, mark, path)
    named = ".".join(map(str, (step + 1 if isinstance(step, int) else step for step in steps)))
    if detail["type"] == "missing":
        return Problem(place, f"{what} lacks {quote(str(path[-1]))}. Add it.")
    if detail["type"] == "extra_forbidden":
        known = keys_of(_shape_at(shape, steps))
        message = f"{quote(str(path[-1]))} is not a key of {what}.{did_you_mean(str(path[-1]), known)}"
        hint = "" if "Did you mean" in message else " Delete it."
        return Problem(_key_mark(node, steps, place), message + hint)
    if detail["type"] == "regimen":
        return Problem(place, f"{named}: {detail['ctx']['message']}" if named else detail["ctx"]["message"])
    if isinstance(found, Scalar) and found.looks_like == "nothing":
        return Problem(place, f"{named}: has no value. Write one, or delete the key.")
    expected = {
        "list_type": "a list is expected. Write each item after '- ', or [one, two].",
        "dict_type": "a mapping is expected. Write lines of 'key: value' below it.",
        "model_type": "a mapping is expected. Write lines of 'key: value' below it.",
    }
    return Problem(place, f"{named}: {expected.get(detail['type'], detail['msg'])}")


def _walk(node: Any, mark: Mark, path: list[Any]) -> tuple[Any, Mark, list[Any]]:
    """Follow a path as far as it leads; the node there, its place, and the steps that were followed."""
    steps: list[Any] = []
    for step in path:
        if isinstance(node, Mapping) and step in node:
            inner = node[step]
            mark = inner.mark if isinstance(inner, Scalar) and inner.text else node.key_marks[step]
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node):
            inner = node[step]
            mark = inner.mark
        else:
            continue
        node = inner
        steps.append(step)
    return node, mark, steps


def _key_mark(node: Any, steps: list[Any], place: Mark) -> Mark:
    for step in steps[:-1]:
        node = node[step]
    return node.key_marks.get(steps[-1], place) if isinstance(node, Mapping) and steps else place


def _shape_at(shape: type[Shape], steps: list[Any]) -> type[Shape]:
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
