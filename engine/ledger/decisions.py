"""Decisions: what a session came to, as durable-rules concluded it, what a clinician did instead, comments on it.

What a decision says is plain data that can be replayed without the session: the answers as they were given, with every
change, and the report that design.md section 9 describes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.metadata import version
from typing import Any
from unicodedata import category

from sqlalchemy import Row

from engine.dialogue.consultation import Consultation
from engine.dialogue.report import report
from engine.language.canonical import compact
from engine.ledger.chain import Head, said, short
from engine.ledger.errors import CommentError, OverrideError, RecordAltered

LONGEST = 2000  # characters of what a person writes
REASONS = {
    "not_wanted": "The patient does not want it",
    "not_available": "The product or the schedule cannot be had",
    "not_suitable": "It does not suit this patient, for a reason that was not asked about",
    "other_protocol": "The local protocol says something else",
    "wrong_answer": "An answer that it rests on was wrong",
    "disagree": "I do not agree with the suggestion",
    "other": "Another reason",
}


REPORTED = {  # what every report says something of
    "ruleset", "as_of", "answers", "complete", "conclusions", "undetermined", "conflicts", "regimen", "warnings",
    "trail",
}  # fmt: skip


@dataclass(frozen=True)
class Decision:
    """What a session came to, as it is kept.

    Attributes:
        head: its place in the chain.
        said: what it says (see `decision_data`); None where the session was forgotten or has expired.
    """

    head: Head
    said: Mapping[str, Any] | None

    @classmethod
    def of(cls, row: Row[Any]) -> Decision:
        """The decision that a record and its content hold; see `chain.said`."""
        found = _said(row, "engine", "given", "changes", "report")
        if found is not None and not (isinstance(found["report"], dict) and found["report"].keys() >= REPORTED):
            raise RecordAltered(row.seq)
        return cls(Head.of(row), found)

    @property
    def id(self) -> int:
        """Its number, by which commands and pages name it."""
        return self.head.seq

    @property
    def hash(self) -> str:
        """What stands on visit sheets and in capsules."""
        return self.head.hash

    @property
    def short(self) -> str:
        """The beginning of its hash."""
        return short(self.hash)

    @property
    def report(self) -> dict[str, Any]:
        """Answers, conclusions, regimen and trail, as `regimen evaluate --json` has them; {} where it was deleted."""
        return dict(self.said["report"]) if self.said else {}

    @property
    def decisive_rules(self) -> list[str]:
        """The rules that what was suggested rests on."""
        trail = self.report.get("trail", ())
        return list(dict.fromkeys(step["rule"] for step in trail if step["rule"] and step["role"] == "decisive"))


@dataclass(frozen=True)
class Override:
    """What was done instead of what a decision suggested, and why.

    Attributes:
        decision: the number of the decision.
        reason: one of `REASONS`.
        done: what was done instead, in words.
        text: why, in words; may be empty unless the reason is `other`.
        by: who says so, or None.
        rules: the rules that what was suggested rests on.
    """

    head: Head
    decision: int
    reason: str
    done: str
    text: str
    by: str | None
    rules: tuple[str, ...]

    @classmethod
    def of(cls, row: Row[Any]) -> Override:
        """The override that a record and its content hold; see `chain.said`."""
        known = {each.name for each in fields(cls)} - {"head", "rules"}
        found = _said(row, "rules", *known) or {}
        if found["reason"] not in REASONS:
            raise RecordAltered(row.seq)
        return cls(Head.of(row), **{name: found[name] for name in known}, rules=tuple(found["rules"]))


@dataclass(frozen=True)
class Comment:
    """What an auditor says of a decision.

    Attributes:
        decision: the number of the decision.
        text: what is said.
        by: who says so, or None.
    """

    head: Head
    decision: int
    text: str
    by: str | None

    @classmethod
    def of(cls, row: Row[Any]) -> Comment:
        """The comment that a record and its content hold; see `chain.said`."""
        found = _said(row, "decision", "text", "by") or {}
        return cls(Head.of(row), found["decision"], found["text"], found["by"])


def _said(row: Row[Any], *names: str) -> dict[str, Any] | None:
    """What a record says, which has to have something under each of these names."""
    found = said(row)
    if found is not None and not found.keys() >= set(names):
        raise RecordAltered(row.seq)
    return found


@cache
def engine_version() -> str:
    """The version of Regimen that is at work."""
    return version("regimen")


def decision_data(
    consultation: Consultation, changes: list[dict[str, Any]], given: Mapping[str, Any]
) -> dict[str, Any]:
    """What a decision says.

    {"engine": version, "given": {fact: answer as it was given},
     "changes": [{"seq", "fact", "value": null where it was taken back, "given_at"}], every one of the session in order,
     "report": what `regimen evaluate --json` prints}
    """
    return {
        "engine": engine_version(),
        "given": dict(given),
        "changes": changes,
        "report": plain(report(consultation)),
    }


def plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """Data as it comes back from JSON, to be compared with what was kept."""
    found: dict[str, Any] = json.loads(compact(data))
    return found


def same_decision(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two say the same of the same answers; by how many changes they came about makes no difference."""
    return all(one[name] == other[name] for name in ("engine", "given", "report"))


def override_data(decision: Decision, reason: str, done: str, text: str, by: str | None) -> dict[str, Any]:
    """What an override says; see `Override`.

    Raises:
        OverrideError: the reason is not on the list, or a text is missing or too long.
    """
    done, text = _typed(done), _typed(text)
    if reason not in REASONS:
        raise OverrideError(f"The reason is not on the list. Choose one of: {', '.join(REASONS)}.")
    if not done:
        raise OverrideError("What was done instead is missing. Say it in a few words.")
    if reason == "other" and not text:
        raise OverrideError("Another reason needs words. Say why in a few.")
    if max(len(done), len(text)) > LONGEST:
        raise OverrideError(f"That is too long. Say it in at most {LONGEST} characters.")
    said = {"decision": decision.id, "reason": reason, "done": done, "text": text, "by": by}
    return said | {"rules": decision.decisive_rules}


def comment_data(decision: Decision, text: str, by: str | None) -> dict[str, Any]:
    """What a comment says; see `Comment`.

    Raises:
        CommentError: there is no text, or too much.
    """
    text = _typed(text)
    if not text:
        raise CommentError("The comment is empty. Write it, or leave the page.")
    if len(text) > LONGEST:
        raise CommentError(f"The comment is too long. Say it in at most {LONGEST} characters.")
    return {"decision": decision.id, "text": text, "by": by}


def _typed(text: str) -> str:
    """A text without what no page can show: the control characters but line ends and tabs."""
    return "".join(each for each in text if category(each) != "Cc" or each in "\n\t").strip()
