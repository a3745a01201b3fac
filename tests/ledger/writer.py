"""A process that writes to a ledger, some until they are killed: `python -m tests.ledger.writer HOW URL [KEY]`.

It prints the key of its session, then the number of each answer once that is confirmed; of decisions number and hash.
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import count

from sqlalchemy import event

from engine import load_ruleset
from engine.language.load import ruleset_from_files, shipped_ids
from engine.ledger import DatabaseError, Ledger, impact_runs
from tests.ledger.conftest import NOW, SMALL, decided


def on(url):
    """Answer one question over and over."""
    ledger = Ledger.open(url)
    _, key = ledger.begin(load_ruleset(SMALL), {}, NOW)
    say(key)
    for number in count(1):
        ledger.record(key, {"b12": f"{number} ng/L"}, NOW)
        say(number)


def half(url):
    """Confirm one answer, and be killed when the next is written and not yet confirmed."""
    ledger = Ledger.open(url)
    _, key = ledger.begin(load_ruleset(SMALL), {}, NOW)
    say(key)
    ledger.record(key, {"b12": "1 ng/L"}, NOW)
    say(1)
    event.listen(ledger._database.engine, "commit", lambda connection: os.kill(os.getpid(), signal.SIGKILL))
    ledger.record(key, {"age": 54, "b12": "2 ng/L"}, NOW)


def fifty(url, key, fact):
    """Give fifty answers to a session that another process writes to as well."""
    ledger = Ledger.open(url)
    for number in range(1, 51):
        ledger.record(key, {fact: f"{number} ng/L" if fact == "b12" else number}, NOW)
    ledger.close()


def opening(url):
    """Open the ledger at the moment that others do."""
    say("ready")
    sys.stdin.readline()
    Ledger.open(url).close()


def deciding(url):
    """Come to one decision after the other."""
    ledger, ruleset = Ledger.open(url), load_ruleset(SMALL)
    for number in count(1):
        decide(ledger, ruleset, number)


def decisions(url, number):
    """Come to so many decisions, beside others who do the same from the same moment on."""
    ledger, ruleset = Ledger.open(url), load_ruleset(SMALL)
    say("ready")
    sys.stdin.readline()
    for each in range(int(number)):
        decide(ledger, ruleset, each)
    ledger.close()


def decide(ledger, ruleset, number):
    kept, _ = patiently(ledger.begin, ruleset, {"age": number % 100, "b12": f"{number % 300} ng/L"}, NOW)
    decision = patiently(decided, ledger, kept)
    say(f"{decision.id} {decision.hash}")


def patiently(work, *given):
    """Do what a person is told to do where others hold the database: try again."""
    while True:
        try:
            return work(*given)
        except DatabaseError as error:
            if "busy" not in str(error):
                raise


def cases(url, every):
    """Decide every case of every ruleset, or every so many."""
    ledger = Ledger.open(url)
    for name in shipped_ids():
        ruleset = load_ruleset(name)
        for case in ruleset.cases[:: int(every)]:
            kept, _ = ledger.begin(ruleset, dict(case.answers), NOW)
            say(f"{name} {case.id} {decided(ledger, kept).id}")
    ledger.close()


def impact(url, text):
    """Compare decisions two at a time, and wait after the first two to be killed."""
    impact_runs.AT_ONCE = 2

    def told(done, total):
        say(f"{done} of {total}")
        signal.pause()

    Ledger.open(url).impact(ruleset_from_files({"small/ruleset.yaml": text}), told)


def say(word):
    print(word, flush=True)


if __name__ == "__main__":
    ways = [on, half, fifty, opening, deciding, decisions, cases, impact]
    {way.__name__: way for way in ways}[sys.argv[1]](*sys.argv[2:])
