"""An emergency is remembered from page to page, and told of no other answers than those that describe it."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import consult
from engine.dialogue import telling
from engine.dialogue.consultation import Consultation
from tests.webui.guided import START, Guided, make_site
from tests.webui.page_text import said
from webui import consult_visit

ALARMS = """
id: alarms
title: Alarms
version: "1"
goals: [urgency]
facts:
  fever: {type: yes_no, label: Fever, ask: Fever?}
  stiff: {type: yes_no, label: Stiff neck, ask: A stiff neck?}
  ill: {type: yes_no, label: Ill, ask: Ill?}
  began: {type: date, label: Beginning, ask: When did it begin?, ask_when: {ill: yes}}
  lasting: {derived: true, type: number, label: Days, formula: as_of - began, unit: days}
  urgency: {derived: true, type: choice, label: Urgency, options: {emergency: Now, routine: Later}, otherwise: routine}
rules:
  - {id: both, title: Both, when: {fever: yes, stiff: yes}, then: {urgency: emergency}, because: Both.}
  - {id: new, title: New, when: {lasting: {below: 1 days}}, then: {urgency: emergency}, because: New.}
  - {id: well, title: Well, when: {ill: no}, then: {urgency: routine}, because: Well., overrides: [both]}
"""
ANSWERS = [(fact, raw) for fact in ("fever", "stiff", "ill") for raw in ("yes", "no", "unknown")]
ANSWERS += [("began", raw) for raw in (START.date(), "unknown")]
ALARMED = "These answers describe an emergency"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alarms")
    (folder / "rulesets" / "alarms").mkdir(parents=True)
    (folder / "rulesets" / "alarms" / "ruleset.yaml").write_text(ALARMS)
    return make_site(folder, folder / "rulesets")


@settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from([*ANSWERS, "a day passes", "a day passes"])),
        min_size=4,
        max_size=16,
    )
)
def test_whatever_is_answered_in_whichever_session_an_emergency_stands_where_a_run_of_its_own_finds_it(site, steps):
    app, clock = site
    clock.at = START
    sessions = [Guided(app.test_client(), "alarms") for _ in range(2)]
    for number, step in steps:
        if step == "a day passes":
            clock.at += datetime.timedelta(days=1)
        else:
            sessions[number].answers(**dict([step]))
        for each in sessions:
            with app.test_request_context():
                here = consult_visit.visit(each.key)
            found = telling.emergency(consult(here.ruleset, here.kept.answers, here.kept.as_of))
            assert app.extensions["alarms"].describe(here) == (found is not None)


def test_a_page_after_an_emergency_needs_no_run_of_its_own(site, monkeypatch):
    session = Guided(site[0].test_client(), "alarms")
    session.answers(fever="yes", ill="yes", stiff="yes")
    assert session.here == "emergency"
    assert ALARMED in said(session.see("questions/began"))

    monkeypatch.setattr(Consultation, "run", property(lambda _: pytest.fail("it was found before")))
    session.answers(began="unknown")
    assert ALARMED in said(session.page)


def test_what_is_remembered_is_bounded_and_goes_with_a_session_forgotten(site, monkeypatch):
    app, _ = site
    app.extensions["alarms"].clear()
    monkeypatch.setattr(consult_visit, "KEPT_ALARMS", 2)
    for began in ("unknown", START.date(), datetime.date(2026, 11, 18)):
        session = Guided(app.test_client(), "alarms")
        session.answers(ill="yes", began=began, fever="yes", stiff="yes")
        session.see("check")
    assert len(app.extensions["alarms"]) == 2

    session.send(to="forget")
    assert len(app.extensions["alarms"]) == 0
