"""Replaying a decision: running its answers again, under its own release or under another version of the ruleset."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from engine.dialogue.consultation import Consultation, consult
from engine.dialogue.report import report
from engine.explain.what_if import Difference, differences
from engine.language.answers import read_answers
from engine.language.errors import AnswerError, AnswerProblem
from engine.language.model import Fact, Ruleset
from engine.language.values import Answer
from engine.language.wording import counted
from engine.ledger.decisions import engine_version, plain

Said = Mapping[str, Any]  # what a decision says, see `decisions.decision_data`


@dataclass(frozen=True)
class StepDifference:
    """A step that is not what was recorded; `recorded` or `replayed` is None where there is none of that number."""

    seq: int
    recorded: Said | None
    replayed: Said | None

    @property
    def parts(self) -> tuple[str, ...]:
        """What differs in it."""
        one, other = self.recorded or {}, self.replayed or {}
        return tuple(name for name in {**one, **other} if one.get(name) != other.get(name))


@dataclass(frozen=True)
class Replay:
    """A decision run again under its own release.

    Attributes:
        consultation: the run.
        steps: how many steps were recorded.
        same: how many of them came out the same, from the first on.
        step: the first that did not, or None.
        parts: what else differs of what was recorded, such as conclusions.
        engine: the version of Regimen that recorded it, where another one replays it.
    """

    consultation: Consultation
    steps: int
    same: int
    step: StepDifference | None
    parts: tuple[str, ...]
    engine: str | None

    @property
    def identical(self) -> bool:
        """Whether everything came out as it was recorded."""
        return self.step is None and not self.parts

    @property
    def said_step(self) -> str:
        """Which step is the first that differs, in words; nothing where none does."""
        if self.step is None:
            return ""
        if self.step.recorded is None:
            return f"{counted(self.steps, 'step')} came out the same, and more follow that were not recorded"
        return f"step {self.step.seq} of {self.steps} is the first that differs"


@dataclass(frozen=True)
class Against:
    """A decision run under another version of its ruleset, or another ruleset.

    Attributes:
        before: the run under its own release.
        after: the run under the other.
        differences: the facts of which something else is told, with the steps behind.
        left_out: the answers that the other cannot read, with the reason of each.
        open: what the other would still ask.
    """

    before: Consultation
    after: Consultation
    differences: tuple[Difference, ...]
    left_out: tuple[AnswerProblem, ...]
    open: tuple[Fact, ...]


def replay(said: Said, ruleset: Ruleset) -> Replay:
    """Run the answers of a decision again.

    Args:
        said: what the decision says.
        ruleset: its release.

    Raises:
        AnswerError: this Regimen cannot read an answer as it was given.
    """
    again = consult(ruleset, said["given"], said["report"]["as_of"])
    recorded, replayed = said["report"], plain(report(again))
    pairs = zip_longest(recorded["trail"], replayed["trail"])
    numbered = (StepDifference(seq, *pair) for seq, pair in enumerate(pairs, 1))
    step = next((each for each in numbered if each.recorded != each.replayed), None)
    names = [name for name in {**recorded, **replayed} if name != "trail"]
    parts = tuple(name for name in names if recorded.get(name) != replayed.get(name))
    steps = len(recorded["trail"])
    engine = said["engine"] if said["engine"] != engine_version() else None
    return Replay(again, steps, min(step.seq - 1, steps) if step else steps, step, parts, engine)


def replay_against(said: Said, ruleset: Ruleset, other: Ruleset) -> Against:
    """Run the answers of a decision under another ruleset, as far as that can read them.

    Args:
        said: what the decision says.
        ruleset: its release.
        other: the other version, or another ruleset.
    """
    as_of = said["report"]["as_of"]
    before = consult(ruleset, said["given"], as_of)
    readable, left_out = readable_answers(other, said["given"])
    after = Consultation(other, readable, dt.date.fromisoformat(as_of) if as_of else None)
    still_open = tuple(other.facts[name] for name in after.relevance.open)
    return Against(before, after, tuple(differences(before, after)), left_out, still_open)


def readable_answers(ruleset: Ruleset, given: Said) -> tuple[dict[str, Answer], tuple[AnswerProblem, ...]]:
    """The answers that a ruleset can read, and what is wrong with each of the others."""
    try:
        return read_answers(ruleset.facts, given), ()
    except AnswerError as error:
        wrong = {problem.fact for problem in error.problems}
        readable = {name: raw for name, raw in given.items() if name not in wrong}
        return read_answers(ruleset.facts, readable), error.problems
