"""What every answer of the site carries for safety, and the check that a form came from one of our pages."""

from __future__ import annotations

from flask import Blueprint, Flask, Response
from flask_wtf.csrf import CSRFProtect

HEADERS = {
    # No script and no inline style anywhere: what a ruleset or a person writes is never more than text.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}

# the key that signs outlives a restart of the site, so it is the cookie that is missing
WHY_STALE = "This browser was closed since the page was opened, or it refuses the cookie of this site."

csrf = CSRFProtect()


def init_app(app: Flask) -> None:
    """Guard the forms, and add the headers."""
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)  # as long as the cookie, so that a form left open can be sent
    app.config.setdefault("WTF_CSRF_SSL_STRICT", False)  # it wants a Referer, which our own pages do not send
    csrf.init_app(app)
    app.after_request(_headers)


def exempt(blueprint: Blueprint) -> None:
    """Leave it to the views of a blueprint to check that a form came from one of our pages, with `check_token`."""
    csrf.exempt(blueprint)


def check_token() -> None:
    """Refuse a form that did not come from one of our pages."""
    csrf.protect()


def _headers(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-cache")  # a page may be kept, and is asked for anew each time
    response.headers.extend(HEADERS)
    return response


def no_store(response: Response) -> Response:
    """Keep answers and results out of every cache: a computer in a clinic has many users."""
    response.headers["Cache-Control"] = "no-store"
    return response
