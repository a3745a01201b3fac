"""The trail: which rule, on which facts, concluded what. It is data; text, HTML and JSON are renderings of it.

A trail depends on the ruleset and the answers only. Both engines find, for each step, the leaves it rests on and
whether its conclusion was needed; `assemble` puts the steps in order, links each leaf to the answer or the step it came
from, and gives each step its role (design.md section 6).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from engine.language.formula import AS_OF
from engine.language.model import Citation, Rule, Ruleset
from engine.language.values import UNKNOWN, Answer, Single, Value
from engine.language.wording import fill, placeholders, say_value
from engine.logic.outcome import FORMULA, OTHERWISE, RULE, Outcome, Results, StepKey, results_of
from engine.logic.signs import FALSE, TRUE

Role = Literal["decisive", "also applied", "outranked", "held back"]


@dataclass(frozen=True, slots=True)
class Given:
    """A leaf: what was answered for an input."""

    fact: str


@dataclass(frozen=True, slots=True)
class Held:
    """A leaf: a value that a derived fact holds, or an option that a set includes."""

    fact: str
    value: Single


Leaf = Given | Held


@dataclass(frozen=True, slots=True)
class Draft:
    """A step before it is put in its place: what it is, what it rests on, what it concludes."""

    key: StepKey
    used: tuple[Leaf, ...]
    concludes: tuple[Held, ...]
    another_support: bool = False


@dataclass(frozen=True)
class Used:
    """A fact that a step used, and where its value came from: `source` is a step's number, or None for an answer."""

    fact: str
    value: Answer
    source: int | None


@dataclass(frozen=True)
class Step:
    """One step of a trail.

    Attributes:
        seq: its number, from 1.
        kind: the rule's kind, or "otherwise" or "formula".
        rule: the rule's id, or None.
        used: what it rests on, in the order of the ruleset.
        concludes: what it concludes, of a set the options that it adds; nothing where it is outranked or held back.
        role: "decisive" when a result rests on it; "held back" while whether a rule that overrides it holds is unknown.
        outranked_by: the rule that does.
        another_support: striking what it concludes leaves every goal as it is.
        waits_for: the rules that hold it back.
    """

    seq: int
    kind: str | None
    rule: str | None
    fact: str | None
    title: str
    because: str
    used: tuple[Used, ...]
    concludes: Mapping[str, Value]
    role: Role
    outranked_by: str | None
    another_support: bool
    cites: tuple[Citation, ...] = ()
    strength: str | None = None
    needs_check: str | None = None
    waits_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trail:
    """The steps of one evaluation, each after all that it rests on."""

    steps: tuple[Step, ...]

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def step(self, seq: int) -> Step:
        """The step with this number."""
        return self.steps[seq - 1]

    @cached_property
    def by_rule(self) -> dict[str, Step]:
        """The steps of rules by rule id."""
        return {step.rule: step for step in self.steps if step.rule}


def drafts_order(ruleset: Ruleset) -> Callable[[Draft], tuple[int, int, int]]:
    """The key by which steps stand: depth of dependence; then formulas, rules, `otherwise`, each in ruleset order."""
    rules = {name: place for place, name in enumerate(ruleset.rules)}
    facts = {name: place for place, name in enumerate(ruleset.facts)}

    def key(draft: Draft) -> tuple[int, int, int]:
        kind, name = draft.key
        if kind == RULE:
            depth = min((ruleset.depth[fact] for fact, _ in ruleset.rules[name].then), default=0)
            return depth, 1, rules[name]
        return ruleset.depth[name], 0 if kind == FORMULA else 2, facts[name]

    return key


def conclude(
    outcome: Outcome, drafts: Sequence[Draft], goal_leaves: Mapping[str, tuple[Leaf, ...]]
) -> tuple[Trail, Results]:
    """The trail and the results; a regimen that rests on a conflict, at any distance, is not suggested.

    Args:
        outcome: what holds.
        drafts: every step, in any order.
        goal_leaves: for each goal that is a result, what its values and its `when` rest on.
    """
    regimen = [Held("regimen", value) for value in outcome.held.get("regimen", ())]
    torn = bool(regimen) and rests_on_conflict(outcome, drafts, [*regimen, *goal_leaves.get("regimen", ())])
    if torn and len(regimen) == 1:
        goal_leaves = {goal: leaves for goal, leaves in goal_leaves.items() if goal != "regimen"}
    return assemble(outcome, drafts, goal_leaves), results_of(outcome, regimen_rests_on_conflict=torn)


def assemble(outcome: Outcome, drafts: Iterable[Draft], goal_leaves: Mapping[str, tuple[Leaf, ...]]) -> Trail:
    """The trail from its drafts.

    Args:
        outcome: what holds.
        drafts: every step, in any order.
        goal_leaves: for each goal that is a result, what its values and its `when` rest on.
    """
    ordered = sorted(drafts, key=drafts_order(outcome.ruleset))
    sources = _sources(outcome.ruleset, ordered)
    decisive = _reached(ordered, sources, [leaf for leaves in goal_leaves.values() for leaf in leaves])
    writer = _Writer(outcome, sources)
    return Trail(tuple(writer.step(seq, draft, decisive) for seq, draft in enumerate(ordered, 1)))


def rests_on_conflict(outcome: Outcome, drafts: Iterable[Draft], leaves: Iterable[Leaf]) -> bool:
    """Whether anything that leaves rest on, at any distance, is a fact in conflict."""
    torn = outcome.conflicts()
    if not torn:
        return False
    leaves = list(leaves)
    ordered = sorted(drafts, key=drafts_order(outcome.ruleset))
    reached = _reached(ordered, _sources(outcome.ruleset, ordered), leaves)
    return any(
        leaf.fact in torn
        for leaf in (*leaves, *(leaf for seq in reached for leaf in ordered[seq - 1].used))
        if isinstance(leaf, Held)
    )


