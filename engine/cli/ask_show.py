"""What `regimen ask` prints on the way: the opening, questions, why they are asked, the answers so far."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.text import Text

from engine.cli.page import Page, at_most, show_reasons
from engine.dialogue.consultation import Question
from engine.dialogue.session import Session
from engine.dialogue.silenced import silenced
from engine.language.model import Fact
from engine.language.values import Answer
from engine.language.wording import counted, say_unit, say_value, sentence

COMMANDS = {
    "why": "why this is asked, what it can still change, which rules use it",
    "back": "take the last step back",
    "unknown": "I do not know",
    "change FACT": "change an answer: by its number in `answers`, or by the name in brackets",
    "answers": "the answers so far",
    "trail": "what follows from them so far, and why",
    "help": "these commands",
    "quit": "stop here",
}


def show_opening(page: Page, session: Session) -> None:
    """Print what the ruleset is for, and for whom it is not."""
    ruleset = session.consultation.ruleset
    page.console.print(Text(f"{ruleset.title} (version {ruleset.version})", style="bold"))
    if ruleset.summary:
        page.line(ruleset.summary, 0, hanging=0)
    if ruleset.not_for:
        page.heading("Not for")
    for line in ruleset.not_for:
        page.line(f"- {line}")
    if session.consultation.as_of is None and ruleset.counts_to_a_date:
        page.line("This ruleset counts to a date: without --as-of DATE those formulas have no value.", 0)
    page.console.print()
    number = len(session.answered)
    given = f"{number} answer{'s are' if number != 1 else ' is'} there. " if number else ""
    page.line(f"{given}{left(session)}. Commands: {', '.join(COMMANDS)}.", 0)


def show_section(page: Page, session: Session, name: str | None, *, changing: bool, continued: bool) -> None:
    """Print the heading of a section; of a form, how many questions it can have, or still has."""
    section = session.section(name)
    if section is None:
        return
    form = section.together and not changing
    page.heading(f"{section.title}, continued" if form and continued else section.title)
    if form:
        number = session.left_in(name)
        most = "up to " if number > 1 else ""
        said = f"{most}{counted(number, 'more question' if continued else 'question')}"
        page.line(f"{sentence(said) if continued else f'A form of {said}'}. Enter leaves one blank.", 0)


def show_question(page: Page, session: Session, question: Question, *, changing: bool) -> None:
    """Print a question with its help, its options by number, and how to answer."""
    fact = session.consultation.ruleset.facts[question.fact]
    helps = {option.id: f" ({option.help})" for option in fact.options if option.help}
    page.console.print()
    page.line(question.ask, 0, style="bold")
    if question.help:
        page.line(question.help)
    for number, (option, label) in enumerate(question.options.items(), 1):
        page.line(f"{number}. {label}{helps.get(option, '')}", hanging=3)
    ways = [*_ways(question)]
    page.line(". ".join(["; ".join(ways)] * bool(ways) + [left(session)] * (not changing)) + ".", style="dim")
    if changing and fact.id in session.consultation.answers:
        page.line(f"Now: {say_value(fact, session.consultation.answers[fact.id])}. `back` leaves it.")


def _ways(question: Question) -> Iterator[str]:
    if question.type == "choices":
        yield f"Several with commas between, or `none`: {question.none or 'none of these'}"
    elif question.type == "number":
        yield f"A number{' in ' + ' or '.join(map(say_unit, question.units)) if question.units else ''}"
    elif question.type == "date":
        yield "A date, as 2026-11-22"
    else:
        yield "One of these"
    if not question.required:
        yield "`unknown`: I do not know"


def show_why(page: Page, session: Session, fact: Fact) -> None:
    """Print why a question is asked, two patients for whom it matters, and what its words mean."""
    from engine.cli import explained  # Z3, which it leads to, takes a while to load

    show_reasons(page, session.consultation, fact.id, with_sources=True)
    explained.asked(page, session.consultation, fact.id)
    if fact.clinician_note:
        page.line(f"For clinicians: {fact.clinician_note}", 0)
    said = " ".join(filter(None, (fact.ask, fact.help, fact.why, *fact.labels.values())))
    for term, meaning in session.consultation.ruleset.glossary:
        if _uses(said, term):
            page.line(f"{term}: {meaning}", 0)
    page.line(f"{left(session)}.", 0)


def _uses(text: str, term: str) -> bool:
    """Whether a text uses a term, in the plural too; capitals such as IM are no word in small letters."""
    how = re.NOFLAG if term.isupper() else re.IGNORECASE
    return re.search(rf"(?<!\w){re.escape(term)}s?(?!\w)", text, how) is not None


def show_commands(page: Page) -> None:
    """Print what can be written in place of an answer."""
    for name, meaning in COMMANDS.items():
        page.line(f"{name}: {meaning}")
    page.line("An option is given by its number or its words; several with commas between, or `none` of them.", 0)
    page.line("In a form Enter leaves a question blank; at its end you say whether the blanks are not known.", 0)


def show_answers(page: Page, session: Session) -> None:
    """Print the answers by section, numbered for `change`; in the end with how many rules each unknown silenced."""
    told = silenced(session.consultation) if session.complete else ()
    waiting = {each.fact.id: len(each.rules) for each in told}
    section: str | None = None
    for number, fact in enumerate(session.answered, 1):
        if fact.section != section:
            section = fact.section
            found = session.section(section)
            page.line(found.title if found else "", 0, style="bold")
        aside = " (set aside)" if fact.id in session.consultation.set_aside else ""
        lost = waiting.get(fact.id, 0)
        rules = f" ({lost} rule{'s' if lost > 1 else ''} could not be decided)" if lost else ""
        answer = said(fact, session.consultation.answers[fact.id])
        page.line(f"{number}. {answer}{aside}{rules} [{fact.id}]", hanging=4)
    if not session.answered:
        page.line("There are no answers yet.", 0)
    for warning in session.consultation.warnings:
        page.line(f"Check: {warning}", 0)


def left(session: Session) -> str:
    """How many questions can follow."""
    return at_most(session.consultation).capitalize()


def said(fact: Fact, answer: Answer) -> str:
    """An answer under its label."""
    return f"{fact.label}: {say_value(fact, answer)}"
