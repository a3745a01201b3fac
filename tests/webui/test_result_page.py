"""The result as a page: its actions, its start date, what stands where; for sessions and for posted answers."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from engine import consult, load_ruleset
from engine.language.load import SHIPPED
from tests.webui.conftest import WAYS, Evaluate, render
from tests.webui.page_text import Page, said, tree
from webui import create_app, result
from webui.starting import Start, read_start
from webui.words import mid_sentence

B12 = load_ruleset(SHIPPED / "b12-general")
TYPED = {"day": "24", "month": "nov", "year": "2026"}
ANSWERS = "age: 54\nsex: male\nnumbness: yes\nserum: 140 ng/L\nhabits: [cold]\nlast: 2026-08-01\n"


@pytest.fixture
def page(app):
    def show(consultation, start=None):
        return tree(render(app, lambda ways: result.page(consultation, ways, start or Start())[0]))

    return show


def case(name):
    found = next(each for each in B12.cases if each.id == name)
    return consult(B12, dict(found.answers), dt.date(2026, 11, 22))


def links(page):
    return {each.text: each.attributes["href"] for each in page.all(lambda each: each.tag == "a")}


def by_id(page, name):
    return page.all(lambda each: each.id == name)


def test_the_actions_of_a_session_are_links(page, numb):
    found = links(page(numb))

    assert found["Visit sheet"] == WAYS.sheet
    assert found["Visit sheet as PDF"] == WAYS.pdf
    assert found["Get this result as JSON"] == WAYS.json
    assert found["Change the answers"] == WAYS.change
    assert found["Start again"] == WAYS.again
    assert found["Change Age"] == "/s/key/questions/age?change=1"


def test_the_start_date_goes_with_every_action(page, numb):
    found = links(page(numb, read_start(TYPED)))

    assert found["Calendar (.ics)"] == "/s/key/schedule.ics?start=2026-11-24"
    assert found["Visit sheet as PDF"] == "/s/key/sheet.pdf?start=2026-11-24"


def test_a_calendar_is_offered_once_there_is_a_start_date(page, numb):
    shown = page(numb)

    assert "Calendar (.ics)" not in links(shown)
    assert links(shown)["enter the date of the first dose"] == "#dates"


def test_the_form_of_a_session_asks_by_get_and_posts_nothing(page, numb):
    shown = page(numb)
    (form,) = shown.all(lambda each: each.tag == "form")
    fields = [each.attributes["name"] for each in shown.all(lambda each: each.tag == "input")]

    assert (form.attributes["method"], form.attributes["action"]) == ("get", "/s/key/result#dates")
    assert fields == ["day", "month", "year"]


def test_a_start_date_that_cannot_be_used_is_told_twice_and_kept(app, numb):
    start = read_start({"day": "31", "month": "2", "year": "2026"})
    with app.test_request_context("/"):
        written, status = result.page(numb, WAYS, start)
    shown = tree(written)

    assert status == 422
    assert shown.first("title").text.startswith("Error: ")
    assert written.count("is no date of the calendar.") == 2
    assert [each.attributes["value"] for each in shown.all(lambda each: each.tag == "input")] == ["31", "2", "2026"]
    assert links(shown)[start.problem] == "#day"


def test_the_table_has_dates_where_there_are_figures_and_none_elsewhere(page):
    shown = page(case("pernicious-anaemia-with-numbness"), read_start(TYPED))
    first, second = shown.first("tbody").all(lambda each: each.tag == "tr")

    assert "24 November 2026" in first.text
    assert "Further ones as your local protocol says" in first.text
    assert "From the end of the phase before" in second.text
    assert not re.search(r"20\d\d", second.text)
    assert [each.attributes["data-label"] for each in first.all(lambda each: each.tag == "td")] == [
        "No.", "When", "Dose in micrograms", "Route", "What to check",
    ]  # fmt: skip


def test_the_drawing_has_a_name_a_description_and_no_style(page, numb):
    (drawing,) = page(numb).all(lambda each: each.tag == "svg")

    assert drawing.attributes["role"] == "img"
    title, told = drawing.attributes["aria-labelledby"].split()
    assert "Intensive injections" in by_id(drawing, title)[0].text
    assert "Dose 1, at the start" in by_id(drawing, told)[0].text
    assert drawing.all(lambda each: "style" in each.attributes) == []
    assert drawing.all(lambda each: each.tag == "circle")


def test_mistakes_found_tell_harm_and_remedy(page):
    shown = page(case("plan-with-all-four-mistakes"))

    found = shown.all(lambda each: "mistake" in each.classes)
    assert len(found) == 4
    assert all("Harm:" in each.text and "Remedy:" in each.text and "Source" in each.text for each in found)


def test_mistakes_to_avoid_begin_with_do_not_and_say_why(page):
    (found,) = page(case("pernicious-anaemia")).all(lambda each: "donts" in each.classes)

    lines = [each.text for each in found.parts if not isinstance(each, str)]
    assert len(lines) > 3
    assert all(line.startswith("Do not ") and ", because " in line and "Source" in line for line in lines)
    assert any(line.startswith("Do not stop after the first injections, because the stores run") for line in lines)
    assert len(set(lines)) == len(lines)


@pytest.mark.parametrize(
    ("text", "within"),
    [
        ("The stores run down", "the stores run down"),
        ("MMA is raised", "MMA is raised"),
        ("B12 falls", "B12 falls"),
        ("A cause", "a cause"),
        ("", ""),
    ],
)
def test_a_sentence_within_a_sentence_begins_small_unless_it_begins_with_an_abbreviation(text, within):
    assert mid_sentence(text) == within


def test_cautions_come_before_the_schedule_and_what_there_is_to_do_before_the_trail(page):
    shown = page(case("plan-with-all-four-mistakes"))
    order = [each.id for each in shown.all(lambda each: each.tag == "h2") if each.id]

    for earlier, later in (
        ("set-cautions", "schedule"),
        ("schedule", "why"),
        ("set-mistakes", "why"),
        ("why", "sources"),
    ):
        assert order.index(earlier) < order.index(later)


def test_rules_of_a_release_that_no_page_shows_are_named_and_not_linked(page):
    shown = page(case("pernicious-anaemia"))

    assert not [address for address in links(shown).values() if address.startswith("/rulesets/b12-general")]
    assert "No regimen before the safety questions" in shown.text


def test_every_link_within_the_page_leads_somewhere(app):
    for name in ("pernicious-anaemia-with-numbness", "oral-severe-neuro", "child-17"):
        consultation = case(name)
        found = Page(render(app, lambda ways, which=consultation: result.page(which, ways, Start())[0]))
        assert len(found.ids) == len(set(found.ids))
        assert {link[1:] for link in found.links if link.startswith("#")} <= set(found.ids)


# Without a database: each action posts the answers again


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("/rulesets/injections/evaluate/sheet", "text/html"),
        ("/rulesets/injections/evaluate/sheet.pdf", "application/pdf"),
        ("/rulesets/injections/evaluate/schedule.ics", "text/calendar"),
    ],
)
def test_posted_answers_lead_to_the_sheet_and_the_calendar(evaluate, address, kind):
    response = evaluate(ANSWERS, address=address, as_of="2026-11-22", **TYPED)

    assert response.status_code == 200
    assert response.mimetype == kind
    assert response.headers["Cache-Control"] == "no-store"
    if kind != "text/html":
        assert response.headers["Content-Disposition"].startswith("attachment; filename=")


def test_posted_answers_with_a_start_date_give_dates_and_keep_the_answers(evaluate):
    response = evaluate(ANSWERS, as_of="2026-11-22", **TYPED)

    assert "Schedule from 24 November 2026" in said(response)
    shown = tree(response.text)
    assert [each.text for each in shown.all(lambda each: each.attributes.get("name") == "answers")] == [
        " ".join(ANSWERS.split())
    ]
    assert 'formaction="/rulesets/injections/evaluate/schedule.ics"' in response.text


@pytest.mark.parametrize(
    ("answers", "fields", "status"),
    [
        (ANSWERS, {}, 404),
        (ANSWERS, {"day": "31", "month": "2", "year": "2026"}, 422),
        ("age: 12\n", TYPED, 404),
        ("age: women\n", TYPED, 422),
        (ANSWERS, {**TYPED, "csrf_token": "made up"}, 400),
    ],
    ids=["no start", "no such day", "no regimen", "no answers", "from elsewhere"],
)
def test_without_a_date_or_a_regimen_there_is_no_calendar(evaluate, answers, fields, status):
    response = evaluate(answers, address="/rulesets/injections/evaluate/schedule.ics", **fields)

    assert response.status_code == status


def test_every_page_says_that_it_is_decision_support(evaluate):
    for address in (None, "/rulesets/injections/evaluate/sheet"):
        assert "Decision support and teaching. Check it with a licensed clinician" in said(
            evaluate(ANSWERS, address=address)
        )


def test_a_result_of_b12_general_is_under_100_kb():
    evaluate = Evaluate(create_app({"TESTING": True, "RULESETS": (SHIPPED,)}).test_client(), "b12-general")
    longest = max(B12.cases, key=lambda each: len(consult(B12, dict(each.answers), each.as_of).trail))
    form = evaluate.client.get(f"{evaluate.address}?case={longest.id}").text
    answers = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", form, re.DOTALL)[1]

    evaluate.client.environ_base |= {"HTTP_ACCEPT_ENCODING": "gzip"}  # as browsers do
    response = evaluate(answers.replace("&#34;", '"'), **TYPED)

    assert len(response.data) < 100_000
    assert response.content_encoding == "gzip"
