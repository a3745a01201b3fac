"""Whole guided sessions on the shipped ruleset, in Chromium: wide, narrow, by keyboard alone, without scripts.

Then what people do to a session: go back, open it twice, come back to it, change their minds, press twice, forget it.
With `--screenshots DIR` a picture of each page that is looked at is written there.
"""

from __future__ import annotations

import datetime
import sqlite3
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect

from engine import load_ruleset
from engine.language.load import SHIPPED
from engine.ledger import Ledger
from tests.browser import NARROW, WIDE, follow, look_at, new_page, press, tab_to
from tests.webui.conftest import made, running
from tests.webui.guided import START, Clock

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

RULESET = load_ruleset(SHIPPED / "b12-general")
TINGLING = next(dict(case.answers) for case in RULESET.cases if case.id == "pernicious-anaemia-with-numbness")
INTENSIVE = f"Suggested regimen: {RULESET.regimens['im_intensive_ongoing'].title}"
RED = {"age": 54, "sex": "male", "neuro_symptoms": ["balance_gait"]}  # one answer from an emergency


class General:
    """The site on the shipped ruleset, and the sessions that it keeps."""

    def __init__(self, address, folder):
        self.address = address
        self.database = folder / "regimen.db"
        self.ledger = Ledger.open(f"sqlite:///{self.database}")

    def begin(self, answers, at=START):
        """Begin a session that stands where these answers lead to; gives its link."""
        _, key = self.ledger.begin(RULESET, answers, at)
        return f"{self.address}/sessions/{key}"

    def history(self, link):
        """The answers of a session in the order in which they were given."""
        kept = self.ledger.find(link.rpartition("/sessions/")[2], START)
        return [(each.fact, each.value) for each in kept.history]

    def stored(self, text):
        """Whether this stands in the file of the database, or in the log of writes beside it."""
        return any(text in path.read_bytes() for path in self.database.parent.iterdir())

    @contextmanager
    def locked(self):
        """Let nothing be written for as long as the block lasts; the site waits for some seconds."""
        with closing(sqlite3.connect(self.database, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")


@pytest.fixture(scope="module")
def general(tmp_path_factory):
    folder = tmp_path_factory.mktemp("general")
    app = made(TESTING=False, RULESETS=(SHIPPED,), NOW=Clock(), DATABASE=f"sqlite:///{folder}/regimen.db")
    with running(app) as address:
        site = General(address, folder)
        yield site
        site.ledger.close()


@pytest.fixture
def look(request):
    """Looks at a page; `name` is that of its picture."""
    folder = request.config.getoption("--screenshots", default=None)
    return lambda page, name: look_at(page, folder, f"guided-{name}")


@pytest.fixture
def wide(browser):
    with new_page(browser, WIDE) as page:
        yield page


# Whole sessions


def test_a_session_leads_to_a_regimen_with_dates_a_calendar_and_a_sheet(page, general, look):
    """Pernicious anaemia with tingling feet; every page on the way passes axe and never scrolls sideways."""
    page.goto(general.address)
    look(page, "home")
    press(page, "Newly diagnosed deficiency")
    for place in on_the_way(page, TINGLING):
        look(page, place)
    look(page, "check")
    assert shown_answer(page, "Neurologic symptoms") == "Numbness or tingling"
    assert shown_answer(page, "Serum vitamin B12") == "140 ng/L"
    assert shown_answer(page, "Active vitamin B12").startswith("Not known")

    here = page.url
    page.goto(here.replace("/check", "/questions/neuro_symptoms/why"))
    look(page, "why-we-ask")
    expect(page.locator("main")).to_contain_text("Two patients for whom it matters")
    page.goto(here)

    follow(page, "Get the suggested regimen")
    look(page, "result")
    assert heading(page) == INTENSIVE
    expect(page.locator("main")).to_contain_text(RULESET.rules["injection-for-nerves"].title)

    for label, text in (("Day", "24"), ("Month", "Nov"), ("Year", "2026")):
        page.get_by_label(label, exact=True).fill(text)
    press(page, "Update dates")
    look(page, "result-dated")
    expect(page.get_by_role("table", name="Schedule from 24 November 2026")).to_be_visible()
    with page.expect_download() as calendar:
        page.get_by_role("link", name="Download calendar (.ics)", exact=True).click()
    assert "DTSTART;VALUE=DATE:20261124" in Path(calendar.value.path()).read_text("utf-8")

    follow(page, "Visit sheet")
    look(page, "sheet")
    assert page.get_by_text("24 November 2026").first.is_visible()
    with page.expect_download() as sheet:
        page.get_by_role("link", name="Save as PDF", exact=True).click()
    assert Path(sheet.value.path()).read_bytes().startswith(b"%PDF-")


def test_a_session_needs_no_pointer(wide, general):
    """Tab, Space, arrows and Enter, from the skip link of the first page to the result."""
    page = wide
    page.goto(general.address)
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to main content"
    page.keyboard.press("Enter")
    enter(page, "Newly diagnosed deficiency")
    list(on_the_way(page, TINGLING, key_in, enter))
    enter(page, "Get the suggested regimen")

    assert heading(page) == INTENSIVE


def test_a_session_needs_no_scripts(browser, general):
    with new_page(browser, NARROW, java_script_enabled=False) as page:
        page.goto(general.address)
        press(page, "Newly diagnosed deficiency")
        list(on_the_way(page, TINGLING))
        follow(page, "Get the suggested regimen")
        assert heading(page) == INTENSIVE
        follow(page, "Visit sheet")
        assert page.get_by_role("link", name="Save as PDF").is_visible()


def test_the_summary_of_problems_has_the_focus_and_leads_to_the_control(page, general, look):
    """On a question page and on a section's page; Tab and Enter go from the summary to what is wrong."""
    page.goto(general.begin({"age": 54}))
    press(page, "Continue")
    look(page, "question-problem")
    assert page.title().startswith("Error: What is the patient's sex?")
    expect(page.get_by_role("alert")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    expect(page.get_by_label("Female", exact=True)).to_be_checked()

    page.goto(general.begin(before_labs()))
    part(page, "serum_b12").get_by_label("Number").fill("140")
    press(page, "Continue")
    look(page, "section-problem")
    expect(page.get_by_role("alert")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(part(page, "serum_b12").get_by_label("Number")).to_be_focused()
    expect(part(page, "serum_b12").get_by_label("Number")).to_have_value("140")


# Back, twice, later


def test_the_browsers_back_leads_to_the_answer_which_can_be_changed(wide, general):
    page = wide
    link = general.begin({})
    page.goto(link)
    for name, raw in (("age", 54), ("sex", "male")):
        fill(page, name, raw)
        press(page, "Continue")
    onward = page.url
    page.go_back()
    expect(page.get_by_label("Male", exact=True)).to_be_checked()
    page.go_back()
    expect(page.get_by_label("Number, in years")).to_have_value("54")
    page.get_by_label("Number, in years").fill("45")
    press(page, "Continue")

    assert page.url == onward
    assert general.history(link) == [("age", "54"), ("sex", "male"), ("age", "45")]


def test_the_back_link_of_each_page_leads_to_the_one_before(wide, general):
    page = wide
    page.goto(general.begin({}))
    seen = []
    for name, raw in (("age", 54), ("sex", "male"), ("neuro_symptoms", [])):
        seen.append(page.url)
        fill(page, name, raw)
        press(page, "Continue")
    for place in reversed(seen):
        follow(page, "Back")
        assert page.url == place
    follow(page, "Back")

    assert page.url == f"{general.address}/"


def test_two_tabs_of_one_session_lose_no_answer(wide, general):
    """The older tab is sent later; both answers are kept, and it is led to what is open by then."""
    page = wide
    link = general.begin({"age": 54})
    page.goto(link)
    other = page.context.new_page()
    other.goto(link)
    for name, raw in (("sex", "female"), ("pregnancy", "no"), ("neuro_symptoms", [])):
        fill(other, name, raw)
        press(other, "Continue")
    fill(page, "sex", "male")
    press(page, "Continue")

    assert page.url.partition("?")[0] == other.url
    assert [name for name, _ in general.history(link)] == ["age", "sex", "pregnancy", "neuro_symptoms", "sex"]
    assert page.locator("main .inset").inner_text().endswith("Pregnancy: neither")  # what this set aside is told
    other.reload()
    press(other, "Continue")
    expect(other.get_by_role("alert")).to_be_visible()


def test_the_saved_link_goes_on_elsewhere(browser, page, general, look):
    """In another browser, which has no cookie of ours yet."""
    page.goto(general.begin({"age": 54, "sex": "male"}))
    where = page.url
    follow(page, "Save and come back later")
    look(page, "save")
    link = page.locator("main .inset a").inner_text()
    assert page.get_by_text("19 February 2027").is_visible()

    with new_page(browser, NARROW) as elsewhere:
        elsewhere.goto(link)
        assert elsewhere.url == where
        fill(elsewhere, "neuro_symptoms", [])
        press(elsewhere, "Continue")
        follow(elsewhere, "Check your answers")
        assert shown_answer(elsewhere, "Age") == "54 years"
        assert shown_answer(elsewhere, "Neurologic symptoms") == "None"


def test_a_form_sent_twice_counts_once_and_goes_on(wide, general):
    """Twice at once; then again after it was taken, as by a tab that was left open."""
    link = general.begin({"age": 54})
    pages = [wide, wide.context.new_page(), wide.context.new_page()]
    for page in pages:
        page.goto(link)
        fill(page, "sex", "male")
    press_at_once(pages[:2], "Continue", general)
    press(pages[2], "Continue")

    for page in pages:
        assert page.url.endswith("/questions/neuro_symptoms")
        assert page.get_by_role("alert").count() == 0
    assert general.history(link) == [("age", 54), ("sex", "male")]


def test_a_form_that_cannot_be_taken_now_can_be_sent_again(wide, general, look):
    """Neither a browser that lost its cookie nor a database that another program holds loses what was typed."""
    page = wide
    link = general.begin({})
    page.goto(link)
    fill(page, "age", 54)
    page.context.clear_cookies()
    press(page, "Continue")
    look(page, "stale")
    expect(page.get_by_role("alert")).to_contain_text("Nothing is lost: press Continue again.")
    with general.locked():
        press(page, "Continue")
    look(page, "not-saved")
    expect(page.get_by_role("alert")).to_contain_text("Your answer is not saved yet. Press Continue again.")
    press(page, "Continue")

    assert page.url.endswith("/questions/sex")
    assert general.history(link) == [("age", "54")]


# Changing one's mind


def test_a_change_closes_questions_and_changing_it_back_counts_their_answers_again(page, general, look):
    page.goto(general.begin(TINGLING) + "/check")
    follow(page, "Change Neurologic symptoms")
    part(page, "neuro_symptoms").get_by_label("Numbness or tingling").uncheck()
    fill(page, "neuro_symptoms", [])
    press(page, "Continue")
    look(page, "set-aside")
    expect(page.get_by_text("With your last answer these are kept, but do not count any more:")).to_be_visible()
    kept = page.locator("dl").last
    assert "Duration of the neurologic symptoms" in kept.inner_text()
    assert "6 weeks" in kept.inner_text()
    follow(page, "Get the suggested regimen")
    assert heading(page) != INTENSIVE

    follow(page, "Check your answers")
    follow(page, "Change Neurologic symptoms")
    part(page, "neuro_symptoms").get_by_label("None of these").uncheck()
    fill(page, "neuro_symptoms", ["numbness_tingling"])
    press(page, "Continue")
    expect(page.get_by_role("heading", name="Kept, but not counting")).to_have_count(0)
    assert shown_answer(page, "Duration of the neurologic symptoms") == "6 weeks"
    follow(page, "Get the suggested regimen")
    assert heading(page) == INTENSIVE


def test_a_change_asks_only_what_it_opens(page, general, look):
    page.goto(general.begin(TINGLING) + "/check")
    follow(page, "Change Sex")
    fill(page, "sex", "female")
    press(page, "Continue")
    look(page, "opened-by-a-change")
    assert asked(page) == ["pregnancy"]
    expect(page.get_by_text("You changed “Sex”, so there is more to ask.")).to_be_visible()
    fill(page, "pregnancy", "no")
    press(page, "Continue")

    assert page.url.partition("?")[0].endswith("/check")
    assert shown_answer(page, "Pregnancy") == "Neither"


# What interrupts


def test_an_emergency_is_told_on_the_next_page_and_the_questions_go_on_after_it(page, general, look):
    link = general.begin(RED)
    page.goto(link)
    assert asked(page) == ["neuro_course"]
    fill(page, "neuro_course", "worsening")
    press(page, "Continue")
    look(page, "emergency")
    assert heading(page) == "Emergency: act on this first"
    follow(page, "Continue")
    look(page, "after-an-emergency")
    assert asked(page) == ["neuro_duration"]
    expect(page.get_by_role("region", name="These answers describe an emergency")).to_be_visible()
    fill(page, "neuro_duration", "2 weeks")
    press(page, "Continue")
    assert "/questions/" in page.url  # it is told once; then a line on each page leads back to it
    follow(page, "Read what to do")
    assert heading(page) == "Emergency: act on this first"

    page.goto(link + "/check")
    look(page, "check-open")
    follow(page, "See what can be said so far")
    look(page, "result-open")
    assert heading(page) == "Emergency"  # before anything that is suggested
    assert page.get_by_role("heading", name="Not settled").is_visible()


def test_a_value_that_is_unlikely_is_confirmed_or_changed(page, general, look):
    """The unit is named as the likely slip where there is more than one; what was typed is there to be changed."""
    link = general.begin(before_labs())
    page.goto(f"{link}/questions/serum_b12")
    fill(page, "serum_b12", "3000 ng/L")
    press(page, "Continue")
    look(page, "unlikely")
    expect(page.get_by_text("The unit is the likely slip: it can be ng/L or pg/mL or pmol/L.")).to_be_visible()
    press(page, "Change it")
    expect(page.get_by_label("Number")).to_have_value("3000")
    expect(page.get_by_label("ng/L", exact=True)).to_be_checked()
    press(page, "Continue")
    assert "serum_b12" not in dict(general.history(link))
    press(page, "Use this as it is")

    assert dict(general.history(link))["serum_b12"] == "3000 ng/L"
    follow(page, "Check your answers")
    look(page, "check-warning")
    expect(page.get_by_role("heading", name="Look at these again")).to_be_visible()


def test_what_is_left_blank_on_the_laboratory_page_is_confirmed_once_and_not_known(page, general, look):
    link = general.begin(before_labs())
    page.goto(link)
    names = asked(page)
    assert len(names) > 10
    fill(page, "serum_b12", "140 ng/L")
    press(page, "Continue")
    look(page, "left-blank")
    assert page.locator("main ul li").count() == len(names) - 1
    press(page, "Change it")
    expect(part(page, "serum_b12").get_by_label("Number")).to_have_value("140")
    press(page, "Continue")
    assert not set(names) & dict(general.history(link)).keys()
    press(page, "Continue")

    assert "/sections/labs" not in page.url
    given = dict(general.history(link))
    assert {name: given[name] for name in names} == dict.fromkeys(names, "unknown") | {"serum_b12": "140 ng/L"}


def test_everything_can_be_answered_on_one_page(page, general, look):
    """A value that is wrong there leads to its control, and the rest that was typed is kept."""
    link = general.begin({})
    page.goto(link)
    follow(page, "Answer everything on one page")
    look(page, "all")
    for name in ("sex", "haemoglobin", "diet"):
        fill(page, name, TINGLING[name])
    fill(page, "age", "very old")
    press(page, "Continue")
    look(page, "all-problem")
    expect(page.get_by_role("alert")).to_be_focused()
    fill(page, "age", 54)
    expect(part(page, "haemoglobin").get_by_label("Number")).to_have_value("125")
    press(page, "Continue")
    press(page, "Continue")

    assert {("age", "54"), ("diet", "mixed"), ("haemoglobin", "125 g/L")} <= {
        (name, value) for name, value in general.history(link) if isinstance(value, str)
    }


# Links, and the end


def test_a_link_that_has_expired_or_was_made_up_opens_nothing(page, general, look):
    expired = general.begin(TINGLING, START - datetime.timedelta(days=91))
    real = general.begin(TINGLING)
    forged = real[:-4] + ("aaaa" if not real.endswith("aaaa") else "bbbb")
    for link, status, name in ((expired, 410, "expired"), (forged, 404, "forged")):
        for rest in ("", "/check", "/result", "/result.json", "/sheet.pdf", "/questions/age"):
            assert page.goto(link + rest).status == status
        page.goto(link)
        look(page, name)
        assert page.get_by_role("link", name="Start").first.is_visible()
        assert "54" not in page.locator("main").inner_text()


def test_what_is_forgotten_is_nowhere(page, general, look):
    """Neither at its address nor, as text, anywhere in the files of the database."""
    link = general.begin(TINGLING | {"serum_b12": "137.4319 ng/L"})
    page.goto(f"{link}/result")
    assert general.stored(b"137.4319")
    follow(page, "Finish and forget")
    look(page, "forget")
    press(page, "Delete the answers")
    look(page, "forgotten")
    assert heading(page) == "The answers are deleted"

    page.go_back()
    assert "137.4319" not in page.content()
    for rest in ("", "/check", "/result", "/sheet"):
        assert page.goto(link + rest).status == 404
    assert not general.stored(b"137.4319")


def test_deleting_twice_is_no_failure(wide, general):
    link = general.begin(TINGLING)
    pages = [wide, wide.context.new_page(), wide.context.new_page()]
    for page in pages:
        page.goto(f"{link}/forget")
    press_at_once(pages[:2], "Delete the answers", general)
    press(pages[2], "Delete the answers")

    assert [heading(page) for page in pages] == ["The answers are deleted"] * 3


# Going through the pages


def before_labs():
    """The answers of a session that comes to the laboratory page next."""
    earlier = {"patient", "presentation", "safety", "cause"}
    return {name: raw for name, raw in TINGLING.items() if RULESET.facts[name].section in earlier}


def asked(page):
    """The questions of the page."""
    names = [each.get_attribute("value") for each in page.locator("input[name=asked]").all()]
    return names or [page.locator("footer code").last.inner_text()]


def part(page, name):
    """The controls of a question, on whatever page they are."""
    alone = page.locator("input[name=asked]").count() == 0
    return page.locator("#question" if alone else f"#{name}-question")


def fill(page, name, raw):
    """Answer a question with a pointer."""
    field, fact = part(page, name), RULESET.facts[name]
    if fact.type == "number" and raw != "unknown":
        number, _, unit = str(raw).partition(" ")
        field.get_by_role("textbox").fill(str(raw) if " " in unit else number)
        if fact.units and len(fact.units.names) > 1:
            field.get_by_label(unit, exact=True).check()
    else:
        for label in labels(fact, raw):
            field.get_by_label(label, exact=True).check()


def key_in(page, name, raw):
    """Answer a question by keyboard: arrows move along radios, Space ticks a box."""
    field, fact = part(page, name).element_handle(), RULESET.facts[name]
    if fact.type == "number" and raw != "unknown":
        number, _, unit = str(raw).partition(" ")
        tab_into(page, field, "text")
        page.keyboard.type(number)
        if fact.units and len(fact.units.names) > 1:
            tab_into(page, field, "radio")
            arrow_to(page, unit)
    elif fact.type in {"yes_no", "choice"}:
        tab_into(page, field, "radio")
        arrow_to(page, *labels(fact, raw))
    else:
        for label in labels(fact, raw):
            tab_into(page, field, "checkbox", label)
            page.keyboard.press("Space")


def tab_into(page, field, kind, label=None):
    """Press Tab until a control of this kind has the focus, within the question."""
    within = "([field, kind]) => field.contains(document.activeElement) && document.activeElement.type === kind"
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate(within, [field, kind]) and label in {None, labelled(page)}:
            return
    pytest.fail(f"Tab does not lead to {label or kind}")


def arrow_to(page, label):
    """Choose the radio that has the focus, or one of those after it."""
    page.keyboard.press("Space")
    for _ in range(20):
        if labelled(page) == label:
            return
        page.keyboard.press("ArrowDown")
    pytest.fail(f"arrows do not lead to {label!r}")


def labels(fact, raw):
    """The words beside the controls for an answer."""
    if raw == "unknown":
        return ["I do not know"]
    if not raw and raw is not False:
        return [fact.none or "None of these"]
    chosen = raw if isinstance(raw, list | tuple) else [raw]
    return [fact.labels[{True: "yes", False: "no"}.get(each, each)] for each in chosen]


def press_at_once(pages, name, general):
    """Double-click a button in several tabs; all have sent their form before the first is answered."""
    with ExitStack() as until_answered:
        for page in pages:
            until_answered.enter_context(page.expect_navigation())
        with general.locked():
            for page in pages:
                with page.expect_request(lambda request: request.method == "POST"):
                    page.get_by_role("button", name=name, exact=True).dblclick()


def enter(page, name):
    """Tab to a button or link, and press Enter on it."""
    tab_to(page, name)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def focused(page):
    return page.evaluate("document.activeElement.textContent.trim()")


def labelled(page):
    return page.evaluate("document.activeElement.labels[0].textContent.trim()")


def on_the_way(page, answers, answer=fill, go_on=press):
    """Answer page after page until the check; gives what each page asks before it is answered."""
    for _ in range(40):
        if "/check" in page.url:
            return
        names = asked(page)
        yield names[0] if len(names) == 1 else page.url.rpartition("/")[2]
        for name in names:
            answer(page, name, answers[name])
        go_on(page, "Continue")
    pytest.fail(f"the questions do not end: {asked(page)}")


def heading(page):
    return page.get_by_role("heading", level=1).inner_text()


def shown_answer(page, label):
    """What the check of the answers shows for a question."""
    row = page.locator("dl.answers .row").filter(has=page.get_by_text(label, exact=True))
    return row.locator("dd").first.inner_text()
