"""The list of decisions: filters, order, pages, files. Nothing typed is lost, and no file goes without its releases."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest

from engine import consult, load_ruleset
from engine.ledger import Ledger, Wanted
from tests.conftest import ON_POSTGRES
from tests.postgres import new_database
from tests.webui.conftest import MADE_UP, made
from tests.webui.guided import START, read_token
from tests.webui.page_text import said, tree
from tests.webui.signing import sign_in

NUMB = {
    "age": 54, "sex": "male", "numbness": "yes", "serum": "140 ng/L", "habits": ["cold"], "last": "2026-08-01",
}  # fmt: skip
PLAIN = NUMB | {"numbness": "no", "habits": [], "last": "2026-11-01"}
TORN = PLAIN | {"age": 104, "sex": "female", "pregnancy": "pregnant"}
SHORT = PLAIN | {"serum": "unknown"}
DAY = timedelta(days=1)
ALL = Wanted()


@pytest.fixture(scope="module", params=["sqlite", ON_POSTGRES])
def url(request, tmp_path_factory):
    """The URL of a database that all of these tests only read."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('audits')}/regimen.db"
    return new_database(request.getfixturevalue("postgres"))


@pytest.fixture(scope="module")
def kept(url):
    """A ledger of decisions 2 to 5, a day apart: numb (overridden), plain, torn and one without a level."""
    ledger = Ledger.open(url)
    ruleset = load_ruleset(MADE_UP / "injections")
    for number, answers in enumerate((NUMB, PLAIN, TORN, SHORT)):
        session, _ = ledger.begin(ruleset, answers, START)
        decided = ledger.decide(session, consult(ruleset, answers, START.date()), START + number * DAY)
        if number == 0:
            ledger.override(decided, "not_wanted", START + 8 * DAY, done="Tablets")
    with_numbers = [each.number for each in ledger.audits.listed(ALL, 0, 9)]
    assert with_numbers == [6, 5, 4, 2]
    yield ledger
    ledger.close()


@pytest.fixture(scope="module")
def client(kept, url):
    app = made(DATABASE=url)
    yield sign_in(app.test_client())
    app.extensions["keeper"].ledger.close()


def numbers(response):
    """The decisions of a page, in order."""
    assert response.status_code == 200, said(response)
    return [int(each) for each in re.findall(r">Decision (\d+)</a>", response.text)]


FILTERED = [
    ("", [6, 5, 4, 2]),
    ("ruleset=injections", [6, 5, 4, 2]),
    ("ruleset=other", []),
    ("regimen=intensive", [2]),
    ("regimen=-", [6, 5]),
    ("ending=settled", [4, 2]),
    ("ending=conflict", [5]),
    ("ending=undecided", [6]),
    ("rule=level-is-low", [5, 4, 2]),
    ("rule=level-is-low&decisive=yes", [4, 2]),
    ("rule=level-is-low&regimen=standard", [4]),
    ("mistake=cold", [2]),
    ("rule=level-is-low&mistake=late", [2]),
    ("since=2026-11-24", [6, 5]),
    ("until=23+November+2026", [4, 2]),
    ("since=2026-11-23&until=23+Nov+2026", [4]),
    ("overridden=yes", [2]),
    ("overridden=no", [6, 5, 4]),
    ("sort=number", [2, 4, 5, 6]),
    ("sort=regimen", [6, 5, 2, 4]),
    ("sort=-regimen", [4, 2, 6, 5]),
    ("sort=-overrides&overridden=", [2, 6, 5, 4]),
]


@pytest.mark.parametrize(("query", "expected"), FILTERED, ids=[row[0] or "all" for row in FILTERED])
def test_each_filter_and_order_gives_its_decisions(client, query, expected):
    assert numbers(client.get(f"/audits?{query}")) == expected


WRONG = [
    ("since=yesterday", "“yesterday” is no date. Write one such as 22 November 2026, or 2026-11-22.", "yesterday"),
    ("until=31+2+2026", "is no date of the calendar", "31 2 2026"),
    ("since=2026-11-24&until=2026-11-22", "The last day is before the first", "2026-11-24"),
    ("ending=lost", "“lost” is none of the choices here", "lost"),
    ("overridden=maybe", "“maybe” is none of the choices here", "maybe"),
    ("decisive=yes", "Choose the rule that the result should rest on", "decisive"),
    ("rule=a%00b", "is none of the choices here", "rule"),
    ("ruleset=a%00", "is none of the choices here", "ruleset"),
    ("release=a%00", "is none of the choices here", "release"),
    ("regimen=a%00", "is none of the choices here", "regimen"),
    ("sort=colour", "cannot be sorted by “colour”", "colour"),
    ("page=7", "This list has no page '7'. Its last is page 1.", ""),
    ("page=x&rule=level-is-low", "no page 'x'", "level-is-low"),
]


@pytest.mark.parametrize(("query", "message", "typed"), WRONG, ids=[row[0] for row in WRONG])
def test_what_cannot_be_used_is_told_and_stays_and_no_other_list_is_shown_for_it(client, query, message, typed):
    page = client.get(f"/audits?{query}&mistake=cold")

    assert page.status_code == 422
    assert message in said(page)
    assert f'"{typed}"' in page.text
    assert '<option value="cold" selected>' in page.text
    assert "<table" not in page.text
    assert "<title>Error: Audits" in page.text


@pytest.mark.parametrize("name", ["ruleset", "release", "regimen", "rule", "mistake"])
def test_a_choice_that_no_decision_has_stays_chosen(client, name):
    page = client.get(f"/audits?{name}=<made-up>")

    assert numbers(page) == []
    assert '<option value="&lt;made-up&gt;" selected>' in page.text


