"""Sites in processes of their own, to be measured from outside: `python -m tests.benchmarks.served WHAT …`.

site URL        the site as `regimen serve` starts it, with its sessions in that database
bare TEMPLATE   a Flask that does nothing but render that file, in as many processes and threads as the site

PROCESSES in the environment says how many processes; without it there are as many as `regimen serve` takes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask, render_template
from waitress import create_server

from webui import limits
from webui.__main__ import serve
from webui.processes import listen, run, usual_number, usual_threads

ROOT = Path(__file__).resolve().parents[2]
HERE = "127.0.0.1"
PROCESSES = int(os.environ.get("PROCESSES", usual_number()))
NEVER = "1000000 per second"  # requests are still counted, as they are for users


@contextmanager
def served(what: str, *args: str) -> Iterator[int]:
    """Run a site for as long as the block lasts; gives its port. Its log is thrown away, once written."""
    command = [sys.executable, "-m", "tests.benchmarks.served", what, *args]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield int(process.stdout.readline().split("  ")[0].rpartition(":")[2])
        finally:
            process.kill()


def site(url):
    limits.DEFAULTS.update({name: NEVER for name in limits.DEFAULTS if name.startswith("LIMIT_")})
    serve(HERE, 0, url, processes=PROCESSES)


def bare(template):
    path = Path(template)
    app = Flask(__name__, template_folder=path.parent)
    app.get("/")(lambda: render_template(path.name))
    listening = listen(HERE, 0)

    def work():
        create_server(app, sockets=listening, threads=usual_threads(PROCESSES)).run()

    print(f"http://{HERE}:{listening[0].getsockname()[1]}", flush=True)
    work() if PROCESSES == 1 else run(work, PROCESSES, lambda: None, lambda: None)


if __name__ == "__main__":
    {"site": site, "bare": bare}[sys.argv[1]](sys.argv[2])
