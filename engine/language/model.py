"""What a ruleset is, once loaded: facts, rules, regimens, cases and all that binds them.

Everything is frozen and compares by meaning: where a thing stands in a file (`mark`) never makes two rulesets differ.
Conditions are typed: every test has been checked against the fact it is about, so nothing downstream meets a word
that is no option or a number without its unit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Literal

from engine.language import formula
from engine.language.canonical import digest_of
from engine.language.errors import Mark
from engine.language.units import Units
from engine.language.values import Quantity, Single

NOWHERE = Mark("", 1, 1)

FactType = Literal["yes_no", "choice", "choices", "number", "date"]
Comparison = Literal["below", "at_most", "at_least", "above"]


@dataclass(frozen=True)
class OneOf:
    """The value is one of `values` or, `negated`, none of them."""

    values: tuple[Single, ...]
    negated: bool = False


@dataclass(frozen=True)
class Bound:
    """The value compares so with a cut-off; several cut-offs are the same one as published in several units."""

    comparison: Comparison
    cutoffs: tuple[Quantity | dt.date, ...]


Check = OneOf | Bound


@dataclass(frozen=True)
class ValueTest:
    """A test on a single-valued fact: its value passes every check."""

    fact: str
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class SetTest:
    """A test on a set: it includes any, all or none of `options`."""

    fact: str
    mode: Literal["any", "all", "none"]
    options: tuple[str, ...]


@dataclass(frozen=True)
class KnownTest:
    """A test on an input: it was answered with a value (`known`), or with "I do not know"."""

    fact: str
    known: bool


@dataclass(frozen=True)
class HeldTest:
    """A test on a set, that it is not empty, or on a derived fact, that it has a value (`held`); or the opposite."""

    fact: str
    held: bool


@dataclass(frozen=True)
class All:
    """Every part."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Any:
    """Some part."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    """The opposite of one part."""

    part: Condition


Test = ValueTest | SetTest | KnownTest | HeldTest
Condition = Test | All | Any | Not
TEST_TYPES = (ValueTest, SetTest, KnownTest, HeldTest)


def tests_in(condition: Condition) -> Iterator[Test]:
    """Every test in a condition, in the order written."""
    if isinstance(condition, (All, Any)):
        for part in condition.parts:
            yield from tests_in(part)
    elif isinstance(condition, Not):
        yield from tests_in(condition.part)
    else:
        yield condition


@dataclass(frozen=True)
class Option:
    """One thing a choice can be."""

    id: str
    label: str
    help: str | None = None


@dataclass(frozen=True)
class Formula:
    """The arithmetic behind a derived number or date, as written and as read."""

    text: str
    tree: formula.Node = field(compare=False, repr=False)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The facts it is computed from, `as_of` included, in order of first use."""
        return formula.names(self.tree)


@dataclass(frozen=True)
class Fact:
    """Something that can be known of a case: asked for (an input), or derived by rules or a formula."""

    id: str
    type: FactType
    label: str
    section: str | None = None
    ask: str | None = None
    help: str | None = None
    clinician_note: str | None = None
    why: str | None = None
    units: Units | None = None
    range: tuple[Quantity | dt.date, Quantity | dt.date] | None = None
    plausible: tuple[Quantity | dt.date, Quantity | dt.date] | None = None
    required: bool = False
    codes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    options: tuple[Option, ...] = ()
    none: str | None = None
    gate: Condition | None = None
    formula: Formula | None = None
    derived: bool = False
    otherwise: Single | None = None
    mark: Mark = field(default=NOWHERE, compare=False, repr=False)

    @property
    def is_input(self) -> bool:
        """Whether a person is asked for it."""
        return not self.derived

    @property
    def is_set(self) -> bool:
        """Whether it can hold several options at once."""
        return self.type == "choices"

    @cached_property
    def option_ids(self) -> tuple[str, ...]:
        """The options in order; those of a yes_no are yes and no."""
        return ("yes", "no") if self.type == "yes_no" else tuple(option.id for option in self.options)

    @cached_property
    def labels(self) -> dict[str, str]:
        """The words for each option."""
        return {"yes": "Yes", "no": "No"} if self.type == "yes_no" else {o.id: o.label for o in self.options}


@dataclass(frozen=True)
class Citation:
    """A place in a source."""

    source: str
    section: str | None = None


