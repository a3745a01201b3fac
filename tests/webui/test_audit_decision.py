"""One decision for its auditors: told from the chain, replayed, gone through step by step, remarked on."""

from __future__ import annotations

import re

import pytest

from engine import consult, load_ruleset
from engine.ledger import Decision, Ledger, chain, index
from engine.ledger.capsule import read_capsule
from engine.ledger.chain import written
from tests.ledger.conftest import SMALL
from tests.ledger.tampering import hands_on, rewritten
from tests.webui.conftest import MADE_UP, made
from tests.webui.guided import START, Guided, make_site, read_token
from tests.webui.page_text import Page, said, tree
from tests.webui.signing import sign_in

NUMB = {
    "age": 54, "sex": "male", "numbness": "yes", "serum": "140.0 ng/L", "habits": ["cold"], "last": "2026-08-01",
}  # fmt: skip
ANSWERS = {"age": "54", "sex": "male", "numbness": "yes", "serum": ("140", "ng/L"), "habits": [], "last": "unknown"}


class Kept:
    """A ledger with one decision, number 2, and a browser that looks at it."""

    def __init__(self, url):
        self.url = url
        self.ledger = Ledger.open(url)
        self.ruleset = load_ruleset(MADE_UP / "injections")
        self.key = self.ledger.begin(self.ruleset, NUMB | {"serum": "900 pmol/L", "sex": "female"}, START)[1]
        session = self.ledger.record(self.key, {"serum": "140.0 ng/L", "sex": "male"}, START)
        answers = consult(self.ruleset, session.answers, START.date())
        self.decision = self.ledger.decide(session, answers, START)
        self.app = made(DATABASE=url, NOW=lambda: START)
        self.client = sign_in(self.app.test_client())

    def see(self, rest=""):
        return self.client.get(f"/audits/2{rest}")

    def send(self, rest, **form):
        return self.client.post(f"/audits/2{rest}", data={"csrf_token": read_token(self.see()), **form})


@pytest.fixture
def kept(tmp_path):
    kept = Kept(f"sqlite:///{tmp_path}/regimen.db")
    yield kept
    kept.ledger.close()
    kept.app.extensions["keeper"].ledger.close()


def test_a_decision_tells_what_it_says_and_that_it_is_intact(kept):
    page = kept.see()
    told = said(page)

    assert page.status_code == 200
    for words in (
        "Recorded 22 November 2026, 09:00 UTC",
        "Ruleset injections 0.3",
        f"Its own hash {kept.decision.hash}",
        "As of 22 November 2026",
        "Record intact at 22 November 2026",
        "Replayed with the stored release: identical",
        "Serum vitamin 140 ng/L given as “140.0 ng/L”",
        "Serum vitamin: 900 pmol/L",
        "Regimen Intensive injections",
    ):
        assert words in told, words
    links = Page(page.text)
    inside = {each[1:] for each in links.links if each.startswith("#")}
    assert inside - set(links.ids) == set()


def test_the_trail_is_the_one_that_was_recorded(kept):
    steps = tree(kept.see().text).all(lambda each: each.id.startswith("step-"))

    assert sorted(int(each.id[5:]) for each in steps) == [each["seq"] for each in kept.decision.report["trail"]]


def test_what_was_recorded_is_shown_also_where_a_replay_comes_to_something_else(kept):
    """As if an older Regimen had concluded it: the record holds together, and says what this one would not."""
    said_then = chain.read(chain.written(kept.decision.said).replace(b'"intensive"', b'"standard"')) | {
        "engine": "0.0.1"
    }
    place = next(each["seq"] for each in said_then["report"]["trail"] if "regimen" in each["concludes"])
    with kept.ledger._database.writing() as connection:
        row = chain.append(
            connection, "decision", said_then, START, session=kept.decision.head.session, release=kept.ruleset.digest
        )
        index.enter(connection, Decision.of(row))
    other = kept.client.get("/audits/3")

    assert f"Step {place} of {len(said_then['report']['trail'])} is the first that differs." in said(other)
    assert "Recorded by version 0.0.1 of Regimen" in said(other)
    assert "Regimen Standard injections" in said(other)
    assert "Regimen: standard injections (2 steps)" in said(other)
    assert "Regimen Nothing yet Standard injections" in said(kept.client.get(f"/audits/3/steps/{place}"))
    assert kept.ledger.verify().trouble is None


