"""`regimen ledger` and where `regimen serve` keeps sessions."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from engine import consult, load_ruleset
from engine.cli import main
from engine.ledger import Ledger, NoSuchSession
from tests.processes import until

ROOT = Path(__file__).resolve().parents[2]
SMALL = ROOT / "tests" / "corpora" / "small"
UNREACHABLE = "postgresql://user:hunter2@127.0.0.1:1/regimen"


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'regimen.db'}"


@pytest.fixture
def keys(url):
    """The keys of one session that expired a day ago, and one that expires tomorrow, by the real clock."""
    ledger, ruleset = Ledger.open(url), load_ruleset(SMALL)
    now = dt.datetime.now(dt.UTC)
    found = [ledger.begin(ruleset, {"age": 54}, now - dt.timedelta(days=2), days)[1] for days in (1, 3)]
    yield found
    ledger.close()


def run(*args):
    return CliRunner().invoke(main, args)


def test_purge_takes_what_has_expired_by_now(url, keys):
    told = run("ledger", "purge", "--database", url)

    assert (told.exit_code, told.output) == (0, "1 expired session deleted.\n")
    ledger = Ledger.open(url)
    now = dt.datetime.now(dt.UTC)
    with pytest.raises(NoSuchSession):
        ledger.find(keys[0], now)
    assert ledger.find(keys[1], now).answers == {"age": 54}
    ledger.close()


def test_purge_cannot_be_told_that_it_is_another_day(url, keys):
    assert run("ledger", "purge", "--database", url, "--as-of", "2030-01-01").exit_code == 2
    assert run("ledger", "purge", "--database", url).output == "1 expired session deleted.\n"


def test_purge_uses_the_database_of_the_environment(url, keys, monkeypatch):
    monkeypatch.setenv("REGIMEN_DATABASE_URL", url)

    assert run("ledger", "purge").output == "1 expired session deleted.\n"


@pytest.mark.parametrize(
    "command", [["ledger", "purge", "--database"], ["serve", "--port", "0", "--database"]], ids=["purge", "serve"]
)
def test_a_database_that_does_not_answer_is_told_by_name_and_without_its_password(command):
    told = run(*command, UNREACHABLE)

    assert told.exit_code in (1, 2)
    assert told.output == (
        "The database cannot be reached. Nothing that was saved is lost. Try again in a moment."
        " Look at the PostgreSQL database regimen on 127.0.0.1 (no answer).\n"
    )


@pytest.mark.parametrize(
    ("command", "threads", "processes"),
    [(["-m", "webui"], 2, 3), (["-c", "from engine.cli import main; main()", "serve"], 7, 1)],
    ids=["webui", "serve"],
)
def test_the_site_is_served_with_a_database_and_numbers_of_threads_and_processes(
    command, threads, processes, url, tmp_path
):
    options = ["--port", "0", "--threads", str(threads), "--processes", str(processes), "--database", url]
    with ExitStack() as stack:
        site = subprocess.Popen(
            [sys.executable, *command, *options], cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, text=True
        )
        stack.enter_context(site)
        stack.callback(site.kill)
        line = site.stdout.readline()
        parent = psutil.Process(site.pid)
        children = {processes, processes + 1} if processes > 1 else {0}  # one more while the cases run
        until(lambda: len(parent.children()) in children)
        until(lambda: sum(map(is_answering(threads), parent.children() or [parent])) == processes)
        serving = parent.children() or [parent]
        running = [each.num_threads() - threads for each in serving if is_answering(threads)(each)]
        watching = parent.num_threads()

    assert line.startswith("Regimen is at http://127.0.0.1:")
    assert processes == 1 or watching == 1  # a thread at the fork would leave its locks behind
    usual = {1, 2} if processes == 1 else {1, 2, 3}  # the main thread, one that watches the parent, one for the cases
    assert usual.issuperset(running)
    with closing(sqlite3.connect(tmp_path / "regimen.db")) as found:
        assert found.execute("SELECT count(*) FROM consultation").fetchall() == [(0,)]


def is_answering(threads):
    """Whether a process has its threads that answer; that of the cases has none."""

    def answering(process):
        try:
            return process.num_threads() > threads
        except psutil.NoSuchProcess:
            return False

    return answering


def test_impact_keeps_its_run_and_leaves_one_that_goes_on_alone(url):
    ruleset = load_ruleset(SMALL)
    with closing(Ledger.open(url)) as ledger:
        kept, _ = ledger.begin(ruleset, {"age": 30}, dt.datetime.now(dt.UTC))
        ledger.decide(kept, consult(ruleset, kept.answers, kept.as_of), dt.datetime.now(dt.UTC))
        told = run("ledger", "impact", str(SMALL), "--database", url)
        latest = ledger.latest_impact("small")
        ledger.impacts.begin(ruleset)
        again = run("ledger", "impact", str(SMALL), "--database", url)

    assert (told.exit_code, latest.state, latest.looked_at) == (0, "done", 1)
    assert "1 stored decision: 1 would end the same, 0 otherwise." in told.output
    assert again.exit_code == 2
    assert "Impact run 2 over these decisions is under way, 0 of 0 done." in again.output


@pytest.mark.parametrize("threads", ["0", "65", "two", "²"])
def test_a_number_of_threads_that_makes_no_sense_is_refused(threads):
    told = subprocess.run(
        [sys.executable, "-m", "webui", f"--threads={threads}"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert told.returncode == 2
    assert "is not a number of threads; write one from 1 to 64" in told.stderr
    assert run("serve", f"--threads={threads}").exit_code == 2


@pytest.mark.parametrize("processes", ["0", "65", "two", "²"])
def test_a_number_of_processes_that_makes_no_sense_is_refused(processes):
    command = [sys.executable, "-m", "webui", f"--processes={processes}"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert told.returncode == 2
    assert "is not a number of processes; write one from 1 to 64" in told.stderr
    assert run("serve", f"--processes={processes}").exit_code == 2
