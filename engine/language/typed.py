"""Reading a single value as the fact it belongs to says: an option, a quantity with its unit, or a date."""

from __future__ import annotations

from engine.language.errors import did_you_mean, quote, shorten
from engine.language.leaves import iso_date
from engine.language.model import Fact
from engine.language.numbers import read_quantity
from engine.language.values import Quantity, Single

TYPE_IN_WORDS = {
    "yes_no": "a yes-or-no question",
    "choice": "a choice",
    "choices": "a set of choices",
    "number": "a number",
    "date": "a date",
}
BOOLEANS = {"true": "yes", "True": "yes", "TRUE": "yes", "false": "no", "False": "no", "FALSE": "no"}


class Misfit(ValueError):  # noqa: N818 (it is caught as what it is, a value that does not fit)
    """A text is no value of the fact; the message says what is, and what to write."""


def read_single(fact: Fact, text: str) -> Single:
    """Read one value (for a set, one option).

    Raises:
        Misfit, NumberError, UnitError: all ValueErrors whose message says what is wrong and what to write.
    """
    if fact.type == "number":
        return read_amount(fact, text)
    if fact.type == "date":
        return _date(text)
    return _option(fact, text)


def read_amount(fact: Fact, text: str, *, bare: bool = False) -> Quantity:
    """Read a number; one without a unit is refused where the fact has several, unless `bare` allows the canonical.

    Raises:
        NumberError, UnitError, Misfit: as `read_single`.
    """
    number, unit = read_quantity(text)
    units = fact.units
    if units is None or units.canonical is None:
        if unit is not None:
            raise Misfit(f"{quote(text)} has a unit, but {fact.label} has none. Write the number alone.")
        return Quantity(number)
    if unit is not None:
        return Quantity(number, units.find(unit))
    if units.required and not bare:
        listed = " or ".join(f"{shorten(text)} {name}" for name in units.names[:3])
        raise Misfit(f"{quote(text)} lacks its unit, and {fact.label} is reported in several. Write {listed}.")
    return Quantity(number, units.canonical)


def _date(text: str) -> Single:
    found = iso_date(text)
    if found is None:
        raise Misfit(f"{quote(text)} is no date of the calendar. Write year-month-day, such as 2026-11-22.")
    return found


def _option(fact: Fact, text: str) -> str:
    if text in fact.option_ids:
        return text
    if fact.type == "yes_no":
        written = f" Write {BOOLEANS[text]}." if text in BOOLEANS else " Write yes or no."
        raise Misfit(f"{quote(text)} is neither yes nor no.{written}")
    for option in fact.options:
        if option.label.casefold() == text.casefold() or option.id == text.casefold():
            raise Misfit(f"{quote(text)} is how an option of {fact.id} is shown. Write its id, {option.id}.")
    hint = did_you_mean(text, fact.option_ids) or " Write the id of one of its options."
    raise Misfit(f"{quote(text)} is no option of {fact.id}.{hint}")
