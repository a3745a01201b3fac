"""The way through a session: pages of several questions, emergencies, the check, changes, and the end."""

from __future__ import annotations

import datetime
import json
from urllib.parse import urljoin

import pytest
from sqlalchemy import text
from werkzeug.datastructures import MultiDict

from engine.dialogue.consultation import Consultation
from engine.ledger import DatabaseError, Ledger
from engine.ledger.database import open_database
from engine.logic.evaluate import Evaluation
from tests.webui.conftest import MADE_UP
from tests.webui.guided import Controls, Guided, make_site, read_token
from tests.webui.page_text import Page, said

TOGETHER = """
id: together
title: Together
version: "1"
goals: [verdict]
sections: [{id: first, title: At first}, {id: form, title: A form, together: true}]
facts:
  start: {section: first, type: yes_no, label: Start, ask: Start?}
  level: {section: form, type: number, label: Level, ask: What level?, unit: g/L, units: [g/dL], plausible: [50, 250]}
  name_known: {section: form, type: yes_no, label: Name, ask: Is it known?, required: true}
  colour: {section: form, type: choice, label: Colour, ask: Which colour?, options: {red: Red, blue: Blue}}
  more: {section: form, type: yes_no, label: More, ask: More?, ask_when: {colour: red}}
  verdict: {derived: true, type: choices, label: Verdict, options: {low: Low, red: Red, named: Named, more: More}}
rules:
  - {id: low, title: Low, when: {level: {below: 100 g/L}}, then: {verdict: [low]}, because: x}
  - {id: red, title: Red it is, when: {colour: red, start: yes}, then: {verdict: [red]}, because: x}
  - {id: named, title: Named, when: {name_known: yes}, then: {verdict: [named]}, because: x}
  - {id: more, title: More, when: {more: yes}, then: {verdict: [more]}, because: x}
"""


@pytest.fixture
def form(tmp_path):
    """A session at a page of several questions."""
    (tmp_path / "rules" / "together").mkdir(parents=True)
    (tmp_path / "rules" / "together" / "ruleset.yaml").write_text(TOGETHER)
    app, _ = make_site(tmp_path, tmp_path / "rules", *make_site(tmp_path)[0].config["RULESETS"])
    guided = Guided(app.test_client(), "together")
    guided.answers(start="yes")
    return guided


ASKED = ["level", "name_known", "colour"]


def test_questions_of_a_section_share_a_page(form):
    assert form.here == "sections/form"
    text = said(form.page)
    assert "A form Fill in what you know" in text
    assert [name for name in ("What level?", "Is it known?", "Which colour?", "More?") if name in text] == [
        "What level?", "Is it known?", "Which colour?",
    ]  # fmt: skip


def test_blanks_count_as_not_known_after_one_confirmation(form):
    sent = {"asked": ASKED, "level-answer": "9", "level-unit": "g/dL", "name_known-answer": "yes"}
    form.send(**sent)
    assert "Left blank This counts as “I do not know”." in said(form.page)
    assert form.page.text.count("<li>Colour</li>") == 1
    assert form.see("sections/form").text.count(" checked") == 0

    form.send(**sent)
    form.send(**MultiDict(Controls(form.page).hidden).to_dict(flat=False), confirmed="1")
    assert form.here == "check"
    assert "Level 9 g/dL Change Level" in said(form.page)
    assert "Colour Not known – 2 rules could not be applied Show them" in said(form.page)


def test_a_page_of_several_questions_tells_every_problem_and_keeps_the_rest(form):
    form.send(**{"asked": ASKED, "level-answer": "9", "colour-answer": "blue"})

    assert form.page.status_code == 422
    assert "Level: The unit is missing." in said(form.page)
    assert "Name: Choose one of these." in said(form.page)  # it is required, so it cannot be left blank
    assert Controls(form.page).on == [("colour-answer", "blue")]
    assert Controls(form.page).texts == {"level-answer": "9"}
    assert {"#level-answer", "#name_known-answer"} <= set(Page(form.page.text).links)


