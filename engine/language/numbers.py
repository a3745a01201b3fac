"""Numbers as people write them, and as we write them back.

A misread number is a wrong dose, and Python's own readers accept far more than people mean: `1e400`, `NaN`, `1_000`,
digits of other scripts. So this is our own grammar, and nothing else is a number:

    an optional "-"; digits, or groups of three set apart by commas or by spaces; then, optionally, "." and digits

It refuses whatever could be read in two ways (`0,5`, `1 48`), is not one number (`<150`) or has more than 15 digits,
and says what to write instead. Everything is exact, whatever decimal context the surrounding program has set.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_HALF_UP, Context, Decimal, InvalidOperation
from fractions import Fraction

from engine.language.errors import quote

__all__ = [
    "OR_UNKNOWN",
    "NumberError",
    "as_json",
    "read_number",
    "read_quantity",
    "round12",
    "round_half_away",
    "show_number",
]

OR_UNKNOWN = ", or 'unknown'"  # how messages offer "I do not know", to be left out where it is no answer
MOST_DIGITS = 15
LONGEST_NUMBER = 40  # characters; 15 digits with their separators need about 20
LONGEST_QUANTITY = 100
GROUP = 3  # digits between thousands separators

_OTHER_SPACES = {0xA0: " ", 0x202F: " "}  # the spaces that typesetting puts between thousands
_OF_NUMBERS = frozenset("0123456789.,- \u00a0\u202f")
_LIMITS = tuple("<>≤≥")
_COMPARISONS = tuple("~≈±=")
_DASHES = "-\N{MINUS SIGN}\N{EN DASH}"
_FOREIGN_SEPARATORS = dict.fromkeys(map(ord, "_'\N{RIGHT SINGLE QUOTATION MARK}"))
_UNIT_SIGNS = ("%", "‰", "°", "\N{MULTIPLICATION SIGN}", "/")
_POWER_SIGNS = tuple("^*E⁰¹²³⁴⁵⁶⁷⁸⁹")

# Decimal calls rounding half away from zero "half up". The contexts are our own, so the ambient one never matters.
_TWELVE_DIGITS = Context(prec=12, rounding=ROUND_HALF_UP, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[InvalidOperation])
_ALL_DIGITS = Context(prec=MAX_PREC, rounding=ROUND_HALF_UP, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[InvalidOperation])


class NumberError(ValueError):
    """The text is not a number; the message says what is wrong and what to write."""


def read_number(text: str) -> Decimal:
    """Read a number written by a person.

    Raises:
        NumberError: the text does not follow our grammar.
    """
    written = text.strip()
    _refuse_longer_than(LONGEST_NUMBER, written)
    if sum(map(str.isdigit, written)) > MOST_DIGITS:
        raise NumberError(f"{quote(written)} has more than {MOST_DIGITS} digits. Round it to {MOST_DIGITS} or fewer.")
    plain = _plain(written)
    if plain is None:
        raise NumberError(_advice(written))
    return Decimal(plain) or Decimal(0)  # -0 is 0


def read_quantity(text: str) -> tuple[Decimal, str | None]:
    """Read a number and the text of the unit after it, if there is one; whether that unit will do is not decided here.

    The unit starts at the first character that no number has, except that the 10 of a power of ten set apart by a
    space belongs to it: `250 10^9/L` is 250 of `10^9/L`, and `1 480` is a number.

    Raises:
        NumberError: the text does not start with a number, or goes on with what no unit starts with.
    """
    written = text.strip()
    _refuse_longer_than(LONGEST_QUANTITY, written)
    end = _end_of_number(written)
    number, unit = written[:end], written[end:].strip()
    if not number or not unit:
        return read_number(written), None
    if not _may_be_unit(unit):
        return read_number(number + unit.split()[0]), None  # `1e5 ng/L`, `9**9`: refused, with the advice for numbers
    return read_number(number), unit


def show_number(value: Decimal) -> str:
    """Write a number plainly: no exponent, no needless zeros."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def as_json(value: Decimal) -> int | float:
    """Give the number as JSON has it; 15 digits survive this unchanged."""
    numerator, denominator = value.as_integer_ratio()
    return numerator if denominator == 1 else float(value)


def round12(value: Fraction) -> Decimal:
    """Round to 12 significant digits, half away from zero."""
    return _TWELVE_DIGITS.divide(Decimal(value.numerator), Decimal(value.denominator))


def round_half_away(value: Decimal, digits: int = 0) -> Decimal:
    """Round to so many decimals, half away from zero: 2.5 to 3, -2.5 to -3."""
    last_digit = Decimal((0, (1,), -digits))
    return _ALL_DIGITS.quantize(value, last_digit) or Decimal(0)  # -0 is 0


