"""The visit sheet as PDF, A4. It says what the page says; its fonts are ours, as those of PDF have no ≥ and no µ."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

from fpdf import FPDF, TextStyle
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace, TTFFont

from webui.sheet import TO_FILL_IN, Line, Part, Sheet

FONTS = Path(__file__).parent / "fonts"
FAMILY = "DejaVu Sans"
NOT_IN_THE_FONT = "\N{REPLACEMENT CHARACTER}"
MARGIN = 15.0
BODY, SMALL = 9.5, 8.0
LEADING = 4.6
BOX = "\N{WHITE SQUARE}"
WRITING_LINE = 9.0
ROW = 4.2
LONGEST_CELL = 300  # fpdf2 refuses a row that is higher than the page
HEADING_AND_MORE = 24.0
TITLE = TextStyle(FAMILY, "B", 15, b_margin=2)
HEADING = TextStyle(FAMILY, "B", 11.5, t_margin=3, b_margin=1.5)


def pdf(sheet: Sheet, made: dt.date) -> bytes:
    """The file; the same sheet gives the same bytes on any day."""
    writer = _Writer(sheet, made)
    writer.lay_out()
    return bytes(writer.output())


class _Writer(FPDF):
    """Lays the sheet out; fpdf2 breaks lines and pages, and calls `footer` for each page."""

    def __init__(self, sheet: Sheet, made: dt.date) -> None:
        super().__init__(format="A4")
        self.sheet = sheet
        self.set_creation_date(dt.datetime.combine(made, dt.time(), dt.UTC))
        self.set_title(sheet.title)
        self.set_lang("en")
        self.set_author("Regimen")
        self.set_subject(sheet.care)
        self.set_margin(MARGIN)
        self.set_auto_page_break(auto=True, margin=22)
        self.add_font(FAMILY, "", FONTS / "DejaVuSans-subset.ttf")
        self.add_font(FAMILY, "B", FONTS / "DejaVuSans-Bold-subset.ttf")
        self.set_section_title_styles(TITLE, HEADING)
        self.set_font(FAMILY, size=BODY)

    def footer(self) -> None:
        """Print the release, the phrase of care and the number of the page under each page."""
        known = list(filter(None, (self.sheet.release, self.sheet.recorded)))
        self.set_y(-(14.8 + 3.2 * len(known)))
        self.set_font(FAMILY, size=6.5)
        for line in known:
            self.multi_cell(0, 3.2, self._known(line), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_font(FAMILY, size=7.5)
        self.cell(140, 4, self.sheet.care)
        self.cell(0, 4, f"Page {self.page_no()} of {{nb}}", align="R")

    def lay_out(self) -> None:
        """Write the whole sheet."""
        self.add_page()
        self._heading(self.sheet.title, level=0)
        self._text(self.sheet.made, size=SMALL)
        self._text(self.sheet.suggestion, style="B")
        self.ln(2)
        self._text(f"{self.sheet.name} {'_' * 36}")
        self._alerts()
        if self.sheet.doses:
            self._schedule()
        for part in self.sheet.parts:
            self._part(part)
        if self.sheet.answers:
            self._answers()

    def _alerts(self) -> None:
        self._heading(self.sheet.about_alerts)
        if not self.sheet.alerts:
            self._text(self.sheet.no_alerts)
        for line in self.sheet.alerts:
            self._line(line, "! ", framed=True)
        self._text(f"{self.sheet.allergies} {'_' * 30}")

    def _schedule(self) -> None:
        self._heading(self.sheet.about_doses)
        self._text(self.sheet.schedule, style="B")
        rows = [(each.phase, each.planned, each.dose, *[""] * len(TO_FILL_IN)) for each in self.sheet.doses]
        self._table(self.sheet.columns, rows, (26, 34, 34, 22, 22, 24, 18), padding=1.6)
        for note in self.sheet.notes:
            self._text(note, size=SMALL)

    def _part(self, part: Part) -> None:
        self._heading(part.heading)
        for line in part.lines:
            self._line(line, f"{BOX} " if part.boxes else "– ")
        if part.blanks:
            self._text(part.note)
            for _ in range(part.blanks):
                if self.will_page_break(WRITING_LINE):
                    self.add_page()
                self.ln(WRITING_LINE)
                self.line(self.l_margin, self.y, self.w - self.r_margin, self.y)
            self.ln(2)

    def _answers(self) -> None:
        self._heading(self.sheet.about_answers)
        self._table(("Question", "Answer"), self.sheet.answers, (70, 110), padding=0.7)

    # Pieces

    def _heading(self, text: str, level: int = 1) -> None:
        """A heading stays with what follows it, and stands in the outline and the tags of the file."""
        if self.will_page_break(HEADING_AND_MORE):
            self.add_page()
        self.start_section(self._known(text), level=level, strict=False)
        self.set_font(FAMILY, size=BODY)

    def _text(self, text: str, *, size: float = BODY, style: str = "") -> None:
        self.set_font(FAMILY, style, size)
        self.multi_cell(0, size * 0.48, self._known(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(1)
        self.set_font(FAMILY, size=BODY)

    def _line(self, line: Line, sign: str, *, framed: bool = False) -> None:
        """A line with its sign in front, and under it, set in, what there is to know about it."""
        if self.will_page_break(LEADING * 2):
            self.add_page()
        top, page = self.y, self.page
        self.set_font(FAMILY, "B" if framed or line.detail else "", BODY)
        self.cell(6, LEADING, sign)
        self._set_in(line.text)
        self.set_font(FAMILY, size=SMALL)
        for text in line.detail:
            self._set_in(text)
        if framed and page == self.page:
            self.set_line_width(0.8)
            self.line(self.l_margin - 2, top, self.l_margin - 2, self.y)
            self.set_line_width(0.2)
        self.ln(1)
        self.set_font(FAMILY, size=BODY)

    def _set_in(self, text: str) -> None:
        self.set_x(self.l_margin + 6)
        self.multi_cell(0, LEADING, self._known(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _table(
        self, headings: tuple[str, ...], rows: Iterable[tuple[str, ...]], widths: tuple[int, ...], *, padding: float
    ) -> None:
        """A table whose headings stand again on each page; what fills a page by itself stands in a note below."""
        notes: list[str] = []
        self.set_font(FAMILY, size=SMALL)
        bold = FontFace(emphasis="BOLD")
        with self.table(
            col_widths=widths, text_align="LEFT", line_height=ROW, padding=padding, headings_style=bold
        ) as table:
            for cells in (headings, *rows):
                table.row([self._cell(cell, notes) for cell in cells])
        self.ln(2)
        for number, note in enumerate(notes, 1):
            self._text(f"Note {number}: {note}", size=SMALL)
        self.set_font(FAMILY, size=BODY)

    def _cell(self, text: str, notes: list[str]) -> str:
        if len(text) <= LONGEST_CELL:
            return self._known(text)
        if text not in notes:
            notes.append(text)
        return f"See note {notes.index(text) + 1} below"

    def _known(self, text: str) -> str:
        """The text with a sign in place of each letter that the font has not: a gap would go unnoticed."""
        font = self.fonts[FAMILY.lower()]
        assert isinstance(font, TTFFont)  # noqa: S101 (ours are)
        return "".join(each if ord(each) in font.cmap or each == "\n" else NOT_IN_THE_FONT for each in text)
