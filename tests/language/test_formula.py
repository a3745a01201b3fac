"""Formulas: what is read, what is refused and where, kinds, and values that are exact or none at all."""

from __future__ import annotations

import decimal
import operator
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language.formula import (
    Binary,
    Call,
    FormulaError,
    Name,
    Negate,
    Number,
    evaluate,
    kind_of,
    names,
    parse,
)
from engine.language.numbers import show_number

A, B, C = Name("a"), Name("b"), Name("c")
ONE, TWO = Number(Decimal(1)), Number(Decimal(2))

READ = [
    ("a",                A),
    ("2",                TWO),
    ("0.5",              Number(Decimal("0.5"))),
    ("as_of",            Name("as_of")),
    ("a - b",            Binary("-", A, B)),
    ("a-b\n- c",         Binary("-", Binary("-", A, B), C)),
    ("a / b / c",        Binary("/", Binary("/", A, B), C)),
    ("a + b * c",        Binary("+", A, Binary("*", B, C))),
    ("(a + b) * c",      Binary("*", Binary("+", A, B), C)),
    ("-a * b",           Binary("*", Negate(A), B)),
    ("a - -b",           Binary("-", A, Negate(B))),
    ("--a",              Negate(Negate(A))),
    ("min(a)",           Call("min", (A,))),
    ("max(a, b, c)",     Call("max", (A, B, C))),
    ("round(a + 1)",     Call("round", (Binary("+", A, ONE),))),
    ("round(a, 2)",      Call("round", (A, TWO))),
    ("min(max(a,b), c)", Call("min", (Call("max", (A, B)), C))),
]  # fmt: skip

REFUSED = [
    ("",              0, "The formula is empty"),
    ("  ",            0, "The formula is empty"),
    ("2x",            1, "no sign between '2' and 'x'. Write + - * or /"),
    ("a b",           2, "no sign between 'a' and 'b'"),
    ("1 480",         2, "no sign between '1' and '480'"),
    ("1e5",           1, "no sign between '1' and 'e5'"),
    ("(a) (b)",       4, "no sign between ')' and '('"),
    ("min(a b)",      6, "no sign between 'a' and 'b'"),
    ("a ** b",        3, "'**' has no meaning"),
    ("a // b",        3, "'//' has no meaning"),
    ("a % b",         2, "'%' has no meaning"),
    ("a ^ 2",         2, "multiply it by itself"),
    ("a × b",         2, "Write *."),
    ("a < b",         2, "'<' has no meaning"),
    ("a \u2212 b",    2, "Write -."),
    ("Age",           0, "only small letters"),
    ("_a",            0, "only small letters"),
    ("a + \u0663",    4, "has no meaning"),
    ("a(b)",          1, "Only min, max and round stand before a parenthesis"),
    ("2(a)",          1, "no sign between '2' and '('"),
    ("(a",            0, "never closed"),
    ("a - min(b, (c", 11, "never closed"),
    ("a)",            1, "closes nothing"),
    ("()",            1, "missing before ')'"),
    ("a -",           3, "missing at the end"),
    ("a - * b",       4, "missing before '*'"),
    ("+a",            0, "missing before '+'"),
    ("a, b",          1, "A comma only stands between"),
    ("(a, b)",        2, "A comma only stands between"),
    ("1,480",         1, "A comma only stands between"),
    ("min()",         4, "missing before ')'"),
    ("min(a,)",       6, "missing before ')'"),
    ("min",           3, "'min' needs to be told of what. Write min(...)"),
    ("round(a, 7)",   9, "a number from 0 to 6"),
    ("round(a, 0.5)", 9, "a number from 0 to 6"),
    ("round(a, -1)",  9, "a number from 0 to 6"),
    ("round(a, b)",   9, "a number from 0 to 6"),
    ("round(a, 1, 2)", 0, "'round' takes one thing"),
    (".5",            0, "Write a digit before the point"),
    ("a + 5.",        4, "Write 5"),
    ("012",           0, "Write 12"),
    ("1.2.3",         0, "'1.2.3' is not a number"),
    ("1234567890123456", 0, "more than 15 digits"),
    ("(" * 60,        50, "nested more than 50 deep"),
    ("-" * 60 + "a",  50, "nested more than 50 deep"),
    ("1" + "+1" * 150, 0, "more than 200 parts"),
    ("a" * 1001,      0, "longer than 1000 characters"),
]  # fmt: skip

