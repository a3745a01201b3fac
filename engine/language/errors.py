"""Errors that tell where, what and what to do.

Every problem of a ruleset is reported at once, each as ``file:line:column: what is wrong. what to do``. Nothing in the
project raises a bare traceback at a person: whatever they wrote, the answer is a `RegimenError`.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePath
from typing import NamedTuple

LONGEST_QUOTE = 40
MOST_LISTED = 8  # words in a list that still reads as a sentence
MOST_PROBLEMS = 500
MOST_PLACES = 3  # that are listed besides the first
ABOUT_AS_NEAR = 0.08


class Mark(NamedTuple):
    """A place in a file; line and column count from 1."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{clean(self.path)}:{self.line}:{self.column}"


class RegimenError(Exception):
    """The base of every error that this project raises on purpose."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in a ruleset: where, and what to do about it; a `cause` of others is told before them."""

    mark: Mark
    message: str
    cause: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", clean(self.message))

    def __str__(self) -> str:
        return f"{self.mark}: {self.message}"


class RulesetError(RegimenError):
    """A ruleset cannot be loaded; `problems` lists every reason, causes first, else by place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems), key=lambda each: (not each.cause, each)))
        super().__init__("\n".join(map(str, self.problems)))


class Problems(list[Problem]):
    """What is wrong so far; reading goes on after each, so that a person is told everything at once.

    `none_of` are the kinds of thing of which nothing at all is declared: that is told once, not for each of them.
    """

    def __init__(self, problems: Iterable[Problem] = ()) -> None:
        super().__init__(problems)
        self.none_of: Collection[str] = ()
        self._absent: dict[tuple[str, ...], _Absent] = {}

    def tell(self, mark: Mark, message: str, *, cause: bool = False) -> None:
        """Note one problem.

        Raises:
            RulesetError: there are so many that the file cannot be meant as a ruleset, and more would help nobody.
        """
        self.append(Problem(mark, message, cause))
        if len(self) >= MOST_PROBLEMS:
            self.append(Problem(mark, f"is where reading stopped, after {MOST_PROBLEMS} problems. Mend those first."))
            raise RulesetError(self)

    def tell_absent(self, mark: Mark, message: str, *what: str) -> None:
        """Note that something is used and does not exist: one problem, at its first place, however often it is used.

        Args:
            mark: where it is used.
            message: what to tell there.
            what: tells it from others, such as "rules", "neuro".
        """
        if what[0] in self.none_of:
            what = what[:1]
        absent = self._absent.get(what)
        if absent is None:
            absent = self._absent[what] = _Absent(len(self), mark, message, whole_kind=what[1:] == ())
            self.tell(mark, message)
        elif mark not in absent.places:
            absent.places[mark] = None
            self[absent.at] = absent.problem


class _Absent:
    """Where something is used that does not exist; the first place is where it was told first."""

    def __init__(self, at: int, mark: Mark, message: str, *, whole_kind: bool) -> None:
        self.at = at
        self.message = message
        self.places = {mark: None}
        self.used = "Others that are not there are used" if whole_kind else "It is used"

    @property
    def problem(self) -> Problem:
        """The problem as it is by now."""
        mark, *others = islice(self.places, 2 * MOST_PLACES + 1)
        lines = list(dict.fromkeys(f"{PurePath(other.path).name}:{other.line}" for other in others))
        more = len(self.places) - 1
        listed = ", ".join(lines[:MOST_PLACES]) + (", …" if more > MOST_PLACES else "")
        return Problem(mark, f"{self.message} {self.used} in {more} more place{'s'[: more > 1]}: {listed}.")


@dataclass(frozen=True)
class AnswerProblem:
    """One answer that cannot be used, with the fact it was given for."""

    fact: str
    message: str
    mark: Mark | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "fact", clean(self.fact))
        object.__setattr__(self, "message", clean(self.message))

    def __str__(self) -> str:
        where = f"{self.mark}: " if self.mark else ""
        return f"{where}{self.fact}: {self.message}"


class AnswerError(RegimenError):
    """Answers cannot be used; `problems` lists every one of them. Nothing was evaluated."""

    def __init__(self, problems: Iterable[AnswerProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def shorten(text: str, longest: int = LONGEST_QUOTE) -> str:
    """The text on one line, cut where it is long, with a sign for every character that cannot be shown."""
    return clean(text if len(text) <= longest else text[: longest - 1] + "…")


def clean(text: str) -> str:
    """The text on one line, with a sign for every character that cannot be shown."""
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(sign: str) -> str:
    if sign.isprintable():
        return sign
    return " " if sign.isspace() else "\N{REPLACEMENT CHARACTER}"


def quote(text: str) -> str:
    """What a person wrote, short enough to stand in a sentence."""
    return f"'{shorten(text)}'"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence that offers the nearest known words, or lists them when there are few, or nothing."""
    words = list(dict.fromkeys(known))
    near = nearest(word, words)
    if near:
        return " Did you mean " + " or ".join(map(quote, near)) + "?"
    if 0 < len(words) <= MOST_LISTED:
        return " Known here: " + ", ".join(words) + "."
    return ""


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """The known word that a misspelt one is most like, or two that are about as near."""
    near = difflib.get_close_matches(word[:60], list(known), n=2, cutoff=0.6)
    ratios = [difflib.SequenceMatcher(None, each, word[:60]).ratio() for each in near]
    return [each for each, ratio in zip(near, ratios, strict=True) if ratio > max(ratios) - ABOUT_AS_NEAR]
