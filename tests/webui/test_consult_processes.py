"""Servers as they are run, several on one database or of several processes, killed and cut off.

What was confirmed is there afterwards.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode, urlsplit

import psutil
import psycopg
import pytest
from sqlalchemy import text

from engine.ledger import Ledger
from engine.ledger.database import open_database
from tests.processes import until
from tests.webui.conftest import MADE_UP
from tests.webui.guided import Controls, Guided
from tests.webui.page_text import said
from webui.processes import LEAST_URGENT

ROOT = Path(__file__).resolve().parents[2]
ANSWERS = {"age": "54", "sex": "male", "numbness": "no", "serum": ("140", "ng/L"), "habits": [], "last": "unknown"}
MOMENTS = [0, 1, *(pytest.param(moment, marks=pytest.mark.slow) for moment in range(2, 12))]


@pytest.fixture
def start(tmp_path, url):
    """Starts servers on the database as a person would, on the made-up rulesets; none outlives the test."""
    (tmp_path / "rulesets").symlink_to(MADE_UP)
    command = [sys.executable, "-m", "webui", "--port", "0", "--database", url]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with ExitStack() as stack:
        log = stack.enter_context((tmp_path / "log").open("a"))

        def starting(processes=1):
            server = subprocess.Popen(
                [*command, "--processes", str(processes)],
                cwd=tmp_path,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                preexec_fn=heed_ctrl_c,  # noqa: PLW1509 (it does nothing that a lock could stop)
            )
            stack.enter_context(server)
            stack.callback(server.kill)
            server.port = int(re.search(r":(\d+) ", server.stdout.readline())[1])
            if processes > 1:
                until(lambda: len(children_of(server)) > processes == len(workers(server)))
            return server

        yield starting


def workers(server):
    """The processes that serve; the one that was started watches them, and one of least urgency runs the cases."""
    return [each for each in children_of(server) if urgency(each) != LEAST_URGENT]


def children_of(server):
    return psutil.Process(server.pid).children()


def urgency(process):
    try:
        return process.nice()
    except psutil.NoSuchProcess:  # it was done with the cases
        return LEAST_URGENT


@contextmanager
def alone(server, worker):
    """The other processes stand still, so that this one accepts every connection."""
    others = [each for each in workers(server) if each != worker]
    for other in others:
        other.suspend()
        until(lambda other=other: other.status() == psutil.STATUS_STOPPED)
    yield
    for other in others:
        other.resume()


def heed_ctrl_c():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # where the suite runs in the background it is ignored


class Browser:
    """What `Guided` needs of a client, over the network; it may be moved to another server with its cookie."""

    def __init__(self, server):
        self.server = server
        self.cookie = ""

    def get(self, address, *, follow_redirects=False):
        return self._ask("GET", address, follow=follow_redirects)

    def post(self, address, *, data, follow_redirects=False):
        return self._ask("POST", address, urlencode(data, doseq=True), follow=follow_redirects)

    def _ask(self, method, address, body=None, *, follow=False):
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        with closing(HTTPConnection("127.0.0.1", self.server.port, timeout=30)) as connection:
            connection.request(method, address, body, headers)
            response = connection.getresponse()
            page = response.read().decode()
        if cookie := response.getheader("Set-Cookie"):
            self.cookie = cookie.split(";")[0]
        location = response.getheader("Location")
        if location and follow:
            return self._ask("GET", location, follow=True)
        request = SimpleNamespace(path=urlsplit(address).path, full_path=address)
        return SimpleNamespace(status_code=response.status, text=page, location=location, request=request)


def without_token(page):
    return re.sub(r'(name="csrf_token" value=)"[^"]+"', r"\1", page.text)


def test_a_session_begun_at_one_server_goes_on_at_another(start, url):
    servers = [start(), start()]
    guided = Guided(Browser(servers[0]))

    for number, (fact, raw) in enumerate(ANSWERS.items(), start=1):
        guided.client.server = servers[number % 2]
        guided.answers(**{fact: raw})
        assert guided.page.status_code == 200
        assert_the_same_at(guided, servers, guided.here)

    assert guided.here == "check"
    for page in ("result", "result.json", "sheet", "questions/serum"):
        assert_the_same_at(guided, servers, page)
    told = json.loads(guided.see("result.json").text)
    assert (told["complete"], told["conclusions"]["regimen"]) == (True, "standard")
    assert set(told["answers"]) == set(ANSWERS)


def assert_the_same_at(guided, servers, page):
    seen = []
    for guided.client.server in servers:
        response = guided.client.get(guided.path(page))
        assert response.status_code == 200
        seen.append(without_token(response))
    assert seen[0] == seen[1]


def test_a_session_that_one_server_forgets_is_gone_at_the_other(start):
    servers = [start(), start()]
    guided = Guided(Browser(servers[0]))
    guided.answers(age="54")
    guided.client.server = servers[1]
    assert guided.see("check").status_code == 200

    guided.client.server = servers[0]
    guided.send(to="forget")
    guided.client.server = servers[1]

    assert guided.see("check").status_code == 404


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_server_killed_in_mid_request_loses_nothing_that_it_confirmed(start, url, moment):
    server = start()
    guided = Guided(Browser(server))
    guided.answers(age="17")
    threading.Timer(random.Random(moment).uniform(0, 0.4), server.kill).start()
    confirmed = ["17", *answers_until_it_ends(guided)]
    assert server.wait(30) == -signal.SIGKILL

    with closing(Ledger.open(url)) as ledger:
        kept = [change.value for change in ledger.find(guided.key, datetime.now(UTC)).history]
    assert kept[: len(confirmed)] == confirmed
    assert len(kept) - len(confirmed) in (0, 1)  # of the one that was under way nobody knows
    assert is_whole(url)

    guided.client.server = start()
    assert guided.see("check").status_code == 200
    guided.answers(**ANSWERS)
    assert guided.here == "check"


def answers_until_it_ends(guided):
    """Change the age over and over; gives each that a redirect confirmed."""
    form = {"csrf_token": guided.token}
    ages = [str(age) for age in range(18, 90)] * 20
    try:
        for age in ages:
            assert guided.client.post(guided.path("questions/age"), data={**form, "answer": age}).status_code == 303
            yield age
    except (HTTPException, OSError):
        return


@pytest.mark.parametrize("moment", range(2))
def test_a_server_killed_while_it_shows_results_has_recorded_every_one_that_it_showed(start, url, moment):
    server = start()
    guided = Guided(Browser(server))
    guided.answers(**ANSWERS)
    hashes = hashes_until_it_ends(guided)
    shown = [next(hashes)]
    threading.Timer(random.Random(moment).uniform(0, 1), server.kill).start()
    shown += hashes
    assert server.wait(30) == -signal.SIGKILL

    with closing(Ledger.open(url)) as ledger:
        found = ledger.verify()
        assert found.trouble is None
        assert 0 <= found.counts.get("decision", 0) - len(shown) <= 1
        assert [ledger.decision(each).hash for each in shown] == shown
    assert is_whole(url)


def hashes_until_it_ends(guided):
    """Change the age and look at the visit sheet, over and over; gives the hash of each."""
    try:
        for age in list(range(18, 90)) * 20:
            guided.client.post(guided.path("questions/age"), data={"csrf_token": guided.token, "answer": str(age)})
            yield re.search(
                r"SHA-256 ([0-9a-f]{64})</p>\s*<p class=\"quiet\">", guided.client.get(guided.path("sheet")).text
            )[1]
    except (HTTPException, OSError):
        return


def is_whole(url):
    """Whether SQLite finds every page in order; PostgreSQL was not killed."""
    if not url.startswith("sqlite"):
        return True
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@contextmanager
def locked(url):
    """Somebody else writes to every session, and takes his time."""
    database = open_database(url)
    try:
        with database.writing() as connection:
            lock = "" if url.startswith("sqlite") else " FOR UPDATE"  # SQLite has one writer at a time anyway
            connection.execute(text(f"SELECT * FROM consultation{lock}"))
            yield
    finally:
        database.engine.dispose()


@contextmanager
def missing(url):
    """The database is moved away, or lets nobody in."""
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        moved = {each: each.with_name(f"away-{each.name}") for each in file.parent.glob("regimen.db*")}
        for here, there in moved.items():
            here.rename(there)
        yield
        for here, there in moved.items():
            there.rename(here)
        return
    name = re.search(r"/(test\d+)\?", url)[1]
    with psycopg.connect(url.replace(f"/{name}?", "/postgres?"), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        yield
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def test_an_answer_sent_while_the_database_is_locked_is_kept_on_the_page(start, url):
    guided = Guided(Browser(start()))
    guided.answers(age="54", sex="male", numbness="no")

    with locked(url):
        told = guided.answer("serum", answer="140", unit="ng/L")
        assert told.status_code == 503
        assert "The database is busy" in said(told)
        assert "Your answer is not saved yet. Press Continue again." in said(told)
        assert Controls(told).texts == {"answer": "140"}
        assert ("unit", "ng/L") in Controls(told).on
        assert guided.see("check").status_code == 200  # what was confirmed can be read meanwhile

    guided.answers(serum=("140", "ng/L"), habits=[], last="unknown")
    assert guided.here == "check"
    assert all(each in said(guided.page) for each in ("54", "Male", "140 ng/L"))


def test_a_result_that_cannot_be_recorded_waits_until_it_can(start, url):
    guided = Guided(Browser(start()))
    guided.answers(**ANSWERS)

    with locked(url):
        told = guided.see("result")
        assert told.status_code == 503
        assert "The database is busy" in said(told)
        assert "Recorded as" not in told.text
    assert "Recorded as decision 2" in said(guided.see("result"))
    with locked(url):  # what is recorded already is only read
        assert "Recorded as decision 2" in said(guided.see("result"))


def test_a_database_that_goes_missing_is_told_and_found_again(start, url):
    guided = Guided(Browser(start()))
    guided.answers(age="54", sex="male")

    with missing(url):
        for told in (guided.see("check"), guided.answer("numbness", answer="no")):
            assert told.status_code == 503
            assert "The database cannot be" in said(told)
            assert "Nothing was lost" in said(told)
        assert ("answer", "no") in Controls(told).hidden  # with a button that sends it again
        assert guided.client.get("/").status_code == 200

    guided.answers(**ANSWERS)
    assert guided.here == "check"


def test_the_processes_of_a_server_serve_the_same_session(start):
    server = start(processes=2)
    both = workers(server)
    guided = Guided(Browser(server))

    for number, (fact, raw) in enumerate(ANSWERS.items()):
        with alone(server, both[number % 2]):
            guided.answers(**{fact: raw})
            assert guided.page.status_code == 200
    seen = []
    for worker in both:
        with alone(server, worker):
            seen.append([without_token(guided.see(page)) for page in ("check", "result", "sheet", "questions/serum")])

    assert "54" in seen[0][0]
    assert seen[0] == seen[1]


@pytest.mark.parametrize("moment", MOMENTS[:2])
def test_a_process_killed_in_mid_request_loses_nothing_and_the_site_goes_on(start, url, tmp_path, moment):
    server = start(processes=2)
    killed, left = workers(server)
    guided = Guided(Browser(server))
    guided.answers(age="17")
    timer = threading.Timer(random.Random(moment).uniform(0, 0.4), killed.kill)
    timer.start()
    confirmed, cut = ["17"], []
    for age in map(str, range(18, 90)):
        try:
            page = guided.client.post(guided.path("questions/age"), data={"csrf_token": guided.token, "answer": age})
        except (HTTPException, OSError):
            cut.append(age)
        else:
            assert page.status_code == 303
            confirmed.append(age)
    timer.join()

    assert len(cut) <= 1
    with closing(Ledger.open(url)) as ledger:
        kept = [change.value for change in ledger.find(guided.key, datetime.now(UTC)).history]
    assert [age for age in kept if age not in cut] == confirmed  # of the one that was under way nobody knows
    assert is_whole(url)

    until(lambda: len(workers(server)) == 2 and killed not in workers(server))
    (replaced,) = set(workers(server)) - {left}
    with alone(server, replaced):
        guided.answers(**ANSWERS)
    assert guided.here == "check"
    (line,) = [line for line in (tmp_path / "log").read_text().splitlines() if '"endpoint"' not in line]
    told = json.loads(line)
    assert (told["event"], told["process"]) == ("process ended and is replaced", killed.pid)
    assert told["status"] == -signal.SIGKILL


@pytest.mark.parametrize(("told", "status"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 0)])
@pytest.mark.parametrize("processes", [1, 2])
def test_a_server_that_is_told_to_end_ends_quietly_with_all_its_processes(start, tmp_path, processes, told, status):
    server = start(processes)
    children = children_of(server)
    assert Guided(Browser(server)).page.status_code == 200
    server.send_signal(told)

    assert server.wait(30) == status
    assert not any(each.is_running() for each in children)
    assert all('"event": "request"' in line for line in (tmp_path / "log").read_text().splitlines())


def test_ctrl_c_which_reaches_every_process_ends_all_quietly(start, tmp_path):
    server = start(processes=2)
    for each in (*workers(server), server):
        each.send_signal(signal.SIGINT)

    assert server.wait(30) == 0
    assert (tmp_path / "log").read_text() == ""


def test_no_process_outlives_a_server_that_is_killed(start):
    server = start(processes=2)
    children = children_of(server)
    server.kill()
    server.wait(30)

    assert psutil.wait_procs(children, timeout=30)[1] == []