def test_a_section_asks_what_its_own_answers_bring_up(form):
    form.send(**{"asked": ASKED, "level-answer": "9 g/dL", "name_known-answer": "yes", "colour-answer": "red"})

    assert form.here == "sections/form"
    assert "More?" in said(form.page)
    assert ("colour-answer", "red") in Controls(form.page).on  # answered there before, and not asked for again
    assert f'<a class="back" href="{form.path("questions/start")}"' in form.page.text


def test_everything_open_can_be_answered_on_one_page(guided):
    guided.see("all")
    asked = [value for name, value in Controls(guided.page).hidden if name == "asked"]
    assert asked == ["age", "sex", "numbness", "serum", "habits", "last"]
    given = {"age-answer": "54", "sex-answer": "female", "numbness-answer": "no", "serum-answer": "140 ng/L"}
    guided.send(asked=asked, **given, **{"habits-answer": "none", "last-answer": "unknown"})

    assert guided.here == "all"  # pregnancy is open now
    assert [value for name, value in Controls(guided.page).hidden if name == "asked"] == ["pregnancy"]
    guided.send(asked="pregnancy", **{"pregnancy-answer": "not_pregnant"})
    assert guided.here == "check"


def test_a_form_that_names_foreign_questions_takes_only_those_of_its_page(form):
    form.send(asked=["start", "low", "verdict", "nothing"], **{"start-answer": "no", "verdict-answer": "low"})

    assert form.here == "sections/form"
    assert "Start Yes" in said(form.see("check"))


# Emergencies


def test_an_emergency_is_told_on_the_next_page_with_the_way_on_below(guided):
    guided.answers(age="54", sex="male", habits=["alone"])
    text = said(guided.page)

    assert guided.here == "emergency"
    assert "Emergency: act on this first Injecting alone Habits: injects alone. Call somebody today." in text
    assert Page(guided.page.text).links.count(guided.path("questions/numbness")) == 1


def test_an_emergency_is_told_once_and_then_stands_on_each_page(guided):
    guided.answers(habits=["alone"], age="54")

    assert guided.here == "questions/sex"
    assert "These answers describe an emergency" in said(guided.page)
    assert "These answers describe an emergency" in said(guided.see("check"))
    guided.answers(habits=["cold"])
    assert "emergency" not in said(guided.page)
    guided.see("emergency")
    assert guided.here == "questions/sex"


@pytest.mark.parametrize("name", ["key", "name", "view", "_external", "_method"])
def test_an_address_cannot_lead_an_emergency_elsewhere(guided, name):
    guided.answers(habits=["alone"])
    guided.see(f"emergency?{name}=x&aside=y")

    assert guided.path("questions/age") in "".join(Page(guided.page.text).links)


def test_an_emergency_is_told_only_where_the_run_finds_it_too(guided, monkeypatch):
    monkeypatch.setattr("engine.dialogue.telling.emergency", lambda consultation: None)
    guided.answers(habits=["alone"])

    assert guided.here == "questions/age"


def test_an_emergency_waits_for_no_other_answer_of_the_page(guided):
    """It is told above the form that asks for more, and nothing is recorded yet."""
    for form in ({"habits-answer": ["alone"]}, {"habits-answer": ["alone"], "age-answer": "very old"}):
        page = guided.send(to="all", asked=["age", "habits"], **form)
        assert "Emergency: act on this first" in said(page), form
        assert "is not saved yet" in said(page)
        assert guided.see("check").status_code == 200
        assert "Injects alone" not in said(guided.page)


# The check, and changes


def finished(guided, **others):
    given = {"age": "54", "sex": "female", "pregnancy": "not_pregnant", "numbness": "no", "serum": "140 ng/L"}
    guided.answers(**{**given, "habits": [], "last": "unknown", **others})
    return guided


