"""How often one address may ask for what costs work: counted in memory, by each process for itself.

So nobody is refused below the number that is written, and one whose requests reach all of N processes may come to N
times as many. To divide it by N would refuse a class too early whose connections happen to end up at one process.

The numbers are settings of the application, in the words of Flask-Limiter. They leave room for a class of thirty behind
one address. RATELIMIT_ENABLED switches them all. Guessing the link of a session needs no limit: it has 256 random bits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from flask import Flask, request
from flask_limiter import ApplicationLimit, Limiter
from flask_limiter.util import get_remote_address

DEFAULTS = {
    "RATELIMIT_ENABLED": True,
    "LIMIT_BEGIN": "60 per minute; 300 per hour",  # sessions begun
    "LIMIT_ANSWER": "600 per minute",  # forms sent within sessions
    "LIMIT_EVALUATE": "120 per minute",
    "LIMIT_SIGN_IN": "20 per minute; 200 per hour",  # whoever it is
}


def init_app(app: Flask) -> None:
    """Count what each address asks for."""
    for name, value in DEFAULTS.items():
        app.config.setdefault(name, value)

    def limit(name: str, applies: Callable[[], bool]) -> ApplicationLimit:
        return ApplicationLimit(lambda: str(app.config[name]), scope=name.lower(), exempt_when=lambda: not applies())

    limiter = app.extensions["limits"] = Limiter(
        get_remote_address,
        app=app,
        storage_uri="memory://",
        application_limits=[
            limit("LIMIT_BEGIN", _begins),
            limit("LIMIT_ANSWER", _answers),
            limit("LIMIT_EVALUATE", _evaluates),
            limit("LIMIT_SIGN_IN", lambda: request.endpoint in ("signin.sign_in", "signin.password")),
        ],
    )
    limiter.request_filter(lambda: request.method != "POST")  # all that is counted is sent


def seconds_left(app: Flask) -> int:
    """How long until the limit that was just reached lets through again."""
    limiter: Limiter = app.extensions["limits"]
    reached = limiter.current_limit
    return max(1, math.ceil(reached.reset_at - time.time())) if reached else 60


def _begins() -> bool:
    return request.method == "POST" and request.endpoint == "consult.begin"


def _answers() -> bool:
    return request.method == "POST" and request.blueprint in ("consult", "instead") and not _begins()


def _evaluates() -> bool:
    return request.method == "POST" and request.blueprint == "evaluate"
