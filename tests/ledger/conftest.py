"""Real databases: every test that takes `url` or `ledger` runs on a SQLite file and on PostgreSQL."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from engine import load_ruleset
from engine.ledger import Ledger

SMALL = Path(__file__).resolve().parent.parent / "corpora" / "small"
NOW = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)


def later(**spans):
    return NOW + dt.timedelta(**spans)


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
