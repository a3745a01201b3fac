"""All changes of one and of two answers, laid out as worlds: a set of them is a whole number with a bit for each."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import reduce
from operator import or_

from engine.explain.changes import Other

Parts = tuple[int, ...]  # other answers, by number


class Pairs:
    """The worlds.

    First each other answer by itself; then, question by question, each beside all those to the questions before: so
    the pairs of some first questions are the lowest worlds. Each such row fills whole bytes, with worlds that are none
    of the changes where it is shorter.

    Args:
        questions: the other answers to each.

    Attributes:
        others: all of them; their numbers count these.
        every: all worlds.
        singles, pairs: those in which one answer is another, and two are.
        where: for each other answer the worlds that have it.
        below: for each question how many worlds have those before it, from the lowest.
    """

    def __init__(self, questions: Sequence[Sequence[Other]]) -> None:
        self.others = [other for each in questions for other in each]
        self.singles = (1 << len(self.others)) - 1
        self.below: dict[str, int] = {}
        self._rows = [0]  # where each begins, in bits
        masks = [bytearray((1 << at).to_bytes(at // 8 + 1, "little")) for at in range(len(self.others))]
        length, known = (len(self.others) + 7) // 8, 0  # bytes laid out; other answers to the questions before
        for several in questions:
            self.below[several[0].fact] = length * 8
            step = (known + 7) // 8
            for at, mask in enumerate(masks[:known]):
                mask.extend(bytes(length - len(mask)) + (1 << at).to_bytes(step, "little") * len(several))
            for mask in masks[known : known + len(several)]:
                mask.extend(bytes(length - len(mask)) + ((1 << known) - 1).to_bytes(step, "little"))
                self._rows.append(length * 8)
                length += step
            known += len(several)
        self.every = (1 << length * 8) - 1
        self.where = [int.from_bytes(mask, "little") for mask in masks]
        self.pairs = reduce(or_, self.where, 0) & ~self.singles

    def changes(self, where: int) -> Iterator[Parts]:
        """The changes that some worlds are."""
        for at in bits(where):
            row = bisect_right(self._rows, at) - 1
            first = at - self._rows[row]
            yield (first, row - 1) if row else (first,)


def bits(where: int) -> Iterator[int]:
    """The worlds of a set, from the lowest."""
    for at, byte in enumerate(where.to_bytes((where.bit_length() + 7) // 8, "little")):
        for bit in range(8) if byte else ():
            if byte >> bit & 1:
                yield at * 8 + bit