def test_the_check_lists_answers_by_section_each_with_a_way_to_change_it(guided):
    finished(guided)
    text = said(guided.page)

    assert guided.here == "check"
    assert "Check your answers before you get a regimen" in text
    assert "About the person Age 54 years Change Age Sex Female Change Sex" in text
    assert "Laboratory values Serum vitamin 140 ng/L Change Serum vitamin Habits None Change Habits" in text
    assert "Last injection Not known – 1 rule could not be applied" in text
    assert "Get the suggested regimen" in text
    assert guided.path("questions/sex?change=1") in Page(guided.page.text).links


def test_a_change_leads_to_what_it_opens_and_back_to_the_check(guided):
    finished(guided, sex="male", pregnancy="unknown")
    guided.see("questions/sex?change=1")
    assert f'<a class="back" href="{guided.path("check")}"' in guided.page.text

    guided.send(answer="male")
    assert guided.here == "check"  # nothing was changed
    guided.answers(sex="male")
    assert guided.here == "check"


def test_sending_a_page_again_in_another_spelling_changes_nothing(guided):
    finished(guided, habits=["cold", "alone"])
    guided.answers(serum="140.0 ng/l", habits=["alone", "cold"])

    assert guided.here == "check"
    assert guided.page.request.query_string == b""


def test_a_change_that_opens_questions_says_so(guided):
    guided.answers(age="54", sex="male", numbness="no", serum="140 ng/L", habits=[], last="unknown")
    assert guided.here == "check"
    guided.answers(sex="female")

    assert guided.here == "questions/pregnancy"
    assert "You changed “Sex”, so there is more to ask." in said(guided.page)
    guided.answers(pregnancy="pregnant")
    assert guided.here == "check"


def test_a_change_that_sets_answers_aside_says_so_once_and_keeps_them(guided):
    finished(guided)
    guided.answers(sex="male")
    text = said(guided.page)

    assert "With your last answer this is kept, but does not count any more: Pregnancy: not pregnant" in text
    assert "Kept, but not counting" in text
    assert "Pregnancy Not pregnant. Only asked when sex is female or not known." in text
    guided.see("check")
    assert "With your last answer" not in said(guided.page)
    guided.answers(sex="female")
    assert "Pregnancy Not pregnant Change Pregnancy" in said(guided.page)


def test_an_address_cannot_make_a_page_say_what_is_not_so(guided):
    finished(guided)
    guided.see("check?aside=sex&aside=nothing&changed=low&changed=%00")

    assert "does not count" not in said(guided.page)


def test_an_unlikely_answer_is_told_at_the_check(guided):
    guided.answer("serum", answer="3000 ng/L", confirmed="1")

    assert "Look at these again Serum vitamin: 3000 ng/L is outside" in said(guided.see("check"))


# The end


def test_the_link_to_keep_and_how_long_it_lasts(guided):
    guided.see("save")

    assert f"http://localhost{guided.path()}" in said(guided.page)
    assert "It works to the end of 19 February 2027" in said(guided.page)  # it ends on the 20th at nine


@pytest.mark.parametrize(
    ("hours", "day"),
    [(13, "19 February"), (16, "20 February"), (-8, "19 February"), (-9, "18 February")],
)
def test_the_last_day_of_a_link_is_a_whole_one_where_the_site_is(made, hours, day):
    app, clock = made
    zone = datetime.timezone(datetime.timedelta(hours=hours))
    app.config["NOW"] = lambda: clock.at.astimezone(zone)
    guided = Guided(app.test_client())

    assert f"It works to the end of {day} 2027" in said(guided.see("save"))
    clock.at = datetime.datetime.strptime(f"{day} 2027", "%d %B %Y").replace(hour=23, minute=59, tzinfo=zone)
    assert guided.see("save").status_code == 200


def test_the_link_leads_on_where_the_session_stands(guided):
    guided.answers(age="54")

    assert guided.client.get(guided.path()).location == guided.path("questions/sex")
    finished(guided)
    assert guided.client.get(guided.path()).location == guided.path("check")


