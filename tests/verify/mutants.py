"""Seeded defects: one small change of a ruleset at a time, and whether its cases and `check` notice.

    python -m tests.verify.mutants [how many] [seed]

A change that no patient could notice is no defect: where Z3 proves that no goal differs for any complete set of
answers, it is not counted. Cases are run by the symbolic evaluation, all in one pass; that it agrees with durable-rules
is tested elsewhere.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import z3

from engine.language.answers import read_answers
from engine.language.load import load_ruleset
from engine.language.model import All, Any, Bound, Condition, Not, OneOf, Rule, Ruleset, SetTest, ValueTest
from engine.language.values import Quantity
from engine.language.wording import say_condition
from engine.verify.coverage import coverage
from engine.verify.finder import SAMPLED, Finder
from engine.verify.proofs import proofs
from engine.verify.provable import Provable
from engine.verify.sample import random_patients
from engine.verify.scenarios import gathered
from engine.verify.space import Space, places
from engine.verify.symbolic import Symbolic

RULESET = "b12-general"
PATIENCE = 60_000  # milliseconds to prove that a mutant is equal
OTHER_SIDE = {"below": "at_most", "at_most": "below", "at_least": "above", "above": "at_least"}
OPPOSITE = {"below": "at_least", "at_least": "below", "at_most": "above", "above": "at_most"}


@dataclass(frozen=True)
class Mutant:
    """A ruleset with a defect, and what it is."""

    ruleset: Ruleset
    what: str


# Making them


def mutants(ruleset: Ruleset, seed: int = 0) -> Iterator[Mutant]:
    """Defects without end, each kind as often as the others; none twice."""
    rng = random.Random(f"mutants {seed}")
    seen: set[str] = set()
    while True:
        found = rng.choice(KINDS)(ruleset, rng)
        if found and found.what not in seen:
            seen.add(found.what)
            yield found


def with_rule(ruleset: Ruleset, rule: Rule, what: str) -> Mutant:
    return Mutant(replace(ruleset, rules={**ruleset.rules, rule.id: rule}), f"{rule.id}: {what}")


def drop_rule(ruleset: Ruleset, rng: random.Random) -> Mutant:
    gone = rng.choice(list(ruleset.rules))
    rules = {
        name: replace(rule, overrides=tuple(other for other in rule.overrides if other != gone))
        for name, rule in ruleset.rules.items()
        if name != gone
    }
    return Mutant(replace(ruleset, rules=rules), f"{gone}: the rule is dropped")


def remove_override(ruleset: Ruleset, rng: random.Random) -> Mutant:
    rule = rng.choice([rule for rule in ruleset.rules.values() if rule.overrides])
    gone = rng.choice(rule.overrides)
    overrides = tuple(other for other in rule.overrides if other != gone)
    return with_rule(ruleset, replace(rule, overrides=overrides), f"no longer overrides {gone}")


def other_value(ruleset: Ruleset, rng: random.Random) -> Mutant | None:
    """A rule concludes another value than it did, or adds another option."""
    rule = rng.choice(list(ruleset.rules.values()))
    at = rng.randrange(len(rule.then))
    name, values = rule.then[at]
    others = [each for each in ruleset.values[name] if each not in values]
    if not others:
        return None
    old, new = rng.choice(values), rng.choice(others)
    then = list(rule.then)
    then[at] = name, tuple(new if each == old else each for each in values)
    return with_rule(ruleset, replace(rule, then=tuple(then)), f"concludes {name} {new} instead of {old}")


def drop_gate(ruleset: Ruleset, rng: random.Random) -> Mutant:
    fact = rng.choice([fact for fact in ruleset.facts.values() if fact.gate])
    facts = {**ruleset.facts, fact.id: replace(fact, gate=None)}
    return Mutant(replace(ruleset, facts=facts), f"{fact.id}: the gate is dropped")


def in_condition(change: Callable[[Ruleset, Condition, random.Random], Condition | None]):
    """A kind of defect that changes one place in the condition of one rule."""

    def mutate(ruleset: Ruleset, rng: random.Random) -> Mutant | None:
        rule = rng.choice(list(ruleset.rules.values()))
        spots = [(spot, new) for spot in parts_of(rule.when) if (new := change(ruleset, spot, rng)) is not None]
        if not spots:
            return None
        spot, new = rng.choice(spots)
        what = f"“{say_condition(ruleset, spot)}” is now “{say_condition(ruleset, new)}”"
        return with_rule(ruleset, replace(rule, when=exchanged(rule.when, spot, new)), what)

    return mutate


def parts_of(condition: Condition) -> Iterator[Condition]:
    yield condition
    for part in condition.parts if isinstance(condition, All | Any) else ():
        yield from parts_of(part)
    if isinstance(condition, Not):
        yield from parts_of(condition.part)


def exchanged(condition: Condition, spot: Condition, new: Condition) -> Condition:
    if condition is spot:
        return new
    if isinstance(condition, All | Any):
        return replace(condition, parts=tuple(exchanged(part, spot, new) for part in condition.parts))
    return Not(exchanged(condition.part, spot, new)) if isinstance(condition, Not) else condition


def drop_part(ruleset: Ruleset, spot: Condition, rng: random.Random) -> Condition | None:
    if not isinstance(spot, All | Any) or len(spot.parts) == 1:
        return None
    gone = rng.randrange(len(spot.parts))
    return replace(spot, parts=tuple(part for at, part in enumerate(spot.parts) if at != gone))


def drop_option(ruleset: Ruleset, spot: Condition, rng: random.Random) -> Condition | None:
    if isinstance(spot, SetTest) and len(spot.options) > 1:
        gone = rng.choice(spot.options)
        return replace(spot, options=tuple(each for each in spot.options if each != gone))
    return in_check(spot, rng, drop_value)


def drop_value(check, rng):
    if not isinstance(check, OneOf) or len(check.values) == 1:
        return None
    gone = rng.choice(check.values)
    return replace(check, values=tuple(each for each in check.values if each != gone))


def flip(ruleset: Ruleset, spot: Condition, rng: random.Random) -> Condition | None:
    """A comparison that takes the other side of its cut-off, or turns round; a list that is asked for the opposite."""
    if isinstance(spot, SetTest):
        return replace(spot, mode=rng.choice([mode for mode in ("any", "all", "none") if mode != spot.mode]))
    return in_check(spot, rng, flip_check)


def flip_check(check, rng):
    if isinstance(check, Bound):
        return replace(check, comparison=rng.choice([OTHER_SIDE, OPPOSITE])[check.comparison])
    return replace(check, negated=not check.negated)


def shift(ruleset: Ruleset, spot: Condition, rng: random.Random) -> Condition | None:
    """One of the cut-offs a tenth higher or lower."""
    return in_cutoff(
        spot, rng, lambda each: replace(each, number=each.number * rng.choice([Decimal("0.9"), Decimal("1.1")]))
    )


def swap_unit(ruleset: Ruleset, spot: Condition, rng: random.Random) -> Condition | None:
    """One of the cut-offs in another unit of its fact, with the same number."""
    if not isinstance(spot, ValueTest) or not (units := ruleset.facts[spot.fact].units):
        return None

    def swapped(cutoff: Quantity) -> Quantity | None:
        others = [unit for unit in units.names if unit != cutoff.unit]
        return replace(cutoff, unit=rng.choice(others)) if others else None

    return in_cutoff(spot, rng, swapped)


def in_cutoff(spot: Condition, rng: random.Random, change) -> Condition | None:
    def changed(check, rng):
        numbers = [at for at, each in enumerate(getattr(check, "cutoffs", ())) if isinstance(each, Quantity)]
        if not numbers:
            return None
        at = rng.choice(numbers)
        new = change(check.cutoffs[at])
        if new is None or new in check.cutoffs:
            return None
        return replace(check, cutoffs=(*check.cutoffs[:at], new, *check.cutoffs[at + 1 :]))

    return in_check(spot, rng, changed)


def in_check(spot: Condition, rng: random.Random, change) -> Condition | None:
    """A test with one of its checks changed."""
    if not isinstance(spot, ValueTest):
        return None
    at = rng.randrange(len(spot.checks))
    new = change(spot.checks[at], rng)
    return new and replace(spot, checks=(*spot.checks[:at], new, *spot.checks[at + 1 :]))


KINDS = [
    drop_rule,
    remove_override,
    other_value,
    drop_gate,
    *map(in_condition, (drop_part, drop_option, flip, shift, swap_unit)),
]


# Finding them


class Hunt:
    """What is needed to tell whether a mutant is found, made once."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        answers = [read_answers(ruleset.facts, dict(case.answers)) for case in ruleset.cases]
        self.cases = gathered(ruleset, answers, [case.as_of for case in ruleset.cases])

    def found_by(self, mutant: Ruleset) -> str:
        """The case or the finding that tells a mutant; none where nothing does."""
        fresh = gathered(mutant, [])
        fresh.yes, fresh.answers, fresh.dates = self.cases.yes, self.cases.answers, self.cases.dates
        some = Symbolic(mutant, fresh)
        for at, case in enumerate(mutant.cases):
            failed = case.expect and not some.sign(case.expect).true >> at & 1
            missed = any(not some.applies.get(rule, 0) >> at & 1 for rule in case.fires)
            if failed or missed or any(some.applies.get(rule, 0) >> at & 1 for rule in case.not_fires):
                return f"failed_case: {case.id}"
        accepted = {each.finding for each in mutant.accept}
        for findings in (coverage(mutant), proofs(Finder(mutant))):
            for finding in findings:
                if finding.name not in accepted:
                    return finding.name
        return ""

    def is_equal(self, mutant: Ruleset) -> bool:
        """Whether it is proved that no complete patient tells a mutant from the original by a goal."""
        conditions = [place.condition for ruleset in (self.ruleset, mutant) for place in places(ruleset)]
        space = Space(self.ruleset, conditions)
        sampled = [Symbolic(each, sample_of(each, space)) for each in (self.ruleset, mutant)]
        if differ(*sampled):
            return False
        worlds = [Provable(each, space) for each in (self.ruleset, mutant)]
        solver = z3.Solver()
        solver.set("timeout", PATIENCE)
        solver.add(*worlds[0].given, *worlds[1].given)
        solver.add(differ(*(Symbolic(each.ruleset, each) for each in worlds)))
        return solver.check() == z3.unsat


