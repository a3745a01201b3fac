"""Answers to begin with: those of a case or of a start of the ruleset, written as a file would have them."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from flask import abort

from engine.language.model import Case, Ruleset, Start

# What stands for itself in YAML without quotes; anything else is quoted.
_PLAIN = re.compile(r"[A-Za-z0-9][\w .+/%^µ²³°-]*(?<! )\Z")


@dataclass(frozen=True)
class Sample:
    """Answers to begin with, and where they are from."""

    title: str = ""
    text: str = ""
    as_of: datetime.date | None = None


def find(ruleset: Ruleset, case: str | None, start: str | None) -> Sample:
    """The sample that was asked for, else the first case, else the first start, else nothing."""
    if case is not None:
        return _named(ruleset.cases, case, "case")
    if start is not None:
        return _named(ruleset.starts, start, "start")
    given: tuple[Case | Start, ...] = (*ruleset.cases, *ruleset.starts)
    return next((_of(each) for each in given if each.answers), Sample())


def _named(given: Iterable[Case | Start], wanted: str, noun: str) -> Sample:
    found = next((each for each in given if each.id == wanted), None)
    return _of(found) if found else abort(404, f"This ruleset has no {noun} called “{wanted[:60]}”.")


def _of(each: Case | Start) -> Sample:
    return Sample(each.title, written(each.answers), each.as_of if isinstance(each, Case) else None)


def written(answers: Iterable[tuple[str, object]]) -> str:
    """Answers as lines of YAML."""
    return "".join(f"{name}: {_written(answer)}\n" for name, answer in answers)


def _written(answer: object) -> str:
    if isinstance(answer, (tuple, list)):
        return f"[{', '.join(map(_written, answer))}]"
    text = str(answer)
    return text if _PLAIN.match(text) else json.dumps(text, ensure_ascii=False)