def test_forgetting_deletes_the_session(guided):
    assert "Delete the answers" in said(guided.see("forget"))
    guided.send()
    assert "The answers are deleted" in said(guided.page)

    for path in ("", "check", "questions/age", "result", "save"):
        assert guided.see(path).status_code == 404
    assert guided.client.post(guided.path("forget"), data={"csrf_token": guided.token}).status_code == 303


def test_forgetting_takes_a_token(guided):
    assert guided.send(to="forget", token="forged").status_code == 400
    assert guided.see("check").status_code == 200


@pytest.mark.parametrize(
    "path", ["", "questions/age", "sections/person", "all", "emergency", "check", "save", "result"]
)
def test_expired_and_forged_links_tell_nothing(made, guided, path):
    guided.answers(age="54")
    forged = guided.client.get(f"/sessions/{'x' * 43}/{path}".rstrip("/"))
    made[1].at += datetime.timedelta(days=91)
    expired = guided.see(path)

    assert (forged.status_code, expired.status_code) == (404, 410)
    for page in (forged, expired):
        assert "54" not in said(page)
        assert "Made-up" not in said(page)
        assert guided.key not in page.text.replace(f'href="{guided.path("forget")}"', "")


def test_an_expired_session_can_be_forgotten(made, guided):
    guided.answers(age="54")
    made[1].at += datetime.timedelta(days=91)
    expired = guided.see("check")

    assert expired.status_code == 410
    assert "This session has expired" in said(expired)
    assert guided.path("forget") in Page(expired.text).links
    assert "Delete the answers" in said(guided.see("forget"))
    assert rows(made[0]) == 1
    guided.send()
    assert guided.here.endswith("forgotten")
    assert rows(made[0]) == 0


def rows(app):
    database = open_database(app.config["DATABASE"])
    with database.reading() as connection:
        found = connection.execute(text("SELECT count(*) FROM answer")).scalar_one()
    database.engine.dispose()
    return found


def test_a_session_whose_release_cannot_be_read_says_what_becomes_of_it(tmp_path, guided):
    guided.answers(age="54")
    database = open_database(f"sqlite:///{tmp_path}/regimen.db")
    with database.writing() as connection:
        connection.execute(text("UPDATE release SET files = '{}'"))
    database.engine.dispose()
    guided.client = make_site(tmp_path)[0].test_client()  # one that has not read it yet

    for page in (guided.see("check"), guided.client.get(guided.path("result.json"))):
        told = page.json["error"] if page.is_json else said(page)
        assert page.status_code == 409
        assert "This session cannot be gone on with" in told
        assert "Its answers are kept. Whoever runs this site can open it with the version of Regimen" in told
        assert "ruleset cannot be used" not in told
    assert guided.path("forget") in Page(guided.see("check").text).links
    guided.token = read_token(guided.see("forget"))
    guided.send()
    assert rows(make_site(tmp_path)[0]) == 0


def test_every_page_of_a_session_stays_out_of_caches_and_referers(guided):
    for path in ("", "questions/age", "all", "check", "save", "forget", "result"):
        page = guided.see(path)

        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"


# What it costs, and when the database fails


def test_a_question_costs_one_evaluation_and_no_run(guided, monkeypatch):
    guided.answers(age="54")
    counted = []
    begun = Evaluation.__init__
    monkeypatch.setattr(Evaluation, "__init__", lambda self, *given: counted.append("evaluated") or begun(self, *given))
    monkeypatch.setattr(Consultation, "run", property(lambda _: pytest.fail("a question needs no run")))
    guided.answers(sex="female")  # takes the answer, redirects, shows the next question

    assert guided.here == "questions/pregnancy"
    assert counted == ["evaluated"]


def fails(*_, **__):
    raise DatabaseError("The database is busy.", "/var/answers.db", "SQLITE_BUSY")


