"""Asking back on the site: why, why not, what would change it, what if; each writes nothing."""

from __future__ import annotations

import re

import pytest

from engine import consult
from engine.explain.flips import flips
from engine.explain.telling import said_change, said_end, said_witnesses
from engine.explain.what_if import told
from engine.explain.witnesses import witnesses
from engine.language.wording import say_phase, sentence
from engine.ledger import Ledger
from engine.verify.provable import GaveUpError
from tests.verify.test_needless import REST
from tests.webui.guided import Guided, make_site, read_token
from tests.webui.page_text import said

NUMB = {"age": 54, "sex": "male", "numbness": "yes", "serum": (140, "ng/L"), "habits": [], "last": "unknown"}


@pytest.fixture
def guided(guided):
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


def test_why_of_what_is_undecided_names_the_rules_that_can_still_have_a_say(made):
    text = said(Guided(made[0].test_client()).see("why/regimen"))

    assert "Not known." in text
    assert "Rules that can still have a say" in text
    assert "waits for" in text


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
    assert "It needs You have Is it met Low level is yes Low level: yes Met" in text
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


def test_what_if_sets_the_two_schedules_side_by_side_and_says_what_is_changed(made, guided):
    regimens = history(made, guided).ruleset.regimens
    page = guided.send(to="what-if", fact="numbness", **{"numbness-answer": "no"})
    same = guided.send(to="what-if", fact="numbness", **{"numbness-answer": "yes"})
    text = said(page)

    for number, (now, then) in enumerate(
        zip(regimens["intensive"].phases, regimens["standard"].phases, strict=False), 1
    ):
        changed = "Same" if now.every == then.every else "Changed"
        often = [sentence(say_phase(phase)["How often"]) for phase in (now, then)]
        assert f"Phase {number}, how often {often[0]} {often[1]} {changed}" in text
    assert "Changed" in text
    assert "The schedule now and then" not in said(same)


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


# Why a question is asked


def test_two_patients_show_why_a_question_is_asked(made):
    """They are looked for only when asked for, keep the answers so far, and end differently when they are run."""
    guided = Guided(made[0].test_client())
    guided.answers(age=54, sex="male")
    link = re.search(r'href="([^"]+/questions/numbness/why)"', guided.see("questions/numbness").text)[1]

    text = said(guided.client.get(link))

    kept = history(made, guided)
    found = witnesses(consult(kept.ruleset, kept.answers, kept.as_of), "numbness")
    assert "Two patients for whom it matters" in text
    assert found.ends[0] != found.ends[1]
    for each in said_witnesses(found):
        assert each in text
    assert history(made, guided) == kept
    assert guided.see("questions/nothing/why").status_code == 404


def test_a_question_that_was_answered_is_looked_at_as_if_it_were_not(guided):
    assert "With “Numbness: yes”" in said(guided.see("questions/numbness/why"))


def test_where_no_patients_are_found_it_is_said(guided, monkeypatch):
    """Z3 gives up at once, and the random sample is empty."""
    monkeypatch.setattr("engine.explain.witnesses._sampled", lambda *_: ())
    monkeypatch.setattr("engine.verify.finder.Finder.differing", give_up)

    assert "were not found in the time there is" in said(guided.see("questions/numbness/why"))


def give_up(*_):
    raise GaveUpError


def test_a_question_that_cannot_matter_is_passed_over_and_its_page_says_that_this_is_proved(tmp_path):
    """Being hungry only counts where it is late, and then makes no difference; it can be answered all the same."""
    folder = tmp_path / "rulesets" / "rest"
    folder.mkdir(parents=True)
    (folder / "rest.yaml").write_text(REST, "utf-8")
    guided = Guided(make_site(tmp_path, folder.parent)[0].test_client(), "rest")
    guided.answers(tired="yes")

    assert guided.here == "questions/late"
    assert "That is proved." in said(guided.see("questions/hungry/why"))
    guided.answers(hungry="yes", late="no")
    assert guided.here == "check"


def test_the_goals_that_most_people_ask_about_stand_first(guided):
    for page, first in (("why-not", r'<optgroup label="([^"]+)"'), ("changes", r"<option [^>]+>([^<]+)<")):
        assert re.search(first, guided.see(page).text)[1] == "Regimen", page


def test_a_goal_that_would_no_longer_arise_is_not_told_as_unknown(guided):
    changed = {"sex-answer": "female", "pregnancy-answer": "pregnant"}
    page = guided.send(to="what-if", fact=["sex", "pregnancy"], **changed)

    assert "Does not arise" in said(page)
    assert "What gave it no longer holds" in said(page)