def _sources(ruleset: Ruleset, ordered: list[Draft]) -> dict[Held, int]:
    """The step that each held value came from: the first rule that concluded it, else its otherwise or formula."""
    found: dict[Held, int] = {}
    order = {name: place for place, name in enumerate(ruleset.rules)}
    ranks: dict[Held, int] = {}
    for seq, draft in enumerate(ordered, 1):
        rank = order[draft.key[1]] if draft.key[0] == RULE else len(order)
        for held in draft.concludes:
            if held not in ranks or rank < ranks[held]:
                ranks[held], found[held] = rank, seq
    return found


def _reached(ordered: list[Draft], sources: dict[Held, int], leaves: list[Leaf]) -> set[int]:
    """The steps that leaves rest on."""
    reached: set[int] = set()
    waiting = list(leaves)
    while waiting:
        leaf = waiting.pop()
        if isinstance(leaf, Held) and sources[leaf] not in reached:
            reached.add(sources[leaf])
            waiting.extend(ordered[sources[leaf] - 1].used)
    return reached


class _Writer:
    """Turns drafts into steps with their words."""

    def __init__(self, outcome: Outcome, sources: dict[Held, int]) -> None:
        self.outcome = outcome
        self.ruleset = outcome.ruleset
        self.sources = sources

    def step(self, seq: int, draft: Draft, decisive: set[int]) -> Step:
        kind, name = draft.key
        role: Role = "decisive" if seq in decisive else "also applied"
        blank = Step(
            seq=seq,
            kind=kind,
            rule=None,
            fact=name,
            title="",
            because="",
            used=self._used(draft.used),
            concludes=self._concluded(draft.concludes),
            role=role,
            outranked_by=None,
            another_support=draft.another_support,
        )
        if kind == RULE:
            return self._rule_step(blank, self.ruleset.rules[name])
        label = self.ruleset.facts[name].label
        if kind == OTHERWISE:
            value = say_value(self.ruleset.facts[name], draft.concludes[0].value)
            because = "Every rule that could say otherwise is ruled out."
            return replace(blank, title=f"{label}: {value}, unless a rule says otherwise", because=because)
        formula = self.ruleset.facts[name].formula
        return replace(
            blank, title=f"{label} is computed", because=f"{label} = {self._spelled(formula.text if formula else '')}"
        )

    def _concluded(self, conclusions: tuple[Held, ...]) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for held in conclusions:
            if self.ruleset.facts[held.fact].is_set:
                found[held.fact] = (*found.get(held.fact, ()), str(held.value))  # type: ignore[misc]
            else:
                found[held.fact] = held.value
        return found

    def _spelled(self, text: str) -> str:
        """A formula with labels for ids."""
        said = {name: fact.label for name, fact in self.ruleset.facts.items()} | {AS_OF: "the date of this evaluation"}
        return re.sub(r"[a-z][a-z0-9_]*", lambda word: said.get(word[0], word[0]), text) + "."

    def _rule_step(self, blank: Step, rule: Rule) -> Step:
        outranked = None
        role = blank.role
        waits_for: tuple[str, ...] = ()
        if rule.id not in self.outcome.applies:
            others = self.ruleset.overriders[rule.id]
            outranked = next((other.id for other in others if self.outcome.whens[other.id] & TRUE), None)
            role = "outranked" if outranked else "held back"
            if not outranked:
                waits_for = tuple(other.id for other in unsigned_overriders(self.ruleset, self.outcome, rule))
        return replace(
            blank, kind=rule.kind, rule=rule.id, fact=None, title=rule.title, because=because_of(self.outcome, rule),
            role=role, outranked_by=outranked, cites=rule.cites, strength=rule.strength, needs_check=rule.needs_check,
            waits_for=waits_for,
        )  # fmt: skip

    def _used(self, leaves: tuple[Leaf, ...]) -> tuple[Used, ...]:
        found = []
        for leaf in leaves:
            if isinstance(leaf, Held):
                found.append(Used(leaf.fact, leaf.value, self.sources[leaf]))
            elif leaf.fact == "as_of" and self.outcome.as_of:
                found.append(Used("as_of", self.outcome.as_of, None))
            else:
                found.append(Used(leaf.fact, self.outcome.answers[leaf.fact], None))
        return tuple(found)


def because_of(outcome: Outcome, rule: Rule) -> str:
    """A rule's because-text with the values of this case."""
    return fill(rule.because, {name: _said(outcome, name) for name in placeholders(rule.because)})


def _said(outcome: Outcome, name: str) -> str:
    fact = outcome.ruleset.facts.get(name)
    if fact is None:
        return say_value(None, outcome.as_of) if outcome.as_of else "not known"
    if fact.is_input:
        if name not in outcome.answers or not outcome.gates[name] & TRUE:
            return "not asked"
        return say_value(fact, outcome.answers[name])
    held = outcome.held.get(name, ())
    if len(held) > 1:
        return " and ".join(say_value(fact, value) for value in held) + " (in conflict)"
    value = outcome.value(name)
    return say_value(fact, UNKNOWN if value is None else value)


def conclusions_of(rule: Rule) -> tuple[Held, ...]:
    """What a rule concludes when it applies."""
    return tuple(Held(fact, value) for fact, values in rule.then for value in values)


def unsigned_overriders(ruleset: Ruleset, outcome: Outcome, rule: Rule) -> list[Rule]:
    """The rules whose `when` has no sign yet and that would override a rule: what it is held back by."""
    return [other for other in ruleset.overriders[rule.id] if not outcome.whens[other.id] & (TRUE | FALSE)]
