"""The generated ruleset for two other engines, so that each says what it can of the same logic about the same people.

Both give `{fact: value}`, the mistakes as a set, and are told nothing that they would have to convert. Neither knows
what is known false: overrides are left out, and `otherwise` too.
"""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import chain, pairwise

import clips
import zen

from tests.benchmarks.generated import FORMULAS, SETS, Asked, Generated, Rule


class Clips:
    """One fact an attribute; a trail is the ids of the rules that fired.

    An environment slows down to a third in some hundred resets: `start` takes a new one.
    """

    def __init__(self, generated: Generated) -> None:
        self.source = ["(deftemplate attr (slot name) (slot value))", *map(clips_formula, FORMULAS)]
        self.source += map(clips_rule, generated.rules)
        self.start()

    def start(self) -> None:
        self.env = clips.Environment()
        for construct in self.source:
            self.env.build(construct)

    def __call__(self, answers: dict[str, object]) -> tuple[dict[str, object], list[str]]:
        self.env.reset()
        attr = self.env.find_template("attr")
        for name, answer in answers.items():
            for value in answer if isinstance(answer, list) else [answer]:
                attr.assert_fact(
                    name=clips.Symbol(name), value=clips.Symbol(value) if isinstance(value, str) else value
                )
        self.env.run()
        found: dict[str, object] = {}
        mistakes, fired = set(), []
        for fact in self.env.facts():
            if fact.template.name == "fired":
                fired.append(str(fact[0]))
            elif fact["name"] == "mistakes":
                mistakes.add(str(fact["value"]))
            elif fact["name"] not in answers:
                found[str(fact["name"])] = fact["value"]
        return found | {"mistakes": mistakes}, fired


def clips_formula(name: str) -> str:
    parts = [f"(attr (name {part}) (value ?{letter}))" for part, letter in zip(FORMULAS[name], "ab", strict=True)]
    return f"(defrule {name} {' '.join(parts)} => (assert (attr (name {name}) (value (- ?a ?b)))))"


def clips_rule(rule: Rule) -> str:
    patterns = [clips_pattern(asked, f"v{i}") for i, asked in enumerate(rule.every)]
    if rule.some:
        patterns.append(f"(or {' '.join(clips_pattern(asked, 's') for asked in rule.some)})")
    then = f"(assert (attr (name {rule.fact}) (value {rule.value})) (fired {rule.id}))"
    return f"(defrule {rule.id} {' '.join(patterns)} => {then})"


def clips_pattern(asked: Asked, variable: str) -> str:
    if asked.values:
        pattern = f"(attr (name {asked.fact}) (value {'|'.join(asked.values)}))"
        return f"(exists {pattern})" if asked.fact in SETS else pattern
    bounds = [
        f":({word} ?{variable} {cutoff})"
        for word, cutoff in ((">=", asked.low), ("<", asked.high))
        if cutoff is not None
    ]
    return f"(attr (name {asked.fact}) (value {'&'.join([f'?{variable}', *bounds])}))"


class Zen:
    """Formulas and three layers of expressions, each passing on what it was given; it tells no trail."""

    def __init__(self, generated: Generated) -> None:
        rules = defaultdict(list)
        for rule in generated.rules:
            rules[rule.value if rule.fact == "mistakes" else rule.fact].append(rule)
        first, second, third = ({name: zen_value(rules[name]) for name in layer} for layer in generated.layers)
        formulas = {name: zen_formula(*parts) for name, parts in FORMULAS.items()}
        mistakes = {name: zen_condition(rules[name][0]) for name in generated.mistakes}
        self.mistakes = generated.mistakes
        self.derived = [*FORMULAS, *generated.derived]
        graph = zen_graph([formulas, first, second, third | mistakes])
        self.decision = zen.ZenEngine().create_decision(json.dumps(graph))

    def __call__(self, answers: dict[str, object]) -> dict[str, object]:
        result = self.decision.evaluate(answers)["result"]
        found = {name: result[name] for name in self.derived if result.get(name) is not None}
        return found | {"mistakes": {name for name in self.mistakes if result.get(name)}}


def zen_graph(layers: list[dict[str, str]]) -> dict[str, object]:
    nodes = [
        {
            "id": f"layer{i}",
            "name": f"layer{i}",
            "type": "expressionNode",
            "content": {
                "expressions": [{"id": name, "key": name, "value": value} for name, value in expressions.items()],
                "passThrough": True,
            },
        }
        for i, expressions in enumerate(layers)
    ]
    nodes = [
        {"id": "in", "name": "in", "type": "inputNode"},
        *nodes,
        {"id": "out", "name": "out", "type": "outputNode"},
    ]
    ids = [str(node["id"]) for node in nodes]
    edges = [
        {"id": f"{source}-{target}", "type": "edge", "sourceId": source, "targetId": target}
        for source, target in pairwise(ids)
    ]
    return {"nodes": nodes, "edges": edges}


def zen_formula(first: str, second: str) -> str:
    return f"{first} != null and {second} != null ? {first} - {second} : null"


def zen_value(rules: list[Rule]) -> str:
    return " : ".join([*(f"{zen_condition(rule)} ? '{rule.value}'" for rule in rules), "null"])


def zen_condition(rule: Rule) -> str:
    some = [f"({' or '.join(map(zen_test, rule.some))})"] if rule.some else []
    return " and ".join(chain(map(zen_test, rule.every), some))


def zen_test(asked: Asked) -> str:
    if asked.fact in SETS:
        return f"({asked.fact} != null and some({asked.fact}, # in {list(asked.values)}))"
    if asked.values:
        return f"{asked.fact} in {list(asked.values)}"
    bounds = [
        f"{asked.fact} {word} {cutoff}" for word, cutoff in ((">=", asked.low), ("<", asked.high)) if cutoff is not None
    ]
    return f"({' and '.join([f'{asked.fact} != null', *bounds])})"
