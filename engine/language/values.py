"""What an answer or a conclusion can be.

A value is an option id (also ``yes`` and ``no``), a set of option ids in the order of the fact's options, a quantity in
the unit it was reported in, a date, or `UNKNOWN`, the answer "I do not know".
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from engine.language.numbers import show_number


class _Unknown:
    """The answer "I do not know"."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __reduce__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in the unit it was reported in; `unit` is None where the fact has none."""

    number: Decimal
    unit: str | None = None

    def __str__(self) -> str:
        return show_number(self.number) + (f" {self.unit}" if self.unit else "")


Single = str | Quantity | dt.date
Value = Single | tuple[str, ...]
Answer = Value | _Unknown
