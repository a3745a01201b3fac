"""The site as a person meets it: in Chromium, wide and narrow, with a keyboard alone, without scripts, and read by axe.

With `--screenshots DIR` a picture of each page state is written there.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import NARROW, look_at, press, tab_to

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

WRONG = "age: 54\nsex: women\nserum: 140\nlast: 2026-02-30\n"
TORN = "age: 104\nsex: female\npregnancy: pregnant\nnumbness: no\nserum: 140 ng/L\nhabits: [cold]\nlast: unknown\n"
ALARMING = "age: 54\nsex: male\nnumbness: no\nserum: 140 ng/L\nhabits: [alone]\nlast: unknown\n"
UNKNOWN = "age: 54\nsex: unknown\npregnancy: unknown\nnumbness: no\nserum: unknown\nhabits: []\nlast: unknown\n"
SHORT = "age: 54\nsex: male\npregnancy: pregnant\nserum: 12000 pmol/L\n"


def sent(answers):
    def send(page, site):
        page.goto(f"{site}/rulesets/injections/evaluate")
        page.get_by_label("Answers", exact=True).fill(answers)
        see_what_follows(page)

    return send


def at(address):
    return lambda page, site: page.goto(site + address)


def refused(page, site):
    page.goto(f"{site}/sign-in")
    page.get_by_label("Name", exact=True).fill("nobody")
    page.get_by_label("Password", exact=True).fill("made up")
    press(page, "Sign in")


def numb(page, site):
    page.goto(f"{site}/rulesets/injections/evaluate?case=numb")
    see_what_follows(page)


def stale(page, site):
    """A form that was open while the site was restarted."""
    page.goto(f"{site}/rulesets/injections/evaluate")
    page.context.clear_cookies()
    see_what_follows(page)


def down(page, site):
    """A form sent while the database is locked."""
    page.goto(f"{site}/rulesets/injections/evaluate")
    page.evaluate("document.forms[0].action = '/down'")
    see_what_follows(page)


def dated(*parts):
    def send(page, site):
        numb(page, site)
        for name, text in zip(("Day", "Month", "Year"), parts, strict=True):
            page.get_by_label(name, exact=True).fill(text)
        press(page, "Update dates")

    return send


def sheet(page, site):
    dated("24", "11", "2026")(page, site)
    press(page, "Visit sheet")


def session(rest="", *, then=None):
    """A page of a session that was begun just now; then something done on it."""

    def open_page(page, site):
        page.goto(site)
        press(page, "Start without a situation")
        if rest:
            page.goto(page.url.rpartition("/questions/")[0] + "/" + rest)
        if then:
            then(page)

    return open_page


def unlikely(page):
    page.get_by_label("Number", exact=True).fill("3000")
    page.get_by_label("ng/L", exact=True).check()
    press(page, "Continue")


def alone(page):
    page.get_by_label("Injects alone", exact=True).check()
    press(page, "Continue")


def changed(page):
    """What is known is given on one page and the rest left blank; then a change sets an answer aside."""
    page.locator("#age-answer").fill("54")
    page.get_by_label("Female", exact=True).check()
    page.locator("#serum-answer").fill("140 ng/L")
    press(page, "Continue")
    press(page, "Continue")
    page.get_by_label("Not pregnant", exact=True).check()
    press(page, "Continue")
    page.goto(page.url.partition("/check")[0] + "/questions/sex?change=1")
    page.get_by_label("Male", exact=True).check()
    press(page, "Continue")


def finished(page):
    changed(page)
    with page.expect_navigation():
        page.get_by_role("link", name="Get the suggested regimen").click()


STATES = {
    "session-number": session(),
    "session-units": session("questions/serum"),
    "session-choices": session("questions/habits"),
    "session-date": session("questions/last"),
    "session-problem": session("questions/last", then=lambda page: press(page, "Continue")),
    "session-unlikely": session("questions/serum", then=unlikely),
    "session-section": session("sections/person"),
    "session-all": session("all"),
    "session-left-blank": session("sections/labs", then=lambda page: press(page, "Continue")),
    "session-emergency": session("questions/habits", then=alone),
    "session-check-empty": session("check"),
    "session-check": session("all", then=changed),
    "session-result": session("all", then=finished),
    "session-why": session("why/regimen"),
    "session-why-not": session("why-not?value=regimen=standard"),
    "session-changes": session("changes"),
    "session-what-if": session("what-if?fact=serum&fact=last"),
    "session-save": session("save"),
    "session-forget": session("forget"),
    "session-forgotten": session("forget", then=lambda page: press(page, "Delete the answers")),
    "home": at("/"),
    "help": at("/help"),
    "sign-in": at("/sign-in"),
    "sign-in-refused": refused,
    "rulesets": at("/rulesets"),
    "ruleset": at("/rulesets/injections"),
    "ruleset-rules": at("/rulesets/injections/rules"),
    "ruleset-rules-of-a-fact": at("/rulesets/injections/rules?fact=low"),
    "ruleset-rule": at("/rulesets/injections/rules/intensive-for-numbness"),
    "ruleset-question": at("/rulesets/injections/facts/serum"),
    "ruleset-fact": at("/rulesets/injections/facts/disposition"),
    "ruleset-cases": at("/rulesets/injections/cases"),
    "ruleset-graph": at("/rulesets/injections/graph"),
    "ruleset-graph-of-a-fact": at("/rulesets/injections/graph?to=low"),
    "ruleset-broken": at("/rulesets/broken"),
    "evaluate": at("/rulesets/injections/evaluate"),
    "evaluate-problems": sent(WRONG),
    "result": numb,
    "result-dated": dated("24", "11", "2026"),
    "result-start-problem": dated("31", "2", "2026"),
    "sheet": sheet,
    "result-emergency": sent(ALARMING),
    "result-not-known": sent(UNKNOWN),
    "result-conflict": sent(TORN),
    "result-unsettled": sent(SHORT),
    "accessibility": at("/accessibility"),
    "not-found": at("/rulesets/nothing"),
    "stale-form": stale,
    "database-down": down,
    "too-often": at("/abort/429"),
    "session-ended": at("/ended"),
    "fault": at("/abort/500"),
}


@pytest.mark.parametrize("state", STATES)
def test_a_page_passes_axe_and_never_scrolls_sideways(request, page, site, state):
    STATES[state](page, site)
    look_at(page, request.config.getoption("--screenshots", default=None), state)


@pytest.mark.parametrize("state", STATES)
def test_targets_are_large_enough(page, site, state):
    """Buttons, fields and links that stand alone are 44 px high; links in a sentence are excepted (WCAG 2.5.8)."""
    STATES[state](page, site)

    small = page.evaluate(
        """() => [...document.querySelectorAll('.button, input:not([type=hidden]), textarea:not([hidden])')]
            .concat([...document.querySelectorAll('header a, footer a, .back, select')])
            .filter(e => e.offsetHeight < 44).map(e => e.outerHTML)"""
    )
    assert small == []


def test_from_the_list_of_rulesets_to_a_result(page, site):
    page.goto(site)
    page.get_by_role("link", name="Rulesets", exact=True).click()
    page.get_by_role("link", name="Made-up injections", exact=True).click()
    assert page.get_by_role("heading", level=1).inner_text() == "Made-up injections"
    page.get_by_role("link", name="Evaluate answers", exact=True).click()
    see_what_follows(page)
    assert page.title() == "Suggested regimen: Intensive injections – Made-up injections – Regimen"

    page.get_by_role("link", name="Why Regimen: intensive injections").click()  # what is folded over the step opens
    page.get_by_role("link", name="A low level with numbness calls for intensive injections").first.click()
    assert page.url.endswith("/rulesets/injections/rules/intensive-for-numbness")


def test_a_result_leads_back_to_its_answers(page, site):
    numb(page, site)
    page.get_by_role("button", name="Change the answers").click()
    field = page.get_by_label("Answers", exact=True)
    assert "serum: 140 ng/L" in field.input_value()
    field.fill(field.input_value().replace("numbness: yes", "numbness: no"))
    see_what_follows(page)

    assert page.get_by_role("heading", level=1).inner_text() == "Suggested regimen: Standard injections"


def test_dates_stay_in_sight_and_a_calendar_and_a_pdf_come_down(page, site):
    """After "Update dates" the page opens at the field; the downloads go on from there."""
    dated("24", "11", "2026")(page, site)
    box = page.get_by_label("Day", exact=True).bounding_box()
    assert 0 <= box["y"] <= page.viewport_size["height"]

    for button, name in (
        ("Download calendar (.ics)", "injections-2026-11-24.ics"),
        ("Visit sheet as PDF", "injections-visit-sheet.pdf"),
    ):
        with page.expect_download() as download:
            page.get_by_role("button", name=button, exact=True).click()
        assert download.value.suggested_filename == name


def test_a_drawing_that_is_wider_than_the_screen_scrolls_by_itself_and_by_keyboard(page, site):
    numb(page, site)
    region = page.get_by_role("region", name="Timeline")
    region.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("e => e.scrollLeft > 0 || e.scrollWidth <= e.clientWidth", arg=region.element_handle())

    assert region.evaluate("e => e.scrollWidth > e.clientWidth") == (page.viewport_size["width"] < 600)


def test_each_kind_of_mark_is_told_apart_without_colour(page, site):
    """In forced colours every mark keeps a shape of its own, and its word is drawn beside it."""
    numb(page, site)
    page.emulate_media(forced_colors="active")
    shapes = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll('.timeline g')].map(g =>
            [g.querySelector('.word').textContent.replace(/ .*/, ''), g.firstElementChild.outerHTML]))"""
    )

    assert {"Begins", "Dose", "Review", "And"} <= set(shapes)
    assert len(set(shapes.values())) == len(shapes)


