"""Several processes that serve one site: forked from one that has made everything ready, and watched by it.

The parent serves nobody. It holds the one end of a pipe whose other end the processes watch, so that they end when it
does, however it ends. It has no thread and no connection when it forks: a child would inherit locks that nobody opens.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import NoReturn

WAITING = 1024  # connections that nobody has accepted yet, as waitress has it
PAUSE = 1  # seconds before a process is replaced: one that dies at once must not keep the machine busy
LEAST_URGENT = 19
GRACE = 15  # seconds in which a process that was told to end does so
AT_MOST = 4  # processes, where nobody says how many

log = logging.getLogger(__name__)


def usual_number() -> int:
    """As many processes as there are cores to run on, within reason; one where there is no fork."""
    if not hasattr(os, "fork"):
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, AT_MOST)


def usual_threads(number: int) -> int:
    """As many threads as serve this number of processes best: the more wait for one interpreter, the slower is each."""
    return 4 if number == 1 else 2


def listen(host: str, port: int) -> list[socket.socket]:
    """Listen on each address that a host has, on one port for all of them; 0 means any that is free.

    The processes share the sockets: whoever is idle accepts first. With SO_REUSEPORT each would have its own, and a
    second site started on the port by mistake would take half of the visitors instead of being refused.

    Raises:
        OSError: an address cannot be had.
    """
    with contextlib.ExitStack() as stack:
        opened: list[socket.socket] = []
        anyone = None if host == "*" else host.strip("[]")
        found = socket.getaddrinfo(anyone, port, 0, socket.SOCK_STREAM, socket.IPPROTO_TCP, socket.AI_PASSIVE)
        for family, address in dict.fromkeys((family, address) for family, *_, address in found):
            name, _, *scope = address
            opened.append(socket.create_server((name, port, *scope), family=family, backlog=WAITING))
            stack.callback(opened[-1].close)
            port = opened[0].getsockname()[1]
        stack.pop_all()
    return opened


def run(work: Callable[[], None], number: int, each_second: Callable[[], None], chore: Callable[[], None]) -> None:
    """Do the work in so many processes until this one is told to end; one that ends before is replaced.

    Args:
        work: what each process does; it stops in good order when SystemExit is raised in the main thread.
        number: how many processes.
        each_second: what each process does besides, in a thread of its own.
        chore: what one more process does once, in the time that the others leave.
    """
    ending = {each for each in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(each) != signal.SIG_IGN}
    signal.signal(signal.SIGCHLD, lambda *_: None)  # what nobody handles may be thrown away instead of waiting
    signal.pthread_sigmask(signal.SIG_BLOCK, {*ending, signal.SIGCHLD})  # they wait until they are asked for
    alive, lifeline = os.pipe()

    def start(work: Callable[[], None], pause: float = 0) -> int:
        child = os.fork()
        if child == 0:
            os.close(lifeline)
            _child(work, alive, pause, each_second)
        return child

    doing_chore = start(lambda: _yielding(chore))
    for _ in range(number):
        start(work)
    while (told := signal.sigwait({*ending, signal.SIGCHLD})) == signal.SIGCHLD:
        for process, status in iter(_ended, None):
            if process == doing_chore:
                continue  # it is done; if it failed it has said so
            fields = {"process": process, "status": os.waitstatus_to_exitcode(status)}
            log.error("process ended and is replaced", extra={"fields": fields})
            start(work, PAUSE)
    os.close(lifeline)
    for each in ending:
        signal.signal(each, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ending)  # told once more, it waits for nobody
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    if told == signal.SIGTERM:
        signal.raise_signal(told)  # whoever sent it sees that it was heeded


def _ended() -> tuple[int, int] | None:
    """A child that ended since this was last asked, with its status."""
    process, status = os.waitpid(-1, os.WNOHANG)
    return (process, status) if process else None


def _child(work: Callable[[], None], alive: int, pause: float, each_second: Callable[[], None]) -> NoReturn:
    """Do the work until the parent has ended, and nothing of what the parent would do after it."""
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all, and the parent tells when to end
        signal.signal(signal.SIGTERM, _stop)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGCHLD})
        if not _hears(alive, pause):
            threading.Thread(target=_watch, args=(alive, each_second), daemon=True).start()
            work()
        status = 0
    except SystemExit:
        status = 0
    except BaseException:
        log.exception("process failed")
    finally:
        logging.shutdown()
        os._exit(status)


def _yielding(chore: Callable[[], None]) -> None:
    """Do a chore only while nobody else wants the processor."""
    os.nice(LEAST_URGENT)
    chore()


def _stop(*_: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
    sys.exit()


def _watch(alive: int, each_second: Callable[[], None]) -> None:
    """End the work when the parent has ended."""
    while not _hears(alive, 1):
        each_second()
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)  # SystemExit came where nothing that is raised gets any further, as in a callback from C


def _hears(alive: int, seconds: float) -> bool:
    """Whether the parent ends within so many seconds: nothing is ever written to the pipe, only closed."""
    return bool(select.select([alive], [], [], seconds)[0])
