"""`python3 -m tests [pytest options]` sets the checkout up if need be, and runs the whole suite.

ruff, mypy and import-linter are among the tests: see test_house.py.
"""

from __future__ import annotations

import sys

from engine import bootstrap

if __name__ == "__main__":
    bootstrap.ensure("dev")
    import pytest

    # loadgroup: tests of one xdist_group, such as those of one browser, share a worker; a later -n, such as -n 0, wins
    raise SystemExit(pytest.main(["-n", "auto", "--dist", "loadgroup", *sys.argv[1:]]))
