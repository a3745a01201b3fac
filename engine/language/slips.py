"""What people write in place of a value or a test, and what it is in this language.

Looked at only when a text has been refused: nothing here is ever taken for what it seems to mean, it is only offered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import cast

from engine.language.errors import Problem, quote, shorten
from engine.language.model import Fact
from engine.language.source import Node, Scalar
from engine.language.typed import read_amount, read_single

THOUSAND = 3  # digits of a group
LONGEST_MEANT = 80
NONE = frozenset({"none", "nothing", "empty", "nil", "no value", "none of these", "none of them", "[]", "{}", "-"})
SOME = frozenset({"not empty", "not_empty", "not none", "some", "any", "at least one", "present"})
KNOWN = frozenset({"known", "answered", "given", "not unknown", "any", "some"})
NOT_KNOWN = frozenset({
    "not known", "unkown", "unknown.", "not unkown", "missing", "not answered", "not given", "unsure", "not sure",
    "don't know", "dont know", "do not know", "empty", "no value", "i do not know", "i don't know", "n/a", "na", "?",
    "uncertain", "undetermined",
})  # fmt: skip
ALWAYS = frozenset({"always", "true", "yes", "everyone", "otherwise", "else"})
EQUALS = frozenset({"equals", "equal", "equal_to", "eq", "==", "=", "value", "exactly", "is_exactly"})
ONE_OF = frozenset({"in", "one_of", "any_of", "is_in", "either", "any", "or", "values"})

_BEFORE = {
    "at_least": ">= => ≥ at_least from min minimum since no_less_than not_less_than not_under not_below on_or_after",
    "at_most": "<= =< ≤ at_most up_to max maximum no_more_than not_more_than not_over not_above until on_or_before",
    "above": "> above over more_than greater_than higher_than older_than later_than after exceeds",
    "below": "< below under less_than fewer_than lower_than younger_than earlier_than before",
    "": "= == equals exactly is",
}
_AFTER = {
    "at_least": "+ or_older or_more or_over or_above or_higher or_greater or_later and_over and_older and_above",
    "at_most": "or_younger or_less or_under or_below or_lower or_fewer or_earlier and_under and_younger and_below",
}
_BETWEEN = (
    re.compile(r"(?:between|from)\s+(.+?)\s+(?:and|to)\s+(.+)"),
    re.compile(r"(.+?)\s+(?:to|until|through)\s+(.+)"),
    re.compile(r"(.+?)\s*(?:–|—|\.\.+)\s*(.+)"),
    re.compile(r"(.+?)\s+-\s+(.+)"),
    re.compile(r"([0-9.,]+)-([0-9].*)"),
)
_WHOLE = re.compile(r"-?[0-9]{1,6}")
_HALF = re.compile(r"[0-9]{1,6}\s*[^0-9\s.,].*")
_NEGATED = re.compile(r"(?:is not |isn't |isnt |not |not_|non-|!= ?|<> ?|≠ ?|no )(.+)", re.IGNORECASE)
_SENTENCE = re.compile(r"([a-z][a-z0-9_]*)\s*(?:\b(?:is|equals|are)\b|:)?\s*(.+)", re.DOTALL)


def without_decimal_commas(nodes: Iterable[Node]) -> tuple[list[Node], list[Problem]]:
    """A list as it is meant where a decimal comma cut a value in two, `7,0 g/dL`, and what to tell of each."""
    found: list[Node] = []
    problems = []
    for node in nodes:
        if not (found and _is_cut(found[-1], node)):
            found.append(node)
            continue
        whole, rest = cast("Scalar", found.pop()), cast("Scalar", node)
        meant = f"{whole.text}.{rest.text}"
        digits, unit = rest.text[:THOUSAND], rest.text[THOUSAND:]
        if digits.isdigit() and not unit[:1].isdigit():
            meant = f"{whole.text}{rest.text} or {meant}"
        said = f"{quote(f'{whole.text},{rest.text}')} is two values here, as a comma parts those of a list."
        problems.append(Problem(whole.mark, f"{said} Write {shorten(meant, LONGEST_MEANT)}."))
        found.append(Scalar(f"{whole.text}.{rest.text}", whole.mark))
    return found, problems


def _is_cut(node: Node, after: Node) -> bool:
    """Whether these are the two halves of a number with a decimal comma, a unit behind it."""
    if not (isinstance(node, Scalar) and isinstance(after, Scalar) and _WHOLE.fullmatch(node.text)):
        return False
    beside = after.mark == node.mark._replace(column=node.mark.column + len(node.text) + 1)
    return beside and _HALF.fullmatch(after.text) is not None


def said_as_test(fact: Fact, text: str) -> str | None:
    """What to write for a text that is no value of a fact but seems to mean a test, or None."""
    test = _test(fact, " ".join(text.split()))
    if not test:
        return None
    bare = fact.units is not None and fact.units.required and not re.search("[a-zµ%]", test.partition(": ")[2])
    unit = ", with the unit behind the number" if bare else ""
    return f"{quote(text)} is no value of {fact.id}. Write {fact.id}: {test}{unit}."


def said_as_condition(facts: Mapping[str, Fact], text: str) -> str | None:
    """What to write for a sentence such as "age >= 18" in place of a condition, or None."""
    if text.casefold() in ALWAYS:
        return "{}"
    found = _SENTENCE.fullmatch(text)
    fact = facts.get(found[1]) if found else None
    if not found or fact is None:
        return None
    rest = " ".join(found[2].split())
    test = _value(fact, rest) or _test(fact, rest)
    return f"{{{fact.id}: {test}}}" if test else None


def _test(fact: Fact, text: str) -> str | None:
    word = text.casefold()
    if fact.is_set or fact.derived:
        if word in NONE:
            return "{is: empty}"
        if word in SOME:
            return "{is: not_empty}"
    if fact.is_input and word in KNOWN:
        return "{is: known}"
    if fact.is_input and word in NOT_KNOWN:
        return "unknown"
    if fact.type in {"number", "date"} and (compared := _compared(fact, text)):
        return compared
    return _negated(fact, text) or _several(fact, text)


def _negated(fact: Fact, text: str) -> str | None:
    found = _NEGATED.fullmatch(text)
    value = _value(fact, found[1]) if found else None
    if not value:
        return None
    return f"{{includes_none: [{value}]}}" if fact.is_set else f"{{is_not: {value}}}"


def _several(fact: Fact, text: str) -> str | None:
    for joint in (r"\s*,\s*(?:or\s+)?|\s+or\s+|\s*[|/]\s*", r"\s+and\s+"):
        values = [_value(fact, part) for part in re.split(joint, text)]
        if len(values) > 1 and all(values):
            listed = f"[{', '.join(value for value in values if value)}]"
            return f"{{includes_all: {listed}}}" if "and" in joint and fact.is_set else listed
    return None


def _compared(fact: Fact, text: str) -> str | None:
    small = text.casefold()
    for pattern in _BETWEEN:
        found = pattern.fullmatch(small) and pattern.fullmatch(text)
        ends = [_value(fact, end) for end in found.groups()] if found else []
        if ends and all(ends):
            low, high = (str(end) for end in ends)
            unit = re.search(r" [^0-9].*", high) if low.replace(".", "").isdigit() else None
            return f"{{between: [{low}{unit[0] if unit else ''}, {high}]}}"
    for word, begins in _BEFORE.items():
        for begin in _phrases(begins):
            if small.startswith(begin) and (limit := _value(fact, text[len(begin) :])):
                return f"{{{word}: {limit}}}" if word else limit
    for word, ends_with in _AFTER.items():
        for end in _phrases(ends_with):
            if small.endswith(end) and (limit := _value(fact, text[: -len(end)])):
                return f"{{{word}: {limit}}}"
    return None


def _phrases(words: str) -> list[str]:
    """The phrases of a table, the longest first, so that ">=" is not taken for ">"."""
    return sorted((word.replace("_", " ") for word in words.split()), key=len, reverse=True)


def _value(fact: Fact, text: str) -> str | None:
    """The text as a value of the fact, an option by its id; None where it is none."""
    text = text.strip()
    named = {option.label.casefold(): option.id for option in fact.options} | {each: each for each in fact.option_ids}
    try:
        if fact.type == "number":
            read_amount(fact, text, bare=True)
        else:
            text = named.get(text.casefold(), text)
            read_single(fact, text)
    except ValueError:
        return None
    return shorten(text)