def test_each_step_has_a_page_with_the_facts_before_and_after(kept):
    trail = kept.decision.report["trail"]
    total = len(trail)
    pages = [said(kept.see(f"/steps/{seq}")) for seq in range(1, total + 1)]

    for seq, (page, step) in enumerate(zip(pages, trail, strict=True), 1):
        assert f"Step {seq} of {total}" in page
        assert step["title"] in page
        assert ("Previous step" in page, "Next step" in page) == (seq > 1, seq < total)
    (regimen,) = [page for page, step in zip(pages, trail, strict=True) if "regimen" in step["concludes"]]
    assert "Regimen Nothing yet Intensive injections" in regimen
    late = next(page for page, step in zip(pages, trail, strict=True) if step["rule"] == "late-is-a-mistake")
    assert "Mistakes Injected cold Injected cold and injected late" in late
    assert [kept.see(f"/steps/{seq}").status_code for seq in (0, total + 1)] == [404, 404]


def test_a_step_leads_to_the_line_that_its_rule_is_written_on(kept):
    seq = next(each["seq"] for each in kept.decision.report["trail"] if each["rule"] == "intensive-for-numbness")

    links = Page(kept.see(f"/steps/{seq}").text).links
    (address,) = [each for each in links if "/files/" in each]
    path, _, line = address.partition("#")
    page = tree(kept.client.get(path).text)

    (written,) = page.all(lambda each: each.id == line)
    assert written.text == "- id: intensive-for-numbness"
    assert kept.see("/files/injections/other.yaml").status_code == 404
    assert "/rulesets/injections/rules/intensive-for-numbness" in links


def test_why_not_is_told_under_the_release_and_nothing_offers_to_change_the_session(kept):
    page = kept.see("/why-not?value=regimen%3Dstandard")

    assert "Outranked by “A low level with numbness calls for intensive injections”." in said(page)
    assert "Numbness: no (now yes)" in said(page)
    assert "Try it" not in page.text
    assert kept.see("/why-not?value=regimen%3Dmade-up").status_code == 404


def test_another_release_is_compared_with(kept, tmp_path):
    folder = tmp_path / "rulesets" / "injections"
    folder.mkdir(parents=True)
    text = (MADE_UP / "injections" / "ruleset.yaml").read_text()
    changed = text.replace("overrides: [standard-for-low]", "").replace('"0.3"', '"0.4"')
    (folder / "ruleset.yaml").write_text(changed.replace("numbness: yes, age: {at_least: 18}}", "numbness: no}"))
    other = load_ruleset(folder)
    kept.ledger.begin(other, {}, START)
    client = sign_in(made(RULESETS=(folder.parent,), DATABASE=kept.url).test_client())

    for name in (other.digest, "ruleset:injections"):
        page = said(client.get("/audits/2/replay", query_string={"against": name}))
        assert "Under Made-up injections 0.4" in page
        assert "Regimen Intensive injections Standard injections A low level calls for standard injections" in page
    for name in ("ruleset:made-up", "f" * 64):
        gone = client.get("/audits/2/replay", query_string={"against": name})
        assert (gone.status_code, "There is no such r" in said(gone)) == (404, True)
    client.application.extensions["keeper"].ledger.close()


def test_a_capsule_comes_down_and_reads_back(kept):
    response = kept.see("/capsule.json")

    assert "decision-2.capsule.json" in response.headers["Content-Disposition"]
    assert read_capsule(response.data, "it").decision == kept.decision


def test_a_comment_stands_in_the_chain_and_goes_with_the_decision(kept):
    sent = kept.send("/comments", comment=" Seen by two.\nAgreed <all>. ")
    assert (sent.status_code, sent.location) == (303, "/audits/2#remarks")
    assert "Seen by two. Agreed <all>." in said(kept.see())
    assert kept.ledger.verify().counts == {"release": 1, "decision": 1, "comment": 1}

    kept.ledger.forget(kept.key, START)

    assert kept.ledger.verify().trouble is None
    assert (kept.ledger.verify().deleted, kept.ledger.audits.remarks(kept.decision)) == (2, [])
    assert "Seen by two" not in kept.see().text


