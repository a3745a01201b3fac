from __future__ import annotations

from functools import cache

import pytest

import engine
from tests.benchmarks.generated import Generated


@pytest.fixture(scope="session")
def generated():
    """`generated(amount)` is a ruleset of so many rules, made once."""
    return cache(Generated)


@pytest.fixture(scope="session")
def folder(generated, tmp_path_factory):
    """`folder(amount)` is where its YAML lies."""
    return cache(lambda amount: generated(amount).write(tmp_path_factory.mktemp("ruleset")))


@pytest.fixture(scope="session")
def ruleset(folder):
    """`ruleset(amount)` is the same, loaded."""
    return cache(lambda amount: engine.load_ruleset(folder(amount)))
