"""The commands that explain: why, why not, what if, and what would flip it.

What they print as JSON is said in `engine.explain.report`.
"""

from __future__ import annotations

import datetime

import click

from engine.cli.frame import FINDING, telling
from engine.cli.given import ANSWERS, AS_JSON, AS_OF, RULESET, consultation_of, print_json, status_of
from engine.dialogue.consultation import Consultation
from engine.language.answers import read_answers
from engine.language.errors import RegimenError, did_you_mean, quote
from engine.language.model import Fact, Goal, Ruleset
from engine.language.typed import read_single
from engine.language.values import Answer, Single
from engine.language.wording import say_held, say_value


class AskedError(RegimenError):
    """What is asked about cannot be: the message says why, and what can be."""


@click.command()
@RULESET
@click.argument("asked", metavar="FACT[=VALUE]")
@ANSWERS
@AS_OF
@AS_JSON
@telling
def why(ruleset: str, asked: str, answers: str, as_of: datetime.date | None, *, as_json: bool) -> int:
    """Say why FACT has its value, or what speaks for and against VALUE.

    Exit status 1 when the fact is undecided or in conflict.
    """
    from engine.cli import explained  # Z3, which it leads to, takes a while to load
    from engine.explain.report import why_report
    from engine.explain.why import is_decided
    from engine.explain.why import why as explain

    consultation = consultation_of(ruleset, answers, as_of)
    name, written = _parted(asked)
    fact = _concluded_fact(consultation, name)
    value = None if written is None else _value(consultation.ruleset, fact, written)
    found = explain(consultation, fact.id, value)
    if as_json:
        print_json(why_report(consultation, fact, found))
    else:
        explained.why(consultation, fact, found)
    return 0 if is_decided(consultation, fact.id) else FINDING


@click.command(name="why-not")
@RULESET
@click.argument("asked", metavar="GOAL=VALUE")
@ANSWERS
@AS_OF
@AS_JSON
@telling
def why_not(ruleset: str, asked: str, answers: str, as_of: datetime.date | None, *, as_json: bool) -> int:
    """Say why GOAL did not come to VALUE, and the smallest change of answers that would bring it about.

    Exit status 1 when whether there is such a change cannot be told.
    """
    from engine.cli import explained
    from engine.explain.report import why_not_report
    from engine.explain.why_not import why_not as explain

    consultation = consultation_of(ruleset, answers, as_of)
    name, written = _parted(asked)
    goal = _goal(consultation.ruleset, name)
    fact = consultation.ruleset.facts[goal.fact]
    if fact.formula:
        raise AskedError(f"{quote(name)} is computed, so no rule could conclude another value. {_goals(consultation)}")
    if written is None:
        raise AskedError(f"{quote(asked)} names no value. Write {name}=VALUE.{_options(fact)}")
    value = _value(consultation.ruleset, fact, written)
    found = explain(consultation, goal, value)
    if as_json:
        print_json(why_not_report(consultation, found))
    else:
        explained.why_not(consultation, found)
    return FINDING if found.gave_up else 0


@click.command(name="what-if")
@RULESET
@click.argument("changes", metavar="FACT=VALUE...", nargs=-1, required=True)
@ANSWERS
@AS_OF
@AS_JSON
@telling
def what_if(ruleset: str, changes: tuple[str, ...], answers: str, as_of: datetime.date | None, *, as_json: bool) -> int:
    """Say what other answers would come to; nothing is written. FACT= takes an answer back.

    Exit status 1 when with them a goal is undecided or facts are in conflict.
    """
    from engine.cli import explained
    from engine.explain.report import what_if_report
    from engine.explain.what_if import what_if as explain

    consultation = consultation_of(ruleset, answers, as_of)
    found = explain(consultation, _changes(consultation, changes))
    if as_json:
        print_json(what_if_report(found))
    else:
        explained.what_if(found)
    return status_of(found.after)


