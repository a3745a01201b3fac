"""Units: what a person may call them, and exact conversion between those of one number.

A laboratory reports vitamin B12 in pg/mL, ng/L or pmol/L, people write mcg, ug or µg, and a value taken in the wrong
unit is a wrong diagnosis. So each number fact lists its units, and a text has to be one of them, up to the spellings in
the table below; "did you mean" is as far as guessing goes.

pint computes the factors and never sees anybody's text, because its reader evaluates what it is given: it is asked only
in the names that our table has for it. It is slow to load, so it is loaded at the first conversion, not before.

Refused are conversions that would need medical knowledge (IU to mg, one enzyme unit to another, percent to mmol/mol):
units that only pint or nobody knows are labels, fine where a number has no other unit.
"""

from __future__ import annotations

import difflib
import itertools
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from engine.language.errors import quote
from engine.language.numbers import NumberError, read_quantity, round12

if TYPE_CHECKING:
    import pint  # at run time only by `_registry`

__all__ = ["UnitError", "Units", "normal"]

LONGEST_UNIT = 60
MASS, SUBSTANCE = "mass", "substance"
MOLAR_MASS = "g/mol"


class UnitError(ValueError):
    """The text is not a unit that will do; the message says what is wrong and what to write."""


@dataclass(frozen=True)
class _Known:
    """A unit that can stand on either side of a slash."""

    name: str  # its one spelling
    dimension: str  # only units of one dimension convert into each other
    pint: str  # what pint calls it
    others: tuple[str, ...] = ()  # what people call it


# In front of a metric unit: the symbol, other ways to type it, the word, the power of ten.
_PREFIXES = {
    "": ([], "", 0),
    "k": ([], "kilo", 3),
    "d": ([], "deci", -1),
    "c": ([], "centi", -2),
    "m": ([], "milli", -3),
    "µ": (["u", "mc"], "micro", -6),
    "n": ([], "nano", -9),
    "p": ([], "pico", -12),
    "f": ([], "femto", -15),
}


def _metric(symbols: str, words: str, dimension: str, prefixes: str, pint_name: str) -> Iterator[_Known]:
    """Give a unit with each of its prefixes: `microgram`, `micrograms`, `mcg` and `ug` are all µg."""
    for prefix in ["", *prefixes.split()]:
        typed, word, _ = _PREFIXES[prefix]
        by_symbol = [start + symbol for start in [prefix, *typed] for symbol in symbols.split()]
        by_word = [word + base + end for base in words.split() for end in ("", "s")]
        yield _Known(by_symbol[0], dimension, word + pint_name, (*by_symbol[1:], *by_word))


def _power_of_ten(power: int, raised: str) -> _Known:
    """Give a count of cells, as in 10^9/L."""
    spellings = [f"10^{power}", f"10*{power}", f"10{raised}", f"10E{power}"]
    times = ["", "x", "x ", "X", "X ", "\N{MULTIPLICATION SIGN}", "\N{MULTIPLICATION SIGN} "]
    every = [sign + spelling for sign in times for spelling in spellings]
    return _Known(every[0], "count", f"clinical_ten_to_{power}", tuple(every[1:]))


def _label(name: str) -> _Known:
    """Give something that is counted; pint learns it as a dimension of its own."""
    return _Known(name, name, f"clinical_{name}", (f"{name}s",))


_LABELS = ("ampoule", "capsule", "cell", "dose", "drop", "injection", "point", "tablet", "unit", "vial", "visit")
_POWERS = {3: "³", 6: "⁶", 9: "⁹", 12: "¹²"}

