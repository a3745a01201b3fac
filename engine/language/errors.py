"""Errors that tell where, what and what to do.

Every problem of a ruleset is reported at once, each as ``file:line:column: what is wrong. what to do``. Nothing in the
project raises a bare traceback at a person: whatever they wrote, the answer is a `RegimenError`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


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
    """A ruleset cannot be loaded; `problems` lists every reason, in the order of the files."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        super().__init__("\n".join(map(str, self.problems)))


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


LONGEST_QUOTE = 40


def quote(text: str) -> str:
    """What a person wrote, short enough to stand in a sentence."""
    shown = text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
    return "'" + shown.replace("\n", " ") + "'"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence that offers the nearest known words, or lists them when there are few, or nothing."""
    words = list(dict.fromkeys(known))
    near = difflib.get_close_matches(word[:60], words, n=2, cutoff=0.6)
    if near:
        return " Did you mean " + " or ".join(map(quote, near)) + "?"
    if 0 < len(words) <= 8:  # noqa: PLR2004 (a list that still reads as a sentence)
        return " Known here: " + ", ".join(words) + "."
    return ""
