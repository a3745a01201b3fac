"""Going through an impact run beside the site: `python -m webui.impact_process RUN`, in the time that answering leaves.

It ends when the process of the site that started it does, however that ends: it reads from a pipe into which nothing is
ever written. So that no password stands in the list of processes, it has the database from its environment.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from engine import RegimenError
from engine.ledger import DatabaseError, Ledger
from engine.ledger.database import VARIABLE
from engine.ledger.impact_runs import CUT_OFF

LEAST_URGENT = 19
SITE_STOPPED = "The site was stopped before it was done. Start it again."
NOT_STARTED = "It could not be started: the system gives the site no more processes. Try again later."


def start(ledger: Ledger, database: str | None, number: int) -> None:
    """Have a run that was begun gone through with.

    Args:
        ledger: where it is kept.
        database: its URL; None for the environment's.
        number: the run.
    """
    home = str(Path(__file__).parents[1])  # as the site may have been started from elsewhere
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")]))}
    environment |= {VARIABLE: database} if database else {}
    try:
        process = subprocess.Popen(  # noqa: S603 (nothing of it comes from a request)
            [sys.executable, "-m", "webui.impact_process", str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the site
        )
    except OSError:
        ledger.impacts.fail(number, NOT_STARTED)
        return
    waiting = threading.Thread(target=_wait, args=(process, ledger, number), name=f"impact run {number}", daemon=True)
    waiting.start()


def _wait(process: subprocess.Popen[bytes], ledger: Ledger, number: int) -> None:
    """See that a run does not pass for one that goes on when its process was killed."""
    with process:
        process.wait()
    with suppress(DatabaseError):
        ledger.impacts.fail(number, CUT_OFF)


def main() -> None:
    """Go through with the run that is named."""
    number = int(sys.argv[1])
    if hasattr(os, "nice"):
        os.nice(LEAST_URGENT)
    ledger = Ledger.open()
    threading.Thread(target=_end_with_site, args=(ledger, number), daemon=True).start()
    with suppress(RegimenError):  # it is kept with the run
        ledger.impacts.run(number)
    ledger.close()


def _end_with_site(ledger: Ledger, number: int) -> None:
    while os.read(0, 1):  # not by way of sys.stdin, whose lock Python wants when it ends
        pass
    with suppress(DatabaseError):
        ledger.impacts.fail(number, SITE_STOPPED)
    os._exit(1)


if __name__ == "__main__":
    main()
