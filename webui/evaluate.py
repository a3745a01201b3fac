"""Evaluating answers under a ruleset: the form, the result as a page, and the same as JSON."""

from __future__ import annotations

from flask import Blueprint, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine import Consultation
from engine.dialogue.report import report
from engine.dialogue.telling import emergency, not_known
from webui import asking, result, samples
from webui.asking import Reading, Sent
from webui.security import check_token, exempt, no_store
from webui.shelf import Entry, usable

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


def _form(entry: Entry, reading: Reading, sample: samples.Sample | None = None) -> str:
    return render_template(
        "evaluate/form.html", entry=entry, ruleset=entry.loaded, reading=reading, sent=reading.sent, sample=sample
    )


def _result(entry: Entry, sent: Sent, consultation: Consultation) -> str:
    return render_template(
        "evaluate/result.html",
        entry=entry,
        ruleset=entry.loaded,
        sent=sent,
        consultation=consultation,
        results=consultation.results,
        heading=result.heading(consultation),
        settled=result.settled(consultation),
        also=result.also_concluded(consultation),
        undetermined=result.undetermined(consultation),
        groups=result.groups(consultation),
        emergency=emergency(consultation),
        not_known=not_known(consultation),
        rule_links=lambda rules: [
            (url_for("rulesets.rule", name=entry.name, rule=rule.id), rule.title) for rule in rules
        ],
        question_links=lambda asked: [
            (url_for("rulesets.fact", name=entry.name, fact=each.fact), each.ask) for each in asked
        ],
        source_of=_sources(consultation),
    )


def _sources(consultation: Consultation) -> dict[str, int]:
    """The step that each conclusion came from, to link to; of a set or a conflict the first."""
    found: dict[str, int] = {}
    for step in consultation.trail:
        for fact in step.concludes:
            found.setdefault(fact, step.seq)
    return found
