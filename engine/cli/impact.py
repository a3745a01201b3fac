"""What `regimen ledger impact` prints: which stored decisions would end otherwise, from what to what."""

from __future__ import annotations

from typing import Any

from engine.cli.page import Page
from engine.language.wording import counted
from engine.ledger import Impact
from engine.ledger.chain import short
from engine.ledger.impact import say_change

MOST_NUMBERS = 12


def show_impact(found: Impact) -> None:
    """Print the impact of a ruleset on stored decisions."""
    page, ruleset = Page(), found.ruleset
    page.heading(f"{ruleset.title} {ruleset.version} ({short(ruleset.digest)})")
    same = found.looked_at - len(found.changed)
    page.line(
        f"{counted(found.looked_at, 'stored decision')}: {same} would end the same, {len(found.changed)} otherwise."
    )
    for change, numbers in found.groups.items():
        page.line(f"- {say_change(ruleset, change)} ({len(numbers)})")
        page.line(_numbers(numbers), 4)
    if found.partly_read:
        page.line(f"Not every answer could be read of {_numbers(found.partly_read).lower()}")


def impact_report(found: Impact) -> dict[str, Any]:
    """One of the `impacts` that `regimen ledger impact --json` prints; null stands for no value.

    {"ruleset": {"id", "version", "hash"}, "looked_at", "changed": [decision],
     "groups": [{"goal", "before", "after", "decisions": [decision]}], "partly_read": [decision]}
    """
    ruleset = found.ruleset
    return {
        "ruleset": {"id": ruleset.id, "version": ruleset.version, "hash": ruleset.digest},
        "looked_at": found.looked_at,
        "changed": list(found.changed),
        "groups": [
            {"goal": change.goal, "before": change.before, "after": change.after, "decisions": list(numbers)}
            for change, numbers in found.groups.items()
        ],
        "partly_read": list(found.partly_read),
    }


def _numbers(numbers: tuple[int, ...]) -> str:
    shown = ", ".join(map(str, numbers[:MOST_NUMBERS]))
    more = f" and {len(numbers) - MOST_NUMBERS} more" if len(numbers) > MOST_NUMBERS else ""
    return f"Decision{'' if len(numbers) == 1 else 's'} {shown}{more}."
