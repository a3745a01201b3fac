from __future__ import annotations

import re

import pytest

from engine import consult
from engine.language.load import SHIPPED
from engine.language.wording import counted
from tests.webui.conftest import made
from tests.webui.page_text import said
from tests.webui.signing import sign_in
from webui.home import offered
from webui.shelf import Shelf


@pytest.fixture(scope="module")
def shipped():
    return made(RULESETS=(SHIPPED,)).test_client()


def test_the_emergency_comes_first_of_when_not_to_use_it(client):
    text = said(client.get("/"))

    assert "Important: When not to use this tool In an emergency, call your local emergency number now." in text
    assert "It does not replace a prescriber: do not start, change or stop an injection because of it." in text
    assert "It is not for: children anyone real" in text
    assert text.index("When not to use") < text.index("Begin from a situation")


def test_no_identifier_is_asked(client):
    assert "No name, date of birth or record number is asked." in said(client.get("/"))


def test_each_situation_is_a_button_that_begins_a_session(client):
    page = client.get("/").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    address = re.search(r'<form class="situations" method="post" action="([^"]+)"', page)[1]
    starts = re.findall(r'<button type="submit"[^>]+ name="start" value="([^"]*)">([^<]+)<', page)

    assert starts == [("pregnant", "Someone who is pregnant"), ("", "Start without a situation")]
    for (start, _), known in zip(starts, ("Sex Female", "Nothing is answered yet."), strict=True):
        begun = client.post(address, data={"start": start, "csrf_token": token})
        assert begun.status_code == 303
        assert known in said(client.get(begun.location.partition("questions/")[0] + "check"))
    assert client.post(address, data={"start": ""}).status_code == 400


def test_a_situation_tells_how_many_questions_there_can_be(app, client):
    """As a consultation with its answers counts them."""
    ruleset = app.extensions["shelf"].find("injections").loaded
    with_answers = consult(ruleset, dict(ruleset.starts[0].answers)).at_most
    without = consult(ruleset).at_most
    text = said(client.get("/"))

    assert with_answers < without
    assert f"Someone who is pregnant at most {counted(with_answers, 'question')} Start without" in text
    assert f"Start without a situation at most {without} questions" in text
    assert f"Answer at most {without} questions." in text


def test_the_b12_ruleset_comes_first_a_base_not_at_all_and_the_example_apart(shipped):
    text = said(shipped.get("/"))

    assert shipped.get("/").text.count("<h1>Vitamin B12 injections for adults</h1>") == 1
    assert "the safe base" not in text
    assert text.index("Newly diagnosed deficiency") < text.index("To practise with") < text.index("It chirps")


def test_a_base_with_situations_of_its_own_is_offered(app, tmp_path):
    for name, more in (("base", "starts: [{id: a, title: A}]\n"), ("low", ""), ("above", "extends: [base, low]\n")):
        fact = f"facts: {{{name}: {{type: yes_no, label: X, ask: X?}}}}\n"
        rule = f"rules: [{{id: r-{name}, title: R, when: {{{name}: yes}}, then: {{d_{name}: yes}}, because: B}}]\n"
        fact = fact.replace("}}\n", f"}}, d_{name}: {{derived: true, type: yes_no, label: D}}}}\n")
        (tmp_path / name).mkdir()
        head = f'id: {name}\ntitle: T\nversion: "1"\ngoals: [d_{name}]\n'
        (tmp_path / name / "ruleset.yaml").write_text(head + more + fact + rule)
    entries = Shelf([tmp_path]).entries()
    assert [entry.problems for entry in entries] == [(), (), ()]

    with app.app_context():
        assert [entry.name for entry in offered(entries)] == ["above", "base"]


def test_auditors_and_educators_are_led_to_what_there_is(client):
    page = sign_in(client).get("/").text.split("For auditors and educators")[1]

    for address in re.findall(r'<a href="([^"]+)"', page.split("</ul>")[0]):
        assert client.get(address).status_code == 200


def test_help_tells_how_long_a_session_is_kept():
    client = made(SESSION_DAYS=12).test_client()

    assert "For how long: 12 days after your last answer or change." in said(client.get("/help"))


@pytest.mark.parametrize("page", ["/", "/rulesets", "/help"])
def test_the_page_at_hand_is_marked_in_the_navigation(client, page):
    marked = re.findall(r'<a href="([^"]+)" aria-current="page"', client.get(page).text)

    assert marked == [page]


def test_where_the_ruleset_of_the_site_is_broken_that_is_said_and_none_takes_its_place():
    text = said(made(HOME="broken").test_client().get("/"))

    assert "The ruleset broken cannot be used now" in text
    assert "No other ruleset takes its place" in text
    assert "In an emergency, call your local emergency number now." in text
    assert text.index("cannot be used now") < text.index("Made-up injections")
