"""The generator loses no construct of the language, and its rulesets load the same from a folder as from data."""

from __future__ import annotations

import json
import random
from collections import Counter
from decimal import Decimal

import pytest
from ruamel.yaml import YAML

from engine.language.load import load_ruleset
from engine.language.values import UNKNOWN, Quantity
from engine.logic.evaluate import Evaluation
from engine.logic.signs import FALSE
from tests.random_rulesets import constructs, load_spec, random_answers, random_as_of, random_ruleset, random_spec

CONSTRUCTS = """
    input yes_no | input choice | input choices | input number | input date | input in one unit | input in several units
    molar mass | required
    derived yes_no | derived choice | derived choices | derived number | derived date | derived in several units
    formula number | formula date | formula in several units
    gate on an input | gate on a derived fact | gate on a formula | gate on a gated input
    formula of a given number | formula of a given date | formula of a derived number | formula of a derived date
    formula of a formula number | formula of a formula date | formula with as_of | formula with a gated part
    formula with + | formula with - | formula with * | formula with /
    formula with min( | formula with max( | formula with round( | formula with -(
    otherwise of a yes_no | otherwise of a choice | otherwise of a number | otherwise of a date
    otherwise of a choice, no rules
    derived fact without a rule | option that no rule concludes | regimen fact declared | regimen fact understood
    when: {} | rule that concludes several facts | rule that adds several options
    overrides, same fact | overrides across facts | overrides several | overridden by several
    overrides a rule that concludes several facts | overrides a rule that overrides
    goal value | goal value with when | goal set | goal set with when | goal formula | goal formula with when
    goal input | goal input with when
    all at depth 0 | all at depth 3 | any at depth 0 | any at depth 3
    not all | not any | not valuetest | not settest | not knowntest | not heldtest
    several words in one test
    is known on input | is unknown on input | is known on input gated | is unknown on input gated
    is unknown on input set
    is empty on input set | is not_empty on input set | is empty on derived set | is not_empty on derived set
    is empty on derived | is not_empty on derived | is empty on formula | is not_empty on formula
    includes_any on input set | includes_all on input set | includes_none on input set
    includes_any on derived set | includes_all on derived set | includes_none on derived set
    value on input yes_no | value on input gated choice | value of a list on input choice | is_not on input choice
    value on input number | value on input date | is_not of a list on input number | is_not on input gated date
    value on derived choice | value of a list on derived choice | is_not on derived choice
    is_not of a list on derived choice
    value on derived number | value on derived date | is_not on derived number | is_not on derived date
    value on formula number | is_not on formula number
"""
COMPARISONS = [
    f"{word}{listed} on {fact}"
    for word in ("below", "at_most", "at_least", "above")
    for listed, facts in (
        ("", ("input number", "input date", "input gated number", "derived number", "derived date", "formula number")),
        (" one a unit", ("input number", "derived number")),
    )
    for fact in facts
]
SEEDS = range(600)


def random_evaluations():
    for seed in SEEDS:
        rng = random.Random(f"constructs {seed}")
        ruleset = random_ruleset(rng)
        yield Evaluation(ruleset, random_answers(rng, ruleset), random_as_of(rng))


def test_every_construct_occurs():
    wanted = [name.strip() for line in CONSTRUCTS.strip().splitlines() for name in line.split("|")]
    found = Counter()
    for seed in SEEDS:
        found.update(constructs(random_ruleset(random.Random(f"constructs {seed}"))))

    assert [name for name in (*wanted, *COMPARISONS) if found[name] < 3] == []


def events(evaluation):
    """What can happen in an evaluation, and should in some."""
    ruleset, answers = evaluation.ruleset, evaluation.answers
    yield from ("conflict" for _ in list(evaluation.conflicts())[:1])
    for name, answer in answers.items():
        fact = ruleset.facts[name]
        yield "answered unknown" if answer is UNKNOWN else "answered none" if answer == () else "answered"
        if evaluation.gates[name] & FALSE:
            yield "answer behind a closed gate"
        if isinstance(answer, Quantity) and fact.units and answer.unit != fact.units.canonical:
            yield "answer in another unit"
    for name, fact in ruleset.facts.items():
        if fact.formula and evaluation.combinations(fact):
            yield "formula with a value" if evaluation.held[name] else "formula without a value"
            values = [value for part in fact.formula.names for value in evaluation.part_values(part)]
            if "/" in fact.formula.text and Quantity(Decimal(0)) in values and not evaluation.held[name]:
                yield "division by zero"
        if fact.otherwise is not None:
            yield "otherwise holds" if fact.otherwise in evaluation.held[name] else "otherwise does not hold"
    both = evaluation.applies & evaluation.fails
    yield from ("rule that applies and fails" for _ in both)
    yield from (
        "formula with several values"
        for name, held in evaluation.held.items()
        if len(held) > 1 and ruleset.facts[name].formula
    )


def test_every_event_occurs():
    found = Counter(event for evaluation in random_evaluations() for event in events(evaluation))

    for event in (
        "conflict", "answered unknown", "answered none", "answer behind a closed gate", "answer in another unit",
        "formula with a value", "formula without a value", "division by zero", "otherwise holds",
        "otherwise does not hold", "rule that applies and fails", "formula with several values",
    ):  # fmt: skip
        assert found[event] >= 1, f"{event}: {found[event]}"
    assert 0.05 <= found["conflict"] / len(SEEDS) <= 0.10


@pytest.mark.parametrize("seed", range(20))
def test_a_ruleset_loads_the_same_from_a_folder_of_yaml(seed, tmp_path):
    spec = random_spec(random.Random(f"folder {seed}"))
    for number, keys in enumerate(
        (["rules", "regimens"], ["facts"], ["id", "title", "version", "goals", "sections", "sources"])
    ):
        part = json.dumps({key: spec[key] for key in keys if key in spec})
        YAML().dump(json.loads(part), tmp_path / f"{number}.yaml")

    assert load_spec(spec) == load_ruleset(tmp_path)


def test_a_seed_is_a_ruleset():
    assert random_spec(random.Random(7)) == random_spec(random.Random(7))
    assert random_spec(random.Random(7)) != random_spec(random.Random(8))
