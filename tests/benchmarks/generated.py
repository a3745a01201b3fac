"""A ruleset of any size for benchmarks, the same every time, and patients to consult it about.

It is shaped like a clinical one: thirty inputs, of which a patient has twenty-five; derived facts in three layers, each
decided by rules over the bands of a number, the options of a choice or the values of a fact of the layer before, with
further tests beside; safety rules that override; facts with an `otherwise`; two formulas; a set of mistakes.

A rule is kept as plain data, so that it can be written for other engines too. They express all of it but overrides and
`otherwise`, which ask whether something is *known* false; `comparable` are the facts that rest on neither, at any
distance.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML

INPUTS_ANSWERED = 25
CUTOFFS = (20, 40, 60, 80)
NUMBERS = [f"number_{i}" for i in range(10)]
CHOICES = [f"choice_{i}" for i in range(8)]
YES_NO = [f"yes_no_{i}" for i in range(8)]
SETS = [f"set_{i}" for i in range(4)]
OPTIONS = ("red", "green", "blue", "grey")
FORMULAS = {"formula_0": ("number_0", "number_1"), "formula_1": ("number_2", "number_3")}  # the first less the second
RULES_PER_FACT = 4
SHARE_OF_MISTAKES = 5  # one rule in five adds a mistake to the set
SHARE_OF_PLAIN = 0.7


@dataclass(frozen=True)
class Asked:
    """What a rule asks of a fact: to be one of some values, to include one of them, or to lie in [low, high)."""

    fact: str
    values: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None


@dataclass
class Rule:
    """When every test of `every` passes, and one of `some` if there are any, a fact has a value or a set an option."""

    id: str
    fact: str
    value: str
    every: list[Asked]
    some: list[Asked] = field(default_factory=list)
    overrides: list[str] = field(default_factory=list)


class Generated:
    """A ruleset of so many rules."""

    def __init__(self, amount: int) -> None:
        self.rng = random.Random(f"benchmark {amount}")
        self.rules: list[Rule] = []
        self.layers: list[list[str]] = [[], [], []]
        self.otherwise: dict[str, str] = {}
        self.comparable = ["mistakes"]
        self.mistakes = [f"mistake_{number}" for number in range(amount // SHARE_OF_MISTAKES)]
        for layer in range(3):
            end = (amount - len(self.mistakes)) * (layer + 1) // 3
            while len(self.rules) < end:
                self._fact(layer, min(RULES_PER_FACT, end - len(self.rules)))
        for mistake in self.mistakes:
            self._rule("mistakes", mistake, self.rng.choice(self._bands(2, plain=True)), 2, plain=True)
        self.derived = [name for layer in self.layers for name in layer]
        self.goals = [*self.layers[2][:3], "mistakes"]

    # Rules

    def _fact(self, layer: int, amount: int) -> None:
        """A fact and its rules; a plain one has no override and no `otherwise`, and rests on plain facts only."""
        name = f"derived_{layer}_{len(self.layers[layer])}"
        plain = not self.layers[layer] or self.rng.random() < SHARE_OF_PLAIN
        bands = self._bands(layer, plain=plain)[: amount if plain else amount - 1]
        decided = [
            self._rule(name, value, band, layer, plain=plain) for band, value in zip(bands, OPTIONS, strict=False)
        ]
        if plain:
            self.comparable.append(name)
        elif self.rng.random() < 0.3 or len(bands) == amount:
            self.otherwise[name] = OPTIONS[3]
        else:
            alarm = self._rule(name, OPTIONS[3], Asked(self.rng.choice(YES_NO), ("yes",)), layer, plain=plain)
            alarm.overrides = [rule.id for rule in decided]
        self.layers[layer].append(name)

    def _rule(self, fact: str, value: str, lead: Asked, layer: int, *, plain: bool) -> Rule:
        further = [self._wide(layer, plain=plain) for _ in range(self.rng.choice([0, 0, 1, 2]))]
        every = {asked.fact: asked for asked in (*further, lead)}
        rule = Rule(f"r{len(self.rules)}", fact, value, list(every.values()))
        if self.rng.random() < 0.2:
            low = Asked(self.rng.choice(NUMBERS), high=self.rng.choice(CUTOFFS))
            rule.some = [Asked(self.rng.choice(YES_NO), ("yes",)), low]
        self.rules.append(rule)
        return rule

    def _bands(self, layer: int, *, plain: bool) -> list[Asked]:
        """What decides a fact: tests of which at most one passes."""
        shape = self.rng.random()
        if layer and shape < 0.6:
            name = self._before(layer, plain=plain)
            return [Asked(name, (option,)) for option in OPTIONS]
        if shape < 0.8:
            low, high = sorted(self.rng.sample(CUTOFFS, 2))
            name = self.rng.choice([*NUMBERS, *FORMULAS])
            return [Asked(name, high=low), Asked(name, low=low, high=high), Asked(name, low=high)]
        name = self.rng.choice(CHOICES)
        return [Asked(name, (option,)) for option in OPTIONS]

    def _wide(self, layer: int, *, plain: bool) -> Asked:
        """A test beside, which most patients pass."""
        shape = self.rng.random()
        if layer and shape < 0.3:
            return Asked(self._before(layer, plain=plain), some_options(self.rng, 3))
        if shape < 0.6:
            return Asked(self.rng.choice(NUMBERS), low=self.rng.choice(CUTOFFS[:2]))
        if shape < 0.8:
            return Asked(self.rng.choice(CHOICES), some_options(self.rng, 3))
        return (
            Asked(self.rng.choice(SETS), some_options(self.rng, 3))
            if shape < 0.9
            else Asked(self.rng.choice(YES_NO), ("no",))
        )

    def _before(self, layer: int, *, plain: bool) -> str:
        """A fact of a layer before."""
        before = self.layers[self.rng.randrange(layer)]
        return self.rng.choice([name for name in before if name in self.comparable] if plain else before)

    # Patients, and the ruleset as YAML

    def patients(self, amount: int) -> list[dict[str, object]]:
        """Answers, plain: numbers bare, sets as lists; the same each time."""
        return [patient(random.Random(f"patient {number}")) for number in range(amount)]

    def as_data(self) -> dict[str, object]:
        """The ruleset as its YAML would be."""
        facts = {name: self._input(name) for name in (*NUMBERS, *CHOICES, *YES_NO, *SETS)}
        facts |= {
            name: {"type": "number", "label": said(name), "unit": "day", "formula": f"{first} - {second}"}
            for name, (first, second) in FORMULAS.items()
        }
        options = {option: option.title() for option in OPTIONS}
        for name in self.derived:
            facts[name] = {"type": "choice", "label": said(name), "derived": True, "options": options}
            facts[name] |= {"otherwise": self.otherwise[name]} if name in self.otherwise else {}
        facts["mistakes"] = {"type": "choices", "label": "Mistakes", "derived": True}
        facts["mistakes"]["options"] = {name: said(name) for name in self.mistakes}
        head = {"id": "generated", "title": "Generated", "version": "1", "goals": self.goals}
        sources = [{"id": "article", "title": "An article"}]
        return {**head, "sources": sources, "facts": facts, "rules": [rule_as_data(rule) for rule in self.rules]}

    def write(self, folder: Path) -> Path:
        """Write the YAML as a person would, in blocks."""
        yaml = YAML(typ="safe")
        yaml.default_flow_style = False
        yaml.sort_base_mapping_type_on_output = False
        yaml.representer.ignore_aliases = lambda _: True
        yaml.dump(self.as_data(), folder / "ruleset.yaml")
        return folder

    def _input(self, name: str) -> dict[str, object]:
        fact = {"label": said(name), "ask": f"What is {said(name).lower()}?"}
        if name in NUMBERS:
            return {"type": "number", **fact, "unit": "day", "range": [0, 1000]}
        if name in YES_NO:
            return {"type": "yes_no", **fact}
        kind = "choice" if name in CHOICES else "choices"
        return {"type": kind, **fact, "options": {option: option.title() for option in OPTIONS}}


def patient(rng: random.Random) -> dict[str, object]:
    answers: dict[str, object] = {name: rng.randrange(100) for name in NUMBERS}
    answers |= {name: rng.choice(OPTIONS) for name in CHOICES}
    answers |= {name: rng.choice(["yes", "no"]) for name in YES_NO}
    answers |= {name: list(some_options(rng, rng.randrange(3))) for name in SETS}
    return dict(rng.sample(list(answers.items()), INPUTS_ANSWERED))


def some_options(rng: random.Random, amount: int) -> tuple[str, ...]:
    return tuple(sorted(rng.sample(OPTIONS, amount), key=OPTIONS.index))


def said(name: str) -> str:
    return name.replace("_", " ").capitalize()


def rule_as_data(rule: Rule) -> dict[str, object]:
    when: list[object] = [{asked.fact: asked_as_data(asked) for asked in rule.every}]
    if rule.some:
        when.append({"any": [{asked.fact: asked_as_data(asked)} for asked in rule.some]})
    data = {"id": rule.id, "title": f"Rule {rule.id}", "kind": "decision_factor", "when": when}
    data |= {"then": {rule.fact: rule.value}, "because": f"{{{rule.every[0].fact}}} calls for it."}
    data |= {"cites": [{"source": "article", "section": "Methods"}]}
    return data | ({"overrides": rule.overrides} if rule.overrides else {})


def asked_as_data(asked: Asked) -> object:
    if asked.values:
        chosen = list(asked.values)
        return {"includes_any": chosen} if asked.fact in SETS else chosen
    bounds = {"at_least": asked.low, "below": asked.high}
    return {word: cutoff for word, cutoff in bounds.items() if cutoff is not None}
