"""The impact of the current releases on stored decisions: runs to start, to watch, and to read what they found."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.language.wording import say_date
from engine.ledger import ImpactRun
from engine.ledger.impact_results import ImpactResults
from webui.consult_visit import ledger
from webui.impact_process import start
from webui.lists import csv_lines, file_of, part_of
from webui.security import no_store
from webui.shelf import Entry, shelf

blueprint = Blueprint("impact", __name__, url_prefix="/audits/impact")
blueprint.after_request(no_store)

DECISIONS_A_PAGE = 100
LOOK_AGAIN = 3  # seconds between looks at a run that goes on
COLUMNS = (
    "decision", "hash", "made_at", "made_under", "differs", "goal", "before", "after", "change", "partly_read",
    "ruleset", "compared_with_version", "compared_with",
)  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """A ruleset that decisions were made under; `entry` is None where its current release is not on this site."""

    id: str
    entry: Entry | None
    latest: ImpactRun | None


@blueprint.app_template_global()
def say_moment(moment: dt.datetime | str) -> str:
    """A moment, or what the chain says of one, in words: 22 November 2026 at 09:30 UTC."""
    in_utc = (dt.datetime.fromisoformat(moment) if isinstance(moment, str) else moment).astimezone(dt.UTC)
    return f"{say_date(in_utc.date())} at {in_utc:%H:%M} UTC"


@blueprint.app_template_global()
def current_entry(ruleset_id: str) -> Entry | None:
    """The current release of a ruleset, if it is on the shelf."""
    return next((entry for entry in shelf().entries() if entry.ruleset and entry.ruleset.id == ruleset_id), None)


@blueprint.get("")
def index() -> str:
    """Offer the rulesets that decisions were made under, and list the runs that are kept."""
    kept = ledger()
    choices = [Choice(each, current_entry(each), kept.latest_impact(each)) for each in kept.rulesets()]
    return render_template("impact/index.html", choices=choices, runs=kept.impacts.all())


@blueprint.post("")
def begin() -> ResponseReturnValue:
    """Begin a run with the current release of a ruleset, or lead to the one that goes on."""
    name = request.form.get("ruleset", "")
    entry = current_entry(name)
    if entry is None:
        abort(404, f"There is no ruleset “{name[:60]}” here that can be used.")
    kept = ledger()
    run, new = kept.impacts.begin(entry.loaded)
    if new:
        start(kept, current_app.config["DATABASE"], run.id)
    return redirect(url_for("impact.show", number=run.id), 303)


@blueprint.get("/<int:number>")
def show(number: int) -> str:
    """Tell how far a run is, or what it found."""
    run = ledger().impacts.find(number)
    if run.state != "done":
        by_hand = "by_hand" in request.args
        return render_template("impact/progress.html", run=run, look_again=LOOK_AGAIN, by_hand=by_hand)
    found = ledger().impact_results(run)
    return render_template("impact/show.html", run=run, counts=found.counts(), groups=found.groups())


@blueprint.get("/<int:number>/changes/<int:change>")
def decisions(number: int, change: int) -> str:
    """List the decisions with one change."""
    run, found = _done(number)
    group = next((each for each in found.groups() if each.number == change), None)
    if group is None:
        abort(404, "No decision has this change. Those that had it may have been deleted with their sessions.")
    part = part_of(group.decisions, DECISIONS_A_PAGE, partial(found.of_change, change))
    return render_template("impact/decisions.html", run=run, title=group.label, part=part)


@blueprint.get("/<int:number>/partly-read")
def partly_read(number: int) -> str:
    """List the decisions of which the release cannot read every answer."""
    run, found = _done(number)
    part = part_of(found.counts().partly_read, DECISIONS_A_PAGE, found.partly_read)
    return render_template("impact/decisions.html", run=run, title="Not every answer could be read", part=part)


@blueprint.get("/<int:number>.csv")
def as_csv(number: int) -> ResponseReturnValue:
    """Give what a run found as a table, a row for each change of each decision."""
    run, found = _done(number)
    lines = csv_lines(COLUMNS, map(_csv, found.rows()), " | ")
    return file_of(lines, f"impact-{run.id}.csv", "text/csv; charset=utf-8")


@blueprint.get("/<int:number>.json")
def as_json(number: int) -> ResponseReturnValue:
    """Give the same as a list."""
    run, found = _done(number)
    return file_of(_json_lines(found), f"impact-{run.id}.json", "application/json")


def _csv(row: dict[str, object]) -> Iterator[object]:
    said = {"differs": _yes_no(row["differs"]), "partly_read": _yes_no(row["partly_read"])}
    return map((row | said).get, COLUMNS)


def _yes_no(value: object) -> str:
    return "yes" if value else "no"


def _json_lines(found: ImpactResults) -> Iterator[str]:
    before = "[\n"
    for row in found.rows():
        yield before + json.dumps(row, ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _done(number: int) -> tuple[ImpactRun, ImpactResults]:
    """A run that came to its end, with what it found."""
    run = ledger().impacts.find(number)
    if run.state != "done":
        abort(404, f"Impact run {number} has no result.")
    return run, ledger().impact_results(run)
