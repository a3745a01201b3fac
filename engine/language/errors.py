"""Errors that tell where, what and what to do.

Every problem of a ruleset is reported at once, each as ``file:line:column: what is wrong. what to do``. Nothing in the
project raises a bare traceback at a person: whatever they wrote, the answer is a `RegimenError`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

LONGEST_QUOTE = 40
MOST_LISTED = 8  # words in a list that still reads as a sentence
MOST_PROBLEMS = 500
ABOUT_AS_NEAR = 0.08


class Mark(NamedTuple):
    """A place in a file; line and column count from 1."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class RegimenError(Exception):
    """The base of every error that this project raises on purpose."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in a ruleset: where, and what to do about it."""

    mark: Mark
    message: str

    def __str__(self) -> str:
        return f"{self.mark}: {self.message}"


class RulesetError(RegimenError):
    """A ruleset cannot be loaded; `problems` lists every reason, sorted by place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


class Problems(list[Problem]):
    """What is wrong so far; reading goes on after each, so that a person is told everything at once."""

    def tell(self, mark: Mark, message: str) -> None:
        """Note one problem.

        Raises:
            RulesetError: there are so many that the file cannot be meant as a ruleset, and more would help nobody.
        """
        self.append(Problem(mark, message))
        if len(self) >= MOST_PROBLEMS:
            self.append(Problem(mark, f"is where reading stopped, after {MOST_PROBLEMS} problems. Mend those first."))
            raise RulesetError(self)


@dataclass(frozen=True)
class AnswerProblem:
    """One answer that cannot be used, with the fact it was given for."""

    fact: str
    message: str
    mark: Mark | None = None

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
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(map(_shown, cut))


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
