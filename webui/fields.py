"""Questions as the controls of a form: what was typed into them, what it means, and what is wrong with it.

What was typed is kept apart from what it means, so that a page can show it again just as it was. What it means is told
as `Session.read` takes it; nothing is guessed, least of all a unit.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, replace

from werkzeug.datastructures import MultiDict

from engine.dialogue.session import Session
from engine.language.errors import AnswerError, clean, quote
from engine.language.model import Fact
from engine.language.numbers import read_quantity, show_number
from engine.language.typed import Misfit
from engine.language.values import UNKNOWN, Answer, Quantity
from engine.language.wording import MONTHS
from webui.dates import PARTS, NoDateError, read_date

NOT_KNOWN = "unknown"


@dataclass(frozen=True)
class Typed:
    """What stands in the controls of a question.

    Attributes:
        chosen: the values of the radios or boxes that are on, "I do not know" among them.
        text: the number.
        unit: the unit chosen beside the number.
        date: day, month and year.
    """

    chosen: tuple[str, ...] = ()
    text: str = ""
    unit: str = ""
    date: tuple[str, str, str] = ("", "", "")


@dataclass(frozen=True)
class Field:
    """A question with what was typed for it, and what is wrong with that.

    Attributes:
        fact: what is asked for.
        prefix: what the names of its controls begin with, where a page has several questions.
        wrong: the parts of a date that an error is about.
    """

    fact: Fact
    prefix: str = ""
    typed: Typed = Typed()
    error: str = ""
    wrong: tuple[str, ...] = PARTS

    @property
    def anchor(self) -> str:
        """The id of the control that a link to this question leads to: the first, or the first that is wrong."""
        return f"{self.prefix}{self.wrong[0] if self.fact.type == 'date' else 'answer'}"

    @property
    def blank(self) -> bool:
        """Whether nothing was typed yet, and nothing is wrong."""
        return not self.error and self.typed == Typed()

    @property
    def choices(self) -> tuple[tuple[str, str, str, str | None], ...]:
        """The options to choose from, each with the id of its control, its words and its help."""
        help_of = {option.id: option.help for option in self.fact.options}
        return tuple(
            (option, f"{self.prefix}answer{f'-{number}' if number > 1 else ''}", label, help_of.get(option))
            for number, (option, label) in enumerate(self.fact.labels.items(), 1)
        )

    @property
    def none(self) -> str:
        """The value of the box "None of these": an option may have taken the word."""
        return "none" if "none" not in self.fact.option_ids else "[]"

    @property
    def sent(self) -> list[tuple[str, str]]:
        """What was typed as the names and values of a form, to be sent once more."""
        typed = self.typed
        pairs = [("answer", each) for each in typed.chosen]
        pairs += [("answer", typed.text), ("unit", typed.unit), *zip(PARTS, typed.date, strict=True)]
        return [(self.prefix + name, value) for name, value in pairs if value]

    def posted(self, form: MultiDict[str, str]) -> Field:
        """The field with what a form says."""
        given = [clean(each).strip() for each in form.getlist(f"{self.prefix}answer")]
        unit, day, month, year = (clean(form.get(self.prefix + name, "")) for name in ("unit", *PARTS))
        if self.fact.type not in {"number", "date"}:
            return replace(self, typed=Typed(tuple(dict.fromkeys(given))))
        texts = [each for each in given if each.casefold() != NOT_KNOWN or self.fact.required]  # no box offers it then
        chosen = (NOT_KNOWN,) if len(texts) < len(given) else ()
        return replace(self, typed=Typed(chosen, next(filter(None, texts), ""), unit, (day, month, year)))

    def answered(self, answer: Answer | None) -> Field:
        """The field with an answer given earlier."""
        if answer is None:
            return self
        return replace(self, typed=self._shown(answer))

    def _shown(self, answer: Answer) -> Typed:
        if answer is UNKNOWN:
            return Typed((NOT_KNOWN,))
        if isinstance(answer, tuple):
            return Typed(answer or (self.none,))
        if isinstance(answer, Quantity):
            return Typed(text=show_number(answer.number), unit=answer.unit or "")
        if isinstance(answer, datetime.date):
            return Typed(date=(str(answer.day), MONTHS[answer.month - 1], str(answer.year)))
        return Typed((str(answer),))

    # What was typed means

    def raw(self) -> object | None:
        """What was typed, as `Session.read` takes it; None where nothing was.

        Raises:
            ValueError: it says two things at once, or not all of one; the message says what to do.
        """
        value = self._value()
        if NOT_KNOWN not in self.typed.chosen:
            return value
        if value is not None:
            raise Misfit("An answer is given and “I do not know” is chosen too. Keep one of them.")
        return NOT_KNOWN

    def _value(self) -> object | None:
        if self.fact.type == "number":
            return self._number()
        if self.fact.type == "date":
            return self._date()
        chosen = [each for each in self.typed.chosen if each != NOT_KNOWN]
        if self.fact.is_set:
            return self._options(chosen)
        return (chosen[0] if len(chosen) == 1 else chosen) if chosen else None

    def _options(self, chosen: list[str]) -> list[str] | None:
        if self.none not in chosen:
            return chosen or None
        if len(chosen) > 1:
            raise Misfit(f"“{self.none_label}” is chosen, and others are too. Keep one or the other.")
        return []

    @property
    def none_label(self) -> str:
        """The words for the explicit empty answer."""
        return self.fact.none or "None of these"

    def _number(self) -> str | None:
        text = self.typed.text.strip()
        if not text or text.casefold() == NOT_KNOWN:
            return text.casefold() or None
        units = self.fact.units
        chosen = self.typed.unit if units and self.typed.unit in units.names else ""
        _, written = read_quantity(text)
        if written is None:
            if units and units.required and not chosen:
                raise Misfit(f"The unit is missing. Choose {_either(units.names)}, as printed beside the number.")
            return f"{text} {chosen}".strip()
        if units and chosen and units.find(written) != chosen:
            raise Misfit(f"{quote(text)} has a unit, and {chosen} is chosen beside it. Keep one of them.")
        return text

    def _date(self) -> str | None:
        found = read_date(self.typed.date)
        return found.isoformat() if found else None

    # What is missing

    def nothing(self) -> str:
        """What to say where nothing was typed."""
        what = {"number": "Write a number", "date": "Write a date", "choices": "Choose all that are so"}
        said = what.get(self.fact.type, "Choose one of these")
        ways = [f"“{self.none_label}”"] if self.fact.is_set else []
        ways += [] if self.fact.required else ["“I do not know”"]
        return f"{said}, or {' or '.join(ways)}." if ways else f"{said}."


def _either(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


@dataclass(frozen=True)
class Reading:
    """What a posted page comes to.

    Attributes:
        fields: the questions with what was typed, and what is wrong with it.
        answers: what to record.
        blank: the questions left blank that may be.
        doubts: a sentence for each answer that is possible and not plausible.
    """

    fields: tuple[Field, ...]
    answers: dict[str, object]
    blank: tuple[Fact, ...] = ()
    doubts: tuple[tuple[Fact, str], ...] = ()

    @property
    def given(self) -> dict[str, object]:
        """What was answered, without what was left blank."""
        blank = {fact.id for fact in self.blank}
        return {name: raw for name, raw in self.answers.items() if name not in blank}

    @property
    def wrong(self) -> bool:
        """Whether something cannot be used."""
        return any(field.error for field in self.fields)


def read(session: Session, fields: Iterable[Field], *, may_be_blank: bool) -> Reading:
    """Read every question of a page; one that is left blank is a problem, or counts as not known once confirmed."""
    found: list[Field] = []
    answers: dict[str, object] = {}
    blank: list[Fact] = []
    doubts: list[tuple[Fact, str]] = []
    for field in fields:
        try:
            raw = field.raw()
            if raw is None:
                if field.fact.required or not may_be_blank:
                    raise Misfit(field.nothing())
                blank.append(field.fact)
                raw = NOT_KNOWN
            doubts += [(field.fact, doubt) for doubt in session.doubts(session.read({field.fact.id: raw}))]
        except AnswerError as error:
            found.append(replace(field, error=_about(field.fact, error.problems[0].message)))
        except NoDateError as error:
            found.append(replace(field, error=_about(field.fact, str(error)), wrong=error.wrong))
        except ValueError as error:
            found.append(replace(field, error=_about(field.fact, str(error))))
        else:
            found.append(field)
            answers[field.fact.id] = raw
    return Reading(tuple(found), answers, tuple(blank), tuple(doubts))


def _about(fact: Fact, message: str) -> str:
    """A problem as a sentence about its question: some begin with a verb."""
    return f"{fact.label}{' ' if message[:1].islower() else ': '}{message}"
