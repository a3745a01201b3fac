"""Explanations where a formula computes with the answers: kinds of answer cannot be listed, so Z3 finds them."""

from __future__ import annotations

import pytest

from engine.dialogue.consultation import Consultation, consult
from engine.explain.what_if import told
from engine.explain.why_not import why_not
from engine.explain.witnesses import witnesses
from engine.verify import finder
from engine.verify.provable import GaveUpError
from tests.random_rulesets import load_spec


def number(low, high, **more):
    return {"type": "number", "label": "N", "ask": "?", "range": [str(low), str(high)], **more}


def ruleset(facts, when):
    """A ruleset with one rule: a hit when something holds of formulas."""
    hit = {"label": "Hit", "derived": "true", "type": "yes_no", "otherwise": "no"}
    rule = {"id": "r", "title": "R", "when": when, "then": {"hit": "yes"}, "because": "So."}
    header = {"id": "x", "title": "X", "version": "1", "goals": ["hit"]}
    return load_spec({**header, "facts": {**facts, "hit": hit}, "rules": [rule]})


def formula(text):
    return {"type": "number", "label": "F", "formula": text}


PRODUCT = ruleset({"a": number(1, 10), "b": number(1, 10), "f": formula("a * b")}, {"f": {"above": "55"}})


@pytest.mark.parametrize(
    ("a", "b", "changed"),
    [
        ("6", "2", 1),  # b has to be more than 55 / 6
        ("2", "6", 1),
        ("5", "5", 2),  # neither alone can: 5 * 10 is 50
    ],
)
def test_why_not_of_a_product_takes_as_few_numbers_as_can_be(a, b, changed):
    consultation = consult(PRODUCT, {"a": a, "b": b})
    found = why_not(consultation, PRODUCT.goals[0], "yes")

    assert found.gave_up is None
    assert {len(repair.change) for repair in found.repairs} == {changed}
    for repair in found.repairs:
        assert told(repair.after, "hit") == ("yes",)


def test_why_not_is_proved_where_no_numbers_reach_it():
    loaded = ruleset({"a": number(1, 10), "b": number(1, 10), "f": formula("a * b")}, {"f": {"above": "100"}})
    found = why_not(consult(loaded, {"a": "5", "b": "5"}), loaded.goals[0], "yes")

    assert found.repairs == ()
    assert found.gave_up is None


@pytest.mark.parametrize(("a", "matters"), [("5", False), ("6", True)])
def test_a_factor_matters_where_the_product_can_still_pass_the_cut_off(a, matters):
    facts = {"a": number(1, 10), "b": number(1, 10, required="true"), "f": formula("a * b")}
    loaded = ruleset(facts, {"f": {"above": "55"}})

    assert (witnesses(consult(loaded, {"a": a}), "b") is not None) is matters


def test_not_to_know_a_factor_leaves_the_goal_undecided():
    found = witnesses(consult(PRODUCT, {"a": "5"}), "b")

    assert None in found.ends


WHOLE = {f"{name}_whole": formula(f"round({name}) - {name}") for name in "abc"}
CUBES = ruleset(
    {
        **{name: number(1, 1000, required="true") for name in "abc"},
        **WHOLE,
        "f": formula("a * a * a + b * b * b - c * c * c"),
    },
    {"all": [*({name: "0"} for name in WHOLE), {"f": "0"}]},
)


def test_where_z3_gives_up_why_not_says_so(monkeypatch):
    """No two whole cubes make a third, which Z3 does not know."""
    monkeypatch.setattr(finder, "PATIENCE", 200)
    found = why_not(consult(CUBES, {"a": "2", "b": "3", "c": "4"}), CUBES.goals[0], "yes")

    assert found.repairs == ()
    assert found.gave_up


def test_where_z3_gives_up_witnesses_say_so(monkeypatch):
    monkeypatch.setattr(finder, "PATIENCE", 200)

    with pytest.raises(GaveUpError):
        witnesses(Consultation(CUBES, {}), "a")