def test_an_answer_that_cannot_be_saved_stays_on_the_page(guided, monkeypatch, capsys):
    monkeypatch.setattr(Ledger, "record", fails)
    guided.answer("serum", answer="140", unit="pmol/L")
    fault, _ = map(json.loads, capsys.readouterr().err.splitlines()[-2:])

    assert guided.page.status_code == 503
    assert guided.page.headers["Retry-After"] == "30"
    assert (fault["event"], fault["reason"]) == ("fault", "SQLITE_BUSY")
    assert fault["faults"][0]["kind"] == "engine.ledger.errors.DatabaseError"
    assert "/var/answers.db" not in json.dumps(fault)
    assert "The database is busy. Your answer is not saved yet. Press Continue again." in said(guided.page)
    assert Controls(guided.page).texts == {"answer": "140"}
    assert Controls(guided.page).on == [("unit", "pmol/L")]


def test_an_answer_to_a_session_that_cannot_be_read_is_kept_to_be_sent_again(guided, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "find", fails)
        guided.answer("habits", answer=["alone", "cold"])
        assert guided.page.status_code == 503
        sent = Controls(guided.page).hidden
        assert guided.see("check").status_code == 503
    guided.answer("habits", **MultiDict(sent).to_dict(flat=False))

    assert "Habits Injects alone and uses it cold" in said(guided.see("check"))


# The result


def test_the_result_of_a_session_is_that_of_its_answers(guided):
    finished(guided)
    data = guided.see("result.json").json

    assert data["regimen"]["id"] == "standard"
    assert data["answers"]["serum"] == {"value": 140, "unit": "ng/L"}
    assert "Suggested regimen: Standard injections" in said(guided.see("result"))
    links = {urljoin(guided.path("result"), link) for link in Page(guided.page.text).links}
    assert guided.path("questions/sex?change=1") in links
    assert "/rulesets/injections/rules/standard-for-low" in links
    assert "Finish and forget" in said(guided.page)


def test_rules_of_a_result_are_linked_only_while_their_pages_show_the_release_of_the_session(tmp_path):
    (tmp_path / "rules" / "together").mkdir(parents=True)
    file = tmp_path / "rules" / "together" / "ruleset.yaml"
    file.write_text(TOGETHER)
    app, _ = make_site(tmp_path, tmp_path / "rules", MADE_UP)
    guided = Guided(app.test_client(), "together")
    guided.answers(start="yes", colour="red")
    assert "/rulesets/together/rules/red" in Page(guided.see("result").text).links

    file.write_text(TOGETHER.replace("Red it is", "Red it was"))
    assert "Red it is" in said(guided.see("result"))
    assert [link for link in Page(guided.page.text).links if "/rules/" in link] == []
    file.unlink()
    assert "Red it is" in said(guided.see("result"))


def test_everything_on_one_page_leads_to_the_rules_behind_each_question(guided):
    guided.see("all")
    assert "uses this answer" not in said(guided.page)
    links = [urljoin(guided.path("all"), link) for link in Page(guided.page.text).links]

    assert guided.path("questions/numbness") in links


def test_the_result_has_its_other_forms(guided):
    finished(guided)
    kinds = {
        "sheet": "text/html", "sheet.pdf": "application/pdf", "schedule.ics": "text/calendar", "result": "text/html",
    }  # fmt: skip
    for path, kind in kinds.items():
        page = guided.see(f"{path}?start=2026-11-24")

        assert (page.status_code, page.mimetype) == (200, kind)
        assert page.headers["Cache-Control"] == "no-store"
    assert guided.see("schedule.ics").status_code == 404


@pytest.mark.parametrize("path", ["result", "sheet", "sheet.pdf", "schedule.ics"])
def test_a_start_date_that_cannot_be_used_is_told_with_the_fields_to_mend_it_in(guided, path):
    finished(guided)
    page = guided.see(f"{path}?day=31&month=2&year=2026")

    assert (page.status_code, page.mimetype) == (422, "text/html")
    assert "There is a problem Date of the first dose: " in said(page)
    assert [Controls(page).texts[part] for part in ("day", "month", "year")] == ["31", "2", "2026"]
