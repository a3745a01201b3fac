"""What was done instead of what a guided session suggested: recorded by whoever has its link, without an account."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.ledger import Override
from webui import overriding
from webui.consult_visit import ledger, now, visit
from webui.overriding import Form
from webui.security import no_store

blueprint = Blueprint("instead", __name__, url_prefix="/sessions/<key>")
blueprint.after_request(no_store)


@blueprint.route("/instead", methods=["GET", "POST"])
def form(key: str) -> ResponseReturnValue:
    """Ask what was done instead, and record it with the decision that the session came to."""
    here = visit(key)
    if not here.consultation.complete:
        return redirect(here.onward(), 303)
    decision = ledger().decide(here.kept, here.consultation, now())
    shown = Form({})
    if request.method == "POST":
        wrong = overriding.record(ledger(), decision, request.form, now())
        if wrong is None:
            return redirect(url_for(".form", key=key) + "#recorded", 303)
        shown = wrong
    found = [each for each in ledger().audits.remarks(decision) if isinstance(each, Override)]
    page = render_template(
        "audit/instead.html", visit=here, ruleset=here.ruleset, decision=decision, form=shown, found=found
    )
    return page, 422 if shown.problem else 200
