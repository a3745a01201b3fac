"""Conditions, rules and values in plain English, for trails, pages and editors.

No ids stand in these sentences: facts speak by their labels, options by theirs.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence

from engine.language.model import (
    TEST_TYPES,
    All,
    Any,
    Bound,
    Check,
    Condition,
    Fact,
    HeldTest,
    KnownTest,
    Not,
    Phase,
    Rule,
    Ruleset,
    SetTest,
    Test,
)
from engine.language.numbers import show_number
from engine.language.schedules import say_every
from engine.language.values import UNKNOWN, Answer, Quantity

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
# Units that are words with a plural; abbreviations such as mg or yr have none.
COUNTED = frozenset({
    "second", "minute", "hour", "day", "week", "month", "year", "ampoule", "capsule", "cell", "dose", "drop",
    "injection", "point", "tablet", "unit", "vial", "visit",
})  # fmt: skip
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
SHORT = 2  # parts that "and" joins without a semicolon
COMPARED = {"below": "below", "at_most": "at most", "at_least": "at least", "above": "above"}
CARE = "Decision support and teaching. Check it with a licensed clinician and your local protocol."
PHASE_PARTS = ("Dose", "Route", "How often", "How long", "Review after")
DEPENDS_ON_UNKNOWN = "It depends on what was answered “I do not know”"
WAITS_FOR = "It waits until it is known that this does not hold"
AS_THE_PROTOCOL_SAYS = "as the protocol says"
DATED = {"below": "before", "at_most": "on or before", "at_least": "on or after", "above": "after"}


def say_date(value: dt.date) -> str:
    """A date as 24 November 2026."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def say_unit(unit: str) -> str:
    """A unit as it is printed: umol/L as µmol/L, 10^9/L as 10⁹/L. Rulesets, files and JSON keep their own spelling."""
    raised = re.sub(r"\^(\d+)", lambda power: power[1].translate(RAISED), unit)
    return re.sub(r"\bu(?=(g|mol|L|m|U|IU)\b)", "µ", raised)


def say_value(fact: Fact | None, value: Answer) -> str:
    """A value in words: an option by its label, a set by those of its options, "none", or "not known"."""
    if value is UNKNOWN:
        return "not known"
    if isinstance(value, tuple):
        return _join([_label(fact, option) for option in value], "and") if value else "none"
    if isinstance(value, str):
        return _label(fact, value)
    return _say_amount(value) if isinstance(value, Quantity | dt.date) else str(value)


def _say_amount(value: Quantity | dt.date) -> str:
    """A date or a quantity, the word of its unit in the plural unless it is one: "1 week", "54 years", "2 tablets"."""
    if isinstance(value, dt.date):
        return say_date(value)
    counted, slash, per = (value.unit or "").partition("/")
    word = counted.strip()
    if word in COUNTED:
        unit = word if abs(value.number) == 1 else f"{word}s"
    elif word.endswith("s") and word[:-1] in COUNTED and abs(value.number) == 1:
        unit = word[:-1]
    else:
        unit = say_unit(counted)
    return f"{show_number(value.number)} {unit}{slash}{say_unit(per)}".strip()


def _label(fact: Fact | None, option: str) -> str:
    return _in_a_sentence(fact.labels.get(option, option) if fact else option)


def _name(facts: Mapping[str, Fact], name: str) -> str:
    return _in_a_sentence(facts[name].label if name in facts else name)


def _in_a_sentence(label: str) -> str:
    """A label without the capital of its beginning; an abbreviation keeps it."""
    return label[:1].lower() + label[1:] if label[1:2].islower() or label[1:2] == " " else label


