"""Answers that cannot be used, and those that can: every problem is told at once, each with its fact."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language.answers import implausible, read_answers, warnings_for
from engine.language.errors import AnswerError
from engine.language.model import Fact, Option, Ruleset
from engine.language.source import parse_yaml
from engine.language.units import Units
from engine.language.values import UNKNOWN, Quantity

OPTIONS = (Option("numbness", "Numbness"), Option("balance", "Balance problems"))
RANGE = (Quantity(Decimal(0), "ng/L"), Quantity(Decimal(20000), "ng/L"))
USUAL = (Quantity(Decimal(50), "ng/L"), Quantity(Decimal(2000), "ng/L"))
LEVEL = Units.build("ng/L", ["pmol/L"], "1355.37 g/mol")
DAYS = (dt.date(2020, 1, 1), dt.date(2026, 12, 31))
FACTS = {
    fact.id: fact
    for fact in (
        Fact("level", "number", "Vitamin B12", units=LEVEL, range=RANGE, plausible=USUAL),
        Fact("age", "number", "Age", units=Units.build("years")),
        Fact("score", "number", "Score"),
        Fact("sex", "choice", "Sex", options=(Option("female", "Female"), Option("male", "Male"))),
        Fact("vegan", "yes_no", "Vegan", required=True),
        Fact("signs", "choices", "Signs", options=OPTIONS),
        Fact("onset", "date", "Onset", range=DAYS),
        Fact("route", "choice", "Route", options=(Option("oral", "Oral"),), derived=True),
    )
}

BAD = [
    # fact      answer                      what is told
    ("levle",   "284 ng/L",                 "Did you mean 'level'?"),
    ("route",   "oral",                     "nobody answers it"),
    ("level",   "284",                      "lacks its unit"),
    ("level",   284,                        "lacks its unit"),
    ("level",   "284 mg",                   "is not a unit of this number"),
    ("level",   "20001 ng/L",               "outside what is possible"),
    ("level",   "15000 pmol/L",             "outside what is possible"),
    ("level",   "-1 ng/L",                  "outside what is possible"),
    ("score",   "5 mg",                     "Write the number alone"),
    ("score",   "0,5",                      "Write 0.5"),
    ("score",   "<150",                     "is not one number"),
    ("score",   "1e400",                    "leaves out digits"),
    ("score",   "9**9**9",                  "is not a number"),
    ("score",   "012",                      "Write 12"),
    ("score",   "\u0661\u0662",             "only the digits 0 to 9"),
    ("score",   "NaN",                      "is not a number"),
    ("score",   "inf",                      "is not a number"),
    ("score",   "-Infinity",                "is not a number"),
    ("score",   "many",                     "is not a number"),
    ("score",   "",                         "has no value"),
    ("score",   "   ",                      "has no value"),
    ("score",   float("nan"),               "is not a number"),
    ("score",   float("inf"),               "is not a number"),
    ("score",   float("-inf"),              "is not a number"),
    ("score",   Decimal("NaN"),             "is not a number"),
    ("score",   Decimal("sNaN"),            "is not a number"),
    ("score",   Decimal("1e999999999"),     "too large or too small"),
    ("score",   Decimal("1e-999999"),       "too large or too small"),
    ("score",   1e300,                      "too large or too small"),
    ("score",   1e-300,                     "too large or too small"),
    ("score",   10**15,                     "at most 15 digits"),
    ("score",   -(10**5000),                "at most 15 digits"),
    ("score",   1 / 3,                      "more than 15 digits"),
    ("score",   True,                       "is not a number"),
    ("score",   "x" * 10_000_000,           "10000000 characters long"),
    ("score",   [5],                        "one value, not a list"),
    ("score",   {"value": 5},               "is no single value"),
    ("score",   b"5",                       "is no single value"),
    ("score",   Fraction(1, 2),             "is no single value"),
    ("score",   5j,                         "is no single value"),
    ("score",   dt.date(2026, 1, 1),        "is not one number"),
    ("age",     "54 kg",                    "is not a unit of this number"),
    ("sex",     "femail",                   "Did you mean 'female'?"),
    ("sex",     "Female",                   "Write its id, female"),
    ("sex",     ["female"],                 "one value, not a list"),
    ("sex",     None,                       "has no value"),
    ("sex",     0,                          "is no option of sex"),
    ("sex",     False,                      "is no option of sex"),
    ("vegan",   "unknown",                  "has to be answered"),
    ("vegan",   True,                       "Write yes"),
    ("vegan",   False,                      "Write no"),
    ("vegan",   "YES",                      "Write yes or no"),
    ("vegan",   "1",                        "Write yes or no"),
    ("signs",   "balance",                  "Write [balance]"),
    ("signs",   "none",                     "[] for none of them"),
    ("signs",   "none",                     "Write [] for none of them, or options such as [numbness]"),
    ("signs",   "None of these",            "Write [] for none of them"),
    ("signs",   ["none"],                   "Write [] for none of them"),
    ("signs",   "balanse",                  "Did you mean 'balance'?"),
    ("sex",     "not known",                "Write unknown for 'I do not know'"),
    ("age",     "n/a",                      "Write unknown for 'I do not know'"),
    ("signs",   ["balanse"],                "Did you mean 'balance'?"),
    ("signs",   ["x", "balance", "y"],      "Known here: numbness, balance. 'y' is no option of signs"),
    ("signs",   [["balance"]],              "is no single value"),
    ("signs",   [None],                     "has no value"),
    ("signs",   ["unknown"],                "Write it alone"),
    ("signs",   {"balance": "yes"},         "is no single value"),
    ("onset",   "22.11.2026",               "Write year-month-day"),
    ("onset",   "2026-02-30",               "no date of the calendar"),
    ("onset",   "2026-1-2",                 "Write year-month-day"),
    ("onset",   20260102,                   "Write year-month-day"),
    ("onset",   "2019-12-31",               "outside what is possible"),
    ("onset",   dt.datetime(2026, 1, 2),    "is no single value"),  # noqa: DTZ001 (it is refused)
    ("onset",   dt.date(2019, 1, 2),        "outside what is possible"),
]  # fmt: skip


def problems_of(answers):
    with pytest.raises(AnswerError) as told:
        read_answers(FACTS, answers)
    return told.value.problems


BAD_IDS = [f"{row[0]}-{at}" for at, row in enumerate(BAD)]


@pytest.mark.parametrize(("fact", "answer", "words"), BAD, ids=BAD_IDS)
def test_an_answer_that_cannot_be_used_is_told(fact, answer, words):
    (problem,) = problems_of({fact: answer})

    assert problem.fact == fact
    assert words in problem.message
    assert len(problem.message) < 300
    assert problem.message.rstrip("'\"")[-1] in ".?"


@pytest.mark.parametrize("written", ["\x00", "\x1b[31m", "\ud800", "a\u2028b", "\u202e", "x\ny"])
@pytest.mark.parametrize("fact", ["sex", "signs", "age", "onset", "vegan", None])
def test_no_problem_shows_what_cannot_be_shown(fact, written):
    for answers in ({fact: written}, {fact: [written]}) if fact else ({written: "x"},):
        for problem in problems_of(answers):
            assert problem.fact.isprintable()
            assert problem.message.isprintable()


def test_every_problem_is_told_at_once_in_the_order_given():
    bad = {"onset": "soon", "levle": 1, "sex": "x", "age": 54, "score": "0,5"}

    assert [problem.fact for problem in problems_of(bad)] == ["onset", "levle", "sex", "score"]


@pytest.mark.parametrize("answers", [None, [], "age", 5, {1: "x"}, {None: "x"}, {10**5000: 1}, {("a",): 1}])
def test_what_is_no_mapping_of_facts_is_told(answers):
    assert [problem.fact for problem in problems_of(answers)] == ["answers"]


@pytest.mark.parametrize(
    ("fact", "answer", "read"),
    [
        ("level", "284 pmol/L",             Quantity(Decimal(284), "pmol/L")),
        ("level", "1,480 ng/l",             Quantity(Decimal(1480), "ng/L")),
        ("level", "0 ng/L",                 Quantity(Decimal(0), "ng/L")),
        ("age",   54,                       Quantity(Decimal(54), "years")),
        ("age",   54.5,                     Quantity(Decimal("54.5"), "years")),
        ("age",   "54 yr",                  Quantity(Decimal(54), "years")),
        ("score", Decimal("1E+2"),          Quantity(Decimal(100))),
        ("score", 0.1,                      Quantity(Decimal("0.1"))),
        ("score", -0.0,                     Quantity(Decimal(0))),
        ("sex",   " female ",               "female"),
        ("sex",   "unknown",                UNKNOWN),
        ("vegan", "no",                     "no"),
        ("signs", [],                       ()),
        ("signs", ("balance", "numbness"),  ("numbness", "balance")),
        ("signs", ["balance", "balance"],   ("balance",)),
        ("signs", "unknown",                UNKNOWN),
        ("onset", "2026-11-22",             dt.date(2026, 11, 22)),
        ("onset", dt.date(2026, 11, 22),    dt.date(2026, 11, 22)),
    ],
)  # fmt: skip
def test_an_answer_is_read(fact, answer, read):
    assert read_answers(FACTS, {fact: answer}) == {fact: read}


def test_answers_come_in_the_order_of_the_facts():
    assert list(read_answers(FACTS, {"sex": "male", "age": 5})) == ["age", "sex"]


def test_a_problem_in_a_file_has_its_place():
    answers = parse_yaml("age: 54\nsex: femail\nlevle: 3\n", "answers.yaml")

    assert [str(p.mark) for p in problems_of(answers)] == ["answers.yaml:2:6", "answers.yaml:3:1"]
    assert str(problems_of(answers)[0]) == "answers.yaml:2:6: sex: 'femail' is no option of sex. Did you mean 'female'?"


def test_what_is_possible_but_not_usual_is_asked_again():
    unusual, usual = Quantity(Decimal(49), "ng/L"), Quantity(Decimal(50), "ng/L")
    said = "Vitamin B12: 49 ng/L is outside the usual 50 ng/L to 2000 ng/L. Check the unit first."

    assert implausible(FACTS["level"], unusual) == said
    assert implausible(FACTS["level"], usual) is None
    assert implausible(FACTS["level"], UNKNOWN) is None
    ruleset = Ruleset("r", "R", "1", FACTS, {}, ())
    assert warnings_for(ruleset, {"level": unusual, "sex": "male"}) == (said,)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text() | st.binary() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(answers=st.dictionaries(st.sampled_from(list(FACTS)) | st.text(), anything))
def test_no_answer_raises_anything_else(answers):
    try:
        read = read_answers(FACTS, answers)
    except AnswerError as error:
        str(error).encode()  # whatever was written can be shown
    else:
        assert set(read) == set(answers)
