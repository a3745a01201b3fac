"""The visit sheet, as a page and as PDF: the same in both, nothing cut off, no person named."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from engine import consult, load_ruleset
from engine.dialogue.summary import suggestion
from engine.language.load import SHIPPED
from engine.language.wording import CARE
from tests.webui.conftest import render
from tests.webui.page_text import tree
from webui import pdf, result
from webui.sheet import TO_FILL_IN, Line, Part, Planned, sheet
from webui.starting import read_start

START = dt.date(2026, 11, 24)
ON_24_NOVEMBER = read_start({"start": "2026-11-24"})
FONTS = Path(pdf.__file__).parent / "fonts"
B12 = load_ruleset(SHIPPED / "b12-general")


def lines_of(made):
    """Everything that stands on a sheet, as lines."""
    yield from (made.title, made.suggestion, made.made, made.schedule, *made.notes, made.release, made.care)
    for each in made.doses:
        yield from (each.phase, each.planned, each.dose)
    for line in (*made.alerts, *(line for part in made.parts for line in part.lines)):
        yield from (line.text, *line.detail)
    yield from (part.heading for part in made.parts)
    for label, said in made.answers:
        yield from (label, said)


def on_paper(made, tmp_path):
    """The words of the PDF and its properties, as poppler reads them; letters only, as lines break where they must."""
    if not shutil.which("pdftotext"):
        pytest.skip("there is no pdftotext here (on Debian: sudo apt install poppler-utils)")
    file = tmp_path / "sheet.pdf"
    file.write_bytes(pdf.pdf(made, START))
    text, told = (
        subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for command in (["pdftotext", "-layout", file, "-"], ["pdfinfo", file])
    )
    bare = subprocess.run(["pdftotext", "-raw", file, "-"], capture_output=True, text=True, check=True).stdout
    return text, told, letters(bare)


def letters(text):
    return re.sub(r"\s+", "", text)


def case(name):
    found = next(each for each in B12.cases if each.id == name)
    return consult(B12, dict(found.answers), dt.date(2026, 11, 22))


def test_a_sheet_tells_what_to_bring_the_schedule_and_what_to_discuss(numb):
    made = sheet(numb, START)

    assert made.suggestion == suggestion(numb)
    assert [each.planned for each in made.doses[:2]] == ["24 November 2026", "26 November 2026"]
    assert made.doses[0].dose == "1,000 micrograms, IM"
    assert "To be checked by a clinician first: The interval is made up." in [line.text for line in made.alerts]
    assert "To bring" in [part.heading for part in made.parts]
    assert made.release.endswith(numb.ruleset.digest)
    assert ("Serum vitamin", "140 ng/L") in made.answers


def test_what_has_no_figure_has_free_rows_and_no_date():
    made = sheet(case("pernicious-anaemia-with-numbness"), START)

    planned = [each.planned for each in made.doses if each.phase == "Intensive repletion"]
    assert planned == ["24 November 2026", *["As your local protocol says"] * 3]
    assert next(each.planned for each in made.doses if each.phase == "Maintenance") == "After 1 month of this phase"


def test_cautions_mistakes_and_an_emergency_stand_on_the_sheet():
    made = sheet(case("oral-severe-neuro"), None)

    assert made.alerts[0].text == "Urgency: emergency (get help today)"
    (mistakes,) = (part for part in made.parts if part.heading == "Mistakes found in the plan")
    assert any(text.startswith("Remedy: ") for line in mistakes.lines for text in line.detail)


def test_the_page_says_everything_that_stands_on_the_sheet(app, numb):
    made = sheet(numb, START)

    page = tree(render(app, lambda ways: result.sheet_page(numb, ways, ON_24_NOVEMBER)))

    said = letters(page.text)
    assert [line for line in lines_of(made) if letters(line.rstrip(".")).casefold() not in said.casefold()] == []
    blank = page.all(lambda each: each.tag == "td" and not each.text)
    assert len(blank) == len(made.doses) * len(TO_FILL_IN)


@pytest.mark.parametrize(
    "name", ["pernicious-anaemia-with-numbness", "oral-severe-neuro", "plan-with-all-four-mistakes"]
)
def test_the_pdf_says_everything_that_stands_on_the_sheet(name, tmp_path):
    made = sheet(case(name), START)

    _, told, said = on_paper(made, tmp_path)

    assert [line for line in lines_of(made) if letters(line) not in said] == []
    assert f"Title:           {made.title}" in told
    assert "Tagged:          yes" in told
    assert re.search(r"Page size: .*\(A4\)", told)


def test_the_pdf_of_what_was_recorded_carries_its_hash_on_every_page(tmp_path):
    made = replace(
        sheet(case("oral-severe-neuro"), START), recorded=f"Recorded as decision 7 (abc), SHA-256 {'f' * 64}"
    )

    text, _, _ = on_paper(made, tmp_path)

    pages = text.rstrip("\f").split("\f")
    assert all(made.recorded in page and made.release in page and CARE in page for page in pages)


def test_every_page_of_the_pdf_has_its_number_the_release_and_the_phrase_of_care(tmp_path):
    made = sheet(case("oral-severe-neuro"), START)

    text, told, _ = on_paper(made, tmp_path)

    pages = text.rstrip("\f").split("\f")
    assert int(re.search(r"Pages: +(\d+)", told)[1]) == len(pages) > 1
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        assert made.release in page
        assert CARE in page


def test_long_texts_and_uncommon_signs_are_broken_and_not_cut_off(tmp_path):
    """A word longer than the paper, a cell longer than a page, and the signs that the fonts of PDF lack."""
    signs = "≥ 180 ng/L ≤ 2 µg 1.73 m² 10⁹/L – “curly” ’ … ° ½ ñ ß Ω €"
    word, prose = "pneumonoultramicroscopic" * 20, "as far as is known " * 120
    made = replace(
        sheet(case("pernicious-anaemia"), START),
        suggestion=f"{signs} {prose}",
        alerts=(Line(word, (prose, signs)),),
        doses=(Planned(word, prose, signs),) * 3,
        parts=(Part(word, (Line(prose, (word,)),) * 3, boxes=True, blanks=40),),
        answers=((prose, word),) * 30,
        release=f"Ruleset {'long-name-' * 20}, SHA-256 {'0' * 64}",
    )

    _, _, said = on_paper(made, tmp_path)

    for text in (signs, word, prose):
        assert letters(text) in said


def test_a_letter_that_the_font_has_not_leaves_a_sign_and_no_gap(tmp_path):
    made = replace(sheet(case("pernicious-anaemia"), None), suggestion="before 漢 after")

    assert "before\N{REPLACEMENT CHARACTER}after" in on_paper(made, tmp_path)[2]


def test_the_same_sheet_is_the_same_file(numb):
    assert pdf.pdf(sheet(numb, START), START) == pdf.pdf(sheet(numb, START), START)


def test_the_fonts_are_those_that_vendor_md_tells():
    told = dict(re.findall(r"\| (\S+\.ttf) \| ([0-9a-f]{64}) \|", (FONTS / "VENDOR.md").read_text("utf-8")))

    assert told == {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in FONTS.glob("*.ttf")}
    assert len(told) == 2
    assert "Bitstream" in (FONTS / "LICENCE.txt").read_text("utf-8")
