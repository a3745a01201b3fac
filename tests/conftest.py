"""Options of the whole suite."""

from __future__ import annotations


def pytest_addoption(parser):
    parser.addoption("--screenshots", metavar="DIR", default=None, help="write a picture of each page state to DIR")
