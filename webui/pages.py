"""Pages about the site itself."""

from __future__ import annotations

from flask import Blueprint, render_template

blueprint = Blueprint("pages", __name__)


@blueprint.get("/accessibility")
def accessibility() -> str:
    """Say how far the site can be used by everyone, and what is known not to work."""
    return render_template("pages/accessibility.html")