@dataclass(frozen=True)
class Rule:
    """When something holds, conclude something, because of something."""

    id: str
    title: str
    when: Condition
    then: tuple[tuple[str, tuple[Single, ...]], ...]
    because: str
    kind: str | None = None
    cites: tuple[Citation, ...] = ()
    strength: str | None = None
    needs_check: str | None = None
    harm: str | None = None
    remedy: str | None = None
    overrides: tuple[str, ...] = ()
    mark: Mark = field(default=NOWHERE, compare=False, repr=False)

    def concludes(self, fact: str) -> tuple[Single, ...]:
        """The values that it concludes for a fact."""
        return next((values for name, values in self.then if name == fact), ())


@dataclass(frozen=True)
class Phase:
    """One stretch of a regimen, as written; what is absent is as the local protocol says."""

    name: str
    dose: str | None = None
    route: str | None = None
    every: str | None = None
    until: str | None = None
    review_after: str | None = None
    for_: str | None = None

    def as_json(self) -> dict[str, str]:
        """The keys of the YAML that are given, in their order there."""
        named = {"name": self.name, "dose": self.dose, "route": self.route, "every": self.every}
        named |= {"until": self.until, "review_after": self.review_after, "for": self.for_}
        return {key: text for key, text in named.items() if text is not None}


@dataclass(frozen=True)
class Regimen:
    """A schedule that a rule can suggest."""

    id: str
    title: str
    product: str | None
    phases: tuple[Phase, ...]
    cites: tuple[Citation, ...] = ()
    strength: str | None = None
    needs_check: str | None = None
    mark: Mark = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Goal:
    """A fact that a session has to settle, and when."""

    fact: str
    when: Condition | None = None
    mark: Mark = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Section:
    """A heading over questions; `together` when its open questions share a page."""

    id: str
    title: str
    together: bool = False


@dataclass(frozen=True)
class Source:
    """Where clinical statements come from."""

    id: str
    title: str
    url: str | None = None
    date: str | None = None
    read: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Start:
    """A situation on the home page, with answers filled in."""

    id: str
    title: str
    answers: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True)
