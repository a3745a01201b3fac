"""Each failure has a page that says what happened and what to do, and keeps what was typed."""

from __future__ import annotations

import io
import json
import re

import pytest

from tests.webui import failing
from tests.webui.conftest import Evaluate, made
from tests.webui.page_text import said

STATUSES = [400, 403, 404, 405, 409, 410, 413, 415, 418, 422, 429, 500, 503]


@pytest.fixture
def app():
    app = made(PROPAGATE_EXCEPTIONS=False)
    failing.register(app)
    return app


@pytest.mark.parametrize("code", STATUSES)
def test_every_failure_has_a_page_with_a_way_on(client, code):
    response = client.get(f"/abort/{code}")
    heading = re.search("<h1>(.*?)</h1>", response.text)[1]

    assert response.status_code == code
    assert f"<title>{heading} – Regimen</title>" in response.text
    assert "Go to the start page" in said(response)
    assert response.headers["Cache-Control"] == "no-store"
    assert not re.search(r"\b(error|invalid|forbidden|oops|sorry|please|traceback)\b", said(response), re.IGNORECASE)


def test_failures_have_headings_of_their_own(client):
    headings = [re.search("<h1>(.*?)</h1>", client.get(f"/abort/{code}").text)[1] for code in STATUSES]

    assert len(set(headings)) == len(STATUSES)


@pytest.mark.parametrize("code", STATUSES)
def test_every_failure_is_json_for_those_who_ask_for_json(client, code):
    response = client.get(f"/abort/{code}", headers={"Accept": "application/json"})

    assert (response.status_code, response.json["status"]) == (code, code)
    assert response.json["request"] == response.headers["X-Request-ID"]


def test_a_session_that_ended_says_when(client):
    response = client.get("/ended")

    assert response.status_code == 410
    assert "This session has ended This session ended on 22 November 2026." in said(response)


def test_a_refusal_of_the_engine_says_why(client):
    response = client.get("/refused")

    assert response.status_code == 422
    assert "Age is no number." in said(response)


def test_a_database_that_is_down_loses_nothing(app, client, capsys):
    token = Evaluate(client).token()
    typed = [("answer", "12 < 13"), ("unit", "ng/L"), ("answer", "two\r\nlines"), ("csrf_token", token)]
    response = client.post("/down", data={name: [t for n, t in typed if n == name] for name, _ in typed})
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', response.text)

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "30"
    assert "The database cannot be reached. Nothing was lost: what you sent is on this page." in said(response)
    assert "Number of this request:" in said(response)
    assert [pair for pair in hidden if pair[0] != "csrf_token"] == [
        ("answer", "12 &lt; 13"),
        ("answer", "two\r\nlines"),
        ("unit", "ng/L"),
    ]
    assert dict(hidden)["csrf_token"]
    assert "cannot be reached" not in capsys.readouterr().err  # a database quotes what it was given


def test_what_was_sent_can_be_sent_again_with_one_button(app, client):
    token = Evaluate(client).token()
    first = client.post("/down", data={"answer": "5", "csrf_token": token})
    token = re.search(r'name="csrf_token" value="([^"]+)"', first.text)[1]

    assert client.post("/down", data={"answer": "5", "csrf_token": token}).status_code == 503


def test_a_file_that_was_sent_has_to_be_chosen_again(client):
    sent = {"answer": "5", "file": (io.BytesIO(b"x"), "answers.yaml"), "csrf_token": Evaluate(client).token()}
    response = client.post("/down", data=sent)

    assert "A file cannot be kept here. Go back and choose it again." in said(response)
    assert "<button" not in response.text


def test_what_is_too_large_to_be_read_has_a_page_at_the_limit_too():
    client = made(RATELIMIT_ENABLED=True, LIMIT_EVALUATE="1 per minute").test_client()
    sent = [client.post("/rulesets/injections/evaluate", data={"answers": "#" * 3_000_000}) for _ in range(2)]

    assert [response.status_code for response in sent] == [413, 429]


def test_a_page_that_needs_the_database_says_so_too(client):
    response = client.get("/down")

    assert "The database cannot be reached. Nothing was lost. Wait a minute" in said(response)
    assert "<form" not in response.text


def test_a_form_that_is_stale_keeps_what_was_typed_to_copy_and_has_no_button(client):
    """It may be another site's form: one of our buttons would make it ours."""
    response = client.post("/down", data={"answer": "two\nlines", "empty": " ", "csrf_token": "old"})

    assert response.status_code == 400
    assert "This form cannot be accepted" in said(response)
    assert "What you wrote, to copy Your answer two lines" in said(response)
    assert "<button" not in response.text
    assert 'name="answer"' not in response.text
    assert "old" not in re.findall(r">([^<]*)</textarea>", response.text)


def test_what_is_not_allowed_tells_what_is(client):
    assert client.post("/help").headers["Allow"] == "GET, HEAD, OPTIONS"


def test_json_tells_what_to_do(client):
    told = json.loads(client.get("/rulesets/nothing.json").text)

    assert told["error"].startswith("Page not found. There is no ruleset called “nothing” here. Check the address.")
