"""What is proved of every complete set of answers.

Dead and redundant rules, conflicts, gaps, broken properties, and questions whose answer cannot matter. Each is a
`Doubt`: a query for a patient, and what it would mean to find one, or none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from engine.dialogue.consultation import Consultation, shown
from engine.language.model import Fact, Goal, Property, Rule, Ruleset, tests_in
from engine.language.values import UNKNOWN, Single
from engine.language.wording import say_value
from engine.verify.cases import Finding, Witness
from engine.verify.coverage import used_facts
from engine.verify.finder import SAMPLED, Finder, Patient, Query
from engine.verify.provable import GaveUpError
from engine.verify.symbolic import Symbolic, Worlds

MOST_SILENCED = 5  # of a goal, how many sets of unknown answers that silence it are told

AGAINST = "shows the opposite"

Some = Symbolic[Any, Any]


@dataclass(frozen=True)
class Doubt:
    """Something to be proved.

    Attributes:
        finding: what is told where it is so.
        claim: what holds where it is not so, for the case that neither can be shown.
        query: asks for a patient who shows it.
        there_should_be: it is so where there is no such patient.
        shows: asks the same of a patient who answered only what a session asks; `query` where it is not given.
    """

    finding: Finding
    claim: str
    query: Query
    there_should_be: bool = False
    shows: Query | None = None


def proofs(finder: Finder) -> Iterator[Finding]:
    """Look into every doubt about a ruleset."""
    for doubt in _doubts(finder.ruleset):
        yield from settle(finder, doubt)
    for goal in finder.ruleset.goals:
        yield from _silenced(finder, goal)
    for fact in finder.ruleset.inputs:
        yield from _never_matters(finder, fact)


def settle(finder: Finder, doubt: Doubt) -> Iterator[Finding]:
    """The finding where a doubt is right, or that this could not be told."""
    try:
        patient = finder.find(doubt.query)
    except GaveUpError as error:
        yield unproved(doubt.finding, doubt.claim, error, sample="shows it" if doubt.there_should_be else AGAINST)
        return
    if doubt.there_should_be:
        if not patient:
            yield doubt.finding
    elif patient:
        yield replace(doubt.finding, witness=witness(finder, patient, doubt.shows or doubt.query))


def unproved(finding: Finding, claim: str, error: GaveUpError, *, sample: str = AGAINST) -> Finding:
    """The finding that something could neither be shown nor ruled out; `sample` is what no random patient does."""
    message = (
        f"it is not proved that {claim}: the solver gave up ({error}). Nobody among {SAMPLED} random patients "
        f"{sample}. Make the conditions or formulas behind it simpler."
    )
    return replace(finding, kind="unproved", subject=f"{finding.kind} {finding.subject}", message=message)


def witness(finder: Finder, patient: Patient, query: Query) -> Witness:
    """The answers of a patient, as a file has them: only those that a session asks for, where that will do."""
    ruleset = finder.ruleset
    consultation = Consultation(ruleset, {}, patient.as_of)
    while (question := consultation.question) and question.fact in patient.answers:
        given = {**consultation.answers, question.fact: patient.answers[question.fact]}
        consultation = Consultation(ruleset, given, patient.as_of)
    asked = Patient(consultation.answers, patient.as_of)
    chosen = asked if finder.shows(asked, query) else _fewer(finder, patient, asked, query)
    answers = {n: shown(ruleset.facts[n], chosen.answers[n]) for n in ruleset.facts if n in chosen.answers}
    return Witness(answers, chosen.as_of)


def _fewer(finder: Finder, patient: Patient, asked: Patient, query: Query) -> Patient:
    """The patient without answers that neither a session asks for nor showing it takes."""
    answers = dict(patient.answers)
    for name in (each for each in patient.answers if each not in asked.answers):
        without = {each: answer for each, answer in answers.items() if each != name}
        if finder.shows(Patient(without, patient.as_of), query):
            answers = without
    return Patient(answers, patient.as_of)


# What there is to doubt


def _doubts(ruleset: Ruleset) -> Iterator[Doubt]:
    for rule in ruleset.rules.values():
        yield _dead(ruleset, rule)
        if not rule.overrides:  # one that overrides does more than conclude
            yield _redundant(ruleset, rule)
    for fact in ruleset.facts.values():
        if fact.derived and not fact.is_set and not fact.formula:
            yield from _conflicts(ruleset, fact)
    for goal in ruleset.goals:
        yield _gap(ruleset, goal)
    for promise in ruleset.properties:
        yield _property(promise)


def _dead(ruleset: Ruleset, rule: Rule) -> Doubt:
    overriders = " and ".join(f"'{other.id}'" for other in ruleset.overriders[rule.id])
    unless = (
        f" while {overriders} {'is' if len(ruleset.overriders[rule.id]) == 1 else 'are'} ruled out"
        if overriders
        else ""
    )
    message = (
        f"rule '{rule.id}' can never apply: with no answers does its 'when' hold{unless}. Mend its conditions, or take "
        "it out."
    )
    return Doubt(
        Finding("dead_rule", rule.id, message, rule.mark, _concluded(rule), (rule.id,)),
        f"rule '{rule.id}' can apply",
        lambda some: some.applies[rule.id],
        there_should_be=True,
    )


def _redundant(ruleset: Ruleset, rule: Rule) -> Doubt:
    others = tuple(
        dict.fromkeys(
            other.id
            for fact, values in rule.then
            for other in ruleset.concluders[fact]
            if other is not rule and set(other.concludes(fact)) & set(values)
        )
    )
    message = (
        f"rule '{rule.id}' is redundant: whenever it applies, {_named(others) or 'others'} conclude the same. Take it "
        "out, or make it say more."
    )
    return Doubt(
        Finding("redundant_rule", rule.id, message, rule.mark, _concluded(rule), (rule.id, *others)),
        f"rule '{rule.id}' is needed",
        lambda some: some.worlds.either(_missed(some, rule)),
        there_should_be=True,
    )


def _missed(some: Some, rule: Rule) -> Iterator[Any]:
    """Where a sign of what a rule concludes would be another without it."""
    ruleset, worlds = some.ruleset, some.worlds
    for name, values in rule.then:
        fact = ruleset.facts[name]
        rest = [other for other in ruleset.concluders[name] if other is not rule]
        unless = worlds.both(some.whens[other.id].false for other in rest)
        for value in dict.fromkeys(values if fact.otherwise is None else (*values, fact.otherwise)):
            same = [other for other in rest if value in other.concludes(name)]
            without = [some.applies[other.id] for other in same] + ([unless] if value == fact.otherwise else [])
            there = some.options[name][str(value)].true if fact.is_set else some.held[name][value]
            yield _differ(worlds, there, worlds.either(without))
            if fact.otherwise is None:
                failing = (some.fails[other.id] for other in same)
                yield worlds.both((*failing, worlds.others(some.fails[rule.id])))


def _differ(worlds: Worlds[Any, Any], one: Any, other: Any) -> Any:
    return worlds.either((worlds.both((one, worlds.others(other))), worlds.both((other, worlds.others(one)))))


def _conflicts(ruleset: Ruleset, fact: Fact) -> Iterator[Doubt]:
    values = ruleset.values[fact.id]
    for at, one in enumerate(values):
        for other in values[at + 1 :]:
            rules = [r for r in ruleset.concluders[fact.id] if {one, other} & set(r.concludes(fact.id))]
            said = f"{say_value(fact, one)} and {say_value(fact, other)}"
            message = (
                f"{fact.label} ('{fact.id}') can be concluded two ways at once: {said}. Let one of the rules override "
                "the other, or narrow their conditions."
            )
            mark = rules[-1].mark if rules else fact.mark
            finding = Finding(
                "conflict",
                f"{fact.id} {_word(one)} {_word(other)}",
                message,
                mark,
                (fact.id,),
                tuple(r.id for r in rules),
            )
            claim = f"{fact.label} is never concluded two ways, {said}"
            yield Doubt(finding, claim, _both_held(fact.id, one, other))


def _both_held(name: str, one: Single, other: Single) -> Query:
    return lambda some: some.worlds.both((some.held[name][one], some.held[name][other]))


def _undecided(goal: Goal) -> Query:
    return lambda some: some.worlds.both(
        (some.worlds.others(some.goal_whens[goal.fact].false), some.worlds.others(some.settled(goal.fact)))
    )


def _gap(ruleset: Ruleset, goal: Goal) -> Doubt:
    fact, undecided = ruleset.facts[goal.fact], _undecided(goal)
    cure = (
        "Its formula divides by zero there, or leads to no date: give what it computes with a narrower range"
        if fact.formula
        else "Add a rule for such patients, or an 'otherwise'"
    )
    message = f"with every answer known, {fact.label} ('{fact.id}') can stay undecided. {cure}."
    return Doubt(
        Finding("gap", fact.id, message, goal.mark, (fact.id,)),
        f"{fact.label} is always decided when every answer is known",
        lambda some: some.worlds.both((undecided(some), known(some, (each.id for each in ruleset.inputs)))),
        shows=undecided,
    )


def known(some: Some, names: Iterable[str]) -> Any:
    """Where inputs are answered with a value, whether or not they count."""
    return some.worlds.both(some.known(name) for name in names)


def _silenced(finder: Finder, goal: Goal) -> Iterator[Finding]:
    """The least sets of answers that leave a goal undecided when they are "I do not know"."""
    ruleset, undecided = finder.ruleset, _undecided(goal)
    fact = ruleset.facts[goal.fact]
    names = [each.id for each in ruleset.inputs]
    told: list[frozenset[str]] = []
    blank = Finding("gap_when_unknown", fact.id, "", goal.mark, (fact.id,))

    def query_for(unknown: frozenset[str] | None) -> Query:
        """Undecided, with at least one known of each set told already; all but `unknown` known."""

        def query(some: Some) -> Any:
            either = (some.worlds.either(some.known(name) for name in sorted(each)) for each in told)
            rest = known(some, (name for name in names if unknown is not None and name not in unknown))
            return some.worlds.both((undecided(some), rest, *either))

        return query

    try:
        if finder.find(query_for(frozenset())):
            return  # with every answer known it is a gap, and told as such
        while patient := finder.find(query_for(None)):
            unknown = frozenset(name for name, answer in patient.answers.items() if answer is UNKNOWN)
            for name in sorted(unknown):
                if fewer := finder.find(query_for(unknown - {name})):
                    unknown, patient = unknown - {name}, fewer
            if len(told) == MOST_SILENCED:
                message = (
                    f"{fact.label} ('{fact.id}') is silenced by further sets of answers. Mend the ones told first."
                )
                yield replace(blank, subject=f"{fact.id} and others", message=message)
                break
            labels = " and ".join(f"{ruleset.facts[name].label} ('{name}')" for name in names if name in unknown)
            message = (
                f"{fact.label} ('{fact.id}') can stay undecided when {labels} {'is' if len(unknown) == 1 else 'are'} "
                f'answered "I do not know". {_cure_of_unknown(fact)}.'
            )
            subject = f"{fact.id} {' '.join(name for name in names if name in unknown)}"
            finding = replace(blank, subject=subject, message=message, facts=(fact.id, *sorted(unknown)))
            yield replace(finding, witness=witness(finder, patient, undecided))
            told.append(unknown)
    except GaveUpError as error:
        yield unproved(blank, f"{fact.label} is always decided, whatever is not known", error)


def _property(promise: Property) -> Doubt:
    def broken(some: Some) -> Any:
        met = some.sign(promise.whenever).true if promise.whenever else some.worlds.yes
        if promise.never is not None:
            return some.worlds.both((met, some.sign(promise.never).true))
        assert promise.always is not None  # noqa: S101 (the loader asks for one of them)
        return some.worlds.both((met, some.worlds.others(some.sign(promise.always).true)))

    parts = [each for each in (promise.whenever, promise.always, promise.never) if each]
    facts = tuple(dict.fromkeys(test.fact for part in parts for test in tests_in(part)))
    message = f"property '{promise.id}' is broken: {promise.title.rstrip('.')}. Mend the rules, not the property."
    return Doubt(
        Finding("broken_property", promise.id, message, promise.mark, facts),
        f"property '{promise.id}' holds: {promise.title.rstrip('.')}",
        broken,
    )


def _never_matters(finder: Finder, fact: Fact) -> Iterator[Finding]:
    """A question that is asked for nothing; one that nothing tests at all is told by `coverage`."""
    if fact.id not in used_facts(finder.ruleset) or any(goal.fact == fact.id for goal in finder.ruleset.goals):
        return
    message = (
        f"no answer to {fact.label} ('{fact.id}') can change a goal, whatever else is answered. Let a rule that "
        "matters use it, or take it out."
    )
    finding = Finding("unused_fact", fact.id, message, fact.mark, (fact.id,))
    try:
        if not finder.can_matter(fact.id):
            yield finding
    except GaveUpError as error:
        yield unproved(finding, f"the answer to {fact.label} can matter", error, sample="shows it")


# Words


def _cure_of_unknown(fact: Fact) -> str:
    if fact.formula:
        return "Make the question 'required', or settle the goal only 'when' the answer 'is: known'"
    return "Let a rule name 'unknown', or conclude that it is not clear"


def _concluded(rule: Rule) -> tuple[str, ...]:
    return tuple(fact for fact, _ in rule.then)


def _named(rules: Iterable[str]) -> str:
    return " and ".join(f"'{rule}'" for rule in rules)


def _word(value: Single) -> str:
    return str(value).replace(" ", "")