class Case:
    """An example that travels with the ruleset: answers, and what must come of them."""

    id: str
    title: str
    answers: tuple[tuple[str, object], ...]
    as_of: dt.date | None
    expect: Condition | None
    fires: tuple[str, ...] = ()
    not_fires: tuple[str, ...] = ()
    source: str | None = None
    mark: Mark = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Property:
    """A promise about every complete set of answers."""

    id: str
    title: str
    whenever: Condition | None
    always: Condition | None
    never: Condition | None
    mark: Mark = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Accepted:
    """A finding of `check` that the authors accept, and why."""

    finding: str
    reason: str
    mark: Mark = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Ruleset:
    """Facts and rules about one subject, with all of what it extends joined in.

    `files` is what it was read from, {folder/file: text}, each base before what extends it: a record of the ruleset
    keeps these, and `load.ruleset_from_files` reads them back. What the ruleset means does not rest on them.
    """

    id: str
    title: str
    version: str
    facts: Mapping[str, Fact]
    rules: Mapping[str, Rule]
    goals: tuple[Goal, ...]
    extends: tuple[str, ...] = ()
    summary: str | None = None
    jurisdiction: str | None = None
    authors: tuple[str, ...] = ()
    licence: str | None = None
    reviewed: str | None = None
    next_review: str | None = None
    not_for: tuple[str, ...] = ()
    glossary: tuple[tuple[str, str], ...] = ()
    starts: tuple[Start, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    sections: tuple[Section, ...] = ()
    regimens: Mapping[str, Regimen] = field(default_factory=dict)
    cases: tuple[Case, ...] = ()
    properties: tuple[Property, ...] = ()
    accept: tuple[Accepted, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    __hash__ = object.__hash__

    @cached_property
    def concluders(self) -> dict[str, tuple[Rule, ...]]:
        """For each derived fact the rules that could conclude it, in ruleset order."""
        found: dict[str, list[Rule]] = {fact.id: [] for fact in self.facts.values() if fact.derived}
        for rule in self.rules.values():
            for fact, _ in rule.then:
                found[fact].append(rule)
        return {fact: tuple(rules) for fact, rules in found.items()}

    @cached_property
    def adders(self) -> dict[str, dict[str, tuple[Rule, ...]]]:
        """For each derived set, and each of its options, the rules that could add it, in ruleset order."""
        found: dict[str, dict[str, list[Rule]]] = {}
        for name, rules in self.concluders.items():
            if self.facts[name].is_set:
                found[name] = {option: [] for option in self.facts[name].option_ids}
                for rule in rules:
                    for option in rule.concludes(name):
                        found[name][str(option)].append(rule)
        return {name: {option: tuple(rules) for option, rules in each.items()} for name, each in found.items()}

    @cached_property
    def values(self) -> dict[str, tuple[Single, ...]]:
        """For each derived fact every value that rules or its `otherwise` can give it, in ruleset order."""
        found: dict[str, tuple[Single, ...]] = {}
        for name, rules in self.concluders.items():
            otherwise = self.facts[name].otherwise
            values = [value for rule in rules for value in rule.concludes(name)]
            found[name] = tuple(dict.fromkeys(values if otherwise is None else [*values, otherwise]))
        return found

    @cached_property
    def overriders(self) -> dict[str, tuple[Rule, ...]]:
        """For each rule those that override it, in ruleset order."""
        found: dict[str, list[Rule]] = {rule: [] for rule in self.rules}
        for rule in self.rules.values():
            for overridden in rule.overrides:
                found[overridden].append(rule)
        return {rule: tuple(others) for rule, others in found.items()}

    @cached_property
    def inputs(self) -> tuple[Fact, ...]:
        """The facts that are asked for, in the order of asking: by section, then by declaration."""
        places = {section.id: place for place, section in enumerate(self.sections)}
        asked = (fact for fact in self.facts.values() if fact.is_input)
        return tuple(sorted(asked, key=lambda fact: places.get(fact.section or "", len(places))))

    @cached_property
    def counts_to_a_date(self) -> bool:
        """Whether a formula uses `as_of`, so that some values need the date of the evaluation."""
        return any("as_of" in fact.formula.names for fact in self.facts.values() if fact.formula)

    @cached_property
    def gates_behind(self) -> dict[str, tuple[Condition, ...]]:
        """For each fact the gates that tests on it stand behind: an input's own, a formula's those of all its parts."""
        parts = {name: fact.formula.names if fact.formula else () for name, fact in self.facts.items()}
        found: dict[str, tuple[Condition, ...]] = {}
        for name in TopologicalSorter(parts).static_order():
            gate = self.facts[name].gate if name in self.facts else None
            behind = [gate for part in parts.get(name, ()) for gate in found[part]]
            found[name] = tuple(dict.fromkeys([gate, *behind] if gate else behind))
        return found

    @cached_property
    def depends_on(self) -> dict[str, tuple[str, ...]]:
        """For each fact those it depends on directly (design.md section 3, "Dependence")."""
        return {name: tuple(dict.fromkeys(self._direct(fact))) for name, fact in self.facts.items()}

    def _direct(self, fact: Fact) -> Iterator[str]:
        if fact.formula:
            yield from (name for name in fact.formula.names if name in self.facts)
        for gate in self.gates_behind[fact.id]:
            yield from (test.fact for test in tests_in(gate))
        for rule in self.concluders.get(fact.id, ()):
            for each in (rule, *self.overriders[rule.id]):
                yield from (test.fact for test in tests_in(each.when))

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The facts so that each comes after all that it depends on; raises graphlib.CycleError where they loop."""
        return tuple(TopologicalSorter(self.depends_on).static_order())

    @cached_property
    def users(self) -> dict[str, tuple[Rule, ...]]:
        """For each fact the rules whose `when` tests it, itself or in a formula, in ruleset order."""
        parts: dict[str, set[str]] = {}
        for name in self.order:
            formula = self.facts[name].formula
            parts[name] = {name}.union(*(parts.get(part, ()) for part in formula.names)) if formula else {name}
        found: dict[str, list[Rule]] = {name: [] for name in self.facts}
        for rule in self.rules.values():
            for name in {part for test in tests_in(rule.when) for part in parts[test.fact]}:
                found[name].append(rule)
        return {name: tuple(rules) for name, rules in found.items()}

    @cached_property
    def depth(self) -> dict[str, int]:
        """How many steps a fact is away from the answers: 0 for one that depends on nothing."""
        found: dict[str, int] = {}
        for name in self.order:
            found[name] = 1 + max((found[other] for other in self.depends_on[name]), default=-1)
        return found

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the ruleset's canonical form: what a release is named by."""
        return digest_of(self)
