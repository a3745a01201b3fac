"""Reading answers: what a person, a file or a program says about one case.

Every answer is checked against its fact; all problems are told together and nothing is evaluated while there is one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from engine.language.errors import AnswerError, AnswerProblem, did_you_mean, quote, shorten
from engine.language.model import Fact, Ruleset
from engine.language.numbers import OR_UNKNOWN, show_number
from engine.language.slips import NONE, NOT_KNOWN
from engine.language.source import Mapping as MappingNode
from engine.language.source import Scalar, Sequence
from engine.language.typed import Misfit, read_single
from engine.language.values import UNKNOWN, Answer, Quantity, Single
from engine.language.wording import say_unit

MOST_DIGITS = 15
LONGEST_ANSWER = 1000
LONGEST_NAME = 60
NO_ANSWER = f"has no value. Write one{OR_UNKNOWN}, or leave it out."


def read_answers(facts: Mapping[str, Fact], answers: Mapping[Any, object]) -> dict[str, Answer]:
    """Read answers as `{fact: value}`, in the order of the facts.

    A value is text or a number, an option id, a list of option ids (empty: none of them), an ISO date or "unknown".

    Raises:
        AnswerError: lists every answer that cannot be used, each with its fact and, from a file, its place.
    """
    if not isinstance(answers, Mapping):
        raise AnswerError([AnswerProblem("answers", "are not given by fact. Write 'fact: answer' for each.")])
    found: dict[str, Answer] = {}
    problems: list[AnswerProblem] = []
    for name, raw in answers.items():
        fact = facts.get(name) if isinstance(name, str) else None
        if fact is None:
            problems.append(_unknown_fact(facts, name, answers))
            continue
        try:
            found[name] = read_answer(fact, raw)
        except ValueError as error:
            mark = answers.place_of(name) if isinstance(answers, MappingNode) else None
            problems.append(AnswerProblem(name, str(error), mark))
    if problems:
        raise AnswerError(problems)
    return {name: found[name] for name in facts if name in found}


def _unknown_fact(facts: Mapping[str, Fact], name: object, answers: Mapping[Any, object]) -> AnswerProblem:
    if not isinstance(name, str):
        return AnswerProblem("answers", "hold a key that is no word. Write the id of a fact there.")
    mark = answers.key_marks[name] if isinstance(answers, MappingNode) else None
    asked = [fact.id for fact in facts.values() if fact.is_input]
    message = f"{quote(name)} is not a fact of this ruleset.{did_you_mean(name, asked)} Mend its id, or leave it out."
    return AnswerProblem(shorten(name, LONGEST_NAME), message, mark)


def read_answer(fact: Fact, raw: object) -> Answer:
    """Read one answer.

    Raises:
        Misfit, NumberError, UnitError: all ValueErrors whose message says what is wrong and what to write.
    """
    try:
        return _read(fact, raw)
    except ValueError as error:
        if fact.required and OR_UNKNOWN in str(error):  # it would be refused
            raise Misfit(str(error).replace(OR_UNKNOWN, "")) from None
        raise


def _read(fact: Fact, raw: object) -> Answer:
    if fact.derived:
        raise Misfit("is concluded from other answers, so nobody answers it. Leave it out.")
    if isinstance(raw, list | tuple | set | frozenset):
        return _options(fact, raw)
    text = _text(raw)
    if text == "unknown":
        if fact.required:
            raise Misfit("has to be answered: 'unknown' is not enough here. Give its value.")
        return UNKNOWN
    if fact.is_set:
        raise Misfit(_as_list(fact, text))
    if text.casefold() in NOT_KNOWN and text not in fact.option_ids:
        written = "Give its value." if fact.required else "Write unknown for 'I do not know'."
        raise Misfit(f"{quote(text)} is no answer here. {written}")
    value = read_single(fact, text)
    _refuse_outside_range(fact, value)
    return value


def _as_list(fact: Fact, text: str) -> str:
    """What to tell of one text where a set takes a list."""
    if _means_none(fact, text):
        return f"takes a list. Write [] for none of them, or options such as [{fact.option_ids[0]}]."
    known = did_you_mean(text, fact.option_ids) if text not in fact.option_ids and "," not in text else ""
    return f"takes a list. Write [{shorten(text)}], or [] for none of them.{known}"


def _means_none(fact: Fact, text: str) -> bool:
    word = text.casefold()
    return text not in fact.option_ids and (word in NONE or word == (fact.none or "").casefold())


def _options(fact: Fact, raw: Collection[object]) -> tuple[str, ...]:
    """The options of a set that are listed, in the order of the fact; every one that it does not have is told."""
    if not fact.is_set:
        raise Misfit("takes one value, not a list. Write a single value.")
    chosen: set[Single] = set()
    wrong: dict[str, None] = {}
    for item in raw:
        try:
            if _text(item) == "unknown":
                raise Misfit("'unknown' stands in a list. Write it alone, in place of the list.")
            if _means_none(fact, _text(item)):
                raise Misfit(f"{quote(_text(item))} stands in a list. Write [] for none of them, with nothing in it.")
            chosen.add(read_single(fact, _text(item)))
        except ValueError as error:
            wrong[str(error)] = None
    if wrong:
        raise Misfit(" ".join(list(wrong)[:5]))
    return tuple(option for option in fact.option_ids if option in chosen)


def _text(raw: object) -> str:
    """The text of an answer, whatever it came as."""
    if raw is None or (isinstance(raw, Scalar) and raw.is_nothing):
        raise Misfit(NO_ANSWER)
    if isinstance(raw, Scalar | str):
        return _short((raw.text if isinstance(raw, Scalar) else raw).strip())
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int | float | Decimal):
        return _number(raw)
    if isinstance(raw, dt.date) and not isinstance(raw, dt.datetime):
        return raw.isoformat()
    raise Misfit("is no single value. Write a word, a number or a date.")


def _number(raw: float | Decimal) -> str:
    """A number as it would be written; one that is far too large is never spelled out."""
    if isinstance(raw, int) and abs(raw) >= 10**MOST_DIGITS:
        raise Misfit(f"has more than {MOST_DIGITS} digits. Write a number of at most {MOST_DIGITS} digits.")
    number = Decimal(repr(raw)) if isinstance(raw, float) else Decimal(raw)
    if not number.is_finite():
        raise Misfit(f"{quote(str(number))} is not a number. Write digits, such as 284 or 0.5{OR_UNKNOWN}.")
    if abs(number.adjusted()) > MOST_DIGITS and number:
        raise Misfit(f"{quote(str(number))} is too large or too small. Write a number of at most {MOST_DIGITS} digits.")
    return show_number(number)


def _short(text: str) -> str:
    if not text:
        raise Misfit(NO_ANSWER)
    if len(text) > LONGEST_ANSWER:
        raise Misfit(f"is {len(text)} characters long. Write a word, a number or a date.")
    return text


def _refuse_outside_range(fact: Fact, value: Single) -> None:
    if fact.range and not _inside(fact, value, fact.range):
        low, high = fact.range
        raise Misfit(
            f"{_said(value)} is outside what is possible, {_said(low)} to {_said(high)}. Check the number and its unit."
        )


def _inside(fact: Fact, value: Single, span: tuple[Quantity | dt.date, Quantity | dt.date]) -> bool:
    low, high = span
    if isinstance(value, Quantity) and isinstance(low, Quantity) and isinstance(high, Quantity):
        number = canonical_number(fact, value)
        return canonical_number(fact, low) <= number <= canonical_number(fact, high)
    if isinstance(value, dt.date) and isinstance(low, dt.date) and isinstance(high, dt.date):
        return low <= value <= high
    return True


def canonical_number(fact: Fact, value: Quantity) -> Decimal:
    """A quantity's number in the canonical unit of its fact."""
    units = fact.units
    if units is None or value.unit is None or units.canonical is None:
        return value.number
    return units.convert(value.number, value.unit, units.canonical)