def _join(words: Sequence[str], conjunction: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {conjunction} {words[-1]}"


def _is_plural(fact: Fact) -> bool:
    """Whether a sentence says "symptoms are" of it; only sets have names in the plural as a rule."""
    return fact.is_set and re.search(r"[^aius]s$", fact.label) is not None


def say_condition(ruleset: Ruleset, condition: Condition) -> str:
    """A condition as a clause: "age is at least 18 years and sex is female"."""
    return _say(ruleset.facts, condition, top=True)


def _say(facts: Mapping[str, Fact], condition: Condition, *, top: bool = False) -> str:
    if isinstance(condition, All | Any):
        return _say_parts(facts, condition, top=top)
    if isinstance(condition, Not):
        return _say_not(facts, condition.part)
    return say_test(facts, condition)


def _say_parts(facts: Mapping[str, Fact], condition: All | Any, *, top: bool) -> str:
    if not condition.parts:
        return "always"
    parts = _alternatives(facts, condition) if isinstance(condition, Any) else None
    if parts is not None:
        return _join(parts, "or")
    parts = [_say(facts, part) for part in _flat(condition)]
    word = "and" if isinstance(condition, All) else "or"
    said = f" {word} ".join(parts) if len(parts) <= SHORT else f"{'; '.join(parts[:-1])}; {word} {parts[-1]}"
    return said if top or len(parts) == 1 else f"({said})"


def _flat(condition: All | Any) -> Iterator[Condition]:
    """The parts, an `and` within an `and` as parts of the outer one."""
    for part in condition.parts:
        if isinstance(part, All | Any) and type(part) is type(condition) and part.parts:
            yield from _flat(part)
        else:
            yield part


def _alternatives(facts: Mapping[str, Fact], condition: Any) -> list[str] | None:
    """The parts of "sex is female or not known", the subject said once; None where they are not about one fact."""
    names = {part.fact if isinstance(part, TEST_TYPES) else None for part in condition.parts}
    if len(names) > 1 or None in names:
        return None
    said = [_say(facts, part) for part in condition.parts]
    subject = said[0].partition(" is ")[0] + " is "
    if not all(part.startswith(subject) for part in said):
        return None
    return [said[0], *(part.removeprefix(subject) for part in said[1:])]


def _say_not(facts: Mapping[str, Fact], part: Condition) -> str:
    if isinstance(part, All | Any) and len(part.parts) > 1:
        opening = "none of these holds" if isinstance(part, Any) else "not all of these hold"
        return f"{opening}: ({'; '.join(_say(facts, each) for each in part.parts)})"
    return f"it is not the case that {_say(facts, part)}"


def say_test(facts: Mapping[str, Fact], test: Test) -> str:
    """One test: "serum vitamin B12 is below 180 ng/L (133 pmol/L)"."""
    name, fact = _name(facts, test.fact), facts[test.fact]
    if isinstance(test, KnownTest):
        return f"{name} {'are' if _is_plural(fact) else 'is'} {'known' if test.known else 'not known'}"
    if isinstance(test, HeldTest):
        if fact.is_set:
            return f"{name}: {'at least one' if test.held else 'none'}"
        return f"{name} has {'a' if test.held else 'no'} value"
    if isinstance(test, SetTest):
        return _say_set(name, fact, test)
    return f"{name} is {say_checks(fact, test.checks)}"


def _say_set(name: str, fact: Fact, test: SetTest) -> str:
    labels = [_label(fact, option) for option in test.options]
    include, do_not = ("include", "do not") if _is_plural(fact) else ("includes", "does not")
    if test.mode != "none":
        return f"{name} {include} {_join(labels, 'and' if test.mode == 'all' else 'or')}"
    if len(labels) == 1:
        return f"{name} {do_not} include {labels[0]}"
    return f"{name} {include} neither {_join(labels, 'nor')}"


def say_checks(fact: Fact, checks: Sequence[Check]) -> str:
    """What a value is that passes checks: "below 180 ng/L (133 pmol/L)", "from 28 days to 42 days"."""
    match checks:
        case [Bound("at_least", low), Bound("at_most", high)] if len(low) == len(high):
            main, *rest = (f"{_say_amount(a)} to {_say_amount(b)}" for a, b in zip(low, high, strict=True))
            return f"from {main}{_in_brackets(rest)}"
        case _:
            return " and ".join(_say_check(fact, check) for check in checks)


def _say_check(fact: Fact, check: Check) -> str:
    if isinstance(check, Bound):
        return _say_bound(check)
    values = [say_value(fact, value) for value in check.values]
    if not check.negated:
        return _join(values, "or")
    return f"not {values[0]}" if len(values) == 1 else f"neither {_join(values, 'nor')}"


def _say_bound(bound: Bound) -> str:
    first, *rest = map(_say_amount, bound.cutoffs)
    words = DATED if isinstance(bound.cutoffs[0], dt.date) else COMPARED
    return f"{words[bound.comparison]} {first}{_in_brackets(rest)}"


def _in_brackets(others: Sequence[str]) -> str:
    """The same as published in other units."""
    return f" ({', '.join(others)})" if others else ""


def say_conclusion(ruleset: Ruleset, rule: Rule) -> str:
    """What a rule concludes: "route is injection"."""
    said = []
    for name, values in rule.then:
        fact = ruleset.facts[name]
        verb = "is" if not fact.is_set else "include" if _is_plural(fact) else "includes"
        said.append(f"{_name(ruleset.facts, name)} {verb} {_join([say_value(fact, value) for value in values], 'and')}")
    return _join(said, "and")


def say_rule(ruleset: Ruleset, rule: Rule) -> str:
    """A rule as a sentence: "When sex is male: route is injection."."""
    when = say_condition(ruleset, rule.when)
    conclusion = say_conclusion(ruleset, rule)
    return f"{'Always' if when == 'always' else f'When {when}'}: {conclusion}."


def say_held(fact: Fact, value: Answer) -> str:
    """What a fact is, as trails tell it: "Medicines: none"."""
    return f"{fact.label}: {say_value(fact, value)}"


def say_holds(ruleset: Ruleset, rule: Rule) -> list[str]:
    """What a rule concludes, each as "Route: injection"."""
    facts = ruleset.facts
    return [
        say_held(facts[name], tuple(map(str, values)) if facts[name].is_set else values[0])
        for name, values in rule.then
    ]


def say_strength(strength: str | None) -> str | None:
    """How strongly a source recommends it."""
    if strength is None:
        return None
    return "usual practice, not settled" if strength == "custom" else f"{strength} recommendation"


def say_phase(phase: Phase) -> dict[str, str]:
    """The parts of a phase in words, under the headings of a schedule; what is absent is as the local protocol says."""
    often = say_every(phase.every) if phase.every else None
    said = (phase.dose, phase.route, often, say_how_long(phase), phase.review_after)
    return {part: text or AS_THE_PROTOCOL_SAYS for part, text in zip(PHASE_PARTS, said, strict=True)}


def say_how_long(phase: Phase) -> str:
    """How long a phase lasts, or nothing where it does not say."""
    said = [f"until {phase.until}"] if phase.until else []
    said += [phase.for_ if phase.for_ == "ongoing" else f"for {phase.for_}"] if phase.for_ else []
    return ", ".join(said)


def counted(number: int, noun: str) -> str:
    """A number with its noun: 1 rule, 2 rules."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def sentence(text: str) -> str:
    """The text with a capital first."""
    return text[:1].upper() + text[1:]


_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def fill(text: str, say: Mapping[str, str]) -> str:
    """A because-text with each {fact} said."""
    return _PLACEHOLDER.sub(lambda match: say.get(match[1], match[0]), text)


def placeholders(text: str) -> list[str]:
    """The facts that a because-text names."""
    return _PLACEHOLDER.findall(text)
