"""Doing something in a process forked from the test, as those of the site are; waiting for what others do."""

from __future__ import annotations

import os
import time
import traceback

import psutil
import pytest

FORKS = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),  # a worker of the suite
]


def started(work):
    """Start it in a process of its own, and give its number."""
    child = os.fork()
    if not child:
        status = 1
        try:
            work()
            status = 0
        except BaseException:  # noqa: BLE001 (whatever it is, nothing of the suite may go on here)
            traceback.print_exc()
        finally:
            os._exit(status)
    return child


def ended(child):
    """Wait for its end; whether it was a good one. One that does not end in half a minute is killed."""
    process = psutil.Process(child)
    try:
        return process.wait(30) == 0
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(30)
        return False


def until(holds):
    """Wait until something holds, which fails after half a minute."""
    latest = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < latest
        time.sleep(0.01)
