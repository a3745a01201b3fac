"""Truth as two independent signs, known true and known false (Belnap's four values).

Neither sign is "unknown", which is not "no"; both is a conflict, which arises only where rules contradict each other.
A sign is a pair of bits, so that signs only ever grow: joining what more answers bring is the bitwise or.

Source: N. D. Belnap, "A useful four-valued logic", in Modern Uses of Multiple-Valued Logic, 1977.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

Sign = int

UNSIGNED: Final[Sign] = 0
TRUE: Final[Sign] = 1
FALSE: Final[Sign] = 2
BOTH: Final[Sign] = TRUE | FALSE


def opposite(sign: Sign) -> Sign:
    """The sign of `not`: true and false change places."""
    return (sign & TRUE) << 1 | (sign & FALSE) >> 1


def every(signs: Iterable[Sign]) -> Sign:
    """The sign of `all`: known true when each is, known false when some is."""
    true, false = TRUE, UNSIGNED
    for sign in signs:
        if sign == FALSE:
            return FALSE  # whatever the others are
        true &= sign
        false |= sign & FALSE
    return true | false


def some(signs: Iterable[Sign]) -> Sign:
    """The sign of `any`: known true when some is, known false when each is."""
    true, false = UNSIGNED, FALSE
    for sign in signs:
        if sign == TRUE:
            return TRUE  # whatever the others are
        true |= sign & TRUE
        false &= sign
    return true | false


def known(truth: bool) -> Sign:
    """The sign of something decided."""
    return TRUE if truth else FALSE
