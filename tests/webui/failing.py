"""Pages that fail, for tests of what a person then reads."""

from __future__ import annotations

from flask import Blueprint, abort

from engine import RegimenError
from webui import failures
from webui.permissions import ANYONE


class EndedError(RegimenError):
    pass


class DownError(RegimenError):
    pass


def register(app):
    """Give an application the pages that fail."""
    failing = Blueprint("failing", __name__)

    @failing.get("/abort/<int:code>")
    def give_up(code):
        abort(code)

    @failing.get("/ended")
    def ended():
        raise EndedError("This session ended on 22 November 2026.")

    @failing.route("/down", methods=["GET", "POST"])
    def down():
        raise DownError("The database cannot be reached.")

    @failing.get("/refused")
    def refused():
        raise RegimenError("Age is no number.")

    app.register_blueprint(failing)
    ours = [name for name in app.view_functions if name.startswith("failing.")]
    app.extensions["permissions"] |= dict.fromkeys(ours, ANYONE)
    failures.tell(app, EndedError, 410)
    failures.tell(app, DownError, 503)
