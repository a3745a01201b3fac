"""A PostgreSQL of our own for the tests: a cluster made from the programs that the system has, on a Unix socket."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

NAMES = count(1)
SETTINGS = {
    "listen_addresses": "",  # nobody else on this machine reaches it
    "fsync": "off",  # no test cuts the power
    "log_min_messages": "fatal",
}


def programs() -> Path:
    """Find initdb and postgres, or skip the test; with REGIMEN_REQUIRE_POSTGRES=1 fail it, so that CI needs them."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    path = os.pathsep.join([*(str(each) for each in reversed(debian)), os.environ.get("PATH", "")])
    if found := shutil.which("initdb", path=path):
        return Path(found).parent
    reason = "there is no PostgreSQL here (on Debian: sudo apt install postgresql)"
    if os.environ.get("REGIMEN_REQUIRE_POSTGRES") == "1":
        pytest.fail(f"REGIMEN_REQUIRE_POSTGRES is set, and {reason}")
    pytest.skip(reason)


def owner() -> pwd.struct_passwd | None:
    """Who runs it: PostgreSQL refuses root, so root lets somebody else; None is whoever we are."""
    if os.geteuid() != 0:
        return None
    names = {each.pw_name: each for each in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


@contextmanager
def cluster() -> Iterator[Path]:
    """Run PostgreSQL for as long as the block lasts; gives the folder of its socket."""
    folder = Path(tempfile.mkdtemp(prefix="regimen-pg-", dir="/tmp"))  # a socket's path is at most 107 characters long
    user = owner()
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)
    as_owner = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    try:
        with running(programs(), folder, as_owner):
            yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def running(bin_, folder, as_owner) -> Iterator[None]:
    data = str(folder / "data")
    make = [bin_ / "initdb", "--pgdata", data, "--username=regimen", "--auth=trust", "--locale=C", "--encoding=UTF8"]
    subprocess.run([*make, "--no-sync"], cwd=folder, check=True, stdout=subprocess.DEVNULL, **as_owner)
    settings = {**SETTINGS, "unix_socket_directories": str(folder)}
    run = [bin_ / "postgres", "-D", data, *(f"--{name}={value}" for name, value in settings.items())]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(run, cwd=folder, stdout=log, stderr=log, **as_owner)
    try:
        wait_for(folder, server)
        yield
    finally:
        server.send_signal(signal.SIGINT)  # a fast shutdown: open connections are cut
        server.wait(30)


def wait_for(folder, server) -> None:
    latest = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url(folder, "postgres")).close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > latest:
                raise RuntimeError((folder / "log").read_text()) from None
            time.sleep(0.05)
        else:
            return


def url(folder, name) -> str:
    return f"postgresql://regimen@/{name}?host={folder}"


def new_database(folder) -> str:
    """The URL of an empty database."""
    name = f"test{next(NAMES)}"
    with psycopg.connect(url(folder, "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return url(folder, name)
