"""The impact of the current releases on stored decisions: runs to start, to watch, and to read what they found."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.language.wording import say_date
from engine.ledger import ImpactRun
from engine.ledger.impact_results import ImpactResults, Listed
from webui.consult_visit import ledger
from webui.impact_process import start
from webui.rulesets import Part
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
    page = _page(group.decisions)
    part = _part(found.of_change(change, *_span(page)), page, group.decisions)
    return render_template("impact/decisions.html", run=run, title=group.label, part=part)


@blueprint.get("/<int:number>/partly-read")
def partly_read(number: int) -> str:
    """List the decisions of which the release cannot read every answer."""
    run, found = _done(number)
    total = found.counts().partly_read
    page = _page(total)
    part = _part(found.partly_read(*_span(page)), page, total)
    return render_template("impact/decisions.html", run=run, title="Not every answer could be read", part=part)


@blueprint.get("/<int:number>.csv")
def as_csv(number: int) -> ResponseReturnValue:
    """Give what a run found as a table, a row for each change of each decision."""
    run, found = _done(number)
    return _file(_csv_lines(found), f"impact-{run.id}.csv", "text/csv")


@blueprint.get("/<int:number>.json")
def as_json(number: int) -> ResponseReturnValue:
    """Give the same as a list."""
    run, found = _done(number)
    return _file(_json_lines(found), f"impact-{run.id}.json", "application/json")


def _csv_lines(found: ImpactResults) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for row in found.rows():
        said = {"differs": _yes_no(row["differs"]), "partly_read": _yes_no(row["partly_read"])}
        writer.writerow({name: cell(value) for name, value in (row | said).items()})
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()


def cell(value: object, between: str = " | ") -> str:
    """A value, or several, as one cell of a table, never one that a spreadsheet would take for a formula."""
    text = between.join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _yes_no(value: object) -> str:
    return "yes" if value else "no"


def _json_lines(found: ImpactResults) -> Iterator[str]:
    before = "[\n"
    for row in found.rows():
        yield before + json.dumps(row, ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _file(lines: Iterator[str], name: str, kind: str) -> Response:
    """A file that is sent as it is read: a run may be over 100,000 decisions."""
    response = Response(lines, content_type=f"{kind}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _done(number: int) -> tuple[ImpactRun, ImpactResults]:
    """A run that came to its end, with what it found."""
    run = ledger().impacts.find(number)
    if run.state != "done":
        abort(404, f"Impact run {number} has no result.")
    return run, ledger().impact_results(run)


def _page(total: int) -> int:
    """The number of the page that the address asks for."""
    last = _last(total)
    number = request.args.get("page", 1, type=int)
    return number if 1 <= number <= last else abort(404, f"The last page of this list is {last}.")


def _last(total: int) -> int:
    return max(1, -(-total // DECISIONS_A_PAGE))


def _span(page: int) -> tuple[int, int]:
    return (page - 1) * DECISIONS_A_PAGE, DECISIONS_A_PAGE


def _part(items: list[Listed], page: int, total: int) -> Part[Listed]:
    return Part(items, page, _last(total), total)
