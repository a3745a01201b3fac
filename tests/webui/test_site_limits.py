"""How often one address may ask, and how large what it sends may be."""

from __future__ import annotations

import io
import re

import pytest

from tests.webui.conftest import Evaluate, made
from tests.webui.guided import Controls, Guided
from tests.webui.page_text import said
from webui.__main__ import serve

ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}


def limited(**limits):
    return made(RATELIMIT_ENABLED=True, **limits).test_client()


def begin(client):
    form = {"start": "", "csrf_token": Evaluate(client).token()}
    return client.post("/rulesets/injections/sessions", data=form)


def test_answers_are_evaluated_only_so_often_from_one_address():
    client = limited(LIMIT_EVALUATE="2 per minute")
    evaluate = Evaluate(client)
    sent = [evaluate("age: 5").status_code for _ in range(4)]

    assert sent == [200, 200, 429, 429]
    assert client.get(evaluate.address).status_code == 200
    assert client.post(f"{evaluate.address}.json", data="age: 5", environ_base=ELSEWHERE).status_code == 200


def test_the_form_and_the_json_of_evaluating_count_together():
    client = limited(LIMIT_EVALUATE="1 per minute")
    Evaluate(client)("age: 5")

    refused = client.post("/rulesets/injections/evaluate.json", data="age: 5")

    assert refused.status_code == 429
    assert refused.json["status"] == 429


def test_sessions_are_begun_only_so_often_from_one_address():
    client = limited(LIMIT_BEGIN="2 per hour")

    assert [begin(client).status_code for _ in range(3)] == [303, 303, 429]


def test_wrong_links_of_one_visitor_shut_nobody_else_out():
    """Behind a proxy all have one address; a key of 256 random bits is not found by trying."""
    client = limited()
    guided = Guided(client)

    assert {client.get(f"/sessions/{guess}").status_code for guess in range(50)} == {404}
    assert guided.see("check").status_code == 200


def test_answers_are_sent_only_so_often_and_pages_are_seen_as_often_as_one_likes():
    client = limited(LIMIT_ANSWER="4 per minute")
    guided = Guided(client)
    form = {"answer": "54", "csrf_token": guided.token}
    pages = [client.get(guided.path("check")).status_code for _ in range(6)]
    answers = [client.post(guided.path("questions/age"), data=form).status_code for _ in range(6)]

    assert pages == [200] * 6
    assert answers == [303] * 4 + [429] * 2


def test_an_answer_that_came_too_often_can_be_sent_again():
    client = limited(LIMIT_ANSWER="1 per minute")
    guided = Guided(client)
    guided.answers(age="54", sex="female")

    assert guided.page.status_code == 429
    assert ("answer", "female") in Controls(guided.page).hidden


def test_what_was_too_often_says_when_to_try_again_and_loses_nothing():
    client = limited(LIMIT_EVALUATE="1 per minute")
    evaluate = Evaluate(client)
    evaluate("age: 5")
    refused = evaluate("age: 5\nsex: <b>\n")
    seconds = int(refused.headers["Retry-After"])

    assert 0 < seconds <= 61
    assert f"That was too often Try again in {seconds} second" in said(refused)
    assert '<input type="hidden" name="answers" value="age: 5\nsex: &lt;b&gt;\n">' in refused.text
    assert "Send it again" in refused.text


def test_a_long_wait_is_told_in_minutes():
    client = limited(LIMIT_BEGIN="1 per hour")
    begin(client)

    assert re.search(r"Try again in \d\d minutes\.", said(begin(client)))


def test_limits_can_be_switched_off():
    client = made(LIMIT_BEGIN="1 per hour").test_client()

    assert {begin(client).status_code for _ in range(5)} == {303}


def test_applications_count_for_themselves():
    first, second = limited(LIMIT_BEGIN="1 per hour"), limited(LIMIT_BEGIN="1 per hour")
    begin(first)

    assert begin(second).status_code == 303
    assert begin(first).status_code == 429


@pytest.mark.parametrize(("size", "refused"), [(1024 * 1024, False), (1024 * 1024 + 1, True), (4 * 1024 * 1024, True)])
def test_answers_can_be_one_mebibyte(client, size, refused):
    """As text, as a file and as the body of a request."""
    evaluate = Evaluate(client)
    sent = [
        evaluate("#" * size),
        evaluate(file=(io.BytesIO(b"#" * size), "answers.yaml")),
        client.post(f"{evaluate.address}.json", data=b"#" * size),
    ]

    assert [response.status_code == 413 for response in sent] == [refused] * 3


def test_the_server_takes_in_no_more_than_8_mebibytes(monkeypatch):
    """It writes what it takes in to a file, before the application sees any of it."""
    taken = {}

    def create(_, *, sockets, **options):
        taken.update(options)
        for each in sockets:
            each.close()
        raise KeyboardInterrupt

    monkeypatch.setattr("waitress.create_server", create)
    with pytest.raises(KeyboardInterrupt):
        serve("127.0.0.1", 0, processes=1)

    assert taken["max_request_body_size"] == 8 * 1024 * 1024


def test_a_form_can_hold_only_so_many_fields(client):
    fields = {f"field{number}": "x" for number in range(2000)}

    response = client.post("/rulesets/injections/evaluate", data=fields, content_type="multipart/form-data")

    assert response.status_code == 413
