"""What every answer of the site carries for safety, and the check that a form came from one of our pages."""

from __future__ import annotations

import re

from flask import Blueprint, Flask, Response
from flask_wtf.csrf import CSRFProtect

from engine import RegimenError
from engine.language.errors import shorten

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

# the key that signs outlives a restart of the site, so it is the cookie that is missing or another one
WHY_STALE = (
    "Since the page was opened somebody signed in or out, or this browser was closed; or it refuses the cookie of this"
    " site."
)

csrf = CSRFProtect()


class PublicURLError(RegimenError):
    """What is given as the address by which people reach the site is none; the message says what to write."""


def init_app(app: Flask) -> None:
    """Guard the forms, and add the headers."""
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)  # as long as the cookie, so that a form left open can be sent
    app.config.setdefault("WTF_CSRF_SSL_STRICT", False)  # it wants a Referer, which our own pages do not send
    csrf.init_app(app)
    if app.config["PUBLIC_URL"] is not None:
        app.config["PUBLIC_URL"] = _public_url(app.config["PUBLIC_URL"])
        app.config["SESSION_COOKIE_SECURE"] = app.config["PUBLIC_URL"].startswith("https://")
    app.after_request(_headers)


def _public_url(text: str) -> str:
    """The address without a slash at its end; it may have no path, which links within the site would not follow."""
    found = re.fullmatch(r"(https?://[a-z0-9.-]+(:[0-9]{1,5})?)/?", text.strip().lower())
    if found is None:
        raise PublicURLError(
            f"“{shorten(text)}” is no public URL. Write one like https://b12.example.org, with no path."
        )
    return found[1]


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
