"""Asking back on the site: why, why not, what would change it, what if; each writes nothing."""

from __future__ import annotations

import re

import pytest

from engine import consult
from engine.explain.flips import flips
from engine.explain.telling import said_change, said_end
from engine.explain.what_if import told
from engine.ledger import Ledger
from tests.webui.guided import Guided, make_site, read_token
from tests.webui.page_text import said

NUMB = {"age": 54, "sex": "male", "numbness": "yes", "serum": (140, "ng/L"), "habits": [], "last": "unknown"}


@pytest.fixture
def made(tmp_path):
    return make_site(tmp_path)


@pytest.fixture
def guided(made):
    guided = Guided(made[0].test_client())
    guided.answers(**NUMB)
    return guided


def history(made, guided):
    ledger = Ledger.open(made[0].config["DATABASE"])
    kept = ledger.find(guided.key, made[1]())
    ledger.close()
    return kept


def test_why_names_what_speaks_for_a_conclusion_and_leads_to_the_step(guided):
    text = said(guided.see("why/regimen"))

    assert "Why: Regimen Intensive injections For A low level with numbness calls for intensive injections" in text
    assert re.search(r'href="[^"]+/result#step-\d+"', guided.page.text)
    assert guided.see("why/serum").status_code == 404
    assert guided.see("why/nothing").status_code == 404


def test_the_result_leads_to_what_speaks_for_and_against_each_conclusion(guided):
    result = guided.see("result").text
    names = re.findall(r'href="[^"]+/why/([a-z_]+)"', result)

    assert "regimen" in names
    for name in names:
        text = said(guided.see(f"why/{name}"))
        assert all(heading in text for heading in ("For", "Against", "Not known")), name


def test_why_not_says_what_is_needed_and_the_change_that_would_bring_it_about(guided):
    text = said(guided.see("why-not?value=regimen=standard"))

    assert "What its rules lack" in text
    assert "Numbness: no (now yes) Try it" in text
    assert guided.see("why-not?value=regimen=nothing").status_code == 404


def test_what_would_change_a_goal_is_what_the_engine_finds(made, guided):
    text = said(guided.see("changes?goal=regimen"))
    kept = history(made, guided)
    consultation = consult(kept.ruleset, kept.answers, kept.as_of)
    goal = next(goal for goal in kept.ruleset.goals if goal.fact == "regimen")
    (found,) = flips(consultation, [goal])

    assert found.flips
    for flip in found.flips:
        end = said_end(flip.after, goal, told(flip.after, "regimen"))
        assert f"{'; '.join(said_change(consultation, flip.change))} → {end}" in text
    assert guided.see("changes?goal=age").status_code == 404


def test_what_if_shows_the_difference_and_writes_nothing(made, guided):
    before = history(made, guided)
    guided.see("what-if?fact=numbness")
    page = guided.send(to="what-if", fact="numbness", **{"numbness-answer": "no"})

    assert "What would be different" in said(page)
    assert "Now: Intensive injections" in said(page) or "Intensive injections Standard injections" in said(page)
    assert history(made, guided) == before


def test_what_if_can_begin_another_session(made, guided):
    page = guided.send(to="what-if", fact="numbness", save="yes", **{"numbness-answer": "no"})

    assert page.request.path.endswith("/check")
    assert guided.key not in page.request.path
    assert history(made, guided).answers["numbness"] == "yes"


def test_a_change_that_is_suggested_can_be_tried(guided):
    changes = guided.see("changes?goal=regimen").text
    address = re.search(r'class="why" href="([^"]+)"', changes)[1].replace("&amp;", "&")

    page = guided.client.get(address)

    assert page.status_code == 200
    assert "What would be different" in said(page)


@pytest.mark.parametrize("query", ["fact=serum&to-serum=lots", "fact=sex&to-sex=other", "fact=nothing&to-nothing=1"])
def test_an_address_that_suggests_what_cannot_be_answered_is_no_fault(guided, query):
    assert guided.see(f"what-if?{query}").status_code in {200, 404}


def test_what_cannot_be_read_is_told_beside_what_was_typed(guided):
    form = {"serum-answer": "lots", "serum-unit": "ng/L"}
    page = guided.client.post(
        guided.path("what-if"),
        data={"csrf_token": read_token(guided.see("what-if?fact=serum")), "fact": "serum", **form},
    )

    assert page.status_code == 422
    assert 'value="lots"' in page.text


def test_the_goals_that_most_people_ask_about_stand_first(guided):
    for page, first in (("why-not", r'<optgroup label="([^"]+)"'), ("changes", r"<option [^>]+>([^<]+)<")):
        assert re.search(first, guided.see(page).text)[1] == "Regimen", page


def test_a_goal_that_would_no_longer_arise_is_not_told_as_unknown(guided):
    changed = {"sex-answer": "female", "pregnancy-answer": "pregnant"}
    page = guided.send(to="what-if", fact=["sex", "pregnancy"], **changed)

    assert "Does not arise" in said(page)
    assert "What gave it no longer holds" in said(page)
