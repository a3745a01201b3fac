"""The site. Flask is imported when an application is made, not before: `python3 -m webui` starts without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask


def create_app(config: dict[str, Any] | None = None) -> Flask:
    """Make the application."""
    from flask import Flask

    app = Flask(__name__)
    app.config.from_mapping(config or {})
    app.add_url_rule("/", "home", lambda: "Regimen")
    return app
