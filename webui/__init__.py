"""The site. Flask is imported when an application is made, not before: `python3 -m webui` starts without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

MIB = 1024 * 1024


def create_app(config: dict[str, Any] | None = None) -> Flask:
    """Make the application.

    Args:
        config: Flask's settings and ours. `RULESETS`: the folders that hold rulesets, the first winning where two have
            one of the same name. `HOME`: the ruleset that the start page offers first. `TODAY`: gives the date to
            evaluate at where none is named. `NOW`: gives the moment, with its zone. `DATABASE`: the URL of where
            sessions are kept; None for the environment's, else a file of one's own. `SESSION_DAYS`: for how long.
            `PUBLIC_URL`: as people reach the site. `SECRET_KEY`: None for that of `webui.keys`. `limits.py` has more.

    Raises:
        RegimenError: there is no secret key to be had, or `PUBLIC_URL` is none.
    """
    import datetime
    from pathlib import Path

    from engine.language.load import SHIPPED
    from webui import (
        assets,
        consult_visit,
        failures,
        keys,
        limits,
        logs,
        permissions,
        pieces,
        security,
        shelf,
        signin,
        words,
    )

    app = logs.Site(__name__)
    app.jinja_environment = words.Environment
    app.config.from_mapping(
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=2 * MIB + MIB // 4,  # a file and a text of 1 MiB each, and what surrounds them
        MAX_FORM_MEMORY_SIZE=MIB + MIB // 8,
        RULESETS=(Path("rulesets"), SHIPPED),
        HOME="b12-general",
        TODAY=datetime.date.today,
        NOW=lambda: datetime.datetime.now().astimezone(),
        DATABASE=None,
        SESSION_DAYS=90,
        PUBLIC_URL=None,
    )
    app.config.from_mapping(config or {})
    app.config["SECRET_KEY"] = app.config["SECRET_KEY"] or keys.secret_key()
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the order of a ruleset is part of what it says
    app.extensions["shelf"] = shelf.Shelf(app.config["RULESETS"])
    for module in (logs, security, limits, words, pieces, assets, failures, consult_visit, signin, permissions):
        module.init_app(app)
    for each in _activities():
        app.register_blueprint(each.blueprint)
    return app


def _activities() -> tuple[Any, ...]:
    """The modules with a blueprint each, one an activity."""
    from webui import (
        audit_decision,
        consult,
        evaluate,
        explain,
        graph,
        home,
        impact,
        instead,
        pages,
        rulesets,
        signin,
    )

    return home, rulesets, graph, consult, instead, explain, audit_decision, evaluate, impact, signin, pages
