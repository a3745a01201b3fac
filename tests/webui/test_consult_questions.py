"""Question pages: what they show, what they keep, what they take and what they refuse."""

from __future__ import annotations

import datetime
import re
from collections import OrderedDict
from dataclasses import replace

import pytest
from flask import render_template as render
from werkzeug.datastructures import MultiDict

from tests.webui.guided import Controls, Guided, make_site, read_token
from tests.webui.page_text import said
from webui.fields import Field
from webui.pieces import blank_question, rules_using
from webui.shelf import usable

SERUM = {"answer": "140", "unit": "ng/L"}


@pytest.fixture
def made(tmp_path):
    return make_site(tmp_path)


@pytest.fixture
def guided(made):
    return Guided(made[0].test_client())


def test_a_session_begins_with_the_first_question(guided):
    text = said(guided.page)

    assert guided.here == "questions/age"
    assert "How old is the person?" in text
    assert "About the person" in text
    assert "At most 6 more questions after this." in text
    assert "Question: age" in text
    assert "<title>How old is the person? – About the person – Made-up injections – Regimen</title>" in guided.page.text


@pytest.mark.parametrize("fact", ["age", "sex", "numbness", "serum", "habits", "last"])
def test_nothing_is_chosen_before_a_person_chooses(guided, fact):
    guided.see(f"questions/{fact}")
    controls = Controls(guided.page)

    assert controls.on == []
    assert set(controls.texts.values()) <= {""}


def test_i_do_not_know_comes_last_after_or_unless_the_answer_is_required(guided):
    assert "I do not know" not in said(guided.page)

    guided.see("questions/habits")
    assert re.search(r"Uses it cold or None of these I do not know", said(guided.page))


def test_a_question_tells_why_it_is_asked_and_which_rules_use_it(guided):
    guided.see("questions/numbness")
    text = said(guided.page)

    assert "Pins and needles, for example Why we ask: Nerves recover slowly." in text
    assert "What this answer is used for: 1 rule It can still change: Regimen." in text
    assert "A low level with numbness calls for intensive injections When" in text
    assert "Source: A paper on made-up injections, Section 3" in text


def test_the_rules_that_use_an_answer_are_written_once_for_each_ruleset(guided, made, monkeypatch):
    rules = {name: replace(each, title="<Other>") for name, each in ruleset_of(made).rules.items()}
    other = replace(ruleset_of(made), rules=rules)
    fact = other.facts["numbness"]
    written = []
    monkeypatch.setattr("webui.pieces._pieces", OrderedDict())
    monkeypatch.setattr(
        "webui.pieces.render_template", lambda *args, **kw: written.append((*args, kw)) or render(*args, **kw)
    )
    guided.see("questions/numbness")
    guided.see("questions/numbness")
    with made[0].test_request_context():
        of_other = rules_using(other, fact)

    digests = [kw["ruleset"].digest for template, kw in written if template == "consult/rules_using.html"]
    assert digests == [ruleset_of(made).digest, other.digest]
    assert "<strong>A low level with numbness" in guided.page.text  # markup that is not escaped a second time
    assert "<strong>&lt;Other&gt;</strong>" in of_other


def test_a_blank_question_is_written_anew_where_its_ruleset_or_its_page_is_another(made):
    ruleset = ruleset_of(made)
    facts = {**ruleset.facts, "numbness": replace(ruleset.facts["numbness"], ask="<Numb?>")}
    with made[0].test_request_context():
        first = blank_question(ruleset, Field(ruleset.facts["numbness"]), alone=True)
        edited = blank_question(replace(ruleset, facts=facts), Field(facts["numbness"]), alone=True)
        among = blank_question(ruleset, Field(ruleset.facts["numbness"], "numbness-"), alone=False)

    assert "<h1>&lt;Numb?&gt;</h1>" in edited
    assert edited != first
    assert 'name="answer"' in first
    assert 'name="numbness-answer"' in among


