"""What the site writes on stderr: a line of JSON for each request and for each fault, by which no one can be known.

The address of a session is its key, and an answer may stand anywhere else: in a query, in a form, in the message of an
exception. So a line names the rule of the address and never the address; a fault is told by its kinds and places, never
by its message or by the values at hand. What other packages log (waitress and werkzeug write addresses, Flask-Limiter
writes who asked) is told by its place in their code only.
"""

from __future__ import annotations

import datetime
import json
import logging
import secrets
import sys
import time
import traceback
from types import TracebackType
from typing import Any

from flask import Flask, Response, g, has_request_context, request

from engine.ledger import DatabaseError

OWN = "webui"
OTHERS = ("waitress", "werkzeug", "flask-limiter")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

log = logging.getLogger(__name__)


class Site(Flask):
    """An application whose faults are logged as this module has it; Flask would write the address."""

    def log_exception(self, exc_info: ExcInfo) -> None:
        """Write a fault that no page was made for."""
        if exc_info[1] is not None:
            fault(exc_info[1])


def init_app(app: Flask) -> None:
    """Give each request a number, and write a line for it. Called first, it sees what all others did to the answer."""
    for name in (OWN, *OTHERS):
        _speak(logging.getLogger(name))
    for name in OTHERS:
        logging.getLogger(name).propagate = False  # a handler of the root logger would write their words

    def begin() -> None:
        g.begun = time.perf_counter()

    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = request_id()
        taken = round((time.perf_counter() - g.begun) * 1000, 1) if "begun" in g else None
        log.info("request", extra={"fields": {**_asked(), "status": response.status_code, "ms": taken}})
        return response

    app.before_request(begin)
    app.after_request(end)


def request_id() -> str:
    """The number of the request at work: made up here, since one that is sent could carry anything."""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(8)
    return str(g.request_id)


def fault(error: BaseException) -> None:
    """Write a fault: which request met it, and where."""
    reason = {"reason": error.reason} if isinstance(error, DatabaseError) else {}
    log.error("fault", extra={"fields": {**_asked(), **reason, "faults": places(error)}})


def places(error: BaseException) -> list[dict[str, Any]]:
    """An exception and what brought it about, each by its kind and the lines it came through."""
    told: list[dict[str, Any]] = []
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop(0)
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        frames = traceback.extract_tb(each.__traceback__, limit=-20)
        kind = f"{type(each).__module__}.{type(each).__qualname__}"
        told.append({"kind": kind, "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]})
        waiting.append(each.__cause__ or (None if each.__suppress_context__ else each.__context__))
        waiting.extend(each.exceptions if isinstance(each, BaseExceptionGroup) else ())
    return told


def _asked() -> dict[str, Any]:
    """What was asked for, in words of ours."""
    if not has_request_context():
        return {}
    return {
        "request": request_id(),
        "method": request.method if request.method in METHODS else "other",
        "endpoint": str(request.url_rule) if request.url_rule else None,
    }


class Lines(logging.Formatter):
    """A record as a line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Our own records in full, those of others by their place."""
        when = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        line: dict[str, Any] = {
            "time": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if record.name.partition(".")[0] == OWN:
            line |= {"event": record.getMessage(), **getattr(record, "fields", {})}
        else:
            line["event"] = f"{record.module}:{record.lineno} {record.funcName}"
        if record.exc_info and record.exc_info[1]:
            line["faults"] = places(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


class _Stderr(logging.StreamHandler[Any]):
    """Writes on what stderr is at the time, which tests exchange."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.setFormatter(Lines())

    @property
    def stream(self) -> Any:
        return sys.stderr

    @stream.setter
    def stream(self, _: Any) -> None:
        """Nothing to set."""


def _speak(logger: logging.Logger) -> None:
    """Make a logger write our lines, once however many applications there are."""
    if not any(isinstance(handler, _Stderr) for handler in logger.handlers):
        logger.addHandler(_Stderr())
    if logger.name == OWN and logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