def _plain(written: str) -> str | None:
    """Give the number without its separators, or None where the grammar does not allow the text."""
    sign = "-" if written.startswith("-") else ""
    whole, point, decimals = written.removeprefix("-").translate(_OTHER_SPACES).partition(".")
    digits = _ungrouped(whole)
    if digits is None or (point and not _all_digits(decimals)):
        return None
    return f"{sign}{digits}{point}{decimals}"


def _ungrouped(whole: str) -> str | None:
    """Join the groups of three; None where they are not, or where a zero leads."""
    first, *groups = whole.split("," if "," in whole else " ")
    if not _all_digits(first) or (first.startswith("0") and whole != "0"):
        return None
    if groups and not (len(first) <= GROUP and all(len(group) == GROUP and _all_digits(group) for group in groups)):
        return None
    return "".join([first, *groups])


def _all_digits(text: str) -> bool:
    """Tell whether there is nothing but the digits 0 to 9; `isdigit` alone lets in those of every script."""
    return text.isascii() and text.isdigit()


def _refuse_longer_than(limit: int, written: str) -> None:
    """Refuse a long text before anything is done with it."""
    if len(written) > limit:
        raise NumberError(f"{quote(written)} is too long. Write the number alone, with at most {MOST_DIGITS} digits.")


def _end_of_number(written: str) -> int:
    """Find where the number ends and the unit starts."""
    end = next((at for at, character in enumerate(written) if character not in _OF_NUMBERS), len(written))
    before_ten = written[:end].removesuffix("10")
    if len(before_ten) < end and before_ten[-1:].isspace() and written[end:].startswith(_POWER_SIGNS):
        return len(before_ten)
    return end


def _may_be_unit(text: str) -> bool:
    """Tell whether a unit can start like this; the rest of an exponent cannot, `e5` in `1e5`."""
    if text[0] in "eE" and text[1:2].lstrip("+-0123456789") == "":
        return False
    return text[0].isalpha() or text.startswith((*_UNIT_SIGNS, "10"))


def _advice(written: str) -> str:
    """Say what is wrong with a text that is not a number, and what to write."""
    if not written:
        return f"Nothing is written here. Write a number, such as 284 or 0.5{OR_UNKNOWN}."
    for wrong, repair in _REPAIRS:
        repaired = repair(written)
        if repaired != written and (plain := _plain(repaired)) is not None:
            return f"{quote(written)}: {wrong}. Write {plain}, if that is what you mean."
    mantissa, mark, exponent = written.lower().partition("e")
    if mark and mantissa[-1:].isdigit() and _all_digits(exponent.lstrip("+-")):
        return f"{quote(written)} leaves out digits. Write all of them, such as 150000."
    if written.startswith(_LIMITS):
        limit = f"{quote(written)} is not one number but a limit, which cannot be used."
        return f"{limit} Ask whoever reported it for the number, and write that{OR_UNKNOWN}."
    if written.startswith(_COMPARISONS) or _is_range(written):
        return f"{quote(written)} is not one number. Write the number itself{OR_UNKNOWN}."
    return f"{quote(written)} is not a number. Write digits, such as 284 or 0.5{OR_UNKNOWN}."


def _is_range(text: str) -> bool:
    return text[0].isdigit() and any(dash in text for dash in _DASHES)


def _with_digits_around_point(text: str) -> str:
    unsigned = text.removeprefix("-")
    padded = f"0{unsigned}" if unsigned.startswith(".") else unsigned.removesuffix(".")
    return text.removesuffix(unsigned) + padded


def _without_leading_zeros(text: str) -> str:
    unsigned = text.removeprefix("-")
    stripped = unsigned.lstrip("0")
    if unsigned.startswith("0") and not stripped[:1].isdigit():
        stripped = f"0{stripped}"
    return text.removesuffix(unsigned) + stripped


def _with_our_digits(text: str) -> str:
    return "".join(str(int(character)) if character.isdecimal() else character for character in text)


# What people write, and what they most likely mean: the first repair that gives a number is suggested, never applied.
_REPAIRS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("a comma only separates thousands, and decimals follow a point", lambda text: text.replace(",", ".")),
    ("a space only separates groups of three digits", lambda text: "".join(text.split())),
    ("only a comma or a space separates thousands", lambda text: text.translate(_FOREIGN_SEPARATORS)),
    ("a point has digits before and after it", _with_digits_around_point),
    ("a number does not start with a needless zero", _without_leading_zeros),
    ("a number has no plus sign", lambda text: text.removeprefix("+")),
    ("the sign before a number is one plain minus", lambda text: "-" + text.lstrip(_DASHES)),
    ("only the digits 0 to 9 are read", _with_our_digits),
)
