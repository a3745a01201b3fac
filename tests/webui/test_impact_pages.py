"""The impact of current releases on stored decisions, as pages: to start a run, to watch it, to read what it found."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import expect

from engine import consult, load_ruleset
from engine.ledger import Ledger, impact_runs
from tests.browser import NARROW, WIDE, follow, look_at, new_page
from tests.processes import until
from tests.webui.conftest import MADE_UP, made, running
from tests.webui.guided import START
from tests.webui.page_text import said
from tests.webui.signing import sign_browser_in, sign_in
from webui import impact, impact_process

ROOT = Path(__file__).resolve().parents[2]
NUMB = {"age": 54, "sex": "male", "numbness": "no", "serum": "140 ng/L", "habits": [], "last": "unknown"}
WELL = {**NUMB, "serum": "900 ng/L"}


@pytest.fixture
def folder(tmp_path):
    """The ruleset that the site has, to be edited."""
    return shutil.copytree(MADE_UP / "injections", tmp_path / "rulesets" / "injections")


@pytest.fixture
def kept(url, folder):
    """The ledger of the site: two decisions, numbers 2 and 3; the first suggests the fast regimen."""
    with closing(Ledger.open(url)) as ledger:
        ruleset = load_ruleset(folder)
        for answers in (NUMB, WELL):
            session, _ = ledger.begin(ruleset, answers, START)
            ledger.decide(session, consult(ruleset, answers, session.as_of), START)
        yield ledger


@pytest.fixture
def client(url, folder):
    app = made(RULESETS=(folder.parent,), DATABASE=url)
    yield sign_in(app.test_client())
    for thread in threading.enumerate():
        if thread.name.startswith("impact run"):
            thread.join(30)
    app.extensions["keeper"].ledger.close()


@pytest.fixture
def edited(folder, kept):
    """The ruleset after an edit: 140 ng/L is not low any more."""
    file = folder / "ruleset.yaml"
    text = file.read_text().replace("[180 ng/L, 133 pmol/L]", "[100 ng/L, 74 pmol/L]")
    file.write_text(text.replace('version: "0.3"', 'version: "0.4"'))
    return load_ruleset(folder)


@pytest.fixture
def done(kept, edited):
    """A run with the edited ruleset that came to its end."""
    kept.impact(edited)
    return kept.latest_impact("injections")


on_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


def token(client):
    return re.search(r'name="csrf_token" value="([^"]+)"', client.get("/audits/impact").text)[1]


def begin(client, ruleset="injections"):
    return client.post("/audits/impact", data={"csrf_token": token(client), "ruleset": ruleset})


def test_a_run_is_begun_goes_on_by_itself_and_tells_what_it_found(client, kept, edited):
    begun = begin(client)
    assert (begun.status_code, begun.location) == (303, "/audits/impact/1")
    until(lambda: kept.impacts.find(1).state != "running")

    page = client.get(begun.location)

    assert "1 of 2 decisions would end otherwise" in said(page)
    assert f"under version 0.4, hash {edited.digest[:12]}" in said(page)
    assert "Would end the same 1 Would end otherwise 1" in said(page)
    assert "Regimen: standard injections → no value 1 decision" in said(page)
    assert 'http-equiv="refresh"' not in page.text
    (address,) = re.findall(r'href="(/audits/impact/1/changes/\d+)"', page.text)
    listed = client.get(address)
    assert "Decision 2" in said(listed)
    assert re.findall(r'href="/audits/(\d+)"', listed.text) == ["2"]


def test_the_first_page_offers_what_decisions_were_made_under(client, kept, edited):
    assert kept.impacts.all() == []
    page = client.get("/audits/impact")

    assert "Made-up injections Now: version 0.4, hash" in said(page)
    assert "No impact run has come to its end yet." in said(page)
    assert "broken" not in said(page)


def test_without_decisions_there_is_nothing_to_compare(client):
    assert "No decision is stored yet" in said(client.get("/audits/impact"))


def test_a_ruleset_that_is_gone_cannot_be_compared_with(client, kept, folder):
    shutil.rmtree(folder)

    assert "Its current release is not on this site" in said(client.get("/audits/impact"))


def test_a_page_looks_again_while_the_run_goes_on_and_no_second_one_is_begun(client, kept, edited):
    run, _ = kept.impacts.begin(edited)
    page = client.get(f"/audits/impact/{run.id}")

    assert f'<meta http-equiv="refresh" content="{impact.LOOK_AGAIN}">' in page.text
    assert "Counting the decisions." in said(page)
    by_hand = client.get(f"/audits/impact/{run.id}?by_hand=1")
    assert 'http-equiv="refresh"' not in by_hand.text  # nobody has to read against a clock
    assert "Look again" in said(by_hand)
    with kept._database.writing() as connection:
        impact_runs._update(connection, run.id, total=12_000, looked_at=4_500)
    assert "4500 of 12000 decisions compared." in said(client.get(f"/audits/impact/{run.id}"))
    assert begin(client).location == f"/audits/impact/{run.id}"
    assert [each.id for each in kept.impacts.all()] == [run.id]
    assert "Run 1" in said(client.get("/audits/impact"))


def test_a_run_that_failed_says_why_and_can_be_started_again(client, kept, edited):
    run, _ = kept.impacts.begin(edited)
    kept.impacts.fail(run.id, impact_runs.CUT_OFF)

    page = client.get(f"/audits/impact/{run.id}")

    assert f"Impact run 1 failed {impact_runs.CUT_OFF}" in said(page)
    assert 'http-equiv="refresh"' not in page.text
    assert 'value="injections">Start again</button>' in page.text


def test_it_is_said_that_the_ruleset_has_changed_since(client, done, folder):
    assert "changed since" not in said(client.get("/audits/impact/1")) + said(client.get("/audits/impact"))
    file = folder / "ruleset.yaml"
    file.write_text(file.read_text().replace('version: "0.4"', 'version: "0.5"'))

    page = client.get("/audits/impact/1")

    assert "The ruleset has changed since. Current is version 0.5" in said(page)
    assert "with version 0.4, hash" in said(client.get("/audits/impact"))
    assert "The ruleset has changed since: current is version 0.5" in said(client.get("/audits/impact"))


def test_exports_carry_the_release_in_each_row(client, done, edited):
    rows = list(csv.DictReader(io.StringIO(client.get("/audits/impact/1.csv").text)))
    found = client.get("/audits/impact/1.json").json

    assert [(row["decision"], row["differs"], row["change"]) for row in rows] == [
        ("2", "yes", "Regimen: standard injections → no value"), ("3", "no", ""),
    ]  # fmt: skip
    assert {row["compared_with"] for row in rows} == {row["compared_with"] for row in found} == {edited.digest}
    assert list(found[0]) == list(rows[0]) == list(impact.COLUMNS)
    assert [(row["before"], row["after"]) for row in found] == [("standard", None), (None, None)]


def test_an_export_of_nothing_is_a_table_and_a_list_of_nothing(client, kept, edited):
    kept.impact(load_ruleset("example-smoke-alarm"))

    assert client.get("/audits/impact/1.csv").text.strip() == ",".join(impact.COLUMNS)
    assert client.get("/audits/impact/1.json").json == []
    assert "Nothing: every decision would end as it did." in said(client.get("/audits/impact/1"))


def test_long_lists_come_in_pages(client, kept, folder, monkeypatch):
    monkeypatch.setattr(impact, "DECISIONS_A_PAGE", 1)
    file = folder / "ruleset.yaml"
    file.write_text(file.read_text().replace("otherwise: routine", "otherwise: emergency"))
    kept.impact(load_ruleset(folder))
    address = "/audits/impact/1/changes/1"

    pages = [client.get(f"{address}?page={number}") for number in (1, 2)]

    assert [re.findall(r'href="/audits/(\d+)"', page.text) for page in pages] == [["2"], ["3"]]
    assert "2 decisions" in said(pages[0])
    assert 'href="/audits/impact/1/changes/1?page=2"' in pages[0].text
    for number in ("3", "0", "x", "-1", "9" * 5000):
        told = client.get(f"{address}?page={number}")
        assert told.status_code == 404
        assert "Its last is page 2." in said(told)


def test_decisions_that_cannot_be_read_whole_are_listed(client, kept, folder):
    file = folder / "ruleset.yaml"
    text = file.read_text().partition("\ncases:")[0]
    file.write_text(text.replace("[0, 130], plausible: [0, 105]", "[0, 50], plausible: [0, 40]"))
    kept.impact(load_ruleset(folder))

    assert "Not every answer could be read 2 decisions" in said(client.get("/audits/impact/1"))
    listed = client.get("/audits/impact/1/partly-read")
    assert re.findall(r'href="/audits/(\d+)"', listed.text) == ["2", "3"]


def test_what_was_deleted_since_is_told_as_a_number(client, kept, edited):
    session, key = kept.begin(edited, NUMB, START)
    kept.decide(session, consult(edited, NUMB, session.as_of), START)
    kept.impact(edited)
    kept.forget(key, START)

    assert "Deleted since 1 decision, with its session" in said(client.get("/audits/impact/1"))


def test_no_cell_of_the_table_is_one_that_a_spreadsheet_computes(client, kept, folder):
    """The version and the labels are free texts of whoever writes the ruleset."""
    file = folder / "ruleset.yaml"
    text = file.read_text().replace("[180 ng/L, 133 pmol/L]", "[100 ng/L, 74 pmol/L]")
    text = text.replace('version: "0.3"', 'version: "=1+1"').replace("label: Disposition", 'label: "@Disposition"')
    file.write_text(text)
    kept.impact(load_ruleset(folder))

    rows = list(csv.DictReader(io.StringIO(client.get("/audits/impact/1.csv").text)))

    assert {row["compared_with_version"] for row in rows} == {"'=1+1"}
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("rest", ["7", "7.csv", "1.csv", "1/changes/1", "1/partly-read", "x"])
def test_what_is_not_there_is_told(client, kept, edited, rest):
    kept.impacts.begin(edited)

    assert client.get(f"/audits/impact/{rest}").status_code == 404


def test_a_run_is_begun_from_our_own_page_alone(client, kept):
    assert client.post("/audits/impact", data={"ruleset": "injections"}).status_code == 400
    assert begin(client, "no-such").status_code == 404
    assert kept.impacts.all() == []


@on_sqlite
def test_a_run_whose_process_is_killed_fails_at_once(client, kept, edited):
    before = set(psutil.Process().children())  # a run of another test may be one that nobody has waited for yet
    begin(client)
    (process,) = set(psutil.Process().children()) - before
    process.send_signal(signal.SIGKILL)

    until(lambda: kept.impacts.find(1).state != "running")

    assert kept.impacts.find(1).reason == impact_runs.CUT_OFF


@on_sqlite
@pytest.mark.skipif(not hasattr(os, "nice"), reason="no urgency here")
def test_a_run_leaves_the_machine_to_others_and_ends_with_the_site(kept, url):
    run, _ = kept.impacts.begin(load_ruleset("b12-general"))  # which takes a while to read
    command = [sys.executable, "-m", "webui.impact_process", str(run.id)]
    environment = os.environ | {"REGIMEN_DATABASE_URL": url}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE) as process:
        until(lambda: psutil.Process(process.pid).nice() == impact_process.LEAST_URGENT)
        process.stdin.close()
        assert process.wait(30) == 1

    assert kept.impacts.find(run.id).reason == impact_process.SITE_STOPPED


@on_sqlite
def test_a_run_that_cannot_be_started_says_so(client, kept, edited, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/no/such/python")

    page = client.get(begin(client).location)

    assert impact_process.NOT_STARTED in said(page)


@on_sqlite
@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_every_page_is_read_by_everyone(browser, request, url, kept, done, folder):
    """By axe, wide and narrow, and a run that goes on leads to its result without a click."""
    app = made(RULESETS=(folder.parent,), DATABASE=url, TESTING=False)
    pictures = request.config.getoption("--screenshots")
    with running(app) as site:
        for size in (WIDE, NARROW):
            with new_page(browser, size) as page:
                sign_browser_in(page, app, site)
                for name, rest in {"impact": "", "impact-run": "/1", "impact-decisions": "/1/changes/1"}.items():
                    page.goto(f"{site}/audits/impact{rest}")
                    look_at(page, pictures, name)
                run, _ = kept.impacts.begin(load_ruleset(folder))
                page.goto(f"{site}/audits/impact/{run.id}?by_hand=1")
                look_at(page, pictures, "impact-progress")
                follow(page, "Let this page look again by itself")
                kept.impacts.run(run.id)
                expect(page.get_by_role("heading", level=1)).to_have_text("1 of 2 decisions would end otherwise")
    app.extensions["keeper"].ledger.close()


def test_a_run_whose_number_no_database_can_hold_is_not_there(client, kept):
    assert client.get(f"/audits/impact/{2**63}").status_code == 404
