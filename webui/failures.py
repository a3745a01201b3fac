"""The pages for what goes wrong, in the same voice as the others: what happened, and what to do. Never a traceback."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from http import HTTPStatus

from flask import Flask, Response, current_app, jsonify, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed

from engine import RegimenError
from engine.ledger import REASONS, DatabaseError, NoSuchImpact, NoSuchSession, ReleaseError, SessionExpired
from webui import limits, logs
from webui.asking import wants_json
from webui.security import WHY_STALE, no_store

TOLD = {
    400: ("This request could not be read", "Go back, reload the page and send the form again."),
    401: ("Sign in to go on", "What you sent is below. Sign in in another tab, open the page there, and copy it over."),
    403: (
        "This page is not open to you",
        "Check the address. If you followed a link here, ask whoever gave it to you.",
    ),
    404: (
        "Page not found",
        "Check the address. If you followed a link here, what it led to may have been renamed or deleted.",
    ),
    405: ("This page cannot be used that way", "Open the page first, then use the form on it."),
    409: ("This ruleset cannot be used now", "Once its files are mended, reload the page."),
    410: ("This session has ended", "Begin a new one from the start page."),
    413: ("That is too large", "No answer needs that much. Go back, and write only what is asked."),
    415: ("That kind of file cannot be read", "Send answers as YAML or JSON."),
    422: ("These answers cannot be used", "Change what is named below, and send them again."),
    429: ("That was too often", "There is a limit, so that the site stays quick for everybody."),
    500: (
        "Regimen has a fault",
        "Nothing was concluded. Send the same again; if it fails again, report it with the number below.",
    ),
    503: ("Answers cannot be kept right now", "Wait a minute, then try again."),
}
FILE_CURE = "An answers file can be at most 1 MiB. Give the answers of one person, as text."
RELEASE_TITLE = "This session cannot be gone on with"
RELEASE_CURE = (
    "Its answers are kept. Whoever runs this site can open it with the version of Regimen that it was begun with."
    " Or begin a new one from the start page."
)
ELSE = ("This could not be done", "Go to the start page and try again.")
STALE_TITLE = "This form cannot be accepted"
STALE_CURE = f"{WHY_STALE} Go back, reload the page and send it again."
SIGN_IN_CURE = "Sign in, open the page again and ask for it there."
LONGEST_IN_SECONDS = 90  # longer waits are told in minutes
CARRIED = {"csrf_token", "asked", "fact", "next", "sort", "confirmed"}  # what a form holds that nobody typed
LABELS = {  # of fields whose names say too little; the others are named after what they ask for
    "answer": "Your answer",
    "comment": "Your comment",
    "done": "What was done instead",
    "reason": "Why something else was done",
    "text": "Why, in words",
}
BUSY_SECONDS = 30  # a database that is locked is mostly free again long before


@dataclass(frozen=True)
class Failure:
    """What a page tells of a failure.

    Attributes:
        said: what is known of this one, beside what is always told of its kind.
        number: the number to report, for a fault.
        typed: what was sent with a form, to copy (`again` is false) or to send again with a button.
        lost_files: a file was sent, which cannot be offered again.
        forget: the page that deletes the session, where the failure is about one that is still kept.
        sign_in: to sign in helps.
    """

    code: int
    title: str
    cure: str
    said: str | None = None
    number: str = ""
    typed: list[tuple[str, str]] = field(default_factory=list)
    again: bool = False
    lost_files: bool = False
    forget: str = ""
    sign_in: bool = False


def init_app(app: Flask) -> None:
    """Answer every failure with one of our pages."""
    app.register_error_handler(HTTPException, _http_failure)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(RateLimitExceeded, _too_often)
    tell(app, RegimenError, 422)
    tell(app, DatabaseError, 503)
    tell(app, NoSuchSession, 404)
    tell(app, NoSuchImpact, 404)
    app.register_error_handler(SessionExpired, lambda error: _page(_forgettable(_failure(410, str(error)))))
    app.register_error_handler(
        ReleaseError, lambda error: _page(_forgettable(Failure(409, RELEASE_TITLE, RELEASE_CURE, str(error))))
    )


def tell(app: Flask, kind: type[RegimenError], code: int) -> None:
    """Answer an error of the engine with a page that says its text, and with this status.

    With 503 what was sent with a form stays on the page, with a button to send it again.
    """
    app.register_error_handler(
        kind, unavailable if code == HTTPStatus.SERVICE_UNAVAILABLE else lambda error: _page(_failure(code, str(error)))
    )


def unavailable(error: RegimenError) -> Response:
    """The page for a database that is missing or locked: nothing of what was sent is lost."""
    sent = request.method == "POST"
    nothing_lost = "Nothing was lost: what you sent is on this page." if sent else "Nothing was lost."
    return try_later(_page(_sendable(_failure(503, f"{error}\n{nothing_lost}"))), error)


def refusal(code: int, said: str) -> Response:
    """The page for what is open to others only; what was sent with a form stays on it, to be copied."""
    failure = replace(_failure(code, said), typed=_written(), sign_in=code == HTTPStatus.UNAUTHORIZED)
    return _page(failure if failure.typed or not failure.sign_in else replace(failure, cure=SIGN_IN_CURE))


def try_later(response: Response, error: RegimenError) -> Response:
    """A page that tells that the database cannot be used: the log has it, a browser when to retry."""
    logs.fault(error)
    response.headers["Retry-After"] = str(BUSY_SECONDS)
    return response


def _http_failure(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if code < HTTPStatus.BAD_REQUEST:  # a redirect that was raised
        return error
    own_words = error.description not in {type(error).description, None} and not isinstance(error, InternalServerError)
    response = _page(_failure(code, error.description if own_words and code in {403, 404, 409, 410, 413} else None))
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return response


def _stale_form(_: CSRFError) -> Response:
    # No button sends this again: the form may be another site's, and our token would make it one of ours.
    return _page(Failure(400, STALE_TITLE, STALE_CURE, typed=_written()))


def _too_often(_: RateLimitExceeded) -> Response:
    seconds = limits.seconds_left(current_app)
    response = _page(_sendable(_failure(429, f"Try again in {_about(seconds)}.")))
    response.headers["Retry-After"] = str(seconds)
    return response


def _failure(code: int, said: str | None = None) -> Failure:
    title, cure = TOLD.get(code, ELSE)
    if code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and request.blueprint == "evaluate":
        cure = FILE_CURE
    return Failure(code, title, cure, said, logs.request_id() if code >= HTTPStatus.INTERNAL_SERVER_ERROR else "")


def _forgettable(failure: Failure) -> Failure:
    """The same with a link to delete the session that the address is of."""
    return replace(failure, forget=url_for("consult.leave", key=(request.view_args or {})["key"]))


def _sendable(failure: Failure) -> Failure:
    """The same with a button that sends the form again, where one was sent."""
    if request.method != "POST" or request.blueprint == "signin":  # nobody signs in without typing the password
        return failure
    typed = _typed()
    # an upload that is too large has not been read, and reading it would fail once more
    lost_files = bool(typed) and any(file.filename for file in request.files.values())
    return replace(failure, typed=typed, again=True, lost_files=lost_files)


def _typed() -> list[tuple[str, str]]:
    """What the fields of a form held; nothing where it cannot be read."""
    try:
        return [(name, text) for name, text in request.form.items(multi=True) if name != "csrf_token"]
    except HTTPException:
        return []


def _written() -> list[tuple[str, str]]:
    """What there is to copy, as a person would say it; no password is ever sent back."""
    if request.blueprint == "signin":
        return []
    return [
        (
            LABELS.get(name) or name.replace("-", " ").replace("_", " ").capitalize(),
            REASONS.get(text, text) if name == "reason" else text,
        )
        for name, text in _typed()
        if name not in CARRIED and text.strip()
    ]


def _about(seconds: int) -> str:
    """A wait in words."""
    if seconds <= LONGEST_IN_SECONDS:
        return f"{seconds} seconds" if seconds != 1 else "1 second"
    return f"{-(-seconds // 60)} minutes"


def _page(failure: Failure) -> Response:
    if request.path.endswith(".json") or wants_json():
        text = " ".join(filter(None, [f"{failure.title}.", failure.said, failure.cure]))
        response = jsonify({"error": text, "status": failure.code, "request": logs.request_id()})
    else:
        response = make_response(render_template("pages/failure.html", failure=failure))
    response.status_code = failure.code
    return no_store(response)
