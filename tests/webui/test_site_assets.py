"""What a browser keeps, what it must not keep, and how much it has to load."""

from __future__ import annotations

import gzip
import os
import re
from urllib.parse import urljoin

import pytest
from flask import Flask, url_for

from engine import load_ruleset
from engine.language.load import SHIPPED
from tests.webui.conftest import Evaluate, made
from tests.webui.page_text import Page
from webui import assets as assets_of_site
from webui.consult_visit import ledger, now

LARGEST = 100_000
B12 = "/rulesets/b12-general"
BROWSER = {"Accept-Encoding": "gzip, deflate, br"}
TRAIL = "age: 54\nsex: female\n"


@pytest.fixture(scope="module")
def shipped():
    return made(RULESETS=(SHIPPED,)).test_client()


def assets(text):
    return re.findall(r'<(?:link[^>]+href|img[^>]+src|script[^>]+src)="([^"]+)"', text)


def text_of(page):
    return gzip.decompress(page.data).decode() if page.content_encoding == "gzip" else page.text


def weight(client, page, response):
    """Bytes of a page and of all that it loads, as sent to a browser."""
    size = len(response.data)
    for asset in {urljoin(page, asset) for asset in assets(text_of(response))}:
        with client.get(asset, headers=BROWSER) as loaded:
            size += len(loaded.data)
    return size


@pytest.mark.parametrize(
    "page",
    [
        "/", "/help", "/accessibility", "/rulesets", "/nowhere", B12, f"{B12}/rules", f"{B12}/rules?page=2",
        f"{B12}/rules?page=3", f"{B12}/rules?fact=plan_status", f"{B12}/rules?fact=mistakes", f"{B12}/cases",
        f"{B12}/graph", f"{B12}/graph?to=all", f"{B12}/graph?to=mistakes", f"{B12}/evaluate", "/rulesets/b12-core",
    ],
)  # fmt: skip
def test_the_first_load_of_a_page_is_under_100_kb(shipped, page):
    assert weight(shipped, page, shipped.get(page, headers=BROWSER)) < LARGEST


def test_no_rule_or_fact_has_a_page_over_100_kb(shipped):
    links = {link for link in Page(shipped.get(B12).text).links if "/rules/" in link or "/facts/" in link}
    ruleset = load_ruleset("b12-general")

    assert len(links) == len(ruleset.rules) + len(ruleset.facts)
    assert {link: size for link in links if (size := weight(shipped, link, shipped.get(link))) >= LARGEST} == {}


@pytest.fixture(scope="module")
def heavy(shipped):
    """Sessions with the answers of the cases whose pages weigh most, and one without answers; by their keys."""
    ruleset = load_ruleset("b12-general")
    cases = {case.id: dict(case.answers) for case in ruleset.cases}
    given = [cases["safety-all-unknown"], cases["nitrous-treated"], cases["one-dose-count-2"], {}]
    with shipped.application.app_context():
        return [ledger().begin(ruleset, answers, now())[1] for answers in given]


@pytest.mark.parametrize(
    "page", ["result", "result?start=2026-11-24", "sheet", "check", "all", "save", "emergency", "", "forget"]
)
def test_no_page_of_a_session_is_over_100_kb(shipped, heavy, page):
    for key in heavy:
        shown = shipped.get(f"/sessions/{key}/{page}".rstrip("/"), headers=BROWSER, follow_redirects=True)
        assert shown.status_code == 200
        assert weight(shipped, shown.request.path, shown) < LARGEST


def test_no_question_of_a_session_is_over_100_kb(shipped, heavy):
    key = heavy[-1]
    facts = load_ruleset("b12-general").inputs
    sections = {fact.section for fact in facts}
    paths = [f"questions/{fact.id}" for fact in facts] + [f"sections/{each}" for each in sections]
    pages = {path: shipped.get(f"/sessions/{key}/{path}", follow_redirects=True) for path in paths}

    assert {path: page.status_code for path, page in pages.items() if page.status_code != 200} == {}
    assert {path: len(page.data) for path, page in pages.items() if len(page.data) > LARGEST - 20_000} == {}


def test_a_style_is_sent_compressed_to_those_who_take_it_and_a_page_with_a_token_never(client):
    """A page holds secrets beside what a visitor sends: its compressed length would tell the one by the other."""
    takes = {"Accept-Encoding": "gzip"}
    with client.get("/static/site.css") as plain, client.get("/static/site.css", headers=takes) as compressed:
        assert gzip.decompress(compressed.data) == plain.data
        assert compressed.headers["Content-Encoding"] == "gzip"
        assert compressed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
        tag = compressed.headers["ETag"]
        assert int(compressed.headers["Content-Length"]) == len(compressed.data)
    with client.get("/static/site.css", headers={**takes, "If-None-Match": tag}) as again:
        assert (again.status_code, again.data) == (304, b"")
    with client.get("/rulesets/injections/graph", headers=takes) as graph:
        assert "csrf_token" not in text_of(graph)
        assert text_of(graph) == client.get("/rulesets/injections/graph").text
    for page in ("/", "/rulesets/injections/evaluate"):
        assert "csrf_token" in client.get(page, headers=takes).text


def test_a_result_is_sent_compressed_and_holds_no_token(shipped, heavy):
    for key in heavy:
        with shipped.get(f"/sessions/{key}/result", headers=BROWSER) as result:
            assert result.content_encoding == "gzip"
            assert "csrf_token" not in text_of(result)


def test_an_asset_is_kept_for_ever_under_an_address_that_changes_with_it(client):
    found = assets(client.get("/").text)
    assert len(found) == 2
    for asset in found:
        with client.get(asset) as response:
            assert "?v=" in asset
            assert response.status_code == 200
            assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("query", ["", "?v=000000000000"])
def test_an_asset_under_another_address_is_asked_for_anew(client, query):
    """Else what is there today would be kept under the name of what was there before."""
    with client.get(f"/static/site.css{query}") as response:
        assert response.headers["Cache-Control"] == "no-cache"
        tag = response.headers["ETag"]
    with client.get(f"/static/site.css{query}", headers={"If-None-Match": tag}) as response:
        assert response.status_code == 304


def test_the_address_changes_with_the_content(tmp_path):
    app = Flask(__name__, static_folder=tmp_path)
    assets_of_site.init_app(app)
    found = []
    for text in ("a {}", "b { color: red }"):
        (tmp_path / "site.css").write_text(text)
        os.utime(tmp_path / "site.css", ns=(len(found), len(found)))
        with app.test_request_context():
            found.append(url_for("static", filename="site.css"))

    assert len(set(found)) == 2


@pytest.mark.parametrize("page", ["/static/nothing.css", "/static/../__init__.py", "/static/%00"])
def test_what_is_no_asset_is_not_found(client, page):
    assert client.get(page).status_code == 404


def test_pages_with_answers_are_kept_nowhere(client):
    evaluate = Evaluate(client)

    for response in (
        client.get(evaluate.address),
        evaluate(TRAIL),
        evaluate("nonsense"),
        evaluate(TRAIL, csrf_token="x"),
    ):
        assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("page", ["/", "/help", "/rulesets/injections", "/rulesets/injections.json"])
def test_other_pages_are_asked_for_anew(client, page):
    assert client.get(page).headers["Cache-Control"] == "no-cache"
