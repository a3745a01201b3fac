"""Where a run starts: with nothing, or with what follows from the answers that it shares with others.

Nothing that is concluded is ever withdrawn. So of many runs that differ in a few answers, what the others come to is
concluded once, on durable-rules; each run is told it, and carries on over the clauses that can still fire.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    program: Program, answers: Mapping[str, Answer], held: frozenset[int], fired: frozenset[int], told: Iterable[int]
) -> Start:
    """The start of runs that share answers.

    Args:
        program: the compiled ruleset.
        answers: those that they share.
        held: what a run on these holds.
        fired: the clauses that fired in it.
        told: every literal that a run which carries on may be told.
    """
    possible = _possible(program, held.union(told))
    left = [at for at, c in enumerate(program.clauses) if at not in fired and possible.issuperset(c.body)]
    clauses = [program.clauses[at] for at in left]
    shorter = [Clause(tuple(n for n in clause.body if n not in held), clause.heads) for clause in clauses]
    return Start(Matcher(shorter), left, answers, held, fired)


def _possible(program: Program, told: frozenset[int]) -> set[int]:
    """Everything that could be concluded if all of this were told at once."""
    missing = [len(clause.body) for clause in program.clauses]
    found, waiting = set(told), list(told)
    while waiting:
        for at in program.users.get(waiting.pop(), ()):
            missing[at] -= 1
            fresh = () if missing[at] else [head for head in program.clauses[at].heads if head not in found]
            found.update(fresh)
            waiting.extend(fresh)
    return found
