"""`python3 -m webui` sets the checkout up if need be, and serves the site."""

from __future__ import annotations

import argparse
import errno
import socket
import sys
from typing import TYPE_CHECKING

from engine import bootstrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

DATABASE_HELP = (
    "where sessions are kept: sqlite:////path/to/file.db or postgresql://user@host/name. Without it"
    " $REGIMEN_DATABASE_URL, which keeps a password out of the list of processes; else a file of one's own"
)
THREADS_HELP = "requests that a process serves at a time (default: %(default)s)"
THREADS_HELP = "requests that a process serves at a time (default: 2, or 4 where there is one process)"
PROCESSES_HELP = "processes that serve, each with its threads (default: as many as there are cores, at most 4)"
PUBLIC_URL_HELP = (
    "where people reach the site behind a proxy, such as https://b12.example.org: links to come back by begin with it,"
    " and under https the cookie is sent over nothing else"
)
LARGEST = 8  # MiB that the server takes in; the application refuses much less, with a page that says so


def serve(
    host: str,
    port: int,
    database: str | None = None,
    threads: int | None = None,
    processes: int | None = None,
    public_url: str | None = None,
) -> int:
    """Serve until interrupted; the exit status is 1 if the address, the database or the secret key cannot be had.

    Args:
        host: the address, or the name of one or several.
        port: 0 for any that is free.
        database: where sessions are kept, as for `create_app`.
        threads: how many requests a process serves at a time; None for `usual_threads`.
        processes: how many there are; None for as many as there are cores, at most 4.
        public_url: where people reach the site, as for `create_app`.
    """
    import gc
    import logging
    import threading

    from engine import RegimenError
    from engine.ledger import DatabaseError, Ledger
    from webui import create_app
    from webui.consult_visit import let_go
    from webui.processes import listen, run, usual_number, usual_threads

    try:
        Ledger.open(database).close()  # whoever starts the site is told what is wrong, not the first visitor
        app = create_app({"DATABASE": database, "PUBLIC_URL": public_url})
    except RegimenError as error:
        print(error.named() if isinstance(error, DatabaseError) else error, file=sys.stderr)
        return 1
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # that requests wait a moment is no news
    try:
        listening = listen(host, port)
    except OSError as error:
        print(_refusal(error, host, port), file=sys.stderr)
        return 1
    number = processes or usual_number()
    threads = threads or usual_threads(number)
    if number > 1:
        app.extensions["shelf"].share_cases()
    app.extensions["shelf"].warm()  # whoever starts the site waits for rulesets to be read, not the first visitor
    for template in app.jinja_env.list_templates():
        app.jinja_env.get_template(template)  # compiled here, and not once more by each process
    gc.collect()
    gc.freeze()  # they are 100,000 objects that stay: each full collection would go through them and hold requests up
    name = f"[{host}]" if ":" in host else host
    print(f"Regimen is at http://{name}:{listening[0].getsockname()[1]}  (Ctrl-C stops it)", flush=True)
    run_cases = app.extensions["shelf"].run_cases
    if number == 1:
        threading.Thread(target=run_cases, daemon=True).start()
        _answer(app, listening, threads)
    else:
        run(lambda: _answer(app, listening, threads), number, lambda: let_go(app), run_cases)
    return 0


def _answer(app: Flask, listening: list[socket.socket], threads: int) -> None:
    """Answer requests in this process until it is interrupted."""
    from waitress import create_server

    from webui import MIB

    server = create_server(app, sockets=listening, threads=threads, max_request_body_size=LARGEST * MIB)
    server.run()


def _refusal(error: OSError, host: str, port: int) -> str:
    """Say in one sentence why the address cannot be had."""
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use; choose another with --port."
    return f"Cannot serve on {host}, port {port}: {error.strerror or error}."


def _port(text: str) -> int:
    highest = 65535
    if not text.isascii() or not text.isdigit() or int(text) > highest:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; a port is a number from 0 to {highest}")
    return int(text)


def _count(what: str) -> Callable[[str], int]:
    """What reads a number of threads or processes."""

    def read(text: str) -> int:
        most = 64
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number of {what}; write one from 1 to {most}")
        return int(text)

    return read


def main() -> int:
    """Read the options before setting up, so that --help needs nothing."""
    parser = argparse.ArgumentParser(prog="python3 -m webui", description="Set up if need be, and serve the site.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", default=8000, type=_port, help="port to listen on (default: %(default)s)")
    parser.add_argument("--database", metavar="URL", help=DATABASE_HELP)
    parser.add_argument("--threads", type=_count("threads"), help=THREADS_HELP)
    parser.add_argument("--processes", type=_count("processes"), help=PROCESSES_HELP)
    parser.add_argument("--public-url", metavar="URL", help=PUBLIC_URL_HELP)
    options = parser.parse_args()
    bootstrap.ensure()
    return serve(**vars(options))


if __name__ == "__main__":
    raise SystemExit(main())