KINDS = {"n": "number", "m": "number", "d": "date", "e": "date", "c": "choice"}
OF_A_KIND = [
    ("1", "number"), ("n", "number"), ("d", "date"), ("as_of", "date"), ("-n", "number"),
    ("n + m", "number"), ("n - m", "number"), ("n * m", "number"), ("n / m", "number"),
    ("d - e", "number"), ("as_of - d", "number"), ("d + n", "date"), ("n + d", "date"), ("d - n", "date"),
    ("min(n, 1)", "number"), ("max(d, as_of)", "date"), ("round(d - e)", "number"), ("(d - e) / 7", "number"),
]  # fmt: skip
OF_NO_KIND = [
    ("c",           0, "'c' is neither a number nor a date"),
    ("n + zz",      4, "'zz' is not a fact"),
    ("d + e",       2, "A date cannot stand beside '+' here"),
    ("n - d",       2, "A date cannot stand beside '-' here"),
    ("n * d",       2, "A date cannot stand beside '*' here"),
    ("d / n",       2, "A date cannot stand beside '/' here"),
    ("-d",          0, "A date cannot stand beside a minus sign here"),
    ("n + round(d)", 4, "A date cannot stand beside 'round' here"),
    ("min(n, d)",   0, "'min' has numbers and dates"),
]  # fmt: skip

VALUES = {
    "n": Decimal("2.5"),
    "m": Decimal(-4),
    "zero": Decimal(0),
    "tiny": Decimal("0.00000000000001"),
    "d": date(2026, 1, 31),
    "e": date(2025, 12, 31),
    "as_of": date(2026, 3, 1),
}
EVALUATED = [
    ("n + m",              Decimal("-1.5")),
    ("n - m * 2",          Decimal("10.5")),
    ("0.1 + 0.2",          Decimal("0.3")),
    ("1 / 3",              Decimal("0.333333333333")),
    ("2 / 3",              Decimal("0.666666666667")),
    ("-2 / 3",             Decimal("-0.666666666667")),
    ("1 / 3 * 3",          Decimal("0.999999999999")),
    ("round(n)",           Decimal(3)),
    ("round(-n)",          Decimal(-3)),
    ("round(2.675, 2)",    Decimal("2.68")),
    ("min(n, m, 1)",       Decimal(-4)),
    ("max(n, m, 1)",       Decimal("2.5")),
    ("as_of - d",          Decimal(29)),
    ("e - d",              Decimal(-31)),
    ("d + 1",              date(2026, 2, 1)),
    ("1 + d",              date(2026, 2, 1)),
    ("d - 31",             date(2025, 12, 31)),
    ("d + n * 2",          date(2026, 2, 5)),
    ("min(d, e, as_of)",   date(2025, 12, 31)),
    ("max(d, as_of) - d",  Decimal(29)),
]  # fmt: skip
WITHOUT_VALUE = {
    "division by zero": "n / zero",
    "zero by zero": "zero / zero",
    "a part without value": "0 * (n / zero)",
    "a fact without value": "min(n, missing)",
    "part of a day": "d + n",
    "after the calendar": "d + 9999999",
    "before the calendar": "d - 9999999",
    "far after the calendar": "d + 999999999999999 * 999999999999999",
    "hundreds of digits": "*".join(["999999999999999"] * 50),
    "too large": "*".join(["100000000000000"] * 50),
    "too small": "*".join(["tiny"] * 60),
    "too small a quotient": "/".join(["0.000001", *["100000000000000"] * 60]),
}

