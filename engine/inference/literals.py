"""What the integers of the matcher stand for: signed literals over the facts and rules of a ruleset.

"Known false" is a conclusion like any other, so nothing is ever negated or withdrawn, which is the part of
durable-rules that is sound.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.language.model import Condition, Test
from engine.language.values import Single
from engine.logic.signs import Sign


@dataclass(frozen=True, slots=True)
class Always:
    """Holds in every session."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer, or the value of a formula, passes a test or does not.

    The matcher is told, having compared nothing: cut-offs decide doses, and it would compare decimals as floats and
    other kinds as text.
    """

    test: Test
    sign: Sign


@dataclass(frozen=True, slots=True)
class Signed:
    """A condition with more than one way to its sign."""

    condition: Condition
    sign: Sign


@dataclass(frozen=True, slots=True)
class When:
    """The `when` of a rule has a sign."""

    rule: str
    sign: Sign


@dataclass(frozen=True, slots=True)
class Applies:
    """A rule that others override applies."""

    rule: str


@dataclass(frozen=True, slots=True)
class Fails:
    """A rule that others override fails."""

    rule: str


@dataclass(frozen=True, slots=True)
class Value:
    """A derived fact holds a value, or a set includes an option."""

    fact: str
    value: Single


@dataclass(frozen=True, slots=True)
class Lacks:
    """A set lacks an option."""

    fact: str
    option: str


Literal = Always | Seen | Signed | When | Applies | Fails | Value | Lacks
Body = tuple[Literal, ...]