def test_a_long_list_comes_in_pages_that_keep_filters_and_order(client, monkeypatch):
    monkeypatch.setattr("webui.audit.A_PAGE", 2)

    first = client.get("/audits?rule=level-is-low&sort=number")
    links = [
        each.attributes["href"] for each in tree(first.text).all(lambda each: each.attributes.get("rel") == "next")
    ]

    assert numbers(first) == [2, 4]
    assert "3 decisions of this kind. Page 1 of 2." in said(first)
    assert numbers(client.get(links[0])) == [5]


def test_the_table_has_a_caption_and_words_for_what_is_on_the_shelf(client):
    page = said(client.get("/audits?sort=number"))

    assert "Decisions by number, ascending Decision Recorded Ruleset Came to Mistakes found" in page
    assert "Intensive injections" in page
    assert "Injected cold; Injected late" in page
    assert "Done otherwise" in page


def test_files_hold_the_filtered_list_and_the_release_in_every_row(client, kept):
    found = client.get("/audits.json?rule=level-is-low&sort=number").json
    table = list(csv.DictReader(io.StringIO(client.get("/audits.csv?rule=level-is-low&sort=number").text)))

    assert found["filters"] == {"rule": "level-is-low", "sort": "number"}
    assert [each["decision"] for each in found["decisions"]] == [2, 4, 5]
    assert [int(each["decision"]) for each in table] == [2, 4, 5]
    release = kept.decision(2).head.release
    assert {each["release"] for each in (*found["decisions"], *table)} == {release}
    row = found["decisions"][0]
    assert (row["hash"], row["regimen"], row["overrides"]) == (kept.decision(2).hash, "intensive", 1)
    assert row["mistakes"] == ["cold", "late"]
    assert "intensive-for-numbness" in row["decisive_rules"]
    assert table[0]["mistakes"] == "cold late"


@pytest.mark.parametrize("file", ["/audits.csv", "/audits.json"])
def test_a_file_is_not_given_for_filters_that_cannot_be_used(client, file):
    told = client.get(f"{file}?since=yesterday")

    assert (told.status_code, told.mimetype) == (422, "text/plain")
    assert "“yesterday” is no date" in told.text


def test_no_cell_of_a_table_is_a_formula(tmp_path):
    ruleset_folder = tmp_path / "evil"
    ruleset_folder.mkdir()
    text = (MADE_UP / "injections" / "ruleset.yaml").read_text().replace('version: "0.3"', "version: '=1+1'")
    (ruleset_folder / "ruleset.yaml").write_text(text)
    url = f"sqlite:///{tmp_path}/regimen.db"
    ledger, ruleset = Ledger.open(url), load_ruleset(ruleset_folder)
    session, _ = ledger.begin(ruleset, PLAIN, START)
    ledger.decide(session, consult(ruleset, PLAIN, START.date()), START)
    ledger.close()

    table = sign_in(made(RULESETS=(tmp_path,), DATABASE=url).test_client()).get("/audits.csv").text

    assert ",'=1+1," in table


def test_a_decision_is_found_by_what_a_visit_sheet_has(client, kept):
    for name in ("4", kept.decision(4).hash, kept.decision(4).short.upper()):
        assert client.get(f"/audits/find?name={name}").location == "/audits/4"
    missing = client.get("/audits/find?name=ffffffff")
    assert missing.status_code == 404
    assert "There is no decision 'ffffffff'" in said(missing)
    assert 'value="ffffffff"' in missing.text


def test_an_empty_ledger_has_an_empty_list(tmp_path):
    client = sign_in(made(DATABASE=f"sqlite:///{tmp_path}/regimen.db").test_client())

    assert "There is none yet" in said(client.get("/audits"))
    assert client.get("/audits.json").json == {"filters": {}, "decisions": []}
    assert "0 times it was recorded" in said(client.get("/audits/overrides"))
    assert "There is no record yet." in said(client.get("/audits/verify"))


def test_overrides_are_counted_by_rule_and_lead_to_their_decisions(client):
    page = client.get("/audits/overrides")

    assert "1 time it was recorded" in said(page)
    assert "A low level with numbness calls for intensive injections intensive-for-numbness 1" in said(page)
    assert "The patient does not want it 1" in said(page)
    assert numbers(client.get("/audits?rule=intensive-for-numbness&decisive=yes&overridden=yes")) == [2]


def test_the_ledger_is_verified_and_it_is_said_what_that_shows(client, kept):
    form = client.get("/audits/verify")
    send = {"csrf_token": read_token(form), "head": kept.decision(4).hash, "index": "yes"}
    assert kept.head().hash in form.text
    assert "does not show by itself that somebody" in said(form)

    page = said(client.post("/audits/verify", data=send))

    assert "Every record is as it was recorded" in page
    assert "The record with the hash that you noted is there." in page
    assert "The index has what the decisions say." in page
    assert "1 release, 4 decisions, 1 override" in page


def test_a_hash_that_is_none_is_told_and_one_that_is_not_there_too(client):
    token = read_token(client.get("/audits/verify"))

    wrong = client.post("/audits/verify", data={"csrf_token": token, "head": "12ab"})
    other = client.post("/audits/verify", data={"csrf_token": token, "head": "f" * 64})

    assert (wrong.status_code, other.status_code) == (422, 200)
    assert "'12ab' is no hash" in said(wrong)
    assert "Something has to be looked into No record has the hash that was noted. If it was copied" in said(other)
    assert "Records before it" not in said(other)


def test_a_search_for_nothing_is_told_to_be_one(client):
    page = client.get("/audits/find?name=+")

    assert page.status_code == 422
    assert "Nothing is written." in said(page)


def test_mistakes_are_chosen_in_words(client):
    assert '<option value="cold">Injected cold (cold)</option>' in client.get("/audits").text
