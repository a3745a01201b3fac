"""Reading answers: what a person, a file or a program says about one case.

Every answer is checked against its fact; all problems are told together and nothing is evaluated while there is one.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from decimal import Decimal

from engine.language.errors import AnswerError, AnswerProblem, Mark, did_you_mean, quote
from engine.language.model import Fact, Ruleset
from engine.language.source import Mapping as MappingNode
from engine.language.source import Scalar, Sequence
from engine.language.typed import Misfit, read_single
from engine.language.values import UNKNOWN, Answer, Quantity, Single

LARGEST_WHOLE = 10**15
LONGEST_ANSWER = 1000


def read_answers(facts: Mapping[str, Fact], answers: Mapping[str, object]) -> dict[str, Answer]:
    """Read answers as `{fact: value}`, in the order of the facts.

    A value is text or a number, an option id, a list of option ids (empty: none of them), an ISO date or "unknown".

    Raises:
        AnswerError: lists every answer that cannot be used, each with its fact and, from a file, its place.
    """
    found: dict[str, Answer] = {}
    problems: list[AnswerProblem] = []
    for name, raw in answers.items():
        mark = answers.key_marks[name] if isinstance(answers, MappingNode) else None
        fact = facts.get(name) if isinstance(name, str) else None
        try:
            if fact is None:
                raise Misfit(f"{quote(str(name))} is not a fact of this ruleset.{did_you_mean(str(name), facts)}")
            found[name] = read_answer(fact, raw)
        except ValueError as error:
            problems.append(AnswerProblem(str(name)[:60], str(error), mark))
    if problems:
        raise AnswerError(problems)
    return {name: found[name] for name in facts if name in found}


def read_answer(fact: Fact, raw: object) -> Answer:
    """Read one answer.

    Raises:
        Misfit, NumberError, UnitError: all ValueErrors whose message says what is wrong and what to write.
    """
    if fact.derived:
        raise Misfit("is concluded from other answers, not answered. Leave it out.")
    if isinstance(raw, (list, tuple, set, frozenset)):
        return _options(fact, raw)
    text = _text(raw)
    if text == "unknown":
        if fact.required:
            raise Misfit("has to be answered: 'unknown' is not enough here. Give its value.")
        return UNKNOWN
    if fact.is_set:
        raise Misfit(f"takes a list. Write [{text[:40]}], or [] for none of them.")
    value = read_single(fact, text)
    _refuse_outside_range(fact, value)
    return value


def _options(fact: Fact, raw: Iterable[object]) -> tuple[str, ...]:
    if not fact.is_set:
        raise Misfit("takes one value, not a list. Write a single value.")
    chosen = {str(read_single(fact, _text(item))) for item in raw}
    return tuple(option for option in fact.option_ids if option in chosen)


def _text(raw: object) -> str:  # noqa: PLR0911 (one way out for each kind of value)
    """The text of an answer, whatever it came as."""
    if isinstance(raw, Scalar):
        if raw.looks_like == "nothing":
            raise Misfit("has no value. Write one, or unknown, or leave it out.")
        return _short(raw.text.strip())
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int):
        if abs(raw) >= LARGEST_WHOLE:
            raise Misfit("has more than 15 digits. Write a number of at most 15 digits.")
        return str(raw)
    if isinstance(raw, (float, Decimal)):
        return f"{Decimal(repr(raw)) if isinstance(raw, float) else raw:f}"[: LONGEST_ANSWER + 1]
    if isinstance(raw, datetime.date) and not isinstance(raw, datetime.datetime):
        return raw.isoformat()
    if isinstance(raw, str):
        return _short(raw.strip())
    if raw is None:
        raise Misfit("has no value. Write one, or unknown, or leave it out.")
    raise Misfit("is no single value. Write a word, a number or a date.")


def _short(text: str) -> str:
    if len(text) > LONGEST_ANSWER:
        raise Misfit(f"is {len(text)} characters long. Write a word, a number or a date.")
    return text


def _refuse_outside_range(fact: Fact, value: Single) -> None:
    if fact.range and not _inside(fact, value, fact.range):
        low, high = fact.range
        raise Misfit(f"{value} is outside what is possible, {low} to {high}. Check the number and its unit.")


def _inside(fact: Fact, value: Single, span: tuple[Quantity | datetime.date, Quantity | datetime.date]) -> bool:
    low, high = span
    if isinstance(value, Quantity) and isinstance(low, Quantity) and isinstance(high, Quantity):
        number = canonical_number(fact, value)
        return canonical_number(fact, low) <= number <= canonical_number(fact, high)
    if isinstance(value, datetime.date) and isinstance(low, datetime.date) and isinstance(high, datetime.date):
        return low <= value <= high
    return True


def canonical_number(fact: Fact, value: Quantity) -> Decimal:
    """A quantity's number in the canonical unit of its fact."""
    units = fact.units
    if units is None or value.unit is None or units.canonical is None:
        return value.number
    return units.convert(value.number, value.unit, units.canonical)


def implausible(fact: Fact, answer: Answer) -> str | None:
    """A sentence about an answer outside what is plausible, or None."""
    if fact.plausible is None or isinstance(answer, (str, tuple)) or answer is UNKNOWN:
        return None
    if not isinstance(answer, (Quantity, datetime.date)) or _inside(fact, answer, fact.plausible):
        return None
    low, high = fact.plausible
    slip = " Check the unit first." if fact.units and len(fact.units.names) > 1 else " Check it."
    return f"{fact.label}: {answer} is outside the usual {low} to {high}.{slip}"


def warnings_for(ruleset: Ruleset, answers: Mapping[str, Answer]) -> tuple[str, ...]:
    """What to check again among the answers, because it is possible but not plausible."""
    sentences = (implausible(ruleset.facts[name], answer) for name, answer in answers.items())
    return tuple(sentence for sentence in sentences if sentence)


def sequence_or_text(node: object) -> object:
    """A located node as plain text or a list of texts: what an answer is kept as in cases and starts."""
    if isinstance(node, Sequence):
        return tuple(sequence_or_text(item) for item in node)
    return node.text if isinstance(node, Scalar) else node


def place_of(answers: object, name: str) -> Mark | None:
    """Where an answer stands in a file."""
    return answers.key_marks.get(name) if isinstance(answers, MappingNode) else None