_TABLE: tuple[_Known, ...] = (
    *_metric("g", "gram gramme", MASS, "k m µ n p f", "gram"),
    *_metric("mol", "mol mole", SUBSTANCE, "m µ n p f", "mole"),
    *_metric("L l", "liter litre", "volume", "d c m µ n p f", "liter"),
    *_metric("m", "meter metre", "length", "c m µ n", "meter"),
    *_metric("Pa", "pascal", "pressure", "k", "pascal"),
    *_metric("U", "", "U", "k m µ", "clinical_U"),
    *_metric("IU", "", "IU", "k m µ", "clinical_IU"),
    *map(_label, _LABELS),
    *(_power_of_ten(power, raised) for power, raised in _POWERS.items()),
    _Known("s", "time", "second", ("sec", "secs", "second", "seconds")),
    _Known("min", "time", "minute", ("mins", "minute", "minutes")),
    _Known("h", "time", "hour", ("hr", "hrs", "hour", "hours")),
    _Known("day", "time", "day", ("d", "days")),
    _Known("week", "time", "week", ("wk", "wks", "weeks")),
    _Known("month", "time", "month", ("months",)),
    _Known("year", "time", "year", ("yr", "yrs", "years")),
    _Known("lb", MASS, "pound", ("lbs", "pound", "pounds")),
    _Known("in", "length", "inch", ("inch", "inches")),
    _Known("ft", "length", "foot", ("foot", "feet")),
    _Known("mmHg", "pressure", "mmHg", ("mm Hg",)),
    _Known("m²", "area", "meter**2", ("m2", "m^2")),
    _Known("1.73 m²", "area", "clinical_body", ("1.73m²", "1.73 m2", "1.73m2", "1.73 m^2", "1.73m^2")),
    _Known("°C", "temperature", "degC", ("degC", "℃", "celsius", "Celsius")),
    _Known("°F", "temperature", "degF", ("degF", "℉", "fahrenheit", "Fahrenheit")),
)

# All that pint is told. Its own list of a thousand units takes it a fifth of a second to read, and of its definitions
# these are the ones that the table needs; a test holds them against its list. U and IU are not in it: there U is an
# enzyme's, while U/L is also written of hormones and antibodies.
_TOLD_TO_PINT = (
    "meter = [length]",
    "second = [time]",
    "gram = [mass]",
    "mole = [substance]",
    "kelvin = [temperature]; offset: 0",
    *(f"{word}- = 1e{power}" for _, word, power in _PREFIXES.values() if word),
    "liter = decimeter ** 3",
    "pascal = kilogram / meter / second ** 2",
    "mmHg = 133.322387415 * pascal",
    "minute = 60 * second",
    "hour = 60 * minute",
    "day = 24 * hour",
    "week = 7 * day",
    "year = 365.25 * day",
    "month = year / 12",
    "inch = 2.54 * centimeter",
    "foot = 12 * inch",
    "pound = 453.59237 * gram",
    "degC = kelvin; offset: 273.15",
    "degF = 5 / 9 * kelvin; offset: 233.15 + 200 / 9",
    *(f"clinical_{name} = [clinical_{name}]" for name in ("U", "IU", *_LABELS)),
    *(f"clinical_ten_to_{power} = {10**power}" for power in _POWERS),
    "clinical_body = 1.73 * meter ** 2",
)

_KNOWN = {known.name: known for known in _TABLE}
_NAME_OF = {spelling: known.name for known in _TABLE for spelling in (known.name, *known.others)}
_LOOKALIKES = str.maketrans({"\N{GREEK SMALL LETTER MU}": "\N{MICRO SIGN}"})


@lru_cache(maxsize=4096)
def normal(unit_text: str) -> str:
    """Give the one spelling of a unit, for comparing: `mcg / ml` is `µg/mL`.

    Capitals matter (Mg is not mg), and a part that the table does not know stays as it is written.
    """
    spaced = " ".join(unit_text.translate(_LOOKALIKES).split())
    return "/".join(map(_normal_side, spaced.replace(" per ", "/").split("/")))


def _normal_side(side: str) -> str:
    """Do the same between two slashes; the whole comes first, for the * in 10*9 is not between two units."""
    factors = [factor.strip() for factor in side.split("*")]
    whole = "*".join(factors)
    return _NAME_OF.get(whole) or "*".join(_NAME_OF.get(factor, factor) for factor in factors)


