"""What a session came to is recorded when it is shown, once, and what is shown as recorded is."""

from __future__ import annotations

import re

import pytest

from engine.ledger import DatabaseError, Ledger
from tests.webui.guided import Guided, make_site
from tests.webui.page_text import said

ANSWERS = {"age": "54", "sex": "male", "numbness": "no", "serum": ("140", "ng/L"), "habits": [], "last": "unknown"}


@pytest.fixture
def guided(tmp_path):
    return Guided(make_site(tmp_path)[0].test_client())


@pytest.fixture
def kept(guided, tmp_path):
    """The ledger of the site."""
    ledger = Ledger.open(f"sqlite:///{tmp_path}/regimen.db")
    yield ledger
    ledger.close()


def counts(ledger):
    found = ledger.verify()
    assert found.trouble is None
    return dict(found.counts)


def test_a_result_that_is_shown_is_recorded_once_however_often_and_in_whatever_form(guided, kept):
    guided.answers(**ANSWERS)
    assert counts(kept) == {"release": 1}

    pages = [guided.see(page) for page in ("result", "result.json", "sheet", "sheet.pdf", "result")]

    assert [page.status_code for page in pages] == [200] * 5
    assert counts(kept) == {"release": 1, "decision": 1}
    decision = kept.decision(2)
    assert decision.report == guided.see("result.json").json
    assert f"Recorded as decision 2 ({decision.short})." in said(guided.see("result"))
    assert f"Recorded as decision 2 ({decision.short}), SHA-256 {decision.hash}" in said(guided.see("sheet"))


def test_each_later_change_brings_another_decision(guided, kept):
    guided.answers(**ANSWERS)
    guided.see("result")
    guided.answers(numbness="yes")
    guided.see("result")

    assert counts(kept) == {"release": 1, "decision": 2}
    assert [kept.decision(number).said["given"]["numbness"] for number in (2, 3)] == ["no", "yes"]
    assert [each["fact"] for each in kept.decision(3).said["changes"]][-1] == "numbness"


@pytest.mark.parametrize("page", ["result", "sheet", "result.json"])
def test_what_is_not_complete_is_shown_and_not_recorded(guided, kept, page):
    guided.answers(age="54")

    assert guided.see(page).status_code == 200
    assert "Recorded as" not in guided.page.text
    assert counts(kept) == {"release": 1}


@pytest.mark.parametrize("page", ["result", "sheet", "sheet.pdf", "result.json"])
def test_a_result_that_cannot_be_recorded_is_not_shown_as_if_it_were(guided, kept, monkeypatch, page):
    def fails(*_, **__):
        raise DatabaseError("There is no space left for the database. Nothing that was saved is lost.", "", "53100")

    guided.answers(**ANSWERS)
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "decide", fails)
        told = guided.see(page)
        assert (told.status_code, told.headers["Retry-After"]) == (503, "30")
        assert "no space left" in told.text
        assert "Recorded as" not in told.text

    assert guided.see(page).status_code == 200
    assert counts(kept) == {"release": 1, "decision": 1}


def test_forgetting_a_session_deletes_what_its_decision_says_and_leaves_the_chain_whole(guided, kept, tmp_path):
    guided.answers(**ANSWERS)
    guided.see("result")
    assert "a fingerprint stays" in said(guided.see("forget"))

    guided.send(to="forget")

    assert kept.decision(2).said is None
    assert counts(kept) == {"release": 1, "decision": 1, "deletion": 1}
    kept.close()
    left = b"".join(path.read_bytes() for path in tmp_path.glob("regimen.db*"))
    assert re.search(b'"given"', left) is None


def test_what_is_evaluated_without_a_session_is_recorded_nowhere(guided, kept, evaluate):
    assert evaluate("age: 54\nsex: male\n").status_code == 200

    assert counts(kept) == {"release": 1}
