"""Styles and pictures, under addresses that change with their content, so that a browser asks for each of them once.

And what is sent compressed: they, and large pages that hold no secret beside what a visitor sends.
"""

from __future__ import annotations

import gzip
import hashlib
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

FOREVER = "public, max-age=31536000, immutable"


def init_app(app: Flask) -> None:
    """Write the address of every asset with the hash of its content, and let that address be kept."""
    folder = Path(app.static_folder or "")
    kept: dict[str, tuple[int, str]] = {}

    def digest(filename: str) -> str | None:
        """The hash; read again after the file was changed, as while its author works on it."""
        try:
            changed = (folder / filename).stat().st_mtime_ns
            if filename not in kept or kept[filename][0] != changed:
                kept[filename] = changed, hashlib.sha256((folder / filename).read_bytes()).hexdigest()[:12]
        except (OSError, ValueError):  # no such file, or no name that a file can have
            return None
        return kept[filename][1]

    def name_the_content(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and (found := digest(values.get("filename", ""))):
            values["v"] = found

    def keep(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code in {200, 304}:
            asked = request.args.get("v")
            current = digest((request.view_args or {}).get("filename", ""))
            # An old hash gets today's content, which must not be kept under its name.
            response.headers["Cache-Control"] = FOREVER if asked and asked == current else "no-cache"
            compress(response)
        return response

    app.url_defaults(name_the_content)
    app.after_request(keep)


def compress(response: Response) -> Response:
    """Send it in a quarter of its size to those who take it.

    Only for what holds no token, or is sent to nobody without it: the length of a compressed page tells what is secret
    on it to somebody who can have it sent again and again with text of their own (BREACH). The key of a session does
    not count, as whoever has the address of its page has it.
    """
    response.vary.add("Accept-Encoding")
    if response.status_code == HTTPStatus.OK and request.accept_encodings["gzip"]:
        response.direct_passthrough = False
        response.set_data(gzip.compress(response.get_data(), mtime=0))
        response.content_encoding = "gzip"
        tag, _ = response.get_etag()
        if tag:
            response.set_etag(tag, weak=True)  # the same content in other bytes
    return response