def _parts(unit: str) -> list[list[_Known]] | None:
    """Take a unit apart at its slashes, then at its products; None where it cannot be converted.

    That is so with anything that is not in the table, with a product after a slash (does `a/b*c` divide by c?) and with
    a temperature beside anything else, as a degree in a product is a difference and has no zero to start from.
    """
    sides = [side.split("*") for side in unit.split("/")]
    if any(len(side) > 1 for side in sides[1:]) or not all(name in _KNOWN for side in sides for name in side):
        return None
    parts = [[_KNOWN[name] for name in side] for side in sides]
    alone = parts == [parts[0][:1]]
    return parts if alone or all(known.dimension != "temperature" for side in parts for known in side) else None


@lru_cache(maxsize=4096)
def _dimension(unit: str) -> str | None:
    """Name the kind of quantity, as in mass/volume, with nothing cancelled: mmol/mol is no mg/g."""
    parts = _parts(unit)
    return "/".join("*".join(sorted(known.dimension for known in side)) for side in parts) if parts else None


def _molar_power(source: str, target: str) -> int | None:
    """Say how often a molar mass comes in, from one dimension to another; None where they have nothing in common."""
    if source == target:
        return 0
    if _by_mol(source) == target:
        return -1
    return 1 if _by_mol(target) == source else None


def _by_mol(dimension: str) -> str:
    """Name what is by mass as it would be by mol; anything else stays as it is."""
    return SUBSTANCE + dimension.removeprefix(MASS) if dimension.startswith(MASS) else dimension


_LOCK = threading.Lock()


@cache
def _registry() -> pint.UnitRegistry[Any]:
    """Load pint, once, to compute in fractions; hold the lock."""
    import pint

    registry: pint.UnitRegistry[Any] = pint.UnitRegistry(None, non_int_type=Fraction)
    for definition in _TOLD_TO_PINT:
        registry.define(definition)
    return registry


def _pint_name(unit: str) -> str:
    """Give a unit in the words of pint, which all come from the table."""
    return "/".join("*".join(known.pint for known in side) for side in _parts(unit) or ())


@lru_cache(maxsize=4096)
def _line(source: str, target: str, molar_power: int) -> tuple[Fraction, Fraction]:
    """Ask pint for the factor, and the offset if it is a temperature; a molar mass counts as 1 g/mol here."""
    bridge = {-1: "*mole/gram", 0: "", 1: "*gram/mole"}[molar_power]
    source_name, target_name = _pint_name(source) + bridge, _pint_name(target)
    with _LOCK:
        registry = _registry()
        of = [registry.Quantity(Fraction(n), source_name).to(target_name).magnitude for n in (0, 1)]
    at_0, at_1 = map(Fraction, of)  # fractions already; the types of pint say float
    return at_1 - at_0, at_0


@lru_cache(maxsize=1024)
def _grams_per_mole(molar_mass: str) -> Fraction:
    """Read a molar mass."""
    try:
        number, unit = read_quantity(molar_mass)
    except NumberError:
        number, unit = Decimal(0), None
    spelled = normal(unit or "")
    if number <= 0 or _dimension(spelled) != f"{MASS}/{SUBSTANCE}":
        raise UnitError(f'{quote(molar_mass)} is not a molar mass. Write it like "1355.37 g/mol".')
    factor, _ = _line(spelled, MOLAR_MASS, 0) if spelled != MOLAR_MASS else (Fraction(1), Fraction(0))
    return Fraction(number) * factor