def test_a_sheet_leads_back_to_its_result(page, site):
    sheet(page, site)
    press(page, "The result")

    assert page.get_by_label("Day", exact=True).input_value() == "24"


def test_a_file_can_be_sent(page, site, tmp_path):
    file = tmp_path / "answers.yaml"
    file.write_text("sex: women\n")
    page.goto(f"{site}/rulesets/injections/evaluate")
    page.get_by_label("Or a file of answers").set_input_files(file)
    see_what_follows(page)

    assert "answers.yaml:1:" in page.get_by_role("alert").inner_text()


def test_the_summary_of_problems_has_the_focus_and_leads_to_the_field(page, site):
    sent(WRONG)(page, site)
    assert page.title().startswith("Error: ")
    expect(page.locator(".error-summary")).to_be_focused()

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "answers"


def test_only_the_fields_that_are_wrong_have_the_colour_of_what_is_wrong(page, site):
    session("questions/last")(page, site)
    page.get_by_label("Day", exact=True).fill("3")
    page.get_by_label("Month", exact=True).fill("May")
    press(page, "Continue")
    page.locator("h1").click()
    colour = "e => getComputedStyle(e).borderTopColor"
    found = {name: page.get_by_label(name, exact=True).evaluate(colour) for name in ("Day", "Month", "Year")}

    assert found["Day"] == found["Month"] != found["Year"] == "rgb(179, 38, 30)"


