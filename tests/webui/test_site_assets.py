"""What a browser keeps, what it must not keep, and how much it has to load."""

from __future__ import annotations

import os
import re
from urllib.parse import urljoin

import pytest
from flask import Flask, url_for

from engine.language.load import SHIPPED
from tests.webui.conftest import Evaluate, made
from tests.webui.page_text import Page
from webui import assets as assets_of_site

LARGEST = 100_000
B12 = "/rulesets/b12-general"
TRAIL = "age: 54\nsex: female\n"


@pytest.fixture(scope="module")
def shipped():
    return made(RULESETS=(SHIPPED,)).test_client()


def assets(page):
    return re.findall(r'<(?:link[^>]+href|img[^>]+src|script[^>]+src)="([^"]+)"', page.text)


def weight(client, page, response):
    """Bytes of a page and of all that it loads, as sent."""
    size = len(response.data)
    for asset in {urljoin(page, asset) for asset in assets(response)}:
        with client.get(asset) as loaded:
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
    assert weight(shipped, page, shipped.get(page)) < LARGEST


def test_no_rule_or_fact_has_a_page_over_100_kb(shipped):
    links = {link for link in Page(shipped.get(B12).text).links if "/rules/" in link or "/facts/" in link}

    assert len(links) == 177 + 90
    assert {link: size for link in links if (size := weight(shipped, link, shipped.get(link))) >= LARGEST} == {}


def test_an_asset_is_kept_for_ever_under_an_address_that_changes_with_it(client):
    found = assets(client.get("/"))
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
