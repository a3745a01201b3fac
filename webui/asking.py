"""Reading what was sent: answers in a file, in a form or as a request's body, and the date to evaluate at.

Answers are read by the code that reads them for the command line. What cannot be used is told as `Trouble`: where it
stands, in words, with the line that was written; what a person typed is kept.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import PurePath

from flask import Request, abort, current_app, request
from werkzeug.datastructures import FileStorage

from engine import AnswerError, Consultation, Ruleset, RulesetError, consult
from engine.language.answer_files import decode_answers, opened
from engine.language.errors import AnswerProblem, Mark, Problem, shorten
from engine.language.shapes import iso_date
from engine.language.source import MAX_BYTES

PASTED = "text"
LONGEST_LINE = 80
LONGEST_NAME = 60
FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}


@dataclass(frozen=True)
class Trouble:
    """One thing that cannot be used.

    Attributes:
        field: the id of the field of the form that it is about.
        at: where in the file or text, as answers.yaml:3:5, or empty.
        message: what is wrong, and what to do.
        fact: the fact that the answer was for, or empty.
        line: the line as written, or empty.
    """

    field: str
    at: str
    message: str
    fact: str = ""
    line: str = ""


@dataclass(frozen=True)
class Sent:
    """What was sent. `text` is None where it cannot be shown as text."""

    raw: bytes = b""
    shown: str = PASTED
    date: str = ""
    field: str = "answers"
    as_of: datetime.date | None = None

    @property
    def text(self) -> str | None:
        """The answers as they were written."""
        try:
            return self.raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            return None


@dataclass
class Reading:
    """What came of reading: a consultation, or troubles."""

    sent: Sent
    consultation: Consultation | None = None
    troubles: list[Trouble] = field(default_factory=list)


def wants_json() -> bool:
    """Whether the one who asks prefers JSON to a page."""
    kinds = request.accept_mimetypes
    return kinds["application/json"] > kinds["text/html"]


def sent_form() -> Sent:
    """What the form holds; a file wins over the text."""
    date = request.form.get("as_of", "").strip()
    file = request.files.get("file")
    if file is not None and file.filename:
        return Sent(_bytes_of(file), _name_of(file.filename), date, "file")
    text = request.form.get("answers", "").replace("\r\n", "\n")
    raw = text.encode("utf-8", "replace")
    _refuse_large(raw)
    return Sent(raw, PASTED, date)


def sent_body(incoming: Request) -> Sent:
    """What a program sends: a form as a browser would, or the answers themselves with `as_of` in the address."""
    if incoming.mimetype in FORMS:
        return sent_form()
    raw = incoming.get_data()
    _refuse_large(raw)
    return Sent(raw, "body", incoming.args.get("as_of", "").strip())


def read(ruleset: Ruleset, sent: Sent, today: datetime.date | None) -> Reading:
    """Consult a ruleset on what was sent.

    Args:
        ruleset: the ruleset.
        sent: what was sent.
        today: the date to evaluate at where none was sent.
    """
    reading = Reading(sent)
    as_of = today
    if sent.date:
        as_of = iso_date(sent.date)
        if as_of is None:
            written = f"“{shorten(sent.date)}” is no date of the calendar. Write year-month-day, such as 2026-11-22."
            reading.troubles.append(Trouble("as_of", "", written))
    if not sent.raw.strip():
        reading.troubles.append(Trouble(sent.field, "", _nothing(sent)))
        return reading
    try:
        answers, witnessed = opened(decode_answers(sent.raw, sent.shown))
        consultation = consult(ruleset, answers, as_of if sent.date else witnessed or as_of)
    except (AnswerError, RulesetError) as error:
        reading.troubles.extend(_troubles(sent, error.problems))
    else:
        reading.consultation = None if reading.troubles else consultation
    return reading


def today() -> datetime.date:
    """Today, as the site has it: the engine reads no clock."""
    clock: Callable[[], datetime.date] = current_app.config["TODAY"]
    return clock()


def _nothing(sent: Sent) -> str:
    if sent.field == "file":
        return f"{sent.shown} is empty. Choose another file, or write the answers."
    return "Choose a file of answers, or write them here."


def _troubles(sent: Sent, problems: Iterable[Problem | AnswerProblem]) -> Iterable[Trouble]:
    lines = (sent.text or "").split("\n")
    for problem in problems:
        mark = problem.mark
        fact = shorten(problem.fact, LONGEST_NAME) if isinstance(problem, AnswerProblem) else ""
        yield Trouble(sent.field, str(mark or ""), problem.message, fact, _line(lines, mark) if sent.text else "")


def _line(lines: list[str], mark: Mark | None) -> str:
    if mark is None or not 0 < mark.line <= len(lines):
        return ""
    return shorten(lines[mark.line - 1].strip(), LONGEST_LINE)


def _bytes_of(file: FileStorage) -> bytes:
    raw = file.stream.read(MAX_BYTES + 1)
    _refuse_large(raw)
    return raw


def _refuse_large(raw: bytes) -> None:
    if len(raw) > MAX_BYTES:
        abort(413)


def _name_of(name: str) -> str:
    """The name of an uploaded file, without the folders that some browsers send."""
    return shorten(PurePath(name.replace("\\", "/")).name, LONGEST_NAME) or "file"
