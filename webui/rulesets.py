"""Reading rulesets: which there are, and each in plain English or as data."""

from __future__ import annotations

from flask import Blueprint, jsonify, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from webui import data
from webui.shelf import on_shelf, shelf
from webui.words import takes

blueprint = Blueprint("rulesets", __name__)


@blueprint.get("/")
def index() -> str:
    """List the rulesets, those that cannot be loaded with their problems."""
    entries = shelf().entries()
    return render_template(
        "rulesets/index.html",
        usable=[entry for entry in entries if entry.ruleset],
        broken=[entry for entry in entries if not entry.ruleset],
    )


@blueprint.get("/rulesets")
def listed() -> ResponseReturnValue:
    """Lead to the list, which is the first page."""
    return redirect(url_for(".index"))


@blueprint.get("/rulesets/<name>")
def show(name: str) -> str:
    """Read a ruleset aloud: what it settles, asks and concludes, and how its cases come out."""
    entry = on_shelf(name)
    template = "rulesets/show.html" if entry.ruleset else "rulesets/broken.html"
    return render_template(
        template,
        entry=entry,
        ruleset=entry.ruleset,
        takes=takes,
        case_links=lambda cases: [(f"#case-{case.id}", case.title) for case in cases],
    )


@blueprint.get("/rulesets/<name>.json")
def as_json(name: str) -> ResponseReturnValue:
    """Give a ruleset as data; 409 while it cannot be loaded."""
    entry = on_shelf(name)
    if entry.ruleset is None:
        return jsonify(data.problems_data(entry)), 409
    return jsonify(data.ruleset_data(entry.ruleset))
