"""Who may use which page: one table, in which every endpoint of the site has a row.

What has no row is open to nobody. Guided sessions need no account: whoever has the link of a session is its person.
"""

from __future__ import annotations

from flask import Flask, Response, current_app, request
from flask.typing import ResponseReturnValue

from webui import signin
from webui.security import no_store

ANYONE = ""
AUDITOR = "auditor"

PERMISSIONS = {
    "static": ANYONE,
    "home.start": ANYONE,
    "pages.accessibility": ANYONE,
    "pages.help_page": ANYONE,
    "pages.icon": ANYONE,
    "signin.account": ANYONE,
    "signin.password": ANYONE,
    "signin.sign_in": ANYONE,
    "signin.sign_out": ANYONE,
    # rulesets are no secret: they are what a suggestion rests on
    "rulesets.as_json": ANYONE,
    "rulesets.cases": ANYONE,
    "rulesets.fact": ANYONE,
    "rulesets.index": ANYONE,
    "rulesets.rule": ANYONE,
    "rulesets.rules": ANYONE,
    "rulesets.show": ANYONE,
    "graph.show": ANYONE,
    "evaluate.calendar": ANYONE,
    "evaluate.evaluate": ANYONE,
    "evaluate.evaluate_json": ANYONE,
    "evaluate.form": ANYONE,
    "evaluate.sheet": ANYONE,
    "evaluate.sheet_pdf": ANYONE,
    # whoever has the link of a session
    "consult.begin": ANYONE,
    "consult.calendar": ANYONE,
    "consult.check": ANYONE,
    "consult.emergency": ANYONE,
    "consult.everything": ANYONE,
    "consult.forget": ANYONE,
    "consult.forgotten": ANYONE,
    "consult.leave": ANYONE,
    "consult.outcome": ANYONE,
    "consult.outcome_json": ANYONE,
    "consult.question": ANYONE,
    "consult.resume": ANYONE,
    "consult.save": ANYONE,
    "consult.section": ANYONE,
    "consult.sheet": ANYONE,
    "consult.sheet_pdf": ANYONE,
    "explain.asked": ANYONE,
    "explain.changes": ANYONE,
    "explain.lacking": ANYONE,
    "explain.reasons": ANYONE,
    "explain.supposing": ANYONE,
    "instead.form": ANYONE,
    # what sessions of others came to
    "audit.against": AUDITOR,
    "audit.as_csv": AUDITOR,
    "audit.as_json": AUDITOR,
    "audit.capsule": AUDITOR,
    "audit.comment": AUDITOR,
    "audit.decision": AUDITOR,
    "audit.file": AUDITOR,
    "audit.find": AUDITOR,
    "audit.index": AUDITOR,
    "audit.lacking": AUDITOR,
    "audit.override": AUDITOR,
    "audit.overrides": AUDITOR,
    "audit.step": AUDITOR,
    "audit.verify": AUDITOR,
    "impact.as_csv": AUDITOR,
    "impact.as_json": AUDITOR,
    "impact.begin": AUDITOR,
    "impact.decisions": AUDITOR,
    "impact.index": AUDITOR,
    "impact.partly_read": AUDITOR,
    "impact.show": AUDITOR,
}


def init_app(app: Flask) -> None:
    """Hold every request to the table, and keep what somebody signed in sees out of every cache."""
    app.extensions["permissions"] = dict(PERMISSIONS)
    app.before_request(_permit)
    app.after_request(_private)


def _permit() -> ResponseReturnValue | None:
    """Let a request through, or answer it here."""
    endpoint = request.endpoint
    if endpoint is None:  # no page has this address
        return None
    role = current_app.extensions["permissions"].get(endpoint)
    if role == ANYONE:
        return None
    user = signin.signed_in()
    if role is not None and user is not None and user.may(role):
        return None
    return signin.refuse(user, role)


def _private(response: Response) -> Response:
    return no_store(response) if request.endpoint != "static" and signin.has_token() else response
