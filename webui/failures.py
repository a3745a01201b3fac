"""The pages for what goes wrong, in the same voice as the others: what happened, and what to do. Never a traceback."""

from __future__ import annotations

from flask import Flask, Response, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed

from engine import RegimenError
from engine.ledger import DatabaseError
from webui.asking import wants_json
from webui.security import no_store

TOLD = {
    400: ("This request could not be read", "Go back, reload the page and send the form again."),
    404: ("Page not found", "Check the address. If you followed a link here, the ruleset may have been renamed."),
    405: ("This page cannot be used that way", "Open the page first, then use the form on it."),
    409: ("This ruleset cannot be used yet", "Mend its problems, then reload the page."),
    410: ("This session has expired", "Begin a new one from the list of rulesets."),
    413: ("That is too large", "An answers file can be at most 1 MiB. Give the answers of one person, as text."),
    415: ("That kind of file cannot be read", "Send answers as YAML or JSON."),
    422: ("These answers cannot be used", "Change what is named below, and send them again."),
    503: ("Sessions cannot be reached just now", "Nothing that was saved is lost. Try again in a moment."),
    500: (
        "Regimen has a fault",
        "Nothing was concluded. Send the same again; if it fails again, report it with the ruleset and the answers.",
    ),
}
ELSE = ("This could not be done", "Go to the list of rulesets and try again.")
STALE_TITLE = "This form cannot be accepted"
STALE_CURE = (
    "It was open since before the site was restarted, or this browser refuses cookies. "
    "Go back, copy what you wrote, reload the page and send it again."
)


def init_app(app: Flask) -> None:
    """Answer every failure with one of our pages."""
    app.register_error_handler(HTTPException, _http_failure)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(RegimenError, _refusal)
    app.register_error_handler(DatabaseError, _no_database)


def _http_failure(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if code < 400:  # noqa: PLR2004 (a redirect that was raised)
        return error
    title, cure = TOLD.get(code, ELSE)
    own_words = error.description not in {type(error).description, None} and not isinstance(error, InternalServerError)
    said = error.description if own_words and code in {404, 409, 410, 413} else None
    response = _page(code, title, said, cure)
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return response


def _stale_form(_: CSRFError) -> Response:
    return _page(400, STALE_TITLE, None, STALE_CURE)


def _refusal(error: RegimenError) -> Response:
    """The engine says no, and why, where a view did not expect it."""
    title, cure = TOLD[422]
    return _page(422, title, str(error), cure)


def _no_database(error: DatabaseError) -> Response:
    """Sessions are out of reach; the rest of the site goes on."""
    title, cure = TOLD[503]
    return _page(503, title, str(error), cure)


def _page(code: int, title: str, said: str | None, cure: str) -> Response:
    if request.path.endswith(".json") or wants_json():
        response = jsonify({"error": " ".join(filter(None, [f"{title}.", said, cure])), "status": code})
    else:
        response = make_response(render_template("pages/failure.html", heading=title, said=said, cure=cure))
    response.status_code = code
    return no_store(response)
