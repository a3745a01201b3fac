from __future__ import annotations

import json
import re
from urllib.parse import urldefrag, urljoin

import pytest

from engine.language.load import SHIPPED
from tests.webui.conftest import made
from tests.webui.page_text import Page, said
from tests.webui.signing import sign_in

PAGES = (
    "/",
    "/help",
    "/accessibility",
    "/rulesets",
    "/rulesets/injections",
    "/rulesets/injections/rules",
    "/rulesets/injections/rules?fact=low",
    "/rulesets/injections/rules/level-is-low",
    "/rulesets/injections/facts/serum",
    "/rulesets/injections/facts/low",
    "/rulesets/injections/cases",
    "/rulesets/injections/graph",
    "/rulesets/injections/graph?to=low",
    "/rulesets/injections/evaluate",
    "/rulesets/broken",
)


def test_the_list_tells_the_version_and_counts_of_each_ruleset(client):
    text = said(client.get("/rulesets"))

    assert "Made-up injections" in text
    assert "Version 0.3 · 9 rules · 4 cases" in text


def test_the_list_tells_what_is_wrong_with_a_ruleset_and_where(client):
    text = said(client.get("/rulesets"))

    assert "broken Cannot be used 2 problems to mend." in text
    assert "broken/ruleset.yaml:14:5 'becuase' is not a key of rule 'uses-nothing'. Did you mean 'because'?" in text


@pytest.mark.parametrize("page", ["/", "/rulesets"])
def test_a_site_without_rulesets_says_what_one_is(tmp_path, page):
    response = made(RULESETS=(tmp_path,)).test_client().get(page)

    assert "There are no rulesets here yet." in said(response)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("", "Shows every piece of a page."),
        ("", "Not for: children anyone real"),
        ("", "Begin from a situation Someone who is pregnant at most"),
        ("", "Regimen, when disposition is continue"),
        ("", "About the person How old is the person? used by 3 rules"),
        ("", "Laboratory values What is the serum vitamin level? used by 2 rules"),
        ("", "Decision factor: 2 rules The level is low The level is not low Scope: 1 rule"),
        ("", "Days since the last injection computed Low level by 2 rules"),
        ("", "Maintenance 1000 mcg IM Every 2 months Ongoing As the protocol says"),
        ("", "Loading 1000 mcg IM Every 2 days Until no further improvement 3 weeks"),
        ("", "A paper on made-up injections (2024-05-01)"),
        ("", "After that 1000 mcg As the protocol says Every month As the protocol says As the protocol says"),
        ("", "What the words mean loading The first weeks of treatment"),
        ("", "3 passed, 1 failed. Failed A case that fails on purpose case 'wrong'"),
        ("", "Ruleset: Made-up injections, version 0.3, hash"),
        (
            "/facts/serum",
            "0 ng/L to 20000 ng/L. A value outside 50 ng/L to 2000 ng/L has to be confirmed.",
        ),
        ("/facts/serum", "For clinicians: Total and not active vitamin."),
        ("/facts/serum", "Used by 2 rules The level is low The level is not low"),
        ("/facts/sex", "Used by 0 rules It decides whether other questions are asked."),
        ("/facts/pregnancy", "Only asked when sex is female or not known."),
        ("/facts/numbness", "Why it is asked: Nerves recover slowly."),
        ("/facts/habits", "Which of these are so? Any of these: Injects alone Uses it cold None of these"),
        ("/facts/age", "In answers files: age. It has to be answered"),
        ("/facts/since", "Computed, never asked. Computed: as_of - last, in days"),
        ("/facts/disposition", "Otherwise continue, when every rule that could say something else is ruled out."),
        ("/facts/disposition", "Concluded by 2 rules Pregnancy is for a specialist Those over 100 go on"),
        (
            "/rules/intensive-for-numbness",
            "When all of these hold: Low level is yes Numbness is yes Age is at least 18",
        ),
        ("/rules/intensive-for-numbness", "Then Regimen: intensive injections"),
        ("/rules/intensive-for-numbness", "Because The level is low ([Serum vitamin]) and numbness is [Numbness]."),
        ("/rules/intensive-for-numbness", "Takes the place of A low level calls for standard injections"),
        ("/rules/intensive-for-numbness", "Check first To be checked by a clinician: The threshold is made up."),
        ("/rules/intensive-for-numbness", "Cases that fire it A numb adult with a low level"),
        ("/rules/intensive-for-numbness", "Facts in it: Low level; Numbness; Age; Regimen."),
        ("/rules/standard-for-low", "Gives way to A low level with numbness calls for intensive injections"),
        ("/rules/cold-is-a-mistake", "Harm It hurts. Remedy Warm it in the hand first."),
        ("/rules/level-is-low", "Source A paper on made-up injections, Table 1 (strong recommendation)"),
        ("/rules/level-is-low", "Cases that fire it 4 cases A numb adult with a low level An adult with"),
        ("/rules/level-is-not-low", "Cases that fire it None"),
        ("/rules/alone-is-an-emergency", "Source No source cited (usual practice, not settled)"),
        ("/rules", "9 rules."),
        ("/rules", "Injecting alone When habits include injects alone: urgency is emergency (get help now)."),
        ("/rules?fact=low", "4 rules about “Low level”."),
        ("/cases", "3 passed, 1 failed. Passed A numb adult with a low level"),
        ("/cases", "Failed A case that fails on purpose case 'wrong'"),
    ],
)
def test_a_ruleset_is_read_in_plain_english(client, page, words):
    assert words in said(client.get(f"/rulesets/injections{page}"))


