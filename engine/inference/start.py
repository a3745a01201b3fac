"""Where a run starts: with nothing, or with what follows from the answers that it shares with others.

Nothing that is concluded is ever withdrawn. So of many runs that differ in a few answers, what the others come to is
concluded once, on durable-rules; each run is told it, and carries on over the clauses that can still fire.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.inference.compile import Program
from engine.inference.matcher import Clause, Matcher
from engine.language.values import Answer


@dataclass(frozen=True)
class Start:
    """Where a run starts.

    Attributes:
        matcher: the clauses that are left.
        clauses: the number of each in the program.
        answers: what is told already.
        held: every literal told or concluded.
        fired: every clause that fired.
    """

    matcher: Matcher
    clauses: Sequence[int]
    answers: Mapping[str, Answer]
    held: frozenset[int] = frozenset()
    fired: frozenset[int] = frozenset()


def with_nothing(program: Program) -> Start:
    """The start of a run by itself."""
    return Start(program.matcher, range(len(program.clauses)), {})


def carrying_on(
    program: Program,
    start: Start,
    answers: Mapping[str, Answer],
    held: frozenset[int],
    fired: frozenset[int],
    told: Iterable[int],
) -> Start:
    """The start of runs that share answers.

    Args:
        program: the compiled ruleset.
        start: where a run on the answers that they share started.
        answers: those answers.
        held: what that run holds.
        fired: the clauses that fired in it.
        told: every literal that a run which carries on may be told.
    """
    bodies = {
        at: tuple(n for n in program.clauses[at].body if n not in held) for at in start.clauses if at not in fired
    }
    left = sorted(_possible(program, bodies, held, held.union(told)))
    return Start(Matcher([Clause(bodies[at], program.clauses[at].heads) for at in left]), left, answers, held, fired)


def _possible(
    program: Program, bodies: Mapping[int, tuple[int, ...]], held: frozenset[int], told: frozenset[int]
) -> Iterator[int]:
    """The clauses that would fire if all of this were told at once, by what their bodies lack of what is held."""
    missing = {at: len(body) for at, body in bodies.items()}
    known, waiting = set(told), list(told - held)
    while waiting:
        for at in program.users.get(waiting.pop(), ()):
            if at in missing:
                missing[at] -= 1
                if not missing[at]:
                    yield at
                    fresh = set(program.clauses[at].heads) - known
                    known |= fresh
                    waiting.extend(fresh)
