"""Real databases: every test that takes `url` or `ledger` runs on a SQLite file and on PostgreSQL."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine import consult, load_ruleset
from engine.ledger import Ledger

ROOT = Path(__file__).resolve().parents[2]
SMALL = Path(__file__).resolve().parent.parent / "corpora" / "small"
NOW = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)


def later(**spans):
    return NOW + dt.timedelta(**spans)


def decided(ledger, kept, moment=NOW):
    """The decision of what a session comes to."""
    return ledger.decide(kept, consult(kept.ruleset, kept.answers, kept.as_of), moment)


@pytest.fixture
def file(tmp_path):
    """Where a SQLite ledger is."""
    return tmp_path / "regimen.db"


@pytest.fixture
def open_ledger():
    """Opens ledgers, and closes them at the end."""
    opened = []

    def opening(url):
        opened.append(Ledger.open(url))
        return opened[-1]

    yield opening
    for each in opened:
        each.close()


@pytest.fixture
def ledger(url, open_ledger):
    return open_ledger(url)


@pytest.fixture(scope="session")
def ruleset():
    return load_ruleset(SMALL)


@pytest.fixture
def start():
    """Starts processes that write to a ledger; none outlives the test."""
    with ExitStack() as stack:

        def starting(how, *args):
            command = [sys.executable, "-m", "tests.ledger.writer", how, *args]
            pipe = subprocess.PIPE
            process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield starting
