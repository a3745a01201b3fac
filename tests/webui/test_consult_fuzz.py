"""Nothing that can be posted to a session brings the site down, and whatever is kept can be read again."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.webui.guided import Guided, make_site
from tests.webui.page_text import said

FACTS = ("age", "sex", "pregnancy", "numbness", "serum", "habits", "last", "low", "since", "regimen", "agee", "\0", "")
PARTS = ("answer", "unit", "day", "month", "year", "asked", "confirmed", "edit", "start", "")
VALUES = (
    "54", "-1", "104", "112", "1e9", "female", "male", "yes", "no", "unknown", "UNKNOWN", "none", "[]", "alone", "cold",
    "140 ng/L", "140", "ng/L", "pmol/L", "3000", "1", "8", "30", "Aug", "sept.", "2026", "0", "0000", "99999", "٣",
    "²", "\0", "a\0b", "\ud800", "𝔘", "\u202e", "<script>", "' OR 1=1", "x" * 10_000, "9" * 10_000, " ", "\r\n", "{}",
)  # fmt: skip
QUERIES = ("change", "aside", "changed", "start", "key", "name", "view", "_external", "_method", "_scheme")
names = st.sampled_from(PARTS) | st.builds(lambda f, p: f"{f}-{p}", st.sampled_from(FACTS), st.sampled_from(PARTS))
values = st.sampled_from(VALUES) | st.sampled_from(FACTS) | st.text(max_size=20)
forms = st.lists(st.tuples(names | st.text(max_size=8), values), max_size=12)
pages = st.one_of(
    st.builds(lambda fact: f"questions/{fact}", st.sampled_from(FACTS) | st.text(max_size=6)),
    st.builds(lambda section: f"sections/{section}", st.sampled_from(("person", "labs", "nothing", ""))),
    st.sampled_from(
        ("all", "check", "emergency", "result", "result.json", "sheet", "sheet.pdf", "schedule.ics", "save", "")
    ),
)
queries = st.dictionaries(st.sampled_from(QUERIES), values, max_size=2)
steady = settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def guided(tmp_path_factory):
    return Guided(make_site(tmp_path_factory.mktemp("fuzz"))[0].test_client())


def encoded(pairs):
    """As a browser would, and as it never would: characters that no text has."""
    return "&".join(f"{quote(n, errors='surrogatepass')}={quote(v, errors='surrogatepass')}" for n, v in pairs)


def post(guided, path, pairs):
    address = quote(guided.path(path), errors="surrogatepass")
    body = encoded([("csrf_token", guided.token), *pairs])
    return guided.client.post(address, data=body, content_type="application/x-www-form-urlencoded")


@steady
@given(page=pages, form=forms, query=queries)
def test_any_form_on_any_page_has_an_answer(guided, page, form, query):
    response = post(guided, page, form)
    assert response.status_code in {200, 303, 404, 405, 422}

    if response.status_code == 303:
        assert guided.client.get(response.location).status_code in {200, 303}
    asked = guided.client.get(quote(guided.path(page)), query_string=encoded(query.items()), follow_redirects=True)
    assert asked.status_code in {200, 404, 405, 422}  # 422: a day for the schedule that is none
    assert guided.see("check").status_code == 200


@steady
@given(fact=st.sampled_from(FACTS[:7]), form=st.lists(st.tuples(st.sampled_from(PARTS), values), max_size=6))
def test_any_answer_to_a_question_is_taken_or_told_what_is_wrong(guided, fact, form):
    assert post(guided, f"questions/{fact}", form).status_code in {200, 303, 422}
    assert guided.see("result").status_code == 200


@pytest.mark.parametrize(
    "content", ["text/plain", "application/json", "multipart/form-data", "multipart/form-data; boundary=x"]
)
def test_a_body_that_is_no_form_is_told(guided, content):
    response = guided.client.post(guided.path("questions/age"), data=b"--y\r\n\xff\0", content_type=content)

    assert response.status_code == 400


def test_a_form_that_is_too_large_is_told(guided):
    response = post(guided, "questions/age", [("answer", "9" * 3_000_000)])

    assert response.status_code == 413
    assert "No answer needs that much." in said(response)
    assert "file" not in said(response)