NUMBERS = st.integers(0, 10**9).map(lambda digits: Decimal(digits).scaleb(-3))
APPLY = {"+": operator.add, "-": operator.sub, "*": operator.mul}
PYTHON = st.recursive(
    st.integers(0, 99).map(str),
    lambda inner: (
        st.tuples(inner, st.sampled_from(["+", "-", "*", " - ", " * "]), inner).map("".join)
        | inner.map("({})".format)
        | inner.map("-{}".format)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(("text", "tree"), READ)
def test_formula_is_read_by_the_usual_precedence(text, tree):
    assert parse(text) == tree


@pytest.mark.parametrize(("text", "column", "message"), REFUSED)
def test_what_is_no_formula_is_refused_with_its_place(text, column, message):
    with pytest.raises(FormulaError) as refusal:
        parse(text)

    assert message in str(refusal.value)
    assert refusal.value.column == column


@given(st.text(max_size=60) | st.text("abmin()+-*/,. 012round", max_size=40))
def test_any_text_is_read_or_refused_within_the_text(text):
    try:
        parse(text)
    except FormulaError as refusal:
        column = refusal.column
    else:
        column = 0

    assert 0 <= column <= len(text)


def test_longest_and_deepest_formulas_can_be_read_and_computed():
    wide, deep = "1" + "+1" * 99, "(" * 49 + "1" + ")" * 49

    assert evaluate(parse(wide), {}) == 100
    assert names(parse(wide)) == ()
    assert kind_of(parse(wide), {}) == "number"
    assert evaluate(parse(deep), {}) == 1


def test_names_come_in_order_of_first_use_without_repeats():
    assert names(parse("b + min(as_of - a, b) * -c + a")) == ("b", "as_of", "a", "c")


def test_place_in_the_text_is_no_part_of_equality():
    assert parse("a+b") == parse(" a  + b")
    assert parse("a + b").column == 2


@pytest.mark.parametrize(("text", "kind"), OF_A_KIND)
def test_kind_follows_from_the_parts(text, kind):
    assert kind_of(parse(text), KINDS) == kind


@pytest.mark.parametrize(("text", "column", "message"), OF_NO_KIND)
def test_parts_that_do_not_go_together_are_refused(text, column, message):
    with pytest.raises(FormulaError) as refusal:
        kind_of(parse(text), KINDS)

    assert message in str(refusal.value)
    assert refusal.value.column == column


@pytest.mark.parametrize(("text", "value"), EVALUATED)
def test_formula_has_the_value_of_its_parts(text, value):
    assert evaluate(parse(text), VALUES) == value


@pytest.mark.parametrize("text", WITHOUT_VALUE.values(), ids=WITHOUT_VALUE)
def test_formula_has_no_value(text):
    assert evaluate(parse(text), VALUES) is None


@given(PYTHON)
def test_value_is_the_one_that_python_computes(text):
    assert evaluate(parse(text), {}) == eval(text)


@given(st.lists(st.tuples(st.sampled_from(list(APPLY)), NUMBERS), max_size=12), NUMBERS)
def test_sums_and_products_are_exact(steps, first):
    text, expected = show_number(first), Fraction(first)
    for sign, number in steps:
        text = f"({text}) {sign} {show_number(number)}"
        expected = APPLY[sign](expected, Fraction(number))

    assert Fraction(evaluate(parse(text), {})) == expected


@given(NUMBERS, NUMBERS.filter(bool))
def test_quotient_is_right_to_twelve_digits(one, other):
    exact = Fraction(one) / Fraction(other)

    quotient = evaluate(parse("n / m"), {"n": one, "m": other})

    assert abs(Fraction(quotient) - exact) <= exact * Fraction(5, 10**12)


@given(st.dates(), st.dates())
def test_difference_of_dates_leads_from_one_to_the_other(one, other):
    assert evaluate(parse("a + (b - a)"), {"a": one, "b": other}) == other


def test_the_ambient_decimal_context_changes_nothing():
    text = "-123456.7 * 2 + 123456.789 - round(12345.675, 2) / 7"
    with decimal.localcontext(decimal.Context(prec=1, Emin=0, Emax=0)):
        narrow = evaluate(parse(text), {})

    assert narrow == evaluate(parse(text), {}) == Decimal("-125220.27957143")


@pytest.mark.parametrize("text", ["-d", "round(d)", "d * n"])
def test_formula_whose_kinds_were_not_checked_is_a_programming_error(text):
    with pytest.raises(TypeError):
        evaluate(parse(text), VALUES)
