"""A process that writes to a ledger until it is killed: `python -m tests.ledger.writer HOW URL [KEY]`.

It prints the key of its session, then the number of each answer once that is confirmed.
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import count

from sqlalchemy import event

from engine import load_ruleset
from engine.ledger import Ledger
from tests.ledger.conftest import NOW, SMALL


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


def say(word):
    print(word, flush=True)


if __name__ == "__main__":
    {"on": on, "half": half, "fifty": fifty, "opening": opening}[sys.argv[1]](*sys.argv[2:])
