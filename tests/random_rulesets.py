"""Random rulesets, nastier than clinical ones, and random answers to them.

A ruleset is made as plain data, as its YAML would be, and goes through the real loader. Facts are made in an order of
dependence, each from those before it, so that nothing loops; rulesets declare them in another. Values are few and
cut-offs lie among them, so that tests meet, rules overlap and, in 5 to 10 % of evaluations, contradict each other.

`random_spec` gives the data, `random_ruleset` the loaded ruleset, `random_answers` answers as they would be typed,
`constructs` the names of the constructs that a ruleset uses, so that none can be lost unseen.
"""

from __future__ import annotations

import datetime
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

from engine.language import model
from engine.language.answers import read_answer, read_answers
from engine.language.build import build
from engine.language.errors import Mark, Problems
from engine.language.layers import Layer, _FileReader
from engine.language.model import Bound, Fact, HeldTest, KnownTest, OneOf, Ruleset, SetTest, ValueTest, tests_in
from engine.language.numbers import MOST_DIGITS, show_number
from engine.language.source import Node, parse_json
from engine.language.stacking import stack
from engine.language.values import Answer
from engine.logic.evaluate import passes

Spec = dict[str, Any]

DAYS = tuple(f"2026-01-{day:02}" for day in (8, 9, 10, 11, 12))
OPTIONS = ("red", "green", "blue", "grey")
KINDS = ("scope", "decision_factor", "safety", "route", "regimen", "monitoring", "mistake", "advice")


@dataclass(frozen=True)
class NumberKind:
    """How a number is measured: the keys of its declaration and, unit by unit, the same cut-offs as published."""

    keys: dict[str, Any]
    published: dict[str | None, tuple[str, ...]]
    step: str = "1"


BARE = NumberKind({}, {None: ("0", "1", "2", "3")})
NUMBER_KINDS = (
    BARE,
    BARE,
    NumberKind({"unit": "day"}, {"day": ("0", "1", "2", "5")}),
    NumberKind(
        {"unit": "ng/L", "units": ["pg/mL", "pmol/L"], "molar_mass": "1355.37 g/mol"},
        {"ng/L": ("100", "180", "300"), "pg/mL": ("100", "180", "300"), "pmol/L": ("74", "133", "221")},
    ),
    NumberKind({"unit": "µg", "units": ["mg"]}, {"µg": ("500", "1000", "2000"), "mg": ("0.5", "1", "2")}, "0.5"),
    NumberKind({"unit": "°C", "units": ["°F"]}, {"°C": ("36", "37.5", "38"), "°F": ("96.8", "99.5", "100.4")}, "0.1"),
    NumberKind(
        {"unit": "day", "units": ["week", "month"]},
        {"day": ("7", "30", "91"), "week": ("1", "4.3", "13"), "month": ("0.25", "1", "3")},
        "0.1",
    ),
)


@dataclass(frozen=True)
class Size:
    """How many of each, at least and at most."""

    inputs: tuple[int, int] = (3, 7)
    derived: tuple[int, int] = (2, 7)
    rules: tuple[int, int] = (1, 3)  # for each derived fact without a formula
    goals: tuple[int, int] = (1, 4)
    depth: int = 3


USUAL = Size()
SMALL = Size(inputs=(3, 5), derived=(3, 6), rules=(1, 3), goals=(1, 3), depth=2)


# Loading


def load_node(node: Node) -> Ruleset:
    """Load a ruleset from what the YAML or JSON reader gave."""
    problems = Problems()
    layer = Layer(Path("random"), Mark("random.yaml", 1, 1))
    _FileReader(layer, problems).read(node)
    return build(stack([layer], problems), problems)


def load_spec(spec: Spec) -> Ruleset:
    """Load a ruleset from plain data: all of the loader but its YAML reader, which takes most of its time."""
    return load_node(parse_json(json.dumps(spec), "random.yaml"))


