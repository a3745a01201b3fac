"""A corpus of sound rulesets: every construct of the language loads, and means what it says."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from engine.language.load import load_ruleset, shipped_ids
from engine.language.model import (
    All,
    Any,
    Bound,
    Goal,
    HeldTest,
    KnownTest,
    Not,
    OneOf,
    Option,
    SetTest,
    ValueTest,
)
from engine.language.values import Quantity
from tests.random_rulesets import all_tests

CORPUS = Path(__file__).resolve().parent.parent / "corpora" / "good"
GOOD = sorted(CORPUS.iterdir())


def ng(number):
    return Quantity(Decimal(number), "ng/L")


def pmol(number):
    return Quantity(Decimal(number), "pmol/L")


def years(number):
    return Quantity(Decimal(number), "years")


def is_(fact, *values):
    return ValueTest(fact, (OneOf(values),))


@pytest.fixture(scope="module")
def everything():
    return load_ruleset(CORPUS / "everything")


def test_the_corpus_is_there():
    assert len(GOOD) >= 7


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_a_sound_ruleset_loads(path):
    ruleset = load_ruleset(path)

    assert ruleset.rules
    assert ruleset.order
    assert len(ruleset.digest) == 64


@pytest.mark.parametrize("name", shipped_ids())
def test_a_shipped_ruleset_loads(name):
    assert load_ruleset(name).rules


def test_the_header(everything):
    assert everything.version == "1.0"
    assert everything.summary == "Shown before the first question.\n"
    assert everything.authors == ("A. Author", "B. Author")
    assert everything.not_for == ("Children",)
    assert everything.reviewed == "2026-11-22"
    assert everything.next_review == "2027-11-22"
    assert everything.glossary == (("cobalamin", "vitamin B12"), ("MMA", "methylmalonic acid"))
    assert everything.sources["article"].date == "2026-01-31"
    assert [start.id for start in everything.starts] == ["newly-diagnosed", "blank"]
    assert everything.starts[0].answers == (("plan_status", "none"), ("signs", ()), ("onset", "2026-01-31"))
    assert [(section.id, section.together) for section in everything.sections] == [("patient", False), ("labs", True)]
    assert everything.accept[0].finding == "unused_fact follow_up"


def test_files_are_joined_in_order_of_name(everything):
    assert list(everything.facts)[:2] == ["age", "sex"]
    assert list(everything.facts)[-2:] == ["mistakes_seen", "regimen"]
    assert {Path(fact.mark.path).name for fact in everything.facts.values()} == {"20-facts.yaml", "30-rules.yaml", ""}


def test_goals(everything):
    assert everything.goals == (
        Goal("disposition"),
        Goal("regimen", is_("disposition", "continue")),
        Goal("mistakes"),
    )


def test_facts(everything):
    b12, signs = everything.facts["serum_b12"], everything.facts["signs"]

    assert b12.units.names == ("ng/L", "pg/mL", "pmol/L")
    assert b12.range == (ng(0), ng(20000))
    assert b12.plausible == (ng(50), ng(2000))
    assert b12.codes == (("loinc", ("2132-9",)), ("local", ("17",)))
    assert b12.clinician_note == "Take the sample\nbefore treatment.\n"
    assert signs.options == (
        Option("numbness", "Numbness or tingling"),
        Option("balance", "Balance or gait problems", "When walking"),
    )
    assert signs.none == "None of these"
    assert everything.facts["age"].required
    assert everything.facts["onset"].range == (dt.date(1900, 1, 1), dt.date(2100, 12, 31))
    assert everything.facts["pregnancy"].gate == Any((is_("sex", "female"), KnownTest("sex", known=False)))
    assert everything.facts["illness_days"].derived
    assert everything.facts["follow_up"].formula.names == ("onset", "as_of", "planned_interval")
    assert everything.facts["absorption"].otherwise == "normal"
    assert everything.facts["deficient"].otherwise == "no"
    assert everything.facts["regimen"].options == (Option("weekly", "Weekly injections"),)


@pytest.mark.parametrize(
    ("rule", "when"),
    [
        ("always", All(())),
        ("refer_children", ValueTest("age", (Bound("below", (years(18),)),))),
        (
            "low-level",
            All(
                (
                    ValueTest("serum_b12", (Bound("below", (ng(180), pmol(133))),)),
                    Any((is_("vegan", "yes"), KnownTest("vegan", known=False))),
                )
            ),
        ),
        (
            "borderline",
            All(
                (
                    ValueTest(
                        "serum_b12", (Bound("at_least", (ng(180), pmol(133))), Bound("at_most", (ng(350), pmol(258))))
                    ),
                    Any(
                        (
                            SetTest("signs", "any", ("numbness",)),
                            SetTest("signs", "all", ("numbness", "balance")),
                            All(
                                (
                                    SetTest("signs", "any", ("balance",)),
                                    ValueTest("onset", (Bound("at_most", (dt.date(2026, 1, 31),)),)),
                                )
                            ),
                            Not(Any((SetTest("signs", "none", ("numbness",)), HeldTest("signs", held=False)))),
                        )
                    ),
                )
            ),
        ),
        (
            "impaired",
            All(
                (
                    ValueTest("age", (Bound("at_least", (years(18),)), Bound("below", (years(65),)))),
                    ValueTest("sex", (OneOf(("male",), negated=True),)),
                    All((KnownTest("pregnancy", known=True), KnownTest("plan_status", known=False))),
                    ValueTest(
                        "onset",
                        (Bound("at_least", (dt.date(2020, 1, 1),)), Bound("at_most", (dt.date(2026, 12, 31),))),
                    ),
                    Not(is_("vegan", "yes")),
                )
            ),
        ),
    ],
)
def test_conditions(everything, rule, when):
    assert everything.rules[rule].when == when


@pytest.mark.parametrize("name", ["b12-general", "example-smoke-alarm"])
def test_equal_tests_are_one_object_so_that_what_is_found_of_one_serves_all(name):
    tests = list(all_tests(load_ruleset(name)))

    assert len({id(test) for test in tests}) == len(set(tests)) < len(tests)


def test_rules(everything):
    rule = everything.rules["refer_children"]

    assert rule.overrides == ("always",)
    assert [(cite.source, cite.section) for cite in rule.cites] == [("article", None), ("book-2", "1.10")]
    assert everything.rules["mistake"].then == (("mistakes", ("too_rare", "too_late")),)
    assert everything.rules["mistake"].remedy == "Shorten the interval."
    assert [r.id for r in everything.concluders["deficient"]] == ["low-level", "borderline"]


def test_equal_constants_are_spelled_alike(everything):
    two_weeks = Quantity(Decimal(2), "weeks")

    assert everything.rules["interval"].concludes("advised_interval") == (two_weeks,)
    assert everything.rules["same_interval"].concludes("advised_interval") == (two_weeks,)


def test_regimens(everything):
    phases = everything.regimens["weekly"].phases

    assert phases[2].as_json() == {"name": "Maintenance", "dose": "1000 mcg", "route": "IM", "for": "ongoing"}


def test_cases_and_properties(everything):
    (case,), (children, settled) = everything.cases, everything.properties

    assert case.answers == (("age", "9"), ("serum_b12", "284 pg/mL"), ("signs", ("balance",)), ("vegan", "unknown"))
    assert case.as_of == dt.date(2026, 11, 22)
    assert case.expect == All((is_("disposition", "refer"), HeldTest("mistakes", held=False)))
    assert (children.never, children.always) == (is_("disposition", "continue"), None)
    assert settled.always == HeldTest("disposition", held=True)


def test_a_diamond_of_bases_includes_each_once_and_applies_what_each_changes():
    diamond = load_ruleset(CORPUS / "diamond")

    assert list(diamond.rules) == ["gentlemen", "women", "others"]
    assert diamond.rules["gentlemen"].concludes("route") == ("injection",)
    assert diamond.rules["women"].title == "Women again"
    assert diamond.rules["women"].overrides == ("gentlemen",)
    assert diamond.facts["sex"].label == "Recorded sex"
    assert diamond.facts["sex"].ask == "Which?"
    assert diamond.facts["sex"].option_ids == ("female", "male", "other")
    assert diamond.goals == (Goal("route", KnownTest("sex", known=True)),)
    assert [section.title for section in diamond.sections] == ["The only one"]
    assert diamond.glossary == (("IM", "into a muscle"), ("SC", "subcutaneous"))
    assert [p.title for p in diamond.properties] == ["Q"]
    assert diamond.extends == ("left", "right")


def test_what_names_a_rule_that_was_replaced_names_its_replacement():
    right = load_ruleset(CORPUS / "right")

    assert right.rules["women"].overrides == ("gentlemen",)
    assert right.cases[0].fires == ("gentlemen",)
    assert right.summary == "The summary of the core"


def test_a_ruleset_is_found_beside_the_current_folder(monkeypatch):
    monkeypatch.chdir(CORPUS / "left")

    assert load_ruleset(".").digest == load_ruleset(CORPUS / "left").digest


def test_bare_and_quoted_dates_are_the_same():
    everything = load_ruleset(CORPUS / "everything")

    assert everything.facts["onset"].plausible == (dt.date(2000, 1, 1), dt.date(2030, 1, 1))