def test_only_so_many_pieces_of_pages_are_held(made, monkeypatch):
    held = OrderedDict()
    monkeypatch.setattr("webui.pieces._pieces", held)
    monkeypatch.setattr("webui.pieces.KEPT_PIECES", 2)
    ruleset = ruleset_of(made)
    with made[0].test_request_context():
        for fact in ruleset.inputs:
            rules_using(ruleset, fact)

    assert [fact for _, _, fact in held] == [fact.id for fact in ruleset.inputs][-2:]


def ruleset_of(made):
    with made[0].app_context():
        return usable("injections").loaded


def test_a_note_for_clinicians_stands_in_details(guided):
    guided.see("questions/serum")

    assert "<summary>For clinicians</summary><p>Total and not active vitamin.</p>" in guided.page.text
    assert "We ask again about a value outside 50 to 2000 ng/L. That is not a normal range." in said(guided.page)


def test_an_answer_leads_to_the_next_question_and_is_there_on_return(guided):
    guided.answers(age="54", sex="female")
    assert guided.here == "questions/pregnancy"

    guided.see("questions/sex")
    assert Controls(guided.page).on == [("answer", "female")]
    guided.see("questions/age")
    assert Controls(guided.page).texts == {"answer": "54"}


@pytest.mark.parametrize(
    ("fact", "form", "on", "texts"),
    [
        ("serum",  {"answer": "1,080", "unit": "pmol/L"},       {"unit": "pmol/L"},    {"answer": "1080"}),
        ("serum",  {"answer": "148 pmol/L"},                    {"unit": "pmol/L"},    {"answer": "148"}),
        ("serum",  {"answer": "unknown"},                       {"answer": "unknown"}, {}),
        ("last",   {"day": "1", "month": "aug", "year": "2026"}, {}, {"day": "1", "month": "August", "year": "2026"}),
        ("last",   {"day": "01", "month": "8", "year": "2026"},  {}, {"day": "1", "month": "August", "year": "2026"}),
        ("last",   {"answer": "unknown"},                       {"answer": "unknown"}, {}),
        ("habits", {"answer": "none"},                          {"answer": "none"},    {}),
        ("habits", {"answer": "cold"},                          {"answer": "cold"},    {}),
        ("habits", {"answer": "unknown"},                       {"answer": "unknown"}, {}),
    ],
)  # fmt: skip
def test_an_answer_comes_back_as_it_was_given(guided, fact, form, on, texts):
    guided.answer(fact, **form)
    assert guided.page.status_code == 200
    guided.see(f"questions/{fact}")
    shown = Controls(guided.page)

    assert dict(shown.on) == on
    assert {name: text for name, text in shown.texts.items() if text} == texts


TWICE = "An answer is given and “I do not know” is chosen too. Keep one of them."