def test_rules_are_filtered_by_a_fact_that_they_use_or_conclude(client):
    """Through a formula too: a rule on the days since the last injection uses the date of it."""
    titles = {
        fact: re.findall(
            r'rowheader" scope="row"><a[^>]+>([^<]+)', client.get(f"/rulesets/injections/rules?fact={fact}").text
        )
        for fact in ("low", "last")
    }

    assert titles == {
        "low": [
            "The level is low",
            "The level is not low",
            "A low level calls for standard injections",
            "A low level with numbness calls for intensive injections",
        ],
        "last": ["More than 70 days is late"],
    }


def test_a_long_list_has_pages(client, monkeypatch):
    monkeypatch.setattr("webui.rulesets.RULES_A_PAGE", 4)
    first, last = (client.get(f"/rulesets/injections/rules?page={number}").text for number in (1, 3))

    assert (first.count('"rowheader"'), last.count('"rowheader"')) == (4, 1)
    assert '<span aria-current="page"><span class="hidden">Page </span>3</span>' in last
    assert client.get("/rulesets/injections/rules?page=4").status_code == 404


def test_a_source_is_linked_only_where_it_is_on_the_web(client):
    page = client.get("/rulesets/injections").text

    assert '<a href="https://example.org/paper" rel="noreferrer">A paper on made-up injections</a>' in page
    assert "<a href" not in page.split('<li id="source-talk">')[1].split("</li>")[0]


def test_an_icon_is_found_where_no_page_names_it(client):
    """A browser that opens JSON asks for /favicon.ico."""
    with client.get("/favicon.ico", follow_redirects=True) as response:
        assert (response.status_code, response.mimetype) == (200, "image/svg+xml")


def test_a_broken_ruleset_has_a_page_and_no_form(client):
    assert "The ruleset broken cannot be used yet" in said(client.get("/rulesets/broken"))
    assert client.get("/rulesets/broken/evaluate").status_code == 409


def test_a_ruleset_as_data(client):
    data = client.get("/rulesets/injections.json").json

    assert data["ruleset"]["version"] == "0.3"
    assert len(data["ruleset"]["hash"]) == 64
    assert data["facts"]["serum"]["units"] == ["ng/L", "pmol/L"]
    assert data["rules"]["standard-for-low"]["when"] == {
        "words": "low level is yes and age is at least 18 years",
        "facts": ["low", "age"],
    }
    assert data["rules"]["cold-is-a-mistake"]["then"] == {"mistakes": ["cold"]}