def sample_of(ruleset: Ruleset, space: Space):
    """The same patients for every ruleset with the same questions."""
    found = random_patients(space, SAMPLED, random.Random("equal"))
    found.ruleset = ruleset
    return found


def differ(one: Symbolic, other: Symbolic):
    """Where a goal of two rulesets differs, value by value: one of them may never conclude what the other does."""
    worlds, found = one.worlds, []
    for goal in one.ruleset.goals:
        parts = [states(some, goal.fact) for some in (one, other)]
        for key in parts[0].keys() | parts[1].keys():
            mine, theirs = (part.get(key, worlds.no) for part in parts)
            found.append(worlds.both((mine, worlds.others(theirs))))
            found.append(worlds.both((theirs, worlds.others(mine))))
    return worlds.either(found)


def states(some: Symbolic, name: str) -> dict:
    """What makes up the state of a goal: where it is wanted, and while it is, each of its values."""
    when, both = some.goal_whens[name], some.worlds.both
    pursued = some.worlds.others(when.false)
    found = {"wanted": when.true, "not wanted": when.false, "settled": both((some.settled(name), pursued))}
    for option, sign in some.options.get(name, {}).items():
        found[option, True], found[option, False] = both((sign.true, pursued)), both((sign.false, pursued))
    return found | {("held", value): both((where, pursued)) for value, where in some.held.get(name, {}).items()}


