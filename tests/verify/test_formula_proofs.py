"""Proofs about formulas, where the answer is known: by hand, for Z3 has no list of answers to be held against."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction

import pytest

from engine.dialogue.consultation import Consultation, consult
from engine.explain.why_not import why_not
from engine.language.numbers import round12
from engine.verify import finder, provable
from engine.verify.check import check
from engine.verify.finder import Finder
from engine.verify.proofs import proofs
from engine.verify.rounding import first
from tests.random_rulesets import load_spec


def ruleset(facts, when, otherwise="no", **more):
    """One rule about formulas; `hit` is yes when it applies."""
    hit = {"label": "Hit", "derived": True, "type": "yes_no", **({"otherwise": otherwise} if otherwise else {})}
    rule = {"id": "r", "title": "R", "when": when, "then": {"hit": "yes"}, "because": "So."}
    header = {"id": "x", "title": "X", "version": "1", "goals": ["hit"]}
    return load_spec({**header, "facts": {**facts, "hit": hit}, "rules": [rule], **more})


def number(**more):
    return {"label": "N", "ask": "N?", "type": "number", **more}


def formula(text, **more):
    return {"label": "F", "type": "number", "formula": text, **more}


def date(**more):
    return {"label": "D", "ask": "D?", "type": "date", **more}


def names(ruleset):
    return {finding.name for finding in proofs(Finder(ruleset))}


A, B = number(range=[0, 10]), number(range=[0, 10])
MASS = {"unit": "mcg", "units": ["mg"]}


@pytest.mark.parametrize(
    ("facts", "when", "dead"),
    [
        ({"a": A, "b": B, "f": formula("a + b")}, {"f": {"above": "20"}}, True),
        ({"a": A, "b": B, "f": formula("a + b")}, {"f": {"at_least": "20"}}, False),
        ({"a": A, "b": B, "f": formula("a - b")}, {"f": {"below": "-10"}}, True),
        ({"a": A, "b": B, "f": formula("a / b")}, {"b": "0", "f": {"at_least": "0"}}, True),  # no quotient by zero
        ({"a": A, "b": B, "f": formula("a / b")}, {"a": {"below": "1"}, "f": {"above": "1000"}}, False),
        ({"a": A, "b": B, "f": formula("a / b")}, {"f": {"below": "0"}}, True),
        ({"a": A, "b": B, "f": formula("a / (b - 5)")}, {"b": {"below": "5"}, "f": {"above": "0"}}, True),
        ({"a": A, "b": B, "f": formula("a / (b - 5)")}, {"b": {"below": "5"}, "f": {"below": "0"}}, False),
        ({"a": A, "b": B, "f": formula("min(a, b)")}, {"a": {"below": "3"}, "f": {"above": "3"}}, True),
        ({"a": A, "b": B, "f": formula("max(a, b)")}, {"a": {"above": "3"}, "f": {"at_most": "3"}}, True),
        ({"a": A, "b": B, "f": formula("max(a, b)")}, {"a": {"at_most": "3"}, "f": {"above": "9"}}, False),
        ({"a": A, "f": formula("round(a)")}, {"a": {"below": "2.5"}, "f": {"above": "2"}}, True),
        ({"a": A, "f": formula("round(a)")}, {"a": {"at_most": "2.5"}, "f": {"at_least": "3"}}, False),
        ({"a": A, "f": formula("round(0 - a)")}, {"a": {"below": "2.5"}, "f": {"below": "-2"}}, True),
        ({"a": A, "f": formula("round(0 - a)")}, {"a": {"at_most": "2.5"}, "f": {"at_most": "-3"}}, False),
        ({"a": A, "b": B, "f": formula("a * b")}, {"f": {"above": "100"}}, True),
        ({"a": A, "b": B, "f": formula("a * a - b")}, {"b": {"below": "1"}, "f": {"below": "-1"}}, True),
        ({"a": number(range=["0 mcg", "2000 mcg"], **MASS), "f": formula("a", unit="mcg")},
         {"a": {"at_most": ["2 mg", "2 mcg"]}, "f": {"above": "2000 mcg"}}, True),
        ({"a": number(range=["0 mcg", "2000 mcg"], **MASS), "f": formula("a", unit="mcg")},
         {"a": {"at_most": ["2 mg", "2 mcg"]}, "f": {"above": "1999 mcg"}}, False),  # reported as 2 mg
        ({"a": number(range=[0, 10], ask_when={"g": "yes"}), "g": {"label": "G", "ask": "G?", "type": "yes_no"},
          "f": formula("a")}, {"g": "no", "f": {"at_least": "0"}}, True),
        ({"d": date(), "f": formula("as_of - d", unit="days")},
         {"d": {"at_least": "2026-01-01"}, "f": {"above": "4000000 days"}}, True),
        ({"d": date(range=["2026-01-01", "2026-12-31"]), "e": date(range=["2026-01-01", "2026-12-31"]),
          "f": formula("d - e", unit="days")}, {"f": {"above": "364 days"}}, True),
        ({"d": date(range=["2026-01-01", "2026-12-31"]), "e": date(range=["2026-01-01", "2026-12-31"]),
          "f": formula("d - e", unit="days")}, {"f": {"at_least": "364 days"}}, False),
        ({"a": number(range=[0, 10], required=True), "f": formula("a")}, {"a": "unknown"}, True),
    ],
)  # fmt: skip
def test_a_rule_on_a_formula_is_dead_where_no_answers_reach_it(facts, when, dead):
    loaded = ruleset(facts, when)

    assert ("dead_rule: r" in names(loaded)) is dead
    assert {name for name in names(loaded) if name.startswith("unproved")} == set()


LENGTH = {"unit": "days", "units": ["months"]}


@pytest.mark.parametrize(
    ("facts", "when", "answers"),
    [
        ({"a": A, "b": B, "f": formula("a / b"), "g": formula("a - 2 * b")},
         {"b": {"at_least": "1"}, "f": {"at_least": "2"}, "g": {"below": "0"}}, {"a": "1.99999999999999", "b": "1"}),
        ({"a": number(range=["0 days", "1000 days"], **LENGTH), "f": formula("a", unit="days")},
         {"a": {"below": ["1 days", "1 months"]}, "f": {"at_least": "30.4375 days"}}, {"a": "0.99999999999999 months"}),
        ({"a": A, "third": formula("a / 3"), "f": formula("third * 3")},
         {"a": {"above": "1"}, "f": {"below": "1"}}, {"a": "1.0000000000001"}),
    ],
)  # fmt: skip
def test_what_only_rounding_to_12_digits_brings_about_is_not_proved_away(facts, when, answers):
    """Exactly there is nobody: these patients stand on one side of a cut-off, and rounded on the other."""
    loaded = ruleset(facts, when)
    (dead,) = (each for each in proofs(Finder(loaded)) if each.subject in {"r", "dead_rule r"})

    assert consult(loaded, answers).conclusions["hit"] == "yes"
    assert dead.name == "unproved: dead_rule r"
    assert "rounded to 12 digits" in dead.message
    asked = why_not(Consultation(loaded, {}), loaded.goals[0], "yes")
    assert asked.repairs or asked.gave_up


def test_a_cut_off_that_rounding_cannot_reach_is_proved_of_quotients_and_conversions():
    """They are rounded alike wherever they stand, and a round number of 12 digits stays where it is."""
    length = number(range=["0 days", "1000 days"], **LENGTH)
    facts = {"a": A, "b": B, "f": formula("a / b"), "n": length, "g": formula("n - 7", unit="days")}
    tests = [
        {"all": [{"f": {"below": "2"}}, {"f": {"at_least": "2"}}]},
        {"all": [{"a": {"at_least": "4"}}, {"b": {"between": ["1", "2"]}}, {"f": {"below": "2"}}]},
        {"all": [{"g": {"above": "10 days"}}, {"g": {"at_most": "10 days"}}]},
        {"all": [{"n": {"above": ["60 days", "2 months"]}}, {"g": {"below": "50 days"}}]},
    ]

    for when in tests:
        assert "dead_rule: r" in names(ruleset(facts, when)), when


@pytest.mark.parametrize("seed", range(30))
def test_from_where_on_numbers_round_to_a_cut_off_is_where_they_do(seed):
    rng = random.Random(seed)
    cutoff = Decimal(rng.choice([0, 1, 10, 999999999999, 100, 133, 30.4375, 7])).scaleb(rng.randint(-3, 3))
    cutoff = cutoff.copy_negate() if rng.random() < 0.5 else cutoff
    hair = max(abs(Fraction(cutoff)), Fraction(1)) / 10**14
    for above in (False, True):
        least, included = first(cutoff, above=above)
        for step in (-300, -2, -1, 0, 1, 2, 300):
            value = least + step * hair
            rounded = round12(value)
            expected = value > least or (included and value == least)
            assert (rounded > cutoff if above else rounded >= cutoff) is expected, (cutoff, above, value)


NARROW = {"range": ["2020-01-01", "2030-01-01"]}
WHEN_KNOWN = {"f": {"when": {"d": {"is": "known"}}}}
PART = {"d": {"label": "D", "ask": "D?", "type": "date"}, "f": formula("d + 30") | {"type": "date"}}


@pytest.mark.parametrize(
    ("part", "goals", "found"),
    [
        ({},                        ["f"],       {"gap: f"}),
        (NARROW,                    ["f"],       {"gap_when_unknown: f d"}),
        (NARROW | {"required": True}, ["f"],     set()),
        (NARROW,                    [WHEN_KNOWN], set()),
    ],
)  # fmt: skip
def test_a_formula_that_is_a_goal_is_mended_as_its_findings_say(part, goals, found):
    """No rule and no `otherwise` could help it."""
    spec = {"id": "x", "title": "X", "version": "1", "goals": goals, "facts": {**PART, "d": PART["d"] | part}}
    findings = list(proofs(Finder(load_spec({**spec, "rules": []}))))

    assert {finding.name for finding in findings} == found
    assert not any("Add a rule" in finding.message or "Let a rule" in finding.message for finding in findings)


def test_a_division_by_zero_silences_a_goal_without_otherwise():
    loaded = ruleset({"a": A, "b": B, "f": formula("a / b")}, {"f": {"above": "1"}}, otherwise=None)
    (gap,) = (each for each in proofs(Finder(loaded)) if each.kind == "gap")

    assert consult(loaded, gap.witness.answers).undetermined == ("hit",)


def test_a_witness_names_the_date_it_is_evaluated_at():
    loaded = ruleset({"d": date(), "f": formula("as_of - d", unit="days")}, {"f": {"above": "30 days"}},
                     properties=[{"id": "p", "title": "P", "never": {"hit": "yes"}}])  # fmt: skip
    (broken,) = (each for each in proofs(Finder(loaded)) if each.kind == "broken_property")

    assert consult(loaded, broken.witness.answers, broken.witness.as_of).conclusions["hit"] == "yes"
    assert consult(loaded, broken.witness.answers).conclusions == {}


HARD = {"a": number(range=[1, 1000]), "b": number(range=[1, 1000]), "c": number(range=[1, 1000])}
CUBES = formula("a * a * a + b * b * b - c * c * c")


def test_where_z3_gives_up_it_is_said_with_how_many_patients_were_looked_at(monkeypatch):
    """Sums of two cubes that are a third one within a hair, and rounded to be whole."""
    monkeypatch.setattr(finder, "PATIENCE", 200)
    whole = {name: formula(f"round({name}) - {name}") for name in "abc"}
    facts = {**HARD, **{f"{name}_whole": each for name, each in whole.items()}, "f": CUBES}
    tests = [{f"{name}_whole": "0"} for name in "abc"]
    loaded = ruleset(facts, {"all": [*tests, {"f": "0"}]})
    (unproved,) = (each for each in proofs(Finder(loaded)) if each.subject == "dead_rule r")

    assert unproved.kind == "unproved"
    assert "32768 random patients" in unproved.message


def test_what_a_sample_shows_needs_no_proof():
    loaded = ruleset({**HARD, "f": CUBES}, {"f": {"above": "0"}})

    assert names(loaded) == {f"gap_when_unknown: hit {name}" for name in "abc"}


def test_too_many_combinations_of_contradicting_values_are_left_unproved(monkeypatch):
    monkeypatch.setattr(provable, "MOST_COMBINATIONS", 8)
    rng = random.Random(1)
    parts = [f"p{number}" for number in range(4)]
    facts = {"a": A}
    rules = []
    for part in parts:
        facts[part] = {"label": part, "derived": True, "type": "number"}
        for value in range(4):
            when = {"a": {"at_least": str(rng.randrange(5))}}
            name = f"{part}-{value}"
            rules.append({"id": name, "title": name, "when": when, "then": {part: str(value)}, "because": "So."})
    facts["f"] = formula(" + ".join(parts))
    hit = {"label": "Hit", "derived": True, "type": "yes_no", "otherwise": "no"}
    rules.append({"id": "r", "title": "R", "when": {"f": {"above": "12"}}, "then": {"hit": "yes"}, "because": "So."})
    header = {"id": "x", "title": "X", "version": "1", "goals": ["hit"]}
    found = names(load_spec({**header, "facts": {**facts, "hit": hit}, "rules": rules}))

    assert "unproved: dead_rule r" in found
    assert any(name.startswith("conflict: p0") for name in found)  # shown by the sample


def test_checking_the_same_ruleset_twice_says_the_same():
    loaded = ruleset({"a": A, "b": B, "f": formula("a / b")}, {"f": {"above": "1"}}, otherwise=None)

    assert check(loaded) == check(loaded)


@pytest.mark.parametrize(
    ("fact", "when", "values"),
    [
        (number(unit="mcg", units=["mg"]), {"below": "2.5 mg"}, {"2.5 mg", "2.4 mg"}),
        (number(unit="mcg", units=["mg"]), {"above": "250 mcg"}, {"250 mcg", "251 mcg"}),
        (date(range=["2026-01-01", "2026-12-31"]), {"below": "2026-03-01"}, {"2026-03-01", "2026-02-28"}),
    ],
)
def test_a_cut_off_without_cases_is_shown_with_the_answer_that_a_case_of_it_has(fact, when, values):
    loaded = ruleset({"a": fact, "b": B}, {"a": when, "b": {"below": "5"}})
    found = [each for each in check(loaded).findings if each.kind == "untested_boundary" and each.facts == ("a",)]

    (first,) = found
    assert first.witness.answers["a"] in values
    assert set(first.witness.answers) == {"a", "b"}


def test_a_redundant_rule_is_shown_with_a_patient_whom_it_applies_to():
    rules = [
        {"id": name, "title": name, "when": {"a": {"below": most}}, "then": {"hit": "yes"}, "because": "So."}
        for name, most in (("r", "5"), ("s", "7"))
    ]
    loaded = ruleset({"a": A}, {"a": {"below": "5"}}, rules=rules)
    (found,) = (each for each in check(loaded).findings if each.kind == "redundant_rule")

    assert found.rules[0] == "r"
    assert "r" in consult(loaded, found.witness.answers).run.applies
