"""Numbers: what is read, what is refused and with which advice, and that nothing is lost or rounded on the way."""

from __future__ import annotations

import decimal
import time
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language.numbers import (
    NumberError,
    as_json,
    read_number,
    read_quantity,
    round12,
    round_half_away,
    show_number,
)

READ = [
    ("0", "0"),
    ("-0", "0"),
    ("-0.0", "0"),
    ("5", "5"),
    ("-3", "-3"),
    ("0.5", "0.5"),
    ("-0.25", "-0.25"),
    ("1480", "1480"),
    ("1,480", "1480"),
    ("1 480", "1480"),
    ("1\u00a0480", "1480"),
    ("1\u202f480.5", "1480.5"),
    ("12,345,678.9", "12345678.9"),
    ("-1 480", "-1480"),
    ("  284 ", "284"),
    ("1.480", "1.48"),
    ("999999999999999", "999999999999999"),
    ("999 999 999 999 999", "999999999999999"),
]

REFUSED = [
    ("", "Nothing is written", "Write a number"),
    ("   ", "Nothing is written", "Write a number"),
    ("0,5", "comma", "Write 0.5"),
    ("1,48", "comma", "Write 1.48"),
    ("0,500", "comma", "Write 0.500"),
    ("12345,678", "comma", "Write 12345.678"),
    ("1 48", "groups of three", "Write 148"),
    ("1  480", "groups of three", "Write 1480"),
    ("- 5", "space", "Write -5"),
    ("0 500", "not a number", "Write digits"),
    ("1,480 000", "not a number", "Write digits"),
    ("1.480,5", "not a number", "Write digits"),
    ("1.480.000", "not a number", "Write digits"),
    ("<150", "not one number but a limit", "Ask whoever reported it for the number, and write that, or 'unknown'"),
    (">2000", "not one number but a limit", "Ask whoever reported it for the number, and write that, or 'unknown'"),
    ("~5", "not one number", "Write the number itself, or 'unknown'"),
    ("≥5", "not one number but a limit", "Ask whoever reported it for the number, and write that, or 'unknown'"),
    ("5-10", "not one number", "Write the number itself, or 'unknown'"),
    ("1e400", "leaves out digits", "Write all of them"),
    ("1e5", "leaves out digits", "Write all of them"),
    ("1E-5", "leaves out digits", "Write all of them"),
    ("NaN", "not a number", "Write digits"),
    ("inf", "not a number", "Write digits"),
    ("-Infinity", "not a number", "Write digits"),
    ("9**9**9", "not a number", "Write digits"),
    ("012", "zero", "Write 12,"),
    ("-007.5", "zero", "Write -7.5"),
    ("00", "zero", "Write 0,"),
    ("1_000", "separates thousands", "Write 1000"),
    ("1'480", "separates thousands", "Write 1480"),
    (".5", "point", "Write 0.5"),
    ("-.5", "point", "Write -0.5"),
    ("5.", "point", "Write 5,"),
    (".", "not a number", "Write digits"),
    ("-", "not a number", "Write digits"),
    (",5", "not a number", "Write digits"),
    ("+5", "plus", "Write 5,"),
    ("--5", "minus", "Write -5"),
    ("\u22125", "minus", "Write -5"),
    ("0x10", "not a number", "Write digits"),
    ("\uff11\uff12", "digits 0 to 9", "Write 12"),
    ("\u0663", "digits 0 to 9", "Write 3"),
    ("½", "not a number", "Write digits"),
    ("²", "not a number", "Write digits"),
    ("5 mg", "not a number", "Write digits"),
    ("5 or so", "not a number", "Write digits"),
    ("1\n480\x00", "not a number", "Write digits"),
    ("1234567890123456", "more than 15 digits", "Round it"),
    ("0.123456789012345", "more than 15 digits", "Round it"),
    ("1" * 41, "too long", "at most 15 digits"),
]

