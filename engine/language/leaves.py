"""What kind of value a key takes: a text, an id, a date, true or false, a word of a list.

Each kind keeps the located scalar that was written, or refuses it with a sentence that says what to write.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, get_args

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from engine.language.aliases import offer
from engine.language.errors import quote
from engine.language.model import FactType
from engine.language.source import Mapping, Node, Scalar, Sequence

RESERVED = frozenset({"all", "any", "not", "known", "unknown", "as_of", "min", "max", "round"})
KINDS = ("scope", "decision_factor", "safety", "route", "regimen", "monitoring", "mistake", "advice")
STRENGTHS = ("strong", "moderate", "weak", "custom")
NO_VALUE = "has no value. Write one, or delete the key."
NAME_PATTERN = "[a-z][a-z0-9_]*"
LONG_NAME_PATTERN = "[a-z][a-z0-9_-]*"


def refusal_of_name(word: str, *, dashes: bool) -> str | None:
    """What is wrong with a word as an id, as the end of a sentence and a cure; None when nothing is."""
    if not re.fullmatch(LONG_NAME_PATTERN if dashes else NAME_PATTERN, word):
        signs = "_ or -" if dashes else "_"
        return f"is no id. Write small letters a to z, digits and {signs}, beginning with a letter."
    if word in RESERVED:
        return "is a word that conditions or formulas use. Choose another id."
    if kind := Scalar(word, _NOWHERE).looks_like:
        return f"would be read as {kind}. Choose another id."
    return None


def iso_date(text: str) -> date | None:
    """A date written as 2026-11-22, or None."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


_NOWHERE: Any = None  # for a scalar that is only asked what it looks like


def _refuse(message: str) -> PydanticCustomError:
    return PydanticCustomError("regimen", "{message}", {"message": message})


def _scalar(node: object) -> Scalar:
    if not isinstance(node, Scalar):
        kind = "a list" if isinstance(node, Sequence) else "keys with values"
        raise _refuse(f"one value is expected here, not {kind}. Write a single word, number or sentence.")
    if node.is_nothing:
        raise _refuse(NO_VALUE)
    return node


def _text(node: object) -> Scalar:
    if isinstance(node, Mapping | Sequence):
        kind = "a list" if isinstance(node, Sequence) else "keys with values"
        raise _refuse(f"a text is expected here, and this is read as {kind}. Put the whole text in quotes.")
    scalar = _scalar(node)
    if scalar.looks_like:
        shown = quote(scalar.text)
        raise _refuse(f'{shown} would be read as {scalar.looks_like}. Write it in quotes: "{shown[1:-1]}".')
    return _not_blank(scalar)


def _words(node: object) -> Scalar:
    return _not_blank(_scalar(node))


def _not_blank(scalar: Scalar) -> Scalar:
    if not scalar.text.strip():
        raise _refuse("is empty. Write a text, or delete the key.")
    return scalar


def _name(*, dashes: bool) -> Callable[[object], Scalar]:
    def read(node: object) -> Scalar:
        scalar = _scalar(node)
        if wrong := refusal_of_name(scalar.text, dashes=dashes):
            raise _refuse(f"{quote(scalar.text)} {wrong}")
        return scalar

    return read


def _one_of(words: tuple[str, ...]) -> Callable[[object], Scalar]:
    def read(node: object) -> Scalar:
        scalar = _scalar(node)
        if scalar.text not in words:
            hint = offer(scalar.text, words)
            cure = hint if "mean" in hint else f" Write one of {', '.join(words)}."
            raise _refuse(f"{quote(scalar.text)} is not used here.{cure}")
        return scalar

    return read


def _true_or_false(node: object) -> Scalar:
    scalar = _scalar(node)
    if scalar.text not in {"true", "false"}:
        cure = {"yes": "true", "no": "false"}.get(scalar.text.casefold(), "true or false")
        raise _refuse(f"{quote(scalar.text)} stands where true or false is expected. Write {cure}.")
    return scalar


def _date(node: object) -> Scalar:
    scalar = _scalar(node)
    if iso_date(scalar.text) is None:
        raise _refuse(f"{quote(scalar.text)} is no date of the calendar. Write year-month-day, such as 2026-11-22.")
    return scalar


def _something(node: object) -> Node:
    if isinstance(node, Scalar) and node.is_nothing:
        raise _refuse(NO_VALUE)
    return node  # type: ignore[return-value]  # nothing else is read


def _mapping(like: str) -> Callable[[object], Mapping]:
    def read(node: object) -> Mapping:
        if not isinstance(node, Mapping):
            _something(node)
            raise _refuse(f"lines of '{like}' are expected. Write {{{like}}}, or such lines below it, indented.")
        return node

    return read


def one_or_more(node: object) -> object:
    """A list, for which a single text will do."""
    return [node] if isinstance(node, Scalar) and not node.is_nothing else node


_STRING = {"type": "string", "minLength": 1}
_DATE_STRING = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_TYPES = get_args(FactType)

Leaf = Annotated[Scalar, PlainValidator(_words), WithJsonSchema({"type": ["string", "number"]})]
Text = Annotated[Scalar, PlainValidator(_text), WithJsonSchema(_STRING)]
Name = Annotated[
    Scalar, PlainValidator(_name(dashes=False)), WithJsonSchema({"type": "string", "pattern": f"^{NAME_PATTERN}$"})
]
LongName = Annotated[
    Scalar, PlainValidator(_name(dashes=True)), WithJsonSchema({"type": "string", "pattern": f"^{LONG_NAME_PATTERN}$"})
]
Date = Annotated[Scalar, PlainValidator(_date), WithJsonSchema(_DATE_STRING)]
Flag = Annotated[Scalar, PlainValidator(_true_or_false), WithJsonSchema({"type": "boolean"})]
Kind = Annotated[Scalar, PlainValidator(_one_of(KINDS)), WithJsonSchema({"enum": list(KINDS)})]
Strength = Annotated[Scalar, PlainValidator(_one_of(STRENGTHS)), WithJsonSchema({"enum": list(STRENGTHS)})]
Type = Annotated[Scalar, PlainValidator(_one_of(_TYPES)), WithJsonSchema({"enum": list(_TYPES)})]

# These are read by the parts of the language that know the facts; `schema` defines them.
DEFINED = "x-defined"
ConditionNode = Annotated[Node, PlainValidator(_something), WithJsonSchema({DEFINED: "Condition"})]
AnswersNode = Annotated[Mapping, PlainValidator(_mapping("fact: answer")), WithJsonSchema({DEFINED: "Answers"})]
ThenNode = Annotated[Mapping, PlainValidator(_mapping("fact: value")), WithJsonSchema({DEFINED: "Conclusions"})]
GoalNode = Annotated[Node, PlainValidator(_something), WithJsonSchema({DEFINED: "Goal"})]
OptionsNode = Annotated[Mapping, PlainValidator(_mapping("its_id: its label")), WithJsonSchema({DEFINED: "Options"})]