def test_a_keyboard_is_enough(page, site):
    page.goto(f"{site}/rulesets")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to main content"
    page.keyboard.press("Enter")
    for name in ("Made-up injections", "Evaluate answers", "See what follows"):
        tab_to(page, name)
        with page.expect_navigation():
            page.keyboard.press("Enter")

    assert page.get_by_role("heading", level=1).inner_text() == "Suggested regimen: Intensive injections"


def test_the_focus_is_always_to_be_seen(page, site):
    """What has the focus looks different from how it looks without."""
    page.goto(f"{site}/rulesets/injections/evaluate")
    look = "e => { const s = getComputedStyle(e); return [s.outline, s.boxShadow, s.backgroundColor, s.top].join() }"
    for _ in range(12):
        page.keyboard.press("Tab")
        focused = page.evaluate_handle("document.activeElement").as_element()
        if focused.evaluate("e => e === document.body"):
            break
        with_focus = focused.evaluate(look)
        focused.evaluate("e => e.blur()")
        assert focused.evaluate(look) != with_focus, focused.evaluate("e => e.outerHTML")
        focused.evaluate("e => e.focus()")


def test_scripts_are_not_needed(browser, site):
    context = browser.new_context(java_script_enabled=False, viewport=NARROW)
    page = context.new_page()
    page.goto(f"{site}/rulesets")
    page.get_by_role("link", name="Made-up injections", exact=True).click()
    page.get_by_role("link", name="Evaluate answers", exact=True).click()
    see_what_follows(page)
    heading = page.get_by_role("heading", level=1).inner_text()
    context.close()

    assert heading == "Suggested regimen: Intensive injections"


def test_a_session_begins_from_a_situation(page, site):
    page.goto(site)
    press(page, "Someone who is pregnant")
    assert page.get_by_role("heading", level=1).inner_text() == "Which of these are so?"
    page.get_by_role("link", name="Check your answers").click()

    assert page.get_by_text("Pregnant", exact=True).is_visible()


def test_the_boxes_of_a_graph_have_the_focus_in_reading_order(page, site):
    """Column by column from the left, and down each column; a box in focus comes into view."""
    page.goto(f"{site}/rulesets/injections/graph")
    page.get_by_role("region", name="The whole ruleset").focus()
    places = []
    while True:
        page.keyboard.press("Tab")
        place = page.evaluate(
            """() => { const e = document.activeElement, f = e.closest('.scroll'); if (!f) return null;
                const box = e.getBoundingClientRect(), frame = f.getBoundingClientRect();
                const seen = box.left < frame.right && box.right > frame.left
                    && box.top < frame.bottom && box.bottom > frame.top;
                return [Math.round(box.left + f.scrollLeft), Math.round(box.top + f.scrollTop + scrollY), seen]; }"""
        )
        if place is None:
            break
        assert place.pop()
        places.append(place)

    assert len(places) == 13
    assert places == sorted(places)


def test_text_can_be_spaced_and_zoomed(page, site):
    """WCAG 1.4.12: wider spacing loses nothing and makes nothing scroll sideways."""
    numb(page, site)
    page.evaluate("""() => { const sheet = new CSSStyleSheet();
        sheet.insertRule('* { line-height: 1.5 !important; letter-spacing: .12em !important }');
        sheet.insertRule('* { word-spacing: .16em !important }');
        document.adoptedStyleSheets = [sheet]; }""")

    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def see_what_follows(page):
    """Send the form, and wait for the page that comes with its styles."""
    press(page, "See what follows")