def random_ruleset(rng: random.Random, *, size: Size = USUAL, nasty: bool = True) -> Ruleset:
    """A random ruleset, loaded."""
    return load_spec(random_spec(rng, size=size, nasty=nasty))


# Making a ruleset


def random_spec(rng: random.Random, *, size: Size = USUAL, nasty: bool = True) -> Spec:
    """A random ruleset as plain data.

    Args:
        rng: where chance comes from.
        size: how large it gets.
        nasty: whether rules may contradict each other: without, each of two values of a fact has a rule that overrides.
    """
    return _Author(rng, size, nasty).spec()


class _Author:
    def __init__(self, rng: random.Random, size: Size, nasty: bool) -> None:
        self.rng = rng
        self.size = size
        self.nasty = nasty
        self.facts: dict[str, dict[str, Any]] = {}  # in the order of dependence
        self.kinds: dict[str, NumberKind] = {}
        self.rules: list[dict[str, Any]] = []
        self.regimens: dict[str, Any] = {}
        self.tested: dict[str, int] = {}  # for each rule the rank of the last fact that its `when` tests

    def spec(self) -> Spec:
        self._make_facts()
        self._make_rules()
        self._make_overrides()
        sections = [{"id": name, "title": name.title()} for name in ("late", "early")]
        facts = [(name, fact) for name, fact in self.facts.items() if name != "regimen" or len(fact) > 2]
        self.rng.shuffle(facts)
        self.rng.shuffle(self.rules)
        found = {"id": "random", "title": "Random", "version": "1", "sections": sections, "goals": self._goals()}
        found["facts"] = {name: {key: item for key, item in fact.items() if key != "values"} for name, fact in facts}
        found["sources"] = [{"id": "article", "title": "An article"}]
        return found | {"rules": self.rules} | ({"regimens": self.regimens} if self.regimens else {})

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def between(self, ends: tuple[int, int]) -> int:
        return self.rng.randint(*ends)

    def some(self, items: Sequence[Any], most: int = 3) -> list[Any]:
        """At least one of the items, none twice."""
        return self.rng.sample(items, self.rng.randint(1, min(most, len(items))))

    # Facts

    def _make_facts(self) -> None:
        kinds = ["input"] * self.between(self.size.inputs) + ["derived"] * self.between(self.size.derived)
        self.rng.shuffle(kinds)
        kinds.remove("input")
        self._input("q0")
        for number, kind in enumerate(kinds, 1):
            if kind == "input":
                self._input(f"q{number}")
            elif self.chance(0.3) and self._formula(f"f{number}"):
                continue
            elif self.chance(0.15) and "regimen" not in self.facts:
                self._regimen()
            else:
                self._derived(f"d{number}")

    def _typed(self, name: str, kind: str) -> dict[str, Any]:
        """What facts of a type have, asked for or not; `values` are the texts that tests and rules choose from."""
        fact: dict[str, Any] = {"type": kind, "label": f"Fact {name}"}
        if kind == "yes_no":
            return fact | {"values": ["yes", "no"]}
        if kind == "date":
            return fact | {"values": list(DAYS[1:4])}
        if kind == "number":
            measure = self.kinds[name] = self.rng.choice(NUMBER_KINDS)
            return fact | measure.keys | {"values": quantities(measure)}
        options = list(OPTIONS[: self.rng.randint(2, 4)])
        return fact | {"options": {option: option.title() for option in options}, "values": options}

    def _input(self, name: str) -> None:
        fact = self._typed(name, self.rng.choice(["yes_no", "choice", "choice", "choices", "number", "number", "date"]))
        fact["ask"] = f"What is {name}?"
        if self.chance(0.1):
            fact["required"] = "true"
        if self.chance(0.6):
            fact["section"] = self.rng.choice(["late", "early"])
        if self.facts and self.chance(0.35):
            fact["ask_when"] = self.condition(len(self.facts), depth=1)
        self.facts[name] = fact

    def _derived(self, name: str) -> None:
        fact = self._typed(name, self.rng.choice(["yes_no", "choice", "choice", "choices", "number", "date"]))
        fact["derived"] = "true"
        if fact["type"] != "choices" and self.chance(0.4):
            fact["otherwise"] = self.rng.choice(fact["values"])
        self.facts[name] = fact

    def _regimen(self) -> None:
        """The derived choice whose options are the regimens, declared or not."""
        names = ["im_short", "im_long", "oral"][: self.rng.randint(1, 3)]
        self.regimens = {name: {"title": name, "phases": [{"name": "Repletion"}]} for name in names}
        self.facts["regimen"] = {"type": "choice", "values": names}
        if self.chance(0.5):
            self.facts["regimen"] |= {"label": "Regimen", "derived": "true", "options": {"other": "Another"}}
            self.facts["regimen"]["values"] = ["other", *names]
            if self.chance(0.5):
                self.facts["regimen"]["otherwise"] = self.rng.choice(names)

    def _formula(self, name: str) -> bool:
        """A fact that is computed, if there is anything to compute it from."""
        parts = {kind: [n for n, fact in self.facts.items() if fact["type"] == kind] for kind in ("number", "date")}
        concluded = [n for n in parts["number"] if "derived" in self.facts[n]]
        parts["number"] += concluded * 2  # so that conflicts reach formulas
        if not parts["number"] and not parts["date"]:
            return False
        kind = "date" if parts["date"] and self.chance(0.25) else "number"
        text = self._days(parts, 2) if kind == "date" else self._sum(parts, 2)
        if not any(part in text for part in (*parts["number"], *parts["date"])):
            return False
        self.facts[name] = self._typed(name, kind) | {"formula": text}
        if kind == "number" and self.chance(0.6):
            self.facts[name] = {
                "type": "number",
                "label": f"Fact {name}",
                "formula": text,
                "values": ["-1", "0", "1", "2"],
            }
            self.kinds[name] = NumberKind({}, {None: ("-1", "0", "1", "2")})
        return True

    def _sum(self, parts: Mapping[str, list[str]], depth: int) -> str:
        """A formula that gives a number."""
        if depth == 0 or self.chance(0.2):
            return self.rng.choice(parts["number"]) if parts["number"] else "2"
        inner = [self._sum(parts, depth - 1) for _ in range(2)]
        forms = [f"({inner[0]} {sign} {inner[1]})" for sign in "+-*//"]
        forms += [f"{name}({inner[0]}, {inner[1]})" for name in ("min", "max")]
        forms += [f"round({inner[0]})", f"round({inner[0]}, 1)", f"-{inner[0]}", f"{inner[0]} * 1.5"]
        if parts["number"]:
            forms.append(f"{inner[0]} / ({self.rng.choice(parts['number'])} - {self.rng.choice(parts['number'])})")
        if parts["date"]:
            days = [self._days(parts, depth - 1) for _ in range(2)]
            forms += [f"({days[0]} - {days[1]})"] * 6
        return self.rng.choice(forms)

    def _days(self, parts: Mapping[str, list[str]], depth: int) -> str:
        """A formula that gives a date."""
        if depth == 0 or self.chance(0.5):
            return self.rng.choice([*parts["date"], "as_of"])
        day, other, number = self._days(parts, depth - 1), self._days(parts, depth - 1), self._sum(parts, depth - 1)
        return self.rng.choice(
            [f"({day} + {number})", f"({day} - {number})", f"min({day}, {other})", f"max({day}, {other})"]
        )

    # Rules

    def _make_rules(self) -> None:
        concluded = [name for name in self.facts if name == "regimen" or "derived" in self.facts[name]]
        for name in concluded:
            if self.chance(0.92):
                for _ in range(self.between(self.size.rules)):
                    self._rule([name, *([self.rng.choice(concluded)] if self.chance(0.2) else [])])

    def _rule(self, targets: list[str]) -> None:
        rank = min(map(list(self.facts).index, targets))
        when: Any = {} if rank == 0 or self.chance(0.05) else self.condition(rank, self.size.depth)
        rule: dict[str, Any] = {
            "id": f"r-{len(self.rules)}",
            "title": f"Rule {len(self.rules)}",
            "kind": self.rng.choice(KINDS),
            "when": when,
            "then": {name: self._conclusion(name) for name in targets},
            "because": f"{{{self.rng.choice(list(self.facts))}}}: because.",
            "cites": [{"source": "article"}],
        }
        tested = {name for name in self.facts if f'"{name}"' in json.dumps(when)}
        self.tested[rule["id"]] = max(map(list(self.facts).index, tested), default=-1)
        self.rules.append(rule)

    def _conclusion(self, name: str) -> Any:
        values = self.facts[name]["values"]
        return (
            self.some(values) if self.facts[name]["type"] == "choices" and self.chance(0.4) else self.rng.choice(values)
        )

    def _make_overrides(self) -> None:
        """A later rule may override an earlier one, if that makes no fact depend on itself."""
        for place, rule in enumerate(self.rules):
            for other in self.rules[:place]:
                if self._may_override(rule, other) and self.chance(self._share(rule, other)):
                    rule.setdefault("overrides", []).append(other["id"])

    def _may_override(self, rule: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        return self.tested[rule["id"]] < min(map(list(self.facts).index, other["then"]))

    def _share(self, rule: Mapping[str, Any], other: Mapping[str, Any]) -> float:
        shared = [name for name in rule["then"] if name in other["then"] and self.facts[name]["type"] != "choices"]
        if any(rule["then"][name] != other["then"][name] for name in shared):
            return 0.85 if self.nasty else 1.0
        return 0.08

    def _goals(self) -> list[Any]:
        derived = [name for name, fact in self.facts.items() if "ask" not in fact]
        names = self.some(derived, self.between(self.size.goals)) if derived else []
        if self.chance(0.08) or not names:
            names.append(self.rng.choice([name for name in self.facts if name not in derived]))
        everything = len(self.facts)
        return [{name: {"when": self.condition(everything, 2)}} if self.chance(0.35) else name for name in names]

    # Conditions

    def condition(self, rank: int, depth: int) -> Any:
        """A condition on the facts before a rank."""
        shape = self.rng.random()
        if depth == 0 or shape < 0.4:
            return self.test(self._name(rank))
        if shape < 0.6:
            tests = [self.test(self._name(rank)) for _ in range(self.rng.randint(2, 3))]
            return {key: value for test in tests for key, value in test.items()}
        parts = [self.condition(rank, depth - 1) for _ in range(self.rng.randint(1, 3))]
        if shape < 0.88:
            return self.rng.choice([parts, {"all": parts}, {"any": parts}, {"any": parts}])
        return {"not": self.rng.choice([self.test(self._name(rank)), {"all": parts}, {"any": parts}])}

    def _name(self, rank: int) -> str:
        """A fact before a rank; more often one that is derived, so that conclusions build on each other."""
        names = list(self.facts)[:rank]
        derived = [name for name in names if "ask" not in self.facts[name]]
        return self.rng.choice(derived if derived and self.chance(0.3) else names)

    def test(self, name: str) -> dict[str, Any]:
        """A test on a fact, in any words that its type allows."""
        fact = self.facts[name]
        words = [*self._common_words(fact)]
        if fact["type"] == "choices":
            words += [
                {word: self.some(fact["values"])} for word in ("includes_any", "includes_all", "includes_none")
            ] * 2
            words += [
                {"is": "empty"},
                {"is": "not_empty"},
                {"includes_any": fact["values"][0], "includes_none": fact["values"][-1:]},
            ]
        else:
            words += [{"is_not": self.rng.choice(fact["values"])}, {"is_not": self.some(fact["values"])}]
        if fact["type"] in {"number", "date"}:
            words += [*self._bounds(name, fact), *self._bounds(name, fact)]
        return {name: self.rng.choice(words)}

    def _common_words(self, fact: Mapping[str, Any]) -> Iterator[Any]:
        values = fact["values"]
        yield from (self.rng.choice(values), self.rng.choice(values), self.some(values))
        if "ask" in fact:
            yield from ([*self.some(values), "unknown"], "unknown", {"is": "known"}, {"is": "unknown"})
            if fact["type"] != "choices":
                yield {"is": "known", "is_not": self.rng.choice(values)}
        else:
            yield from ({"is": "empty"}, {"is": "not_empty"})

    def _bounds(self, name: str, fact: Mapping[str, Any]) -> Iterator[Any]:
        """Tests by size; cut-offs as published in one unit or in several."""
        low, high = sorted(self.rng.choices(range(len(self._published(name, fact)[0])), k=2))
        for word in ("below", "at_most", "at_least", "above"):
            yield {word: self._cutoff(name, fact, low)}
        yield {"at_least": self._cutoff(name, fact, low), "below": self._cutoff(name, fact, high)}
        yield {"above": self._cutoff(name, fact, low), "is_not": self.rng.choice(fact["values"])}
        pairs = [[texts[low], texts[high]] for texts in self._published(name, fact)]
        yield from ({"between": self.rng.choice(pairs)}, {"between": self.some(pairs)})

    def _cutoff(self, name: str, fact: Mapping[str, Any], place: int) -> Any:
        listed = [texts[place] for texts in self._published(name, fact)]
        return self.some(listed) if len(listed) > 1 and self.chance(0.5) else self.rng.choice(listed)

    def _published(self, name: str, fact: Mapping[str, Any]) -> list[list[str]]:
        """For each unit the same cut-offs, lowest first."""
        if fact["type"] == "date":
            return [fact["values"]]
        return [[written(text, unit) for text in texts] for unit, texts in self.kinds[name].published.items()]


def written(number: str, unit: str | None) -> str:
    """A number with its unit."""
    return f"{number} {unit}" if unit else number


def quantities(kind: NumberKind) -> list[str]:
    """Every published cut-off in every unit."""
    return [written(text, unit) for unit, texts in kind.published.items() for text in texts]


# Making answers


def random_answers(rng: random.Random, ruleset: Ruleset, share: float | None = None) -> dict[str, Answer]:
    """Answers to a share of the inputs, whether or not their gates are open, in a random order."""
    share = rng.choice([0.3, 0.6, 0.9, 1.0, 1.0]) if share is None else share
    names = [fact.id for fact in ruleset.inputs if rng.random() < share]
    rng.shuffle(names)
    return {name: read_answer(ruleset.facts[name], random_answer(rng, ruleset, name)) for name in names}


def random_answer(rng: random.Random, ruleset: Ruleset, name: str) -> object:
    """One answer as it would be typed: a value at or next to a cut-off, "unknown", a set that may be empty."""
    fact = ruleset.facts[name]
    if not fact.required and rng.random() < 0.15:
        return "unknown"
    if fact.is_set:
        return rng.sample(fact.option_ids, rng.choice([0, 1, 1, 2]))
    return rng.choice(possible_answers(fact))


def random_as_of(rng: random.Random) -> datetime.date | None:
    """A date among those that rulesets test, or none."""
    return rng.choice([None, *map(datetime.date.fromisoformat, DAYS[1:4])])


def possible_answers(fact: Fact) -> list[object]:
    """Values of a fact as they would be typed: of a number and a date, at every cut-off and on both sides of it."""
    if fact.is_set:
        return [list(chosen) for chosen in _subsets(fact.option_ids)]
    if fact.type == "date":
        return list(DAYS)
    return list(numbers_near_cutoffs(fact)) if fact.type == "number" else list(fact.option_ids)


def _subsets(options: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for chosen in product((False, True), repeat=len(options)):
        yield tuple(option for option, here in zip(options, chosen, strict=True) if here)


def numbers_near_cutoffs(fact: Fact) -> Iterator[str]:
    """Each published cut-off, a step below and above it, and what it converts to in each other unit."""
    units = fact.units.names if fact.units else (None,)
    kind = next(kind for kind in NUMBER_KINDS if tuple(kind.published) == units)
    for unit, texts in kind.published.items():
        for text in texts:
            yield from (written(show_number(Decimal(text) + sign * Decimal(kind.step)), unit) for sign in (-1, 0, 1))
            for other in units:
                if fact.units and other != unit and unit and other:
                    converted = show_number(fact.units.convert(Decimal(text), unit, other))
                    if sum(map(str.isdigit, converted)) <= MOST_DIGITS:
                        yield written(converted, other)


def representatives(ruleset: Ruleset, fact: Fact) -> list[Answer]:
    """Answers that differ in what some test says of them, and "unknown"; with a formula, three numbers or dates."""
    tests = [test for test in all_tests(ruleset) if test.fact == fact.id and not isinstance(test, KnownTest)]
    computed = any(other.formula and fact.id in other.formula.names for other in ruleset.facts.values())
    found: dict[object, Answer] = {}
    for raw in possible_answers(fact):
        answer = read_answer(fact, raw)
        signs = tuple(passes(test, fact, answer) for test in tests)
        found.setdefault((signs, len(found)) if computed and len(found) < 3 else signs, answer)
    unknown = [] if fact.required else [read_answer(fact, "unknown")]
    return [*dict.fromkeys(found.values()), *unknown]


def read(ruleset: Ruleset, answers: Mapping[str, object]) -> dict[str, Answer]:
    """Answers as typed, read."""
    return read_answers(ruleset.facts, answers)


# What a ruleset uses


def all_conditions(ruleset: Ruleset) -> Iterator[model.Condition]:
    """Every condition of a ruleset."""
    yield from (rule.when for rule in ruleset.rules.values())
    yield from (fact.gate for fact in ruleset.facts.values() if fact.gate)
    yield from (goal.when for goal in ruleset.goals if goal.when)


def all_tests(ruleset: Ruleset) -> Iterator[model.Test]:
    """Every test of a ruleset."""
    for condition in all_conditions(ruleset):
        yield from tests_in(condition)


def constructs(ruleset: Ruleset) -> Iterator[str]:
    """The name of every construct that a ruleset uses, as often as it does."""
    for fact in ruleset.facts.values():
        yield from _fact_constructs(ruleset, fact)
    for rule in ruleset.rules.values():
        yield from _rule_constructs(ruleset, rule)
    for goal in ruleset.goals:
        yield from _goal_constructs(ruleset, goal)
    for condition in all_conditions(ruleset):
        yield from _condition_constructs(condition, 0)
    for test in all_tests(ruleset):
        yield from _test_constructs(ruleset, test)


def _fact_constructs(ruleset: Ruleset, fact: Fact) -> Iterator[str]:
    origin = "input" if fact.is_input else "formula" if fact.formula else "derived"
    yield f"{origin} {fact.type}"
    if fact.units:
        yield f"{origin} in {'several units' if fact.units.required else 'one unit'}"
    if fact.units and fact.units.molar_mass:
        yield "molar mass"
    if fact.required:
        yield "required"
    if fact.gate:
        tested = [ruleset.facts[test.fact] for test in tests_in(fact.gate)]
        yield from ("gate on a gated input" for other in tested if other.gate)
        yield from (
            f"gate on {'an input' if other.is_input else 'a formula' if other.formula else 'a derived fact'}"
            for other in tested
        )
    if fact.formula:
        yield from _formula_constructs(ruleset, fact.formula)
        if ruleset.gates_behind[fact.id]:
            yield "formula with a gated part"
    elif fact.derived:
        yield from _derived_constructs(ruleset, fact)


def _formula_constructs(ruleset: Ruleset, formula: model.Formula) -> Iterator[str]:
    for name in formula.names:
        other = ruleset.facts.get(name)
        if other is None:
            yield "formula with as_of"
        else:
            yield f"formula of a {'formula' if other.formula else 'derived' if other.derived else 'given'} {other.type}"
    yield from (
        f"formula with {sign.strip()}"
        for sign in (" + ", " - ", "*", "/", "min(", "max(", "round(", "-(")
        if sign in formula.text
    )


def _derived_constructs(ruleset: Ruleset, fact: Fact) -> Iterator[str]:
    rules = ruleset.concluders[fact.id]
    concluded = {value for rule in rules for value in rule.concludes(fact.id)}
    if not rules:
        yield "derived fact without a rule"
    elif set(fact.option_ids) - concluded:
        yield "option that no rule concludes"
    if fact.otherwise is not None:
        yield f"otherwise of a {fact.type}" + ("" if rules else ", no rules")
    if fact.id == "regimen":
        yield "regimen fact " + ("declared" if len(fact.options) > len(ruleset.regimens) else "understood")


def _rule_constructs(ruleset: Ruleset, rule: model.Rule) -> Iterator[str]:
    if rule.when == model.All(()):
        yield "when: {}"
    if len(rule.then) > 1:
        yield "rule that concludes several facts"
    yield from ("rule that adds several options" for _, values in rule.then if len(values) > 1)
    overridden = [ruleset.rules[name] for name in rule.overrides]
    for other in overridden:
        shared = {fact for fact, _ in rule.then} & {fact for fact, _ in other.then}
        yield "overrides, same fact" if shared else "overrides across facts"
        if len(other.then) > 1:
            yield "overrides a rule that concludes several facts"
        if other.overrides:
            yield "overrides a rule that overrides"
    if len(overridden) > 1:
        yield "overrides several"
    if len(ruleset.overriders[rule.id]) > 1:
        yield "overridden by several"


def _goal_constructs(ruleset: Ruleset, goal: model.Goal) -> Iterator[str]:
    fact = ruleset.facts[goal.fact]
    origin = "input" if fact.is_input else "formula" if fact.formula else "set" if fact.is_set else "value"
    yield f"goal {origin}" + (" with when" if goal.when else "")


def _condition_constructs(condition: model.Condition, depth: int) -> Iterator[str]:
    if isinstance(condition, model.Not):
        inner = type(condition.part).__name__
        yield f"not {inner.lower()}"
        yield from _condition_constructs(condition.part, depth + 1)
    elif isinstance(condition, model.All | model.Any):
        yield f"{type(condition).__name__.lower()} at depth {depth}"
        for part in condition.parts:
            yield from _condition_constructs(part, depth + 1)


def _test_constructs(ruleset: Ruleset, test: model.Test) -> Iterator[str]:
    fact = ruleset.facts[test.fact]
    on = "input" if fact.is_input else "formula" if fact.formula else "derived"
    on += " set" if fact.is_set else " gated" if ruleset.gates_behind[fact.id] else ""
    if isinstance(test, KnownTest):
        yield f"is {'known' if test.known else 'unknown'} on {on}"
    elif isinstance(test, HeldTest):
        yield f"is {'not_empty' if test.held else 'empty'} on {on}"
    elif isinstance(test, SetTest):
        yield f"includes_{test.mode} on {on}"
    else:
        yield from (f"{_check_name(check)} on {on} {fact.type}" for check in test.checks)
        if len(test.checks) > 1:
            yield "several words in one test"


def _check_name(check: model.Check) -> str:
    if isinstance(check, OneOf):
        return ("is_not" if check.negated else "value") + (" of a list" if len(check.values) > 1 else "")
    assert isinstance(check, Bound)
    return check.comparison + (" one a unit" if len(check.cutoffs) > 1 else "")


__all__ = [
    "SMALL",
    "USUAL",
    "Size",
    "ValueTest",
    "all_conditions",
    "all_tests",
    "constructs",
    "load_node",
    "load_spec",
    "possible_answers",
    "random_answers",
    "random_as_of",
    "random_ruleset",
    "random_spec",
    "read",
    "representatives",
]
