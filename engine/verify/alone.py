"""Z3 works for one thread at a time: all that it makes belongs to one context, which threads cannot share."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

AT_WORK = threading.RLock()


def alone(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function that uses Z3 wait until no other thread does."""

    @functools.wraps(function)
    def waiting(*args: P.args, **kwargs: P.kwargs) -> R:
        with AT_WORK:
            return function(*args, **kwargs)

    return waiting