def test_a_broken_ruleset_as_data_tells_its_problems(client):
    response = client.get("/rulesets/broken.json")

    assert response.status_code == 409
    assert [problem["at"] for problem in response.json["problems"]] == [
        "broken/ruleset.yaml:14:5",
        "broken/ruleset.yaml:15:5",
    ]


@pytest.mark.parametrize("role", [None, "auditor"])
def test_no_page_leads_nowhere(client, role):
    """Every link of every page that links lead to is followed, its fragment too."""
    waiting, pages = ["/"], {}
    if role:
        sign_in(client, role)
    while waiting:
        address = waiting.pop()
        response = client.get(address, follow_redirects=True)
        assert response.status_code == 200, address
        pages[address] = page = Page(response.text)
        targets = {urldefrag(urljoin(address, link)).url for link in page.links}
        waiting += sorted({t for t in targets if t.startswith("/")} - set(pages) - set(waiting))

    assert len(pages) > 8
    missing = [
        (address, link)
        for address, page in pages.items()
        for link in page.links
        if (target := urldefrag(urljoin(address, link))).fragment
        and target.url in pages
        and target.fragment not in pages[target.url].ids
    ]
    assert missing == []


def test_titles_are_unique_and_each_page_has_one_main_heading(client):
    titles = [re.search("<title>(.*?)</title>", client.get(page).text, re.DOTALL)[1] for page in PAGES]

    assert len(set(titles)) == len(PAGES)
    assert {client.get(page).text.count("<h1") for page in PAGES} == {1}


@pytest.mark.parametrize("page", [*PAGES, "/nowhere", "/static/site.css", "/rulesets/injections.json"])
def test_every_answer_carries_the_headers_that_keep_it_safe(client, page):
    with client.get(page) as response:
        headers = response.headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]


@pytest.mark.parametrize("page", PAGES)
def test_no_page_needs_a_script_or_another_host(client, page):
    text = client.get(page).text

    assert "<script" not in text
    assert " style=" not in text
    assert not re.search(r'(src|<link[^>]+href)="(https?:)?//', text)


@pytest.mark.parametrize(
    ("method", "address", "status", "words"),
    [
        ("get",  "/nowhere",                           404, "Page not found"),
        ("get",  "/rulesets/nothing",                  404, "There is no ruleset called “nothing” here."),
        ("get",  "/rulesets/%2e%2e",                   404, "Page not found"),
        ("get",  "/rulesets/injections/rules/x",       404, "This ruleset has no rule called “x”."),
        ("get",  "/rulesets/injections/facts/x",       404, "This ruleset has no fact called “x”."),
        ("get",  "/rulesets/injections/rules?fact=x",  404, "This ruleset has no fact called “x”."),
        ("get",  "/rulesets/injections/graph?to=x",    404, "This ruleset has no fact called “x”."),
        ("get",  "/rulesets/broken/graph",             409, "This ruleset cannot be used now"),
        ("get",  "/rulesets/injections/evaluate?case=x", 404, "This ruleset has no case called “x”."),
        ("post", "/accessibility",                     405, "This page cannot be used that way"),
        ("put",  "/rulesets/injections/evaluate",      405, "This page cannot be used that way"),
        ("get",  "/rulesets/broken/evaluate",          409, "This ruleset cannot be used now"),
        ("post", "/rulesets/injections/evaluate",      400, "This form cannot be accepted"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_told_in_the_voice_of_the_site(client, method, address, status, words):
    response = getattr(client, method)(address)

    assert response.status_code == status
    assert words in said(response)
    assert "Go to the list of rulesets" in said(response)


def test_a_failure_is_json_for_those_who_ask_for_json(client):
    response = client.get("/rulesets/nothing.json")

    assert response.status_code == 404
    assert "There is no ruleset called “nothing” here." in json.loads(response.text)["error"]


@pytest.mark.parametrize("folder", sorted(path.name for path in SHIPPED.iterdir() if path.is_dir()))
def test_a_shipped_ruleset_has_its_page(folder):
    client = made(RULESETS=(SHIPPED,)).test_client()

    assert client.get(f"/rulesets/{folder}").status_code == 200
    assert folder in client.get(f"/rulesets/{folder}").text
