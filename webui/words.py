"""What templates can say: the engine's wording, and the few words that only pages need."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, MutableMapping
from urllib.parse import urlsplit

from flask import Flask, templating

from engine.dialogue.summary import Item
from engine.language.model import All, Any, Citation, Condition, Fact, Rule, Ruleset, tests_in
from engine.language.numbers import show_number
from engine.language.values import Quantity
from engine.language.wording import (
    CARE,
    DEPENDS_ON_UNKNOWN,
    PHASE_PARTS,
    WAITS_FOR,
    counted,
    fill,
    placeholders,
    say_condition,
    say_date,
    say_held,
    say_holds,
    say_phase,
    say_rule,
    say_strength,
    say_value,
    sentence,
)

KINDS = {
    "scope": "Scope",
    "decision_factor": "Decision factor",
    "safety": "Safety",
    "route": "Route",
    "regimen": "Regimen",
    "monitoring": "Monitoring",
    "mistake": "Common mistake",
    "advice": "Advice",
    "otherwise": "Otherwise",
    "formula": "Computed",
}


class Environment(templating.Environment):
    """Flask's, with all that a template can say in one dictionary.

    Jinja looks each name up in a chain of two, and every name whenever a page imports a macro: a tenth of its time.
    """

    def make_globals(self, d: MutableMapping[str, object] | None) -> MutableMapping[str, object]:
        """What a template can say; each of these words is there before the first template is read."""
        return {**self.globals, **(d or {})}


def init_app(app: Flask) -> None:
    """Give them to the templates."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    words = (
        say_condition, say_date, say_held, say_holds, say_phase, say_rule, say_span, say_strength, say_value, because,
        cited, clauses, counted, do_not, fact_groups, kind_of, opens_questions, sentence, terms_in,
        web_address,
    )  # fmt: skip
    app.jinja_env.globals.update({word.__name__: word for word in words})
    app.jinja_env.filters.update(sentence=sentence, mid_sentence=mid_sentence)
    app.jinja_env.globals.update(
        CARE=CARE, DEPENDS_ON_UNKNOWN=DEPENDS_ON_UNKNOWN, PHASE_PARTS=PHASE_PARTS, WAITS_FOR=WAITS_FOR
    )


def clauses(ruleset: Ruleset, condition: Condition) -> tuple[str, list[str]]:
    """A condition as a lead and a list: ("all of these:", […]); one clause alone has no lead."""
    if isinstance(condition, (All, Any)) and len(condition.parts) > 1:
        lead = "all of these hold" if isinstance(condition, All) else "any of these holds"
        return lead, [say_condition(ruleset, part) for part in condition.parts]
    return "", [say_condition(ruleset, condition)]


def because(ruleset: Ruleset, rule: Rule) -> str:
    """A because-text with [labels] where a trail has the values of a case."""
    facts = ruleset.facts
    said = {name: f"[{facts[name].label if name in facts else name}]" for name in placeholders(rule.because)}
    return fill(rule.because, said)


def cited(ruleset: Ruleset, cites: Iterable[Citation]) -> list[tuple[str, str, str | None]]:
    """Citations as (source id, source title, section)."""
    return [(cite.source, ruleset.sources[cite.source].title, cite.section) for cite in cites]


def fact_groups(ruleset: Ruleset) -> list[tuple[str, list[Fact]]]:
    """Every fact, under what it is to the ruleset."""
    goals = [ruleset.facts[goal.fact] for goal in ruleset.goals]
    others = [fact for fact in ruleset.facts.values() if fact not in goals]
    return [
        ("What it settles", goals),
        ("What is worked out", [fact for fact in others if fact.derived]),
        ("Questions", [fact for fact in ruleset.inputs if fact not in goals]),
    ]


def do_not(item: Item) -> str:
    """A mistake to avoid as a line that begins with "Do not", in the words of the rule where that has them."""
    titles = (step.title for step in item.steps if step.title.startswith("Do not "))
    return next(titles, f"Do not make this mistake: {mid_sentence(item.label)}")


def mid_sentence(text: str) -> str:
    """The text as it stands within a sentence; MMA and B12 keep their capitals."""
    first = text.split(" ", maxsplit=1)[0]
    return text[:1].lower() + text[1:] if first[1:].islower() or len(first) == 1 else text


def kind_of(kind: str | None) -> str | None:
    """A rule's kind in words."""
    return KINDS.get(kind, kind) if kind else None


def opens_questions(ruleset: Ruleset, fact: Fact) -> bool:
    """Whether the answer decides if another question is asked."""
    return any(test.fact == fact.id for other in ruleset.inputs if other.gate for test in tests_in(other.gate))


def web_address(text: str | None) -> str | None:
    """The address if it is one of the web: a ruleset cannot make a link run a script."""
    return text if text and urlsplit(text).scheme in {"http", "https"} else None


def say_span(fact: Fact, span: tuple[Quantity | datetime.date, Quantity | datetime.date]) -> str:
    """From one value to another, the unit said once: "50 to 2000 ng/L"."""
    low, high = span
    if isinstance(low, Quantity) and isinstance(high, Quantity) and low.unit == high.unit:
        return f"{show_number(low.number)} to {say_value(fact, high)}"
    return f"{say_value(fact, low)} to {say_value(fact, high)}"


def terms_in(ruleset: Ruleset, fact: Fact) -> list[tuple[str, str]]:
    """The words of a question that the glossary explains."""
    written = [fact.label, fact.ask, fact.help, fact.why, fact.none]
    written += [text for option in fact.options for text in (option.label, option.help)]
    said = " ".join(filter(None, written))
    return [
        (term, text) for term, text in ruleset.glossary if re.search(rf"\b{re.escape(term)}\b", said, re.IGNORECASE)
    ]


def takes(fact: Fact) -> str:
    """What an answer to a question looks like, in one line."""
    if fact.type == "number":
        return f"A number in {' or '.join(fact.units.names)}" if fact.units and fact.units.names else "A number"
    return {"date": "A date", "choices": "Any of these", "yes_no": "Yes or no"}.get(fact.type, "One of these")
