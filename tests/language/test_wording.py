"""Conditions, rules and values as a clinician reads them aloud."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from engine.language.conditions import ConditionReader
from engine.language.errors import Problems
from engine.language.load import load_ruleset
from engine.language.model import Phase
from engine.language.source import parse_yaml
from engine.language.values import UNKNOWN, Quantity
from engine.language.wording import (
    AS_THE_PROTOCOL_SAYS,
    fill,
    placeholders,
    say_conclusion,
    say_condition,
    say_date,
    say_held,
    say_holds,
    say_phase,
    say_rule,
    say_strength,
    say_unit,
    say_value,
)

GOOD = Path(__file__).resolve().parent.parent / "corpora" / "good"


@pytest.fixture(scope="module")
def ruleset():
    return load_ruleset(GOOD / "everything")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{}",                                          "always"),
        ("{sex: male}",                                 "sex is male"),
        ("{absorption: [impaired, unclear]}",           "absorption is impaired or not clear"),
        ("{absorption: [impaired, normal, unclear]}",   "absorption is impaired, normal or not clear"),
        ("{sex: {is_not: male}}",                       "sex is not male"),
        ("{absorption: {is_not: [normal, unclear]}}",   "absorption is neither normal nor not clear"),
        ("{vegan: yes}",                                "vegan diet is yes"),
        ("{vegan: [no, unknown]}",                      "vegan diet is no or not known"),
        ("{sex: unknown}",                              "sex is not known"),
        ("{sex: {is: known}}",                          "sex is known"),
        ("{signs: {is: unknown}}",                      "neurologic symptoms are not known"),
        ("{age: {below: 18}}",                          "age is below 18 years"),
        ("{age: {at_least: 18, below: 65}}",            "age is at least 18 years and below 65 years"),
        ("{age: {at_most: 1}}",                         "age is at most 1 year"),
        ("{age: {above: 65}}",                          "age is above 65 years"),
        ("{age: {at_most: 65}}",                        "age is at most 65 years"),
        ("{age: 65}",                                   "age is 65 years"),
        ("{age: {between: [18, 65]}}",                  "age is from 18 years to 65 years"),
        ("{serum_b12: {below: [180 ng/L, 133 pmol/L]}}", "serum vitamin B12 is below 180 ng/L (133 pmol/L)"),
        (
            "{serum_b12: {between: [[180 ng/L, 350 ng/L], [133 pmol/L, 258 pmol/L]]}}",
            "serum vitamin B12 is from 180 ng/L to 350 ng/L (133 pmol/L to 258 pmol/L)",
        ),
        ("{onset: {below: 2026-01-31}}",                "onset is before 31 January 2026"),
        ("{onset: {at_most: 2026-01-31}}",              "onset is on or before 31 January 2026"),
        ("{onset: {at_least: 2026-01-31}}",             "onset is on or after 31 January 2026"),
        ("{onset: {above: 2026-01-31}}",                "onset is after 31 January 2026"),
        ("{onset: 2026-01-31}",                         "onset is 31 January 2026"),
        ("{onset: {between: [2025-01-01, 2026-01-31]}}", "onset is from 1 January 2025 to 31 January 2026"),
        ("{signs: numbness}",                           "neurologic symptoms include numbness or tingling"),
        (
            "{signs: {includes_any: [numbness, balance]}}",
            "neurologic symptoms include numbness or tingling or balance or gait problems",
        ),
        ("{mistakes: {includes_all: [too_rare, too_late]}}", "mistakes include too rare and too late"),
        ("{mistakes: {includes_none: [too_rare, too_late]}}", "mistakes include neither too rare nor too late"),
        ("{mistakes: {includes_none: [too_rare]}}",     "mistakes do not include too rare"),
        ("{signs: {is: empty}}",                        "neurologic symptoms: none"),
        ("{mistakes: {is: not_empty}}",                 "mistakes: at least one"),
        ("{disposition: {is: empty}}",                  "disposition has no value"),
        ("{disposition: {is: not_empty}}",              "disposition has a value"),
        ("{sex: male, vegan: no}",                      "sex is male and vegan diet is no"),
        ("{sex: male, vegan: no, age: 5}",              "sex is male; vegan diet is no; and age is 5 years"),
        ("{any: [{sex: male}, {vegan: no}]}",           "sex is male or vegan diet is no"),
        ("{any: [{sex: female}, {sex: unknown}]}",      "sex is female or not known"),
        ("{any: [{age: {below: 5}}, {age: {above: 65}}]}", "age is below 5 years or above 65 years"),
        ("[{sex: male, age: 5}, {vegan: no}]",          "sex is male; age is 5 years; and vegan diet is no"),
        ("{sex: male, any: [{vegan: no}, {age: 5}]}",   "sex is male and (vegan diet is no or age is 5 years)"),
        ("{not: {sex: male}}",                          "it is not the case that sex is male"),
        ("{not: {any: [{sex: male}, {vegan: no}]}}",    "none of these holds: (sex is male; vegan diet is no)"),
        ("{not: {all: [{sex: male}, {vegan: no}]}}",    "not all of these hold: (sex is male; vegan diet is no)"),
        ("{not: {any: [{sex: male}]}}",                 "it is not the case that sex is male"),
    ],
)  # fmt: skip
def test_a_condition_is_read_aloud(ruleset, written, said):
    problems = Problems()
    condition = ConditionReader(ruleset.facts, lambda _: False, problems).read(parse_yaml(written, "condition"))

    assert problems == []
    assert say_condition(ruleset, condition) == said


@pytest.mark.parametrize(
    ("fact", "value", "said"),
    [
        ("serum_b12", Quantity(Decimal("284.50"), "pg/mL"), "284.5 pg/mL"),
        ("age", Quantity(Decimal(1), "years"), "1 year"),
        ("age", Quantity(Decimal(54), "year"), "54 years"),
        ("age", Quantity(Decimal("0.5"), "week"), "0.5 weeks"),
        ("age", Quantity(Decimal(1), "weeks"), "1 week"),
        ("age", Quantity(Decimal(2), "tablet/day"), "2 tablets/day"),
        ("age", Quantity(Decimal(1), "yr"), "1 yr"),
        ("age", Quantity(Decimal(2), "mg"), "2 mg"),
        ("sex", "female", "female"),
        ("vegan", "yes", "yes"),
        ("signs", ("numbness", "balance"), "numbness or tingling and balance or gait problems"),
        ("signs", (), "none"),
        ("sex", UNKNOWN, "not known"),
        ("onset", dt.date(2026, 11, 2), "2 November 2026"),
    ],
)
def test_a_value_is_said(ruleset, fact, value, said):
    assert say_value(ruleset.facts[fact], value) == said


def test_a_value_of_nothing_known_is_said_as_it_is():
    assert say_value(None, "im_intensive") == "im_intensive"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("always", "Always: disposition is go on."),
        ("refer_children", "When age is below 18 years: disposition is refer."),
        (
            "interval",
            (
                "When deficient is yes and absorption is impaired or not clear: "
                "advised interval is 2 weeks and regimen is weekly injections."
            ),
        ),
    ],
)
def test_a_rule_is_one_sentence(ruleset, rule, said):
    assert say_rule(ruleset, ruleset.rules[rule]) == said


def test_a_conclusion_about_a_set(ruleset):
    assert say_conclusion(ruleset, ruleset.rules["mistake"]) == "mistakes include too rare and too late"


def test_no_ids_stand_in_sentences(ruleset):
    hidden = {name for name in (*ruleset.facts, *ruleset.rules) if "_" in name}

    for rule in ruleset.rules.values():
        assert not [name for name in hidden if name in say_rule(ruleset, rule)]


def test_a_because_text_is_filled():
    assert fill("{age} is under 18, says {nobody}.", {"age": "9 years"}) == "9 years is under 18, says {nobody}."
    assert placeholders("{age} and {sex}") == ["age", "sex"]


def test_every_month_is_said():
    assert [say_date(dt.date(2026, month, 1)).split()[1][:3] for month in range(1, 13)] == [
        *("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    ]


def test_what_is_held_is_said_with_its_label(ruleset):
    assert say_held(ruleset.facts["signs"], ()) == "Neurologic symptoms: none"
    assert say_holds(ruleset, ruleset.rules["interval"]) == ["Advised interval: 2 weeks", "Regimen: weekly injections"]


@pytest.mark.parametrize(
    ("strength", "said"),
    [(None, None), ("custom", "usual practice, not settled"), ("weak", "weak recommendation")],
)
def test_a_strength_is_said(strength, said):
    assert say_strength(strength) == said


@pytest.mark.parametrize(
    ("phase", "said"),
    [
        (
            Phase("A", "1000 mcg", "IM", "1 months", "it is over", "3 weeks", "2 weeks"),
            ["1000 mcg", "IM", "every month", "until it is over, for 2 weeks", "3 weeks"],
        ),
        (Phase("A", for_="ongoing"), [*[AS_THE_PROTOCOL_SAYS] * 3, "ongoing", AS_THE_PROTOCOL_SAYS]),
    ],
)
def test_a_phase_is_said(phase, said):
    assert list(say_phase(phase).values()) == said


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ("umol/L", "µmol/L"),
        ("10^9/L", "10⁹/L"),
        ("x10^12/L", "x10¹²/L"),
        ("mL/min/1.73 m^2", "mL/min/1.73 m²"),
        ("nmol/L", "nmol/L"),
        ("mU/L", "mU/L"),
        ("units", "units"),
    ],
)
def test_units_are_said_as_they_are_printed(unit, said):
    assert say_unit(unit) == said
    assert say_value(None, Quantity(Decimal(15), unit)) == f"15 {said}"