QUANTITIES = [
    ("284", "284", None),
    ("1 480", "1480", None),
    ("284 pg/mL", "284", "pg/mL"),
    ("284pg/mL", "284", "pg/mL"),
    ("1 480 ng/L", "1480", "ng/L"),
    ("1,480ng/L", "1480", "ng/L"),
    ("-3 °C", "-3", "°C"),
    ("5 %", "5", "%"),
    ("3 weeks", "3", "weeks"),
    ("5 each", "5", "each"),
    ("250 x10^9/L", "250", "x10^9/L"),
    ("250x10^9/L", "250", "x10^9/L"),
    ("250 x 10^9/L", "250", "x 10^9/L"),
    ("250 ×10^9/L", "250", "×10^9/L"),
    ("250 10^9/L", "250", "10^9/L"),
    ("250 10*9/L", "250", "10*9/L"),
    ("250 10⁹/L", "250", "10⁹/L"),
    ("10 10^9/L", "10", "10^9/L"),
    ("1 480 10^9/L", "1480", "10^9/L"),
    ("90 mL/min/1.73 m2", "90", "mL/min/1.73 m2"),
]

REFUSED_QUANTITIES = [
    ("", "Nothing is written"),
    ("ng/L", "not a number"),
    ("about 5 mg", "not a number"),
    ("10^9/L", "not a number"),
    ("<150 ng/L", "not one number"),
    ("5-10 mg", "not one number"),
    ("0,5 mg", "Write 0.5"),
    ("1_000 mg", "Write 1000"),
    ("1e5", "leaves out digits"),
    ("1e5 ng/L", "leaves out digits"),
    ("1e-5 ng/L", "leaves out digits"),
    ("9**9**9", "not a number"),
    ("5½ mg", "not a number"),
    ("\u0663 mg", "not a number"),
    ("5 " + "m" * 100, "too long"),
]

WRITTEN = (
    st.integers(0, 15)
    .flatmap(lambda places: st.integers(-(10**15) + 1, 10**15 - 1).map(lambda digits: Decimal(digits).scaleb(-places)))
    .filter(lambda value: sum(map(str.isdigit, format(value, "f"))) <= 15)
)


@pytest.mark.parametrize(("text", "value"), READ)
def test_number_of_the_grammar_is_read(text, value):
    assert read_number(text) == Decimal(value)


@pytest.mark.parametrize(("text", "wrong", "advice"), REFUSED)
def test_anything_else_is_refused_with_what_to_write(text, wrong, advice):
    with pytest.raises(NumberError) as refusal:
        read_number(text)

    message = str(refusal.value)
    assert wrong in message
    assert advice in message
    assert message.endswith(".")


@pytest.mark.parametrize("text", [text for text, _, advice in REFUSED if advice[-1:] in "0123456789,"])
def test_suggestion_is_itself_a_number(text):
    with pytest.raises(NumberError) as refusal:
        read_number(text)

    read_number(str(refusal.value).split("Write ")[1].split(",")[0])


def test_minus_zero_has_no_sign():
    assert not read_number("-0").is_signed()


@pytest.mark.parametrize("character", ["1", "a", ",", " 1", "1,", ".", "-", "\uff11", "\u00a0"])
@pytest.mark.parametrize("read", [read_number, read_quantity])
def test_ten_megabytes_are_refused_at_once_and_not_repeated(read, character):
    started = time.perf_counter()

    with pytest.raises(NumberError) as refusal:
        read(character * 10_000_000)

    assert time.perf_counter() - started < 1
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize(("text", "number", "unit"), QUANTITIES)
def test_quantity_is_split_into_number_and_unit(text, number, unit):
    assert read_quantity(text) == (Decimal(number), unit)


@pytest.mark.parametrize(("text", "advice"), REFUSED_QUANTITIES)
def test_quantity_without_a_clear_number_is_refused(text, advice):
    with pytest.raises(NumberError, match=advice):
        read_quantity(text)


