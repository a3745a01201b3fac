"""What all commands have in common: how problems are told, how they end, how a date is read."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import click

from engine.language.errors import RegimenError
from engine.language.shapes import iso_date

FINDING = 1
BAD_INPUT = 2
P = ParamSpec("P")


def telling(command: Callable[P, int]) -> Callable[P, None]:
    """Tell problems on standard error, each on its line, and leave with the right exit status."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            status = command(*args, **kwargs)
            _finish_output()
        except RegimenError as error:
            click.echo(str(error), err=True)
            status = BAD_INPUT
        except BrokenPipeError:  # whoever reads has read enough, as `head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            status = 0
        except OSError as error:
            click.echo(f"The result cannot be written: {error.strerror}.", err=True)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            status = BAD_INPUT
        raise SystemExit(status)

    return wrapped


def _finish_output() -> None:
    if sys.stdout is None:
        raise RegimenError("Standard output is closed, so the result cannot be told.")
    sys.stdout.flush()


class Date(click.ParamType[datetime.date]):
    """A date as 2026-11-22."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime.date:
        """Read it, or fail with what to write."""
        found = value if isinstance(value, datetime.date) else iso_date(str(value))
        if found is None:
            self.fail(f"{value!r} is no date of the calendar. Write year-month-day, such as 2026-11-22.", param, ctx)
        return found