@dataclass
class Score:
    """What became of so many mutants."""

    by_case: int = 0
    by_check: int = 0
    equal: int = 0
    survivors: tuple[str, ...] = ()

    @property
    def counted(self) -> int:
        return self.by_case + self.by_check + len(self.survivors)


def hunt(ruleset: Ruleset, count: int, seed: int = 0, tell: Callable[[str], None] = lambda _: None) -> Score:
    """Make mutants until so many are told from the original by some patient, and see which are found."""
    score, hunter = Score(), Hunt(ruleset)
    for mutant in mutants(ruleset, seed):
        if score.counted == count:
            return score
        found = hunter.found_by(mutant.ruleset)
        if hunter.is_equal(mutant.ruleset):
            score.equal += 1
            tell(f"equal     {mutant.what}")
        elif not found:
            score.survivors += (mutant.what,)
            tell(f"SURVIVES  {mutant.what}")
        elif found.startswith("failed_case"):
            score.by_case += 1
            tell(f"found     {mutant.what} ({found})")
        else:
            score.by_check += 1
            tell(f"found     {mutant.what} ({found})")
    return score


def told(score: Score) -> str:
    found = score.by_case + score.by_check
    first = (
        f"{found} of {score.counted} seeded defects are found: {score.by_case} by a case, {score.by_check} by check "
        f"alone; {score.equal} more were proved equal to the original and not counted."
    )
    return "\n".join([first, *(f"survives: {what}" for what in score.survivors)])


if __name__ == "__main__":
    amount, seed = (int(word) for word in (*sys.argv[1:], *("100", "0")[len(sys.argv) - 1 :]))
    print(told(hunt(load_ruleset(RULESET), amount, seed, lambda line: print(line, flush=True))))