@given(WRITTEN)
def test_what_is_shown_reads_back_as_the_same(value):
    assert read_number(show_number(value)) == value
    assert read_quantity(show_number(value) + " ng/L") == (value, "ng/L")


@given(WRITTEN)
def test_json_keeps_the_number(value):
    assert Decimal(repr(as_json(value))) == value


@given(st.text(max_size=60) | st.text("0123456789-+., eE_x^*\u00a0\u0663½", max_size=30))
def test_any_text_is_read_or_refused_with_a_short_message(text):
    for read in (read_number, read_quantity):
        assert len(refusal_of(read, text)) < 250


def refusal_of(read, text):
    try:
        read(text)
    except NumberError as refusal:
        return str(refusal)
    return ""


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0.50",   "0.5"),
        ("1480",   "1480"),
        ("1.48E3", "1480"),
        ("100",    "100"),
        ("-3.0",   "-3"),
        ("-0.00",  "0"),
        ("1E-7",   "0.0000001"),
        ("0E+3",   "0"),
    ],
)  # fmt: skip
def test_number_is_shown_plainly(value, shown):
    assert show_number(Decimal(value)) == shown


@pytest.mark.parametrize(("value", "json"), [("5.0", 5), ("0.5", 0.5), ("1E+3", 1000), ("-0", 0)])
def test_whole_numbers_are_whole_in_json(value, json):
    assert as_json(Decimal(value)) == json
    assert type(as_json(Decimal(value))) is type(json)


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [
        (0,                   7,      "0"),
        (1,                   3,      "0.333333333333"),
        (-2,                  3,      "-0.666666666667"),
        (100,                 4,      "25"),
        (1000000000005,       10,     "100000000001"),     # a tie goes away from zero
        (-1000000000005,      10,     "-100000000001"),
        (1000000000004999999, 10**7,  "100000000000"),
        (9999999999995,       10**13, "1"),
        (10**30 + 1,          1,      "1E30"),
    ],
)  # fmt: skip
def test_twelve_digits_are_kept(numerator, denominator, rounded):
    assert round12(Fraction(numerator, denominator)) == Decimal(rounded)


@given(st.fractions())
def test_rounding_to_twelve_digits_is_off_by_half_a_digit_at_most(value):
    rounded = round12(value)

    assert len(rounded.as_tuple().digits) <= 12
    assert abs(Fraction(rounded) - value) <= abs(value) * Fraction(5, 10**12)
    assert round12(-value) == -rounded


@pytest.mark.parametrize(
    ("value", "digits", "rounded"),
    [
        ("2.5",      0, "3"),
        ("-2.5",     0, "-3"),
        ("3.5",      0, "4"),
        ("2.4999",   0, "2"),
        ("-0.4",     0, "0"),
        ("2.675",    2, "2.68"),
        ("5",        2, "5"),
        ("1E+20",    6, "1E+20"),
        ("0.000001", 6, "0.000001"),
    ],
)  # fmt: skip
def test_halves_are_rounded_away_from_zero(value, digits, rounded):
    assert round_half_away(Decimal(value), digits) == Decimal(rounded)


@pytest.mark.parametrize(
    "context",
    [
        pytest.param(decimal.Context(prec=1, rounding=decimal.ROUND_UP, Emin=0, Emax=0), id="tiny"),
        pytest.param(decimal.Context(prec=2, traps=list(decimal.Context().flags)), id="every signal trapped"),
    ],
)
def test_the_ambient_decimal_context_changes_nothing(context):
    with decimal.localcontext(context):
        results = [
            read_number("-123 456.789"),
            read_quantity("123456.789 mg")[0],
            round12(Fraction(2, 3)),
            round_half_away(Decimal("123456.785"), 2),
        ]
        shown = show_number(Decimal("-123456.7890"))
        json = as_json(Decimal("123456.789"))

    assert [str(result) for result in results] == ["-123456.789", "123456.789", "0.666666666667", "123456.79"]
    assert (shown, json) == ("-123456.789", 123456.789)