@pytest.mark.parametrize(
    ("rest", "form", "message"),
    [
        ("/comments", {"comment": " "}, "The comment is empty"),
        ("/comments", {"comment": "kept " * 500}, "at most 2000 characters"),
        ("/overrides", {"done": "Kept tablets"}, "No reason is chosen"),
        ("/overrides", {"reason": "made-up", "done": "Kept tablets"}, "The reason is not on the list"),
        ("/overrides", {"reason": "other", "done": "Kept tablets"}, "Another reason needs words"),
        ("/overrides", {"reason": "disagree", "text": "Kept why"}, "What was done instead is missing"),
    ],
)
def test_a_remark_that_cannot_be_recorded_stays_on_the_page_with_what_to_do(kept, rest, form, message):
    page = kept.send(rest, **form)

    assert page.status_code == 422
    assert message in said(page)
    for text in form.values():
        if text.strip():
            assert text.strip()[:40] in page.text or text == "made-up"
    (summary,) = tree(page.text).all(lambda each: "error-summary" in each.classes)
    assert summary.first("a").attributes["href"].removeprefix("#") in Page(page.text).ids
    assert kept.ledger.verify().counts == {"release": 1, "decision": 1}


def test_what_was_done_instead_is_recorded_and_counted(kept):
    kept.send("/overrides", reason="not_available", done="Tablets", text="None in stock.")

    page = said(kept.see())
    assert "Done instead Tablets Reason The product or the schedule cannot be had In words None in stock." in page
    assert "The product or the schedule cannot be had 1" in said(kept.client.get("/audits/overrides"))
    (listed,) = kept.client.get("/audits.json").json["decisions"]
    assert listed["overrides"] == 1


def test_of_a_decision_that_was_deleted_a_stub_is_shown(kept):
    kept.ledger.forget(kept.key, START)
    page = said(kept.see())

    assert "Decision 2 was deleted" in page
    assert f"Its own hash {kept.decision.hash}" in page
    assert "forgotten by whoever had its link (record 3)" in page
    assert "numbness" not in page.lower()
    for rest in ("/steps/1", "/why-not", "/replay", "/capsule.json", "/files/injections/ruleset.yaml"):
        assert kept.see(rest).status_code == 410
    token = read_token(kept.client.get("/audits/verify"))
    assert kept.client.post("/audits/2/comments", data={"csrf_token": token, "comment": "x"}).status_code == 410
    assert (
        kept.client.post(
            "/audits/2/overrides", data={"csrf_token": token, "reason": "disagree", "done": "x"}
        ).status_code
        == 410
    )


def test_a_decision_that_was_altered_is_not_told(kept):
    with hands_on(kept.url) as run:
        run("UPDATE content SET data = CAST(REPLACE(data, 'numbness', 'numbnoss') AS BLOB) WHERE seq = 2")

    page = kept.see()

    assert page.status_code == 409
    assert "Record 2 is not as it was recorded" in said(page)
    assert kept.client.get("/audits").status_code == 200


def test_a_decision_whose_release_cannot_be_read_is_shown_as_it_was_kept(kept):
    with hands_on(kept.url) as run:
        run("UPDATE release SET files = REPLACE(files, 'Made-up', 'Made-over')")
    kept.app = made(RULESETS=(), DATABASE=kept.url)
    kept.client = sign_in(kept.app.test_client())

    page = kept.see()

    assert page.status_code == 200
    assert "Its release cannot be read as it was" in said(page)
    assert "It cannot be replayed" not in said(page)
    assert "1480" not in page.text
    assert "140 ng/L" in said(page)
    assert kept.see("/steps/1").status_code == 409


@pytest.mark.parametrize("address", ["/audits/1", "/audits/99", "/audits/99/steps/1", "/audits/99999999"])
def test_what_is_no_decision_is_told(kept, address):
    page = kept.client.get(address)

    assert page.status_code == 404
    assert "There is no decision" in said(page)


def test_no_page_of_audits_is_kept_by_a_cache(kept):
    for address in ("/audits", "/audits/2", "/audits.csv", "/audits.json", "/audits/verify", "/audits/2/steps/1"):
        assert kept.client.get(address).headers["Cache-Control"] == "no-store"


