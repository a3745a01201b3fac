"""Real databases: every test that takes `url` or `ledger` runs on a SQLite file and on PostgreSQL."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine import consult, load_ruleset
from engine.language.load import ruleset_from_files
from engine.ledger import Ledger

ROOT = Path(__file__).resolve().parents[2]
SMALL = Path(__file__).resolve().parent.parent / "corpora" / "small"
NOW = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)
WORSE = {"age": 54, "b12": "140 ng/L", "symptoms": ["numbness"], "course": "worse", "allergy": "no"}
PEOPLE = [WORSE, {**WORSE, "course": "stable"}, {**WORSE, "allergy": "yes"}, WORSE, {"age": 30}]


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
def decisions(ledger, ruleset):
    """A decision for each of some people; the first has the number 2."""
    return [decided(ledger, ledger.begin(ruleset, answers, NOW)[0]).id for answers in PEOPLE]


@pytest.fixture(scope="session")
def other(ruleset):
    """A version in which getting worse makes no difference, and an allergy is no caution."""
    text = ruleset.files["small/ruleset.yaml"].replace("course: worse, allergy: [no", "course: worse, allergy: [yes")
    text = text.replace(
        "when: {allergy: [yes, unknown]}, then: {cautions", "when: {allergy: [unknown]}, then: {cautions"
    )
    return ruleset_from_files({"small/ruleset.yaml": text.replace('version: "1.0"', 'version: "2.0"')})


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
