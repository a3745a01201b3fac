"""Pieces of pages that are the same whoever asks for them: each is written when it is first shown, and kept.

Most hang on a ruleset and one of its facts alone. A ruleset takes long to hash, so its digest stands for it: one that
was edited has another, and pieces of its own.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from flask import Flask, render_template, request
from markupsafe import Markup

from engine.language.model import Fact, Ruleset
from webui.fields import Field

KEPT_PIECES = 4000  # of some kilobytes each: a ruleset has a few for each of its questions
PAGES = {"home.start": "Start", "rulesets.index": "Rulesets", "audit.index": "Audits", "pages.help_page": "Help"}
ACCOUNT = ("signin.sign_in", "signin.account", "signin.password")
_pieces: OrderedDict[tuple[object, ...], Markup] = OrderedDict()


def init_app(app: Flask) -> None:
    """Give them to the templates."""
    app.jinja_env.globals.update(
        background=background, blank_question=blank_question, rules_using=rules_using, site_header=site_header
    )


def site_header(*, signed_in: bool) -> Markup:
    """The header of a page; it names nobody, and its links begin with the path that the site stands under."""
    here = request.endpoint if request.endpoint in {*PAGES, *ACCOUNT} else None
    key = ("header", request.script_root, here, signed_in)
    return _piece(key, "header.html", pages=PAGES, here=here, signed_in=signed_in)


def rules_using(ruleset: Ruleset, fact: Fact) -> Markup:
    """The list of the rules that use the answer to a question."""
    return _of_fact("rules_using", ruleset, fact, rules=ruleset.users[fact.id])


def background(ruleset: Ruleset, fact: Fact) -> Markup:
    """What the words of a question mean, and the note on it for clinicians."""
    return _of_fact("background", ruleset, fact)


def blank_question(ruleset: Ruleset, field: Field, *, alone: bool) -> Markup:
    """A question with its controls, into which nothing was typed yet; `alone`: no other stands on the page."""
    return _of_fact("blank_question", ruleset, field.fact, field.prefix, alone, field=field, alone=alone)


def _of_fact(name: str, ruleset: Ruleset, fact: Fact, *besides: object, **more: Any) -> Markup:
    """A piece on one fact; `besides`: what else tells it from others."""
    key = (name, ruleset.digest, fact.id, *besides)
    return _piece(key, f"consult/{name}.html", ruleset=ruleset, fact=fact, **more)


def _piece(key: tuple[object, ...], template: str, **values: Any) -> Markup:
    found = _pieces.get(key)
    if found is None:
        found = _pieces[key] = Markup(render_template(template, **values))  # noqa: S704 (a template escaped it)
        if len(_pieces) > KEPT_PIECES:
            _pieces.popitem(last=False)
    return found