def can_be_given(fact: Fact, answer: Answer) -> bool:
    """Whether a number or a date is within the range of its fact."""
    return fact.range is None or not isinstance(answer, Quantity | dt.date) or _inside(fact, answer, fact.range)


def implausible(fact: Fact, answer: Answer) -> str | None:
    """A sentence about an answer outside what is plausible, or None."""
    if fact.plausible is None or not isinstance(answer, Quantity | dt.date):
        return None
    if _inside(fact, answer, fact.plausible):
        return None
    low, high = fact.plausible
    slip = " Check the unit first." if fact.units and len(fact.units.names) > 1 else " Check it."
    return f"{fact.label}: {_said(answer)} is outside the usual {_said(low)} to {_said(high)}.{slip}"


def _said(value: Single) -> str:
    """A value as a message tells it: dates as they are written in a file."""
    if isinstance(value, Quantity):
        return f"{show_number(value.number)} {say_unit(value.unit or '')}".strip()
    return str(value)


def warnings_for(ruleset: Ruleset, answers: Mapping[str, Answer]) -> tuple[str, ...]:
    """What to check again among the answers, because it is possible but not plausible."""
    sentences = (implausible(ruleset.facts[name], answer) for name, answer in answers.items())
    return tuple(sentence for sentence in sentences if sentence)


def sequence_or_text(node: object) -> object:
    """A located node as plain text or a list of texts: what an answer is kept as in cases and starts."""
    if isinstance(node, Sequence):
        return tuple(sequence_or_text(item) for item in node)
    return node.text if isinstance(node, Scalar) else node
