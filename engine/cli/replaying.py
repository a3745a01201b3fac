"""`regimen replay`: running a decision again, as it was, or under another version of its ruleset."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from engine.cli.explained import show_differences
from engine.cli.frame import FINDING, telling
from engine.cli.given import AS_JSON, print_json
from engine.cli.ledger import DATABASE, opened
from engine.cli.page import Page
from engine.explain.report import difference_report
from engine.language.canonical import compact
from engine.language.errors import clean
from engine.language.load import load_ruleset
from engine.language.model import Ruleset
from engine.language.wording import CARE, counted
from engine.ledger import Decision, DecisionDeleted
from engine.ledger.capsule import read_capsule_file
from engine.ledger.chain import short
from engine.ledger.decisions import engine_version
from engine.ledger.replay import Against, Replay, StepDifference, replay_against
from engine.ledger.replay import replay as run_again

HASH = re.compile(r"[0-9a-f]{8,64}")


@click.command()
@click.argument("decision", metavar="ID|CAPSULE")
@click.option("--against", metavar="RELEASE|RULESET", help="Say what another version would have said, and why.")
@DATABASE
@AS_JSON
@telling
def replay(decision: str, against: str | None, database: str | None, *, as_json: bool) -> int:
    """Run a decision again, and say whether it comes out as it was recorded.

    ID is the number of a decision, or the beginning of its hash; CAPSULE a file that `regimen ledger capsule` wrote.
    RELEASE is the hash of a release in the ledger, or its beginning. Exit status 1 when anything comes out otherwise;
    with --against that other version is free to.
    """
    found, ruleset, other = _found(decision, against, database)
    said = found.said or {}
    again = run_again(said, ruleset)
    compared = replay_against(said, ruleset, other) if other else None
    if as_json:
        print_json(_report(found, ruleset, again, compared))
    else:
        _show(found, ruleset, again, compared)
    return 0 if again.identical else FINDING


def _found(name: str, against: str | None, database: str | None) -> tuple[Decision, Ruleset, Ruleset | None]:
    """The decision, its ruleset and the other one; the ledger is opened only where something of it is asked for."""
    other = against if against and HASH.fullmatch(against.lower()) and not Path(against).is_dir() else None
    loaded = None if against is None or other else load_ruleset(against)
    if _is_file(name):
        capsule = read_capsule_file(Path(name))
        if other is None:
            return capsule.decision, capsule.ruleset, loaded
        with opened(database) as kept:
            return capsule.decision, capsule.ruleset, kept.release(other)
    with opened(database) as kept:
        found = kept.decision(name)
        if found.said is None:
            raise DecisionDeleted(found.id)
        return found, kept.release(found.head.release or ""), kept.release(other) if other else loaded


def _is_file(name: str) -> bool:
    # os.path says no of a name that can be no file's, where pathlib may raise
    return not name.isdecimal() and (os.path.isfile(name) or "/" in name or name.endswith(".json"))  # noqa: PTH113


def _show(found: Decision, ruleset: Ruleset, again: Replay, compared: Against | None) -> None:
    page = Page()
    page.line(f"Decision {found.id} ({found.short}), {found.head.made_at[:10]}: {_named(ruleset)}.", 0)
    if again.identical:
        said = f"Replayed with the stored release: identical, {again.same} of {counted(again.steps, 'step')}."
        page.line(said, 0, style="bold")
    else:
        _show_otherwise(page, again)
    if again.engine:
        page.line(f"Recorded by Regimen {again.engine}, replayed by {engine_version()}.", 0)
    if compared:
        _show_against(page, compared)


def _show_otherwise(page: Page, again: Replay) -> None:
    if again.step is None:
        same = f"the same {counted(again.steps, 'step')}"
        page.line(f"Replayed with the stored release: {same}, but not the same in all else.", 0, style="bold red")
    else:
        page.line(f"Replayed with the stored release: {again.said_step}.", 0, style="bold red")
        for heading, step in (("Recorded", again.step.recorded), ("Now", again.step.replayed)):
            page.heading(heading)
            for line in _step_lines(again.step, step):
                page.line(line)
    if again.parts:
        page.heading(f"Differs besides: {clean(', '.join(again.parts))}.")


def _step_lines(found: StepDifference, step: Mapping[str, Any] | None) -> list[str]:
    """What a step says where it differs, and its title."""
    if step is None:
        return ["No such step."]
    names = [name for name in found.parts if name != "title"]
    said = [str(step.get("title")), *(f"{name}: {compact(step.get(name))}" for name in names)]
    return [clean(line) for line in said]  # a capsule comes from anywhere, and a terminal obeys what it is told


def _show_against(page: Page, found: Against) -> None:
    other = found.after.ruleset
    page.heading(f"Under {_named(other)}")
    if found.before.ruleset.digest == other.digest:
        page.line("That is the very release that it was made under.")
    elif not found.differences:
        page.line("Nothing that is concluded would be another.")
    show_differences(page, found.differences, "recorded:")
    for heading, lines in (
        ("Answers that it cannot read", [str(problem) for problem in found.left_out]),
        ("What it would still ask", [fact.label for fact in found.open]),
    ):
        if lines:
            page.heading(heading)
        for line in lines:
            page.line(f"- {line}")
    page.heading("Nothing was written.")
    page.line(CARE, 0)


def _named(ruleset: Ruleset) -> str:
    return f"{ruleset.title} {ruleset.version} ({short(ruleset.digest)})"


def _report(found: Decision, ruleset: Ruleset, again: Replay, compared: Against | None) -> dict[str, Any]:
    """What `regimen replay --json` prints.

    {"decision": {"id", "hash", "made_at"}, "release": {"id", "version", "hash"}, "identical",
     "steps": how many were recorded, "same": how many of them came out the same, from the first on,
     "first_difference": {"seq", "parts": [what differs], "recorded": step | null, "replayed": step | null} | null,
     "parts": [what else differs], "engine": {"recorded": version, "replayed": version},
     "against": {"release", "differences": [as of `regimen what-if`], "left_out": [{"fact", "message"}],
                 "open": [fact]} | null}
    """
    step = again.step
    return {
        "decision": {"id": found.id, "hash": found.hash, "made_at": found.head.made_at},
        "release": _release_report(ruleset),
        "identical": again.identical,
        "steps": again.steps,
        "same": again.same,
        "first_difference": step
        and {"seq": step.seq, "parts": list(step.parts), "recorded": step.recorded, "replayed": step.replayed},
        "parts": list(again.parts),
        "engine": {"recorded": again.engine or engine_version(), "replayed": engine_version()},
        "against": compared and _against_report(compared),
    }


def _against_report(found: Against) -> dict[str, Any]:
    goals = {goal.fact for goal in found.after.ruleset.goals}
    return {
        "release": _release_report(found.after.ruleset),
        "differences": [difference_report(each, goal=each.fact.id in goals) for each in found.differences],
        "left_out": [{"fact": problem.fact, "message": problem.message} for problem in found.left_out],
        "open": [fact.id for fact in found.open],
    }


def _release_report(ruleset: Ruleset) -> dict[str, str]:
    return {"id": ruleset.id, "version": ruleset.version, "hash": ruleset.digest}
