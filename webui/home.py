"""The start page: the situations that a session can begin from, and when not to begin one."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template

from webui.shelf import Entry, shelf

blueprint = Blueprint("home", __name__)

EXAMPLE = "example-"  # how the folder of a ruleset is called that is there to practise with


@blueprint.get("/")
def start() -> str:
    """Offer the rulesets to begin with, the one that the site is for first; where that is broken, say so."""
    home = shelf().find(current_app.config["HOME"])
    broken = home if home and not home.ruleset else None
    entries = offered(shelf().entries())
    first = None if broken or not entries else entries[0]
    others = [each for each in entries if each is not first]
    return render_template(
        "home/start.html",
        broken=broken,
        entry=first,
        ruleset=first.ruleset if first else None,
        others=[each for each in others if not is_example(each)],
        examples=[each for each in others if is_example(each)],
    )


def offered(entries: list[Entry]) -> list[Entry]:
    """The rulesets that a session can begin with: all but bases, unless a base has situations of its own."""
    usable = [entry for entry in entries if entry.ruleset]
    bases = {base for entry in usable for base in entry.loaded.extends}
    found = [entry for entry in usable if entry.loaded.starts or entry.loaded.id not in bases]
    home = current_app.config["HOME"]
    return sorted(found, key=lambda entry: (entry.name != home, is_example(entry), entry.name))


def is_example(entry: Entry) -> bool:
    """Whether a ruleset is there to practise with."""
    return entry.name.startswith(EXAMPLE)