@pytest.mark.parametrize(
    ("fact", "form", "message"),
    [
        ("age",    {},                                        "Age: Write a number."),
        ("age",    {"answer": "unknown"},                     "Age has to be answered"),
        ("age",    {"answer": "0,5"},                         "'0,5': a comma only separates thousands"),
        ("age",    {"answer": "131"},                         "131 years is outside what is possible"),
        ("age",    {"answer": "54 weeks"},                    "Age: 'weeks'"),
        ("sex",    {},                                        "Sex: Choose one of these, or “I do not know”."),
        ("sex",    {"answer": ["female", "male"]},            "Sex takes one value"),
        ("sex",    {"answer": ["female", "unknown"]},         TWICE),
        ("habits", {},                                        "so, or “None of these” or “I do not know”."),
        ("habits", {"answer": ["none", "cold"]},              "“None of these” is chosen, and others are too."),
        ("habits", {"answer": ["none", "unknown"]},           TWICE),
        ("habits", {"answer": "warm"},                        "Habits: 'warm' is no option"),
        ("serum",  {"answer": "140"},                         "The unit is missing. Choose ng/L or pmol/L"),
        ("serum",  {"unit": "ng/L"},                          "Write a number, or “I do not know”."),
        ("serum",  {"answer": "140 pmol/L", "unit": "ng/L"},  "'140 pmol/L' has a unit, and ng/L is chosen"),
        ("serum",  {"answer": ["140 ng/L", "unknown"]},       TWICE),
        ("last",   {"day": "30", "month": "2", "year": "2026"}, "'30 2 2026' is no date of the calendar."),
        ("last",   {"day": "3", "month": "ma", "year": "2026"}, "'3 ma 2026' is no date of the calendar."),
        ("last",   {"day": "3", "month": "May", "year": "26"}, "Last injection: Write the year with four digits"),
        ("last",   {"day": "3", "month": "May", "year": "0026"}, "Last injection: The year 0026 is too long ago."),
        ("last",   {"day": "3", "month": "May", "year": "0999"}, "Last injection: The year 0999 is too long ago."),
        ("last",   {"day": "3", "month": "May", "year": ""},  "The date is not complete. Add the year."),
        ("last",   {"day": "3", "answer": "unknown"},         "The date is not complete. Add the month and the year."),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_and_stays(guided, fact, form, message):
    guided.answer(fact, **form)
    shown = Controls(guided.page)
    typed = set(MultiDict(form).items(multi=True)) - {("answer", "warm")}  # no box has that

    assert guided.page.status_code == 422
    assert "<title>Error: " in guided.page.text
    assert said(guided.page).count(message) == 2  # in the summary and beside the question
    assert typed <= {*shown.on, *shown.texts.items()}


def test_the_summary_of_problems_has_the_focus_and_leads_to_the_control(guided):
    for fact, anchor in (("age", "answer"), ("sex", "answer"), ("habits", "answer"), ("last", "day")):
        guided.answer(fact)

        assert (
            'class="error-summary" role="alert" aria-labelledby="summary-title" tabindex="-1" autofocus'
            in guided.page.text
        )
        assert f'<a href="#{anchor}">' in guided.page.text
        assert f' id="{anchor}"' in guided.page.text
        assert guided.page.text.index("error-summary") < guided.page.text.index("<h1")


def test_a_problem_of_a_date_leads_to_the_part_that_is_wrong(guided):
    guided.answer("last", day="3", month="May")

    assert '<a href="#year">' in guided.page.text
    assert re.findall(r'id="(\w+)"[^>]+aria-invalid="true"', guided.page.text) == ["year"]


def test_what_is_unlikely_is_asked_once_more_with_the_unit_as_the_likely_slip(guided):
    guided.answer("serum", answer="3000", unit="pmol/L")

    assert "Serum vitamin: 3000 pmol/L is outside the usual 50 ng/L to 2000 ng/L." in said(guided.page)
    assert "The unit is the likely slip: it can be ng/L or pmol/L." in said(guided.page)
    assert "serum" not in guided.see("check").text  # nothing is kept before it is confirmed

    guided.answer("serum", answer="3000", unit="pmol/L", edit="1")
    assert Controls(guided.page).texts == {"answer": "3000"}
    assert Controls(guided.page).on == [("unit", "pmol/L")]

    guided.answer("serum", answer="3000", unit="pmol/L")
    form = MultiDict(Controls(guided.page).hidden)
    guided.answer("serum", confirmed="1", **form.to_dict(flat=False))
    assert "3000 pmol/L" in said(guided.see("check"))


def test_a_confirmed_answer_that_cannot_be_used_is_refused_all_the_same(guided):
    guided.answer("serum", answer="30000", unit="ng/L", confirmed="1")

    assert guided.page.status_code == 422


@pytest.mark.parametrize("moved", [0, -3600], ids=["stands still", "is set back"])
def test_the_way_back_needs_no_clock(made, moved):
    app, clock = made
    app.config["NOW"] = lambda: clock.at
    guided = Guided(app.test_client(), start="pregnant")
    clock.at += datetime.timedelta(seconds=moved)
    guided.answers(age="54")

    assert guided.here == "questions/habits"
    assert f'<a class="back" href="{guided.path("questions/age")}"' in guided.page.text


def test_the_way_back_is_the_order_of_the_answers(made, guided):
    assert '<a class="back" href="/"' in guided.page.text
    guided.answers(age="54", sex="female", pregnancy="not_pregnant")
    assert f'<a class="back" href="{guided.path("questions/pregnancy")}"' in guided.page.text

    guided.see("questions/pregnancy")
    assert f'<a class="back" href="{guided.path("questions/sex")}"' in guided.page.text

    guided.answer("sex", answer="male")  # pregnancy is set aside, and no page to go back to
    assert f'<a class="back" href="{guided.path("questions/sex")}"' in guided.page.text
    begun = Guided(made[0].test_client(), start="pregnant")
    assert '<a class="back" href="/"' in begun.page.text


def test_an_older_page_that_is_sent_again_records_and_goes_on(guided):
    guided.answers(age="54", sex="female", pregnancy="not_pregnant", numbness="no")
    guided.answer("sex", answer="female")
    assert guided.here == "questions/serum"

    guided.answers(sex="male")
    guided.answer("pregnancy", answer="pregnant")  # the page of another tab: kept, and it does not count
    assert guided.here == "questions/serum"
    assert "Pregnancy Pregnant. Only asked when sex is female or not known." in said(guided.see("check"))


def test_the_page_of_a_question_that_is_not_asked_leads_on(guided):
    guided.answers(age="54", sex="male")
    guided.see("questions/pregnancy")

    assert guided.here == "questions/numbness"


def test_sending_twice_is_sending_once(made, guided):
    guided.answers(age="54", sex="female")
    guided.answer("sex", answer="female")
    with made[0].test_request_context():
        from webui.consult_visit import visit

        assert [change.fact for change in visit(guided.key).kept.history] == ["age", "sex"]


def test_a_refused_token_brings_the_page_back_as_it_was_typed(made, guided):
    guided.answer("serum", answer="140", unit="pmol/L", token="stale")
    shown = Controls(guided.page)

    assert guided.page.status_code == 400
    assert "press Continue again" in said(guided.page)
    assert (shown.texts, shown.on) == ({"answer": "140"}, [("unit", "pmol/L")])
    guided.answer("serum", answer="140", unit="pmol/L", token=read_token(guided.page))
    assert guided.page.status_code == 200


def test_a_start_fills_in_its_answers(made):
    begun = Guided(made[0].test_client(), start="pregnant")

    assert "Sex Female" in said(begun.see("check"))


def test_a_question_or_ruleset_or_start_that_is_not_there_is_a_page_of_its_own(made, guided):
    client = made[0].test_client()
    for path in ("questions/low", "questions/nothing", "sections/nothing"):
        assert client.get(guided.path(path)).status_code == 404
    for ruleset, start, code in (("nothing", "", 404), ("broken", "", 409), ("injections", "nothing", 404)):
        form = {"csrf_token": guided.token, "start": start}
        assert guided.client.post(f"/rulesets/{ruleset}/sessions", data=form).status_code == code


def test_asking_for_the_head_of_a_page_changes_nothing(guided):
    guided.answers(age="54")
    for path in ("questions/sex", "all", "sections/person", "forget", "check"):
        assert guided.client.head(guided.path(path)).status_code == 200

    assert "Age 54 years" in said(guided.see("check"))


def test_dates_of_answers_are_the_days_they_were_given(made, guided):
    made[1].at = datetime.datetime(2026, 12, 24, 9, 0, tzinfo=datetime.UTC)
    guided.answers(last=datetime.date(2026, 10, 1))
    with made[0].test_request_context():
        from webui.consult_visit import visit

        assert visit(guided.key).consultation.as_of == datetime.date(2026, 12, 24)
