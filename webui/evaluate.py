"""Evaluating answers under a ruleset: the form, the result as a page, and the same as JSON."""

from __future__ import annotations

from flask import Blueprint, abort, after_this_request, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine import Consultation
from engine.dialogue.report import report
from webui import asking, result, samples
from webui.asking import Reading, Sent
from webui.assets import compress
from webui.result import Ways
from webui.security import check_token, exempt, no_store
from webui.shelf import Entry, usable
from webui.starting import read_start

blueprint = Blueprint("evaluate", __name__, url_prefix="/rulesets/<name>")
blueprint.after_request(no_store)
exempt(blueprint)


@blueprint.get("/evaluate")
def form(name: str) -> ResponseReturnValue:
    """Ask for answers, with those of a case or of a start filled in."""
    entry = usable(name)
    sample = samples.find(entry.loaded, request.args.get("case"), request.args.get("start"))
    date = sample.as_of or asking.today()
    return _form(entry, Reading(Sent(sample.text.encode(), date=date.isoformat())), sample)


@blueprint.post("/evaluate")
def evaluate(name: str) -> ResponseReturnValue:
    """Say what follows from the answers, and why; or tell what cannot be used, with what was typed."""
    if asking.wants_json():
        return evaluate_json(name)
    check_token()  # not before, as a program that asks for JSON has no form to take a token from
    entry = usable(name)
    sent = asking.sent_form()
    if "change" in request.form:
        return _form(entry, Reading(sent))
    reading = asking.read(entry.loaded, sent, asking.today())
    if reading.consultation is None:
        return _form(entry, reading), 422
    return _result(entry, sent, reading.consultation)


@blueprint.post("/evaluate.json")
def evaluate_json(name: str) -> ResponseReturnValue:
    """Give what `regimen evaluate --json` prints; as there, formulas have no date unless one is named.

    No token is asked for: nothing is kept, and no one is signed in.
    """
    entry = usable(name)
    reading = asking.read(entry.loaded, asking.sent_body(request), None)
    if reading.consultation is None:
        told = [{"at": each.at, "fact": each.fact, "message": each.message} for each in reading.troubles]
        return jsonify({"error": "These answers cannot be used.", "status": 422, "problems": told}), 422
    return jsonify(report(reading.consultation))


@blueprint.post("/evaluate/sheet")
def sheet(name: str) -> ResponseReturnValue:
    """Give the visit sheet to print."""
    entry, sent, consultation = _sent_again(name)
    return result.sheet_page(consultation, _ways(entry, sent, consultation), read_start(request.form))


@blueprint.post("/evaluate/sheet.pdf")
def sheet_pdf(name: str) -> ResponseReturnValue:
    """Give the visit sheet as PDF."""
    entry, sent, consultation = _sent_again(name)
    return result.sheet_pdf(consultation, _ways(entry, sent, consultation), read_start(request.form))


@blueprint.post("/evaluate/schedule.ics")
def calendar(name: str) -> ResponseReturnValue:
    """Give the dates of the schedule."""
    entry, sent, consultation = _sent_again(name)
    return result.calendar_file(consultation, _ways(entry, sent, consultation), read_start(request.form))


def _sent_again(name: str) -> tuple[Entry, Sent, Consultation]:
    """The consultation of a result that was shown: its answers could be read then."""
    check_token()
    entry = usable(name)
    sent = asking.sent_form()
    reading = asking.read(entry.loaded, sent, asking.today())
    if reading.consultation is None:
        abort(422, "These answers cannot be used any more: the ruleset has changed. Go back and change them.")
    return entry, sent, reading.consultation


def _form(entry: Entry, reading: Reading, sample: samples.Sample | None = None) -> str:
    return render_template(
        "evaluate/form.html", entry=entry, ruleset=entry.loaded, reading=reading, sent=reading.sent, sample=sample
    )


def _result(entry: Entry, sent: Sent, consultation: Consultation) -> ResponseReturnValue:
    after_this_request(compress)  # nobody without its token can have it sent again with text of their own
    return result.page(consultation, _ways(entry, sent, consultation), read_start(request.form))


def _ways(entry: Entry, sent: Sent, consultation: Consultation) -> Ways:
    """The actions of a result: nothing is kept here, so each posts the answers again."""

    def to(view: str) -> str:
        return url_for(f".{view}", name=entry.name)

    page = url_for("rulesets.show", name=entry.name)
    return Ways(
        back=(page, entry.loaded.title),
        here=to("evaluate"),
        sheet=to("sheet"),
        pdf=to("sheet_pdf"),
        calendar=to("calendar"),
        json=to("evaluate_json"),
        change=to("evaluate"),
        again=to("form"),
        ruleset=page,
        carried={"answers": sent.text or "", "as_of": consultation.as_of.isoformat() if consultation.as_of else ""},
    )
