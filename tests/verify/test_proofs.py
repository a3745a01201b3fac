"""What is proved of a ruleset against what listing every complete set of answers shows.

The rulesets are random and small. Where a formula computes with what was answered, the list is no longer all there is:
there, what it shows has to be found, and what is found has to be so.
"""

from __future__ import annotations

import datetime
import json
import random
from dataclasses import replace
from itertools import combinations, product
from math import prod

import pytest

from engine.dialogue.consultation import consult
from engine.language.model import Property
from engine.language.values import UNKNOWN
from engine.logic.evaluate import Evaluation
from engine.logic.signs import TRUE
from engine.verify.coverage import used_facts
from engine.verify.finder import Finder
from engine.verify.proofs import proofs
from tests.random_rulesets import DAYS, SMALL, random_ruleset, representatives

AS_OF = datetime.date.fromisoformat(DAYS[2])
MOST_COMPLETIONS = 3000
RULESETS = 300
MANY = 5000
ONE_SHOWS = {"conflict", "gap", "broken_property"}  # one patient is enough
ALL_SHOW = {"dead_rule", "redundant_rule", "unused_fact"}  # it is so of every patient, those of a list among them


@pytest.mark.parametrize("first", range(0, RULESETS, 10))
def test_proofs_find_what_listing_finds(first):
    for seed in range(first, first + 10):
        same_as_listing(seed)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(RULESETS, RULESETS + MANY, 100))
def test_proofs_find_what_listing_finds_in_many(first):
    for seed in range(first, first + 100):
        same_as_listing(seed)


def same_as_listing(seed):
    ruleset, answers = listed(seed)
    findings = list(proofs(Finder(ruleset)))
    found = {(each.kind, each.subject) for each in findings}
    assert [each.name for each in findings if each.witness and not is_shown(ruleset, each)] == [], seed
    shown = set(by_listing(ruleset, answers))
    if any(fact.formula for fact in ruleset.facts.values()):
        assert {each for each in shown if each[0] in ONE_SHOWS} <= found, seed
        assert {each for each in found if each[0] in ALL_SHOW} <= shown, seed
    else:
        assert found == shown, seed


def listed(seed):
    """A random ruleset with promises, and its complete sets of answers, if they are few enough; else the next one."""
    rng = random.Random(seed)
    while True:
        ruleset = random_ruleset(rng, size=SMALL)
        spaces = [representatives(ruleset, fact) for fact in ruleset.inputs]
        if ruleset.rules and prod(map(len, spaces)) <= MOST_COMPLETIONS:
            break
    whens = [rule.when for rule in ruleset.rules.values()]
    promises = [
        Property("never", "Never", rng.choice([None, *whens]), None, rng.choice(whens)),
        Property("always", "Always", rng.choice(whens), rng.choice(whens), None),
    ]
    names = [fact.id for fact in ruleset.inputs]
    return replace(ruleset, properties=tuple(promises)), [
        dict(zip(names, each, strict=True)) for each in product(*spaces)
    ]


def by_listing(ruleset, answers):
    """The findings that looking at every complete set of answers shows, by kind and subject."""
    evaluations = [Evaluation(ruleset, each, AS_OF) for each in answers]
    for rule in ruleset.rules:
        if not any(rule in each.applies for each in evaluations):
            yield "dead_rule", rule
        if not ruleset.rules[rule].overrides and all(same_without(ruleset, rule, each) for each in evaluations):
            yield "redundant_rule", rule
    for name in ruleset.facts:
        pairs = {pair for each in evaluations for pair in combinations(each.held.get(name, ()), 2)}
        for one, other in pairs if not ruleset.facts[name].formula else ():
            yield "conflict", f"{name} {str(one).replace(' ', '')} {str(other).replace(' ', '')}"
    for goal in ruleset.goals:
        yield from gaps(goal, evaluations)
    asked_for = used_facts(ruleset) - {goal.fact for goal in ruleset.goals}
    for fact in ruleset.inputs:
        if fact.id in asked_for and not matters(fact.id, evaluations):
            yield "unused_fact", fact.id
    for promise in ruleset.properties:
        if any(broken(promise, each) for each in evaluations):
            yield "broken_property", promise.id


def is_shown(ruleset, finding):
    """Whether a session that opens with the witness, as a file has it, shows what was found."""
    witness = json.loads(json.dumps(finding.witness.report()))
    as_of = witness.get("as_of")
    session = consult(ruleset, witness["answers"], as_of and datetime.date.fromisoformat(as_of))
    if finding.kind == "conflict":
        return len(session.evaluation.held[finding.facts[0]]) > 1
    if finding.kind == "broken_property":
        promise = next(each for each in ruleset.properties if each.id == finding.subject)
        return broken(promise, session.evaluation)
    return finding.facts[0] in session.undetermined


def gaps(goal, evaluations):
    undecided = [each for each in evaluations if each.pursued(goal) and not each.settled(goal.fact)]
    silent = {frozenset(n for n, a in each.answers.items() if a is UNKNOWN) for each in undecided}
    if frozenset() in silent:
        yield "gap", goal.fact
        return
    for least in (each for each in silent if not any(other < each for other in silent)):
        order = [name for name in evaluations[0].answers if name in least]
        yield "gap_when_unknown", f"{goal.fact} {' '.join(order)}"


def matters(name, evaluations):
    """Whether two patients differ in this answer only, and in a goal."""
    seen = {}
    for each in evaluations:
        rest = tuple(answer for other, answer in each.answers.items() if other != name)
        if seen.setdefault(rest, goal_state(each)) != goal_state(each):
            return True
    return False


def goal_state(evaluation):
    """What there is to tell of each goal: whether it is wanted, and while it is, what it has come to."""
    return [
        (evaluation.goal_whens[goal.fact], evaluation.pursued(goal) and value_state(evaluation, goal.fact))
        for goal in evaluation.ruleset.goals
    ]


def value_state(evaluation, name):
    return evaluation.options.get(name), set(evaluation.held.get(name, ())), evaluation.settled(name)


def broken(promise, evaluation):
    if promise.whenever and not evaluation.sign(promise.whenever) & TRUE:
        return False
    if promise.never:
        return bool(evaluation.sign(promise.never) & TRUE)
    return not evaluation.sign(promise.always) & TRUE


def same_without(ruleset, rule, evaluation):
    """Whether every sign of what a rule concludes stays as it is when the rule is taken out."""
    rules = {
        name: replace(each, overrides=tuple(other for other in each.overrides if other != rule))
        for name, each in ruleset.rules.items()
        if name != rule
    }
    facts = [name for name, _ in ruleset.rules[rule].then]
    without = Evaluation(replace(ruleset, rules=rules), evaluation.answers, evaluation.as_of)
    return all(signs(evaluation, name, ruleset) == signs(without, name, ruleset) for name in facts)


def signs(evaluation, name, whole):
    fact, ruleset = evaluation.ruleset.facts[name], evaluation.ruleset
    if fact.is_set:
        return evaluation.options[name]
    failing = {
        value
        for value in whole.values[name]
        if all(rule.id in evaluation.fails for rule in ruleset.concluders[name] if value in rule.concludes(name))
    }
    return set(evaluation.held[name]), failing if fact.otherwise is None else ()
