"""Pages about the site itself."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

blueprint = Blueprint("pages", __name__)


@blueprint.get("/accessibility")
def accessibility() -> str:
    """Say how far the site can be used by everyone, and what is known not to work."""
    return render_template("pages/accessibility.html")


@blueprint.get("/help")
def help_page() -> str:
    """Say how a session works, and what is kept of it."""
    return render_template("pages/help.html")


@blueprint.get("/favicon.ico")
def icon() -> ResponseReturnValue:
    """Lead browsers to the icon where no page names it, as with JSON."""
    return redirect(url_for("static", filename="icon.svg"), 301)
