"""Conditions, rules and values in plain English, for trails, pages and editors.

No ids stand in these sentences: facts speak by their labels, options by theirs.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping

from engine.language.model import (
    All,
    Any,
    Bound,
    Check,
    Condition,
    Fact,
    HeldTest,
    KnownTest,
    Not,
    OneOf,
    Rule,
    Ruleset,
    SetTest,
    Test,
    ValueTest,
)
from engine.language.values import UNKNOWN, Answer, Quantity

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
COMPARED = {"below": "below", "at_most": "at most", "at_least": "at least", "above": "above"}
DATED = {"below": "before", "at_most": "on or before", "at_least": "on or after", "above": "after"}


def say_date(value: datetime.date) -> str:
    """A date as 24 November 2026."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def say_value(fact: Fact | None, value: Answer) -> str:
    """A value in words: an option by its label, a set by those of its options, "none", or "not known"."""
    if value is UNKNOWN:
        return "not known"
    if isinstance(value, tuple):
        return _join([_label(fact, option) for option in value], "and") if value else "none"
    if isinstance(value, str):
        return _label(fact, value)
    return say_date(value) if isinstance(value, datetime.date) else str(value)


def _label(fact: Fact | None, option: str) -> str:
    label = fact.labels.get(option, option) if fact else option
    return label[:1].lower() + label[1:] if label[1:2].islower() or label[1:2] == " " else label


def _join(words: list[str], conjunction: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {conjunction} {words[-1]}"


def _name(facts: Mapping[str, Fact], name: str) -> str:
    label = facts[name].label if name in facts else name
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def say_condition(ruleset: Ruleset, condition: Condition) -> str:
    """A condition as a clause: "age is at least 18 years and sex is female"."""
    return _say(ruleset.facts, condition, top=True)


def _say(facts: Mapping[str, Fact], condition: Condition, *, top: bool = False) -> str:
    if isinstance(condition, (All, Any)):
        return _say_parts(facts, condition, top=top)
    if isinstance(condition, Not):
        return f"it is not so that {_say(facts, condition.part, top=top)}"
    return say_test(facts, condition)


def _say_parts(facts: Mapping[str, Fact], condition: All | Any, *, top: bool) -> str:
    if not condition.parts:
        return "always"
    word = "and" if isinstance(condition, All) else "or"
    parts = [_say(facts, part) for part in condition.parts]
    if isinstance(condition, Any) and len({getattr(part, "fact", None) for part in condition.parts}) == 1:
        parts = _short_alternatives(facts, condition)
    said = f" {word} ".join(parts) if len(parts) <= 2 else f"{'; '.join(parts[:-1])}; {word} {parts[-1]}"  # noqa: PLR2004
    return said if top or len(parts) == 1 else f"({said})"


def _short_alternatives(facts: Mapping[str, Fact], condition: Any) -> list[str]:
    """The parts of "sex is female or sex is not known" without the second "sex is"."""
    said = [_say(facts, part) for part in condition.parts]
    subject = f"{_name(facts, condition.parts[0].fact)} is "  # type: ignore[union-attr]
    return said[:1] + [part.removeprefix(subject) if part.startswith(subject) else part for part in said[1:]]


def say_test(facts: Mapping[str, Fact], test: Test) -> str:
    """One test: "serum vitamin B12 is below 180 ng/L (133 pmol/L)"."""
    name, fact = _name(facts, test.fact), facts[test.fact]
    if isinstance(test, KnownTest):
        return f"{name} is {'known' if test.known else 'not known'}"
    if isinstance(test, HeldTest):
        if fact.is_set:
            return f"{name}: {'at least one' if test.held else 'none'}"
        return f"{name} is {'settled' if test.held else 'ruled out'}"
    if isinstance(test, SetTest):
        return _say_set(name, fact, test)
    return f"{name} is {' and '.join(_say_check(fact, check) for check in test.checks)}"


def _say_set(name: str, fact: Fact, test: SetTest) -> str:
    labels = [_label(fact, option) for option in test.options]
    if test.mode == "all":
        return f"{name} includes {_join(labels, 'and')}"
    if test.mode == "none":
        return f"{name} includes neither {_join(labels, 'nor')}" if len(labels) > 1 else f"{name} does not include {labels[0]}"
    return f"{name} includes {_join(labels, 'or')}"


def _say_check(fact: Fact, check: Check) -> str:
    if isinstance(check, OneOf):
        values = [say_value(fact, value) for value in check.values]
        return f"neither {_join(values, 'nor')}" if check.negated and len(values) > 1 else (
            f"not {values[0]}" if check.negated else _join(values, "or")
        )
    return _say_bound(check)


def _say_bound(bound: Bound) -> str:
    first, *rest = bound.cutoffs
    if isinstance(first, datetime.date):
        return f"{DATED[bound.comparison]} {say_date(first)}"
    others = f" ({', '.join(map(str, rest))})" if rest else ""
    return f"{COMPARED[bound.comparison]} {first}{others}"


def say_conclusion(ruleset: Ruleset, rule: Rule) -> str:
    """What a rule concludes: "route is injection"."""
    said = []
    for name, values in rule.then:
        fact = ruleset.facts[name]
        words = _join([say_value(fact, value) for value in values], "and") if values else "nothing"
        said.append(f"{_name(ruleset.facts, name)} {'includes' if fact.is_set else 'is'} {words}")
    return _join(said, "and") if said else "nothing"


def say_rule(ruleset: Ruleset, rule: Rule) -> str:
    """A rule as a sentence."""
    when = say_condition(ruleset, rule.when)
    conclusion = say_conclusion(ruleset, rule)
    return f"{'Always' if when == 'always' else f'When {when}'}: {conclusion}."


_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def fill(text: str, say: Mapping[str, str]) -> str:
    """A because-text with each {fact} said."""
    return _PLACEHOLDER.sub(lambda match: say.get(match[1], match[0]), text)


def placeholders(text: str) -> list[str]:
    """The facts that a because-text names."""
    return _PLACEHOLDER.findall(text)


def quantity_and_unit(value: Answer) -> tuple[object, str | None]:
    """A value and its unit apart, as JSON shows an answer."""
    return (value.number, value.unit) if isinstance(value, Quantity) else (value, None)
