"""Nothing that can be posted brings the site down: every answer is a result, or a page that says what to change."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.webui.conftest import MADE_UP, TODAY, Evaluate
from webui import create_app

FACTS = ("age", "sex", "pregnancy", "numbness", "serum", "habits", "last", "low", "since", "agee", "as_of", "")
VALUES = (
    "54", "-1", "1e9", "104", "female", "male", "yes", "no", "unknown", "140 ng/L", "1000 pmol/L", "140", "[cold]",
    "[]", "[cold, alone]", "2026-08-01", "2026-13-01", "0001-01-01", "{a: b}", "&x 1", "*x", "!!int 3", "null", "|",
    "'", '"\\uD800"',
)  # fmt: skip
lines = st.lists(st.tuples(st.sampled_from(FACTS), st.sampled_from(VALUES)), max_size=8).map(
    lambda pairs: "\n".join(f"{fact}: {value}" for fact, value in pairs)
)
json_texts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FACTS) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=8,
).map(json.dumps)
texts = lines | json_texts | st.text(max_size=80)
dates = st.sampled_from(("", "2026-11-22", "0001-01-01", "9999-12-31", "x", "２０２６-11-22")) | st.text(max_size=12)
steady = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def evaluate():
    return Evaluate(create_app({"TESTING": True, "RULESETS": (MADE_UP,), "TODAY": lambda: TODAY}).test_client())


@pytest.fixture(scope="module")
def token(evaluate):
    return evaluate.token()


@steady
@given(text=texts, date=dates)
def test_any_text_has_an_answer(evaluate, token, text, date):
    response = evaluate(text, csrf_token=token, as_of=date)

    assert response.status_code in {200, 422}


@steady
@given(raw=st.binary(max_size=80) | texts.map(lambda text: text.encode("utf-8", "replace")), name=st.text(max_size=20))
def test_any_file_has_an_answer(evaluate, token, raw, name):
    response = evaluate("", csrf_token=token, file=(io.BytesIO(raw), name))

    assert response.status_code in {200, 422}


@steady
@given(raw=st.binary(max_size=80) | texts.map(lambda text: text.encode("utf-8", "replace")), date=dates)
def test_any_body_has_an_answer(evaluate, raw, date):
    response = evaluate.client.post(f"{evaluate.address}.json", data=raw, query_string={"as_of": date})

    assert response.status_code in {200, 422}
    assert response.json


typed = st.sampled_from(("", "1", "24", "31", "11", "nov", "2026", "2099", "0", "²", "9" * 50)) | st.text(max_size=6)
STANDING = "age: 54\nsex: male\nnumbness: yes\nserum: 140 ng/L\nhabits: [cold, alone]\nlast: 2026-08-01\n"


starts = st.fixed_dictionaries({"day": typed, "month": typed, "year": typed}, optional={"start": dates})
forms = st.sampled_from(("", "/sheet", "/sheet.pdf", "/schedule.ics"))


@steady
@given(text=lines | st.just(STANDING), date=dates, start=starts, form=forms)
def test_any_start_date_has_an_answer_in_every_form_of_a_result(evaluate, token, text, date, start, form):
    response = evaluate(text, address=evaluate.address + form, csrf_token=token, as_of=date, **start)

    assert response.status_code in {200, 404, 422}


@pytest.mark.parametrize(
    "text", ['{"age": ' + "[" * 5000, '{"age": ' + "[" * 500 + "]" * 500 + "}", "[" * 5000, "- " * 5000]
)
def test_deep_nesting_has_an_answer(evaluate, token, text):
    assert evaluate(text, csrf_token=token).status_code == 422


@pytest.mark.parametrize(
    "content", ["multipart/form-data", "multipart/form-data; boundary=x", "text/plain", "nonsense"]
)
def test_a_body_that_is_not_what_it_says_has_an_answer(evaluate, content):
    for address in (evaluate.address, f"{evaluate.address}.json"):
        response = evaluate.client.post(address, data=b"--y\r\n\xff", content_type=content)

        assert response.status_code in {400, 422}