# In a guided session


@pytest.fixture
def guided(tmp_path):
    guided = Guided(make_site(tmp_path)[0].test_client())
    guided.answers(**ANSWERS)
    return guided


def test_the_person_of_a_session_records_what_was_done_instead(guided, tmp_path):
    assert re.search(r'href="[^"]+/instead">What was done instead', guided.see("result").text)

    guided.send(to="instead", reason="not_wanted", done="Tablets", text="")

    assert guided.here == "instead"
    assert "Recorded The patient does not want it: Tablets" in said(guided.page)
    ledger = Ledger.open(f"sqlite:///{tmp_path}/regimen.db")
    (override,) = ledger.overrides()
    assert (override.decision, override.by) == (2, None)
    assert ledger.verify().trouble is None
    ledger.close()


def test_what_cannot_be_recorded_in_a_session_stays_on_the_page(guided):
    page = guided.send(to="instead", reason="other", done="Kept tablets", text="")

    assert page.status_code == 422
    assert "Another reason needs words" in said(page)
    assert "Kept tablets" in page.text
    assert "<title>Error: What was done instead" in page.text


def test_a_session_that_came_to_nothing_yet_has_nothing_to_do_otherwise(tmp_path):
    guided = Guided(make_site(tmp_path)[0].test_client())

    guided.see("instead")

    assert guided.here != "instead"


@pytest.mark.parametrize(
    "change",
    [
        {"report": {}}, {"report": 7}, {"given": None, "report": None},
        {"report": {"answers": {"bogus": {"value": "x", "unit": None}}}},
    ],
)  # fmt: skip
def test_a_decision_that_regimen_would_not_record_is_not_told_although_its_hashes_fit(kept, change):
    rewritten(kept.url, 2, written({**kept.decision.said, **change}))

    for rest in ("", "/steps/1"):
        page = kept.see(rest)
        assert page.status_code == 409
        assert "Record 2 is not as it was recorded" in said(page)


@pytest.mark.parametrize("given", [{}, 7])
def test_changes_that_regimen_would_not_record_are_not_told_although_their_hashes_fit(kept, given):
    rewritten(kept.url, 2, written({**kept.decision.said, "changes": [given]}))

    assert kept.see().status_code == 409


@pytest.mark.parametrize("index", [{}, {"index": "yes"}])
def test_the_ledger_is_verified_on_the_page_whatever_a_decision_says(kept, index):
    rewritten(kept.url, 2, written({**kept.decision.said, "report": {}}))

    token = read_token(kept.client.get("/audits/verify"))
    page = kept.client.post("/audits/verify", data={"csrf_token": token, **index})

    assert page.status_code == 200


@pytest.mark.parametrize("data", [b"{}", b'{"decision":2,"reason":"bogus","done":"x","text":"","by":null,"rules":[]}'])
def test_an_override_that_regimen_would_not_record_is_not_told_although_its_hashes_fit(kept, data):
    kept.ledger.override(kept.decision, "disagree", START, done="Tablets")
    rewritten(kept.url, 3, data)

    for page in (kept.see(), kept.client.get("/audits/overrides")):
        assert page.status_code == 409
        assert "Record 3 is not as it was recorded" in said(page)


def test_what_was_taken_out_of_the_database_is_not_told_to_be_deleted(kept):
    with hands_on(kept.url) as run:
        run("DELETE FROM content WHERE seq = 2")

    for page in (kept.see(), kept.see("/capsule.json"), kept.see("/steps/1")):
        assert page.status_code == 409
        assert "Record 2 is not as it was recorded" in page.text


def test_a_ruleset_that_knows_nothing_of_what_was_recorded_is_not_told_to_have_found_out_that_it_is_not_known(kept):
    other = load_ruleset(SMALL)
    kept.ledger.begin(other, {}, START)

    page = said(kept.client.get("/audits/2/replay", query_string={"against": other.digest}))

    assert "Urgency Routine Nothing This ruleset has no such conclusion" in page
    assert "Numbness: it does not ask this." in page
    assert "is not a fact of this ruleset" not in page
