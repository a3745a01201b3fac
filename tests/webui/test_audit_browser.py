"""The audit pages in Chromium, wide and narrow, read by axe; and an audit gone through with links and buttons alone.

With `--screenshots DIR` a picture of each page state is written there.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from engine import consult, load_ruleset
from engine.ledger import Ledger
from tests.browser import follow, look_at, press
from tests.webui.conftest import MADE_UP, made, running
from tests.webui.guided import START
from tests.webui.signing import PASSWORD, sign_browser_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

NUMB = {
    "age": 54, "sex": "male", "numbness": "yes", "serum": "140 ng/L", "habits": ["cold"], "last": "2026-08-01",
}  # fmt: skip
TORN = NUMB | {"age": 104, "sex": "female", "pregnancy": "pregnant", "numbness": "no"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site with many decisions: number 2 is remarked on, number 5 in conflict, number 6 deleted."""
    url = f"sqlite:///{tmp_path_factory.mktemp('audits')}/regimen.db"
    ledger, ruleset = Ledger.open(url), load_ruleset(MADE_UP / "injections")
    for number, answers in enumerate([NUMB, TORN] + [NUMB] * 52):
        session, key = ledger.begin(ruleset, answers, START)
        decided = ledger.decide(session, consult(ruleset, answers, START.date()), START)
        if number == 0:
            ledger.override(decided, "not_wanted", START, done="Tablets", text="Fear of needles.")
            ledger.audits.comment(decided, "Seen by two.", START)
        if number == 2:
            ledger.forget(key, START)
    ledger.close()
    app = made(TESTING=False, DATABASE=url, NOW=lambda: START)
    with running(app) as address:
        yield SimpleNamespace(address=address, app=app)
    app.extensions["keeper"].ledger.close()


@pytest.fixture
def page(page, site):
    """A page of somebody who is signed in as an auditor."""
    sign_browser_in(page, site.app, site.address)
    return page


def at(address, *, then=None):
    def open_page(page, site):
        page.goto(site.address + address)
        if then:
            press(page, then)

    return open_page


STATES = {
    "audits": at("/audits"),
    "audits-filtered": at("/audits?rule=level-is-low&sort=-regimen&page=2"),
    "audits-problems": at("/audits?since=yesterday&ending=lost"),
    "audits-none": at("/audits?rule=made-up"),
    "audits-find": at("/audits/find?name=made-up"),
    "audits-overrides": at("/audits/overrides"),
    "audits-verify": at("/audits/verify"),
    "audits-verified": at("/audits/verify", then="Verify every record"),
    "audit": at("/audits/2"),
    "audit-conflict": at("/audits/5"),
    "audit-comment-problem": at("/audits/2", then="Record the comment"),
    "audit-override-problem": at("/audits/2", then="Record what was done"),
    "audit-deleted": at("/audits/6"),
    "audit-step": at("/audits/2/steps/5"),
    "audit-file": at("/audits/2/files/injections/ruleset.yaml"),
    "audit-replay": at("/audits/2/replay"),
    "audit-why-not": at("/audits/2/why-not?value=regimen=standard"),
    "audit-not-there": at("/audits/999"),
}


@pytest.mark.slow
@pytest.mark.parametrize("state", STATES)
def test_a_page_passes_axe_and_never_scrolls_sideways(request, page, site, state):
    STATES[state](page, site)
    look_at(page, request.config.getoption("--screenshots", default=None), state)

    small = page.evaluate(
        """() => [...document.querySelectorAll('.button, input:not([type=hidden]), textarea, select, .back')]
            .filter(e => e.offsetHeight < 44 && e.offsetHeight > 0).map(e => e.outerHTML)"""
    )
    assert small == []


def test_an_audit_from_the_list_to_a_step_and_a_comment(page, site):
    """Every page on the way passes axe and never scrolls sideways; `-m slow` looks at all the others."""
    page.goto(site.address)
    follow(page, "Audits")
    page.get_by_text("Show only some of them").click()
    page.get_by_label("Rule that fired").select_option(label="The level is low (level-is-low)")
    page.get_by_label("How it ended").select_option(label="In conflict")
    press(page, "Show")
    assert "1 decision of this kind." in page.get_by_role("status").inner_text()
    look_at(page, None, "list")
    follow(page, "Decision 5")
    look_at(page, None, "decision")
    assert page.get_by_text("Replayed with the stored release: identical").is_visible()

    follow(page, "Step by step")
    heading = page.get_by_role("heading", level=1).inner_text()
    follow(page, "Next step")
    look_at(page, None, "step")
    assert page.get_by_text("Step 2 of").first.is_visible()
    follow(page, "Previous step")
    assert page.get_by_role("heading", level=1).inner_text() == heading

    follow(page, "Decision 5")
    words = f"Looked at in a window {page.viewport_size['width']} wide."
    page.get_by_label("Your comment").fill(words)
    press(page, "Record the comment")
    assert page.get_by_text(words).is_visible()
    assert page.url.endswith("/audits/5#remarks")


@pytest.mark.slow
def test_a_capsule_and_the_files_of_the_list_come_down(page, site):
    for address, link, name in (
        ("/audits/2", "Capsule", "decision-2.capsule.json"),
        ("/audits?rule=level-is-low", "CSV", "decisions.csv"),
        ("/audits?rule=level-is-low", "JSON", "decisions.json"),
    ):
        page.goto(site.address + address)
        with page.expect_download() as download:
            page.get_by_role("link", name=link, exact=True).click()
        assert download.value.suggested_filename == name


def test_an_auditor_signs_in_and_out(page, site):
    """With the form alone, as on the first day; the pages pass axe and never scroll sideways."""
    page.context.clear_cookies()
    page.goto(f"{site.address}/audits")
    assert page.get_by_role("heading", level=1).inner_text() == "Sign in"
    page.get_by_label("Name", exact=True).fill("auditor")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "Sign in")
    assert page.get_by_role("heading", level=1).inner_text() == "Audits"

    follow(page, "Account")
    look_at(page, None, "account")
    follow(page, "Change your password")
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill("short")
    page.get_by_label("New password, once more").fill("short")
    press(page, "Change the password")
    look_at(page, None, "password-refused")
    follow(page, "Account")
    press(page, "Sign out")

    page.goto(f"{site.address}/audits")
    assert page.get_by_role("heading", level=1).inner_text() == "Sign in"