@dataclass(frozen=True)
class Units:
    """The units in which one number may be given, as the ruleset spells them."""

    canonical: str | None
    accepted: tuple[str, ...] = ()
    molar_mass: str | None = None

    @classmethod
    def build(cls, canonical: str | None, accepted: Sequence[str] = (), molar_mass: str | None = None) -> Units:
        """Make the units of one number.

        Raises:
            UnitError: a unit is listed twice or cannot be converted, or the molar mass is needed or not understood.
        """
        units = cls(canonical, tuple(accepted), molar_mass)
        if canonical is None and accepted:
            raise UnitError("Other units are listed, but not the main one. Add it as `unit`.")
        if molar_mass is not None:
            _grams_per_mole(molar_mass)
        units._refuse_unreadable()
        units._refuse_repeats()
        for other in accepted:
            units._refuse_unrelated(units.names[0], other)
        return units

    @property
    def names(self) -> tuple[str, ...]:
        """All units, the canonical one first."""
        return () if self.canonical is None else (self.canonical, *self.accepted)

    @property
    def required(self) -> bool:
        """Whether a number without a unit is refused, because it could be of several."""
        return len(self.names) > 1

    def find(self, text: str) -> str:
        """Give the listed spelling of a unit as a person wrote it.

        Raises:
            UnitError: it is not listed; the message offers what is.
        """
        if not self.names:
            raise UnitError(f"{quote(text)}: this number has no unit. Write the number alone.")
        listed = {normal(name): name for name in self.names}
        wanted = normal(text[:LONGEST_UNIT])
        if wanted in listed and len(text) <= LONGEST_UNIT:
            return listed[wanted]
        by_small_letters = {spelling.casefold(): name for spelling, name in listed.items()}
        near = difflib.get_close_matches(wanted.casefold(), by_small_letters, n=1)
        guess = f" Did you mean {by_small_letters[near[0]]}?" if near else ""
        raise UnitError(f"{quote(text)} is not a unit of this number.{guess} Write {' or '.join(self.names)}.")

    def convert(self, number: Decimal, source: str, target: str) -> Decimal:
        """Convert a number between two listed units: by an exact factor, rounded once, to 12 significant digits.

        Raises:
            UnitError: one of the units is not listed.
        """
        if normal(self.find(source)) == normal(self.find(target)):
            return number
        factor, offset = self.line(source, target)
        return round12(Fraction(number) * factor + offset)

    def line(self, source: str, target: str) -> tuple[Fraction, Fraction]:
        """Give the exact factor between two listed units, and the offset, which only temperatures have.

        Raises:
            UnitError: one of the units is not listed.
        """
        source, target = normal(self.find(source)), normal(self.find(target))
        if source == target:
            return Fraction(1), Fraction(0)
        power = _molar_power(self.dimension(source), self.dimension(target)) or 0
        factor, offset = _line(source, target, power)
        return factor * (_grams_per_mole(self.molar_mass) ** power if self.molar_mass else 1), offset

    @staticmethod
    def dimension(unit: str) -> str:
        """Give what units alike have alike: pg/mL and ng/L are both mass/volume; a mere label is like itself only."""
        return _dimension(normal(unit)) or f"label {normal(unit)}"

    @staticmethod
    def target(reported: str, listed: Sequence[str]) -> str:
        """Choose the unit to compare in: the reported one, else the first of its dimension, else the first."""
        wanted, dimension = normal(reported), Units.dimension(reported)
        same = (unit for unit in listed if normal(unit) == wanted)
        alike = (unit for unit in listed if Units.dimension(unit) == dimension)
        return next(itertools.chain(same, alike, listed))

    def _refuse_unreadable(self) -> None:
        """Refuse a unit that nobody could write after a number."""
        for name in self.names:
            try:
                _, unit = read_quantity(f"1 {name}")
            except NumberError:
                unit = None
            if unit != name.strip() or len(name) > LONGEST_UNIT:
                raise UnitError(f"{quote(name)} cannot be read after a number. Write a unit such as mg or 10^9/L.")

    def _refuse_repeats(self) -> None:
        for at, name in enumerate(self.names):
            for earlier in self.names[:at]:
                if normal(earlier) == normal(name):
                    raise UnitError(f"{quote(earlier)} and {quote(name)} are one unit. List it once.")

    def _refuse_unrelated(self, one: str, other: str) -> None:
        """Refuse two units that cannot be converted; all are held against the first, which is enough."""
        for unit in (one, other):
            if _dimension(normal(unit)) is None:
                raise UnitError(
                    f"{quote(one)} and {quote(other)} cannot be converted: {quote(unit)} is not known. "
                    "Correct its spelling, or give this number a single unit."
                )
        power = _molar_power(self.dimension(one), self.dimension(other))
        if power is None:
            raise UnitError(f"{quote(one)} and {quote(other)} do not measure the same. Leave one of them out.")
        if power and self.molar_mass is None:
            raise UnitError(
                f"{quote(one)} and {quote(other)}: one is by mass and one by mol. "
                'Add the molar mass, such as molar_mass: "1355.37 g/mol".'
            )
