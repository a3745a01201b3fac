"""What processes share: tried with a process that is forked here, as those of the site are."""

from __future__ import annotations

import os

import pytest

from engine import load_ruleset
from engine.verify.cases import check_cases
from tests.processes import FORKS, ended, started
from tests.webui.conftest import MADE_UP
from tests.webui.guided import Guided, make_site
from webui import consult_visit, shared
from webui.shared import SharedCases, Word

pytestmark = FORKS


@pytest.fixture
def injections():
    return load_ruleset(MADE_UP / "injections")


@pytest.fixture
def cases():
    made = SharedCases()
    yield made
    made._file.close()


def in_another_process(work):
    assert ended(started(work))


def test_news_reaches_every_process_once():
    word = Word()
    assert not word.news()
    in_another_process(word.tell)

    assert word.news()
    assert not word.news()
    word.tell()
    assert word.news()


def test_what_one_process_was_told_to_forget_another_lets_go_of_when_it_is_next_asked_anything(tmp_path):
    app, _ = make_site(tmp_path)
    client = app.test_client()
    Guided(client).answers(age="54")
    assert consult_visit._consulted.cache_info().currsize > 0

    def forget():
        with app.app_context():
            consult_visit.forget_ready()

    in_another_process(forget)
    client.get("/help")

    assert consult_visit._consulted.cache_info().currsize == 0


def test_cases_are_run_by_one_process_for_all(cases, injections, monkeypatch):
    in_another_process(lambda: cases(injections))
    found = check_cases(injections)
    monkeypatch.setattr(shared, "check_cases", lambda _: pytest.fail("they run again"))

    assert cases(injections) == found
    in_another_process(lambda: cases(injections))


def test_what_a_killed_process_left_half_written_is_worked_out_again(cases, injections):
    whole = cases(injections)
    cases._file.truncate(os.fstat(cases._file.fileno()).st_size // 2)

    assert cases(injections) == whole
    in_another_process(lambda: cases._read()[injections.digest])


def test_only_the_latest_rulesets_are_remembered(cases, injections, monkeypatch):
    monkeypatch.setattr(shared, "MOST_CHECKED", 1)
    cases(load_ruleset("example-smoke-alarm"))
    cases(injections)

    assert list(cases._read()) == [injections.digest]
