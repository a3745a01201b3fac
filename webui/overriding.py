"""The form for what was done instead of a suggestion, and why: on the page of a decision and on that of a session."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from engine.ledger import REASONS, Decision, Ledger, OverrideError

FIELDS = ("reason", "done", "text")


@dataclass(frozen=True)
class Form:
    """What stands in the form, and what is wrong with it; what was typed is kept."""

    typed: Mapping[str, str]
    problem: str = ""

    @property
    def reasons(self) -> Mapping[str, str]:
        """The list to choose from."""
        return REASONS

    @property
    def wrong(self) -> str:
        """The field that the problem is about."""
        if self.typed.get("reason") not in REASONS:
            return "reason"
        return "text" if "Another reason" in self.problem else "done"


def record(
    ledger: Ledger, decision: Decision, sent: Mapping[str, str], now: dt.datetime, by: str | None = None
) -> Form | None:
    """Record what was sent; the form with what is wrong, where it cannot be recorded.

    Raises:
        DecisionDeleted: what the decision says is gone.
    """
    typed = {name: sent.get(name, "") for name in FIELDS}
    if not typed["reason"]:
        return Form(typed, "No reason is chosen. Choose the one that fits best.")
    try:
        ledger.override(decision, typed["reason"], now, done=typed["done"], text=typed["text"], by=by)
    except OverrideError as error:
        return Form(typed, str(error))
    return None