@click.command()
@RULESET
@click.argument("goal", required=False)
@ANSWERS
@AS_OF
@AS_JSON
@telling
def flips(ruleset: str, goal: str | None, answers: str, as_of: datetime.date | None, *, as_json: bool) -> int:
    """Say what would flip a goal, or each: every minimal change of at most three answers that alters it."""
    from engine.cli import explained
    from engine.explain.flips import flips as explain
    from engine.explain.report import flips_report

    consultation = consultation_of(ruleset, answers, as_of)
    loaded = consultation.ruleset
    goals = [_goal(loaded, goal)] if goal else [each for each in loaded.goals if loaded.facts[each.fact].derived]
    found = explain(consultation, goals)
    if as_json:
        print_json(flips_report(consultation, found))
    else:
        explained.flips(consultation, found)
    return 0


COMMANDS = (why, why_not, what_if, flips)


# What is asked about


def _parted(asked: str) -> tuple[str, str | None]:
    name, equals, value = asked.partition("=")
    return name.strip(), value.strip() if equals else None


def _concluded_fact(consultation: Consultation, name: str) -> Fact:
    facts = consultation.ruleset.facts
    fact = facts.get(name)
    derived = [each.id for each in facts.values() if each.derived]
    if fact is None:
        raise AskedError(f"{quote(name)} is not a fact of this ruleset.{did_you_mean(name, derived)}")
    if fact.is_input:
        given = consultation.answers.get(name)
        said = "was not answered" if given is None else f"was answered: {say_value(fact, given)}"
        raise AskedError(f"{quote(name)} is asked, not concluded: it {said}. Name a fact that rules conclude.")
    return fact


def _goal(ruleset: Ruleset, name: str) -> Goal:
    found = next((goal for goal in ruleset.goals if goal.fact == name), None)
    goals = [goal.fact for goal in ruleset.goals if ruleset.facts[goal.fact].derived]
    if found is None:
        what = "is not a goal of this ruleset" if name in ruleset.facts else "is not a fact of this ruleset"
        raise AskedError(f"{quote(name)} {what}.{did_you_mean(name, goals) or ' Goals: ' + ', '.join(goals) + '.'}")
    if ruleset.facts[name].is_input:
        raise AskedError(f"{quote(name)} is asked, not concluded. Goals that are concluded: {', '.join(goals)}.")
    return found


def _goals(consultation: Consultation) -> str:
    ruleset = consultation.ruleset
    names = [goal.fact for goal in ruleset.goals if ruleset.values.get(goal.fact)]
    return f"Goals that rules conclude: {', '.join(names)}."


def _options(fact: Fact) -> str:
    return f" Its options: {', '.join(fact.option_ids)}." if fact.option_ids else ""


def _value(ruleset: Ruleset, fact: Fact, written: str) -> Single:
    """A value that rules can conclude for a fact."""
    try:
        value = read_single(fact, written)
    except ValueError as error:
        raise AskedError(f"{fact.id}: {error}") from None
    possible = ruleset.values.get(fact.id, ())
    if value not in possible and not fact.formula:
        said = ", ".join(str(each) for each in possible)
        raise AskedError(
            f"{say_held(fact, value)} is what no rule can conclude. "
            + (f"Rules conclude for {fact.id}: {said}." if said else f"No rule concludes anything for {fact.id}.")
        )
    return value


def _changes(consultation: Consultation, changes: tuple[str, ...]) -> dict[str, Answer | None]:
    """Other answers; None for one that is taken back."""
    facts = consultation.ruleset.facts
    written: dict[str, object] = {}
    taken_back: list[str] = []
    for each in changes:
        name, text = _parted(each)
        if text is None:
            raise AskedError(f"{quote(each)} names no answer. Write FACT=VALUE, or FACT= to take an answer back.")
        if name in written or name in taken_back:
            raise AskedError(f"{quote(name)} is changed twice. Write one answer for it.")
        if text:
            written[name] = _listed(facts.get(name), text)
        elif name not in facts:
            raise AskedError(f"{quote(name)} is not a fact of this ruleset.{did_you_mean(name, facts)}")
        elif name not in consultation.answers:
            raise AskedError(f"{quote(name)} was not answered, so there is nothing to take back.")
        else:
            taken_back.append(name)
    return {**read_answers(facts, written), **dict.fromkeys(taken_back)}


def _listed(fact: Fact | None, text: str) -> object:
    """The answer to a set as a list: [a, b], or a,b; anything else as it is written."""
    if fact is None or not fact.is_set or text == "unknown":
        return text
    inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    return [part.strip() for part in inner.split(",") if part.strip()]
