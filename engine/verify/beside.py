"""Running the cases of a ruleset beside proofs about it, in processes that are forked for it and end with it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection

from engine.inference.compile import program_of
from engine.language.model import Case, Ruleset
from engine.verify.cases import Checked, check_cases

AT_MOST = 4  # processes
WORTH_IT = 25  # cases in each, below which a process costs more than it saves


def begin_cases(ruleset: Ruleset) -> Callable[[], Checked]:
    """Begin to run the cases of a ruleset; what is given waits for them and says what they came to.

    Where there is no fork, or another thread could hold a lock at one, they run when that is called.
    """
    cases = ruleset.cases
    number = min(_cores(), AT_MOST, len(cases) // WORTH_IT)
    if number <= 1 or not hasattr(os, "fork") or threading.active_count() > 1:
        return partial(check_cases, ruleset)
    program_of(ruleset)  # compiled once, for all of them
    size = -(-len(cases) // number)
    shares = [cases[first : first + size] for first in range(0, len(cases), size)]
    begun = [_begin(ruleset, share) for share in shares]
    return lambda: _joined([_end(ruleset, *each) for each in zip(shares, begun, strict=True)])


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _begin(ruleset: Ruleset, share: Sequence[Case]) -> Connection:
    context = get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    context.Process(target=_run, args=(theirs, ruleset, share), daemon=True).start()
    theirs.close()  # so that ours ends when the process does
    return ours


def _run(told: Connection, ruleset: Ruleset, share: Sequence[Case]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever waits
    told.send(check_cases(ruleset, share))


def _end(ruleset: Ruleset, share: Sequence[Case], begun: Connection) -> Checked:
    with begun:
        try:
            found: Checked = begun.recv()
        except EOFError:  # it was killed, or failed: run here, they say how
            return check_cases(ruleset, share)
    return found


def _joined(parts: Sequence[Checked]) -> Checked:
    firing: dict[str, list[Case]] = {}
    for part in parts:
        for rule, cases in part.firing.items():
            firing.setdefault(rule, []).extend(cases)
    findings = tuple(finding for part in parts for finding in part.findings)
    return Checked(findings, sum(part.passed for part in parts), sum(part.failed for part in parts), firing)
