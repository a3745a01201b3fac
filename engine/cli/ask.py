"""`regimen ask`: a guided session, in a terminal or down a pipe.

At any prompt a command can be given in place of an answer. What is shown and read is all there is here; the session
itself, and what it comes to, are in `engine.dialogue`.
"""

from __future__ import annotations

import datetime as dt
import shlex
from dataclasses import dataclass
from pathlib import Path

import click
from rich.text import Text

from engine.cli.ask_result import show_emergency, show_result, show_trail
from engine.cli.page import CARE, at_most, show_reasons
from engine.cli.terminal import Terminal
from engine.dialogue import summary
from engine.dialogue.consultation import Question, question_about
from engine.dialogue.replies import read_reply
from engine.dialogue.session import Session, effects
from engine.language.answer_files import SaveError, answers_text, write_answers_file
from engine.language.errors import AnswerError, AnswerProblem, did_you_mean, quote
from engine.language.model import Fact
from engine.language.values import Answer
from engine.language.wording import say_value

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
YES, NO = {"yes", "y"}, {"no", "n"}


@dataclass(frozen=True)
class Files:
    """Where a session is resumed from and saved to, and how it was started."""

    ruleset: str
    save: Path | None = None
    as_of: dt.date | None = None
    start: dt.date | None = None

    def resume(self) -> str:
        """The command that goes on with what was saved."""
        words = ["regimen", "ask", self.ruleset, "--answers", str(self.save), "--save", str(self.save)]
        words += ["--as-of", self.as_of.isoformat()] if self.as_of else []
        words += ["--start", self.start.isoformat()] if self.start else []
        return shlex.join(words)


class _QuitError(Exception):
    """The person wants to stop."""


class Asking:
    """One session as it is shown; `run` asks until it ends."""

    def __init__(self, session: Session, files: Files) -> None:
        self.session = session
        self.files = files
        self.page = Terminal()
        self.ruleset = session.consultation.ruleset
        self.heading: str | None = None
        self.changing: Fact | None = None
        self.checked = False
        self.told: Session | None = None
        self.alarmed = False
        self.unsaved = False

    def run(self) -> None:
        """Ask, tell the result, and keep the answers, however it ends."""
        self._save(first=True)
        try:
            self._open()
            while True:
                self._turn()
        except _QuitError:
            self._close()
        except EOFError:
            self._end_of_input()
        except KeyboardInterrupt:
            self.page.console.print()
            self._close()

    def _turn(self) -> None:
        """One prompt, whichever comes next."""
        question = self.session.question
        if self.changing:
            self._ask(question_about(self.changing))
        elif question:
            self._ask(question)
        elif self.session.left_blank:
            self._confirm_blanks()
        elif self.checked:
            self._after()
        else:
            self._check()

    # The beginning and the end

    def _open(self) -> None:
        page = self.page
        page.console.print(Text(f"{self.ruleset.title} (version {self.ruleset.version})", style="bold"))
        if self.ruleset.summary:
            page.line(self.ruleset.summary, 0, hanging=0)
        if self.ruleset.not_for:
            page.heading("Not for")
            for line in self.ruleset.not_for:
                page.line(f"- {line}")
        if self.files.as_of is None and self.ruleset.counts_to_a_date:
            page.line("This ruleset counts to a date: without --as-of DATE those formulas have no value.", 0)
        page.console.print()
        given = f"{len(self.session.answered)} answers are there. " if self.session.answered else ""
        page.line(f"{given}{self._left()}. Commands: {', '.join(COMMANDS)}.", 0)
        self._alarm()

    def _end_of_input(self) -> None:
        if not self.session.complete:
            self.page.say("The input ended before every question was answered.")
        if self.told is not self.session:
            self._result()
        self._close()

    def _result(self) -> None:
        self.told = self.session
        show_result(self.page, self.session.consultation, self.files.start)

    def _close(self) -> None:
        """Say where the answers are, and how to go on."""
        page = self.page
        page.console.print()
        self._save()
        if self.files.save and not self.unsaved:
            page.line(f"The answers are in {self.files.save}. To go on: {self.files.resume()}", 0)
        elif self.unsaved:
            page.line("The answers could not be saved. Here they are, to keep:", 0)
            page.console.print(Text(answers_text(self.ruleset.title, self.session.consultation.answers)))
        elif not self.session.complete:
            page.line("Nothing was saved. With --save FILE a session can be resumed.", 0)
        page.line(CARE, 0)

    def _save(self, *, first: bool = False) -> None:
        """Write the answers; a failure at the beginning ends the command, a later one is told at the end."""
        if self.files.save is None:
            return
        try:
            write_answers_file(self.files.save, answers_text(self.ruleset.title, self.session.consultation.answers))
            self.unsaved = False
        except SaveError as error:
            if first:
                raise
            if not self.unsaved:
                click.echo(str(error), err=True)
            self.unsaved = True

    # Moving from one session to the next

    def _go(self, new: Session) -> None:
        """Take a step over, keep it, and tell what else it did."""
        done = effects(self.session, new)
        grown = self.changing is not None and done.opened
        for fact in done.set_aside:
            self.page.line(f"Set aside, but kept: {self._said(fact, new.consultation.answers[fact.id])}", 0)
        for fact in done.taken_up:
            self.page.line(f"Counts again: {self._said(fact, new.consultation.answers[fact.id])}", 0)
        if grown:
            self.page.line(f"This can bring further questions: {at_most(new.consultation)}.", 0)
        self.session, self.changing = new, None
        self._save()
        self._alarm()

    def _alarm(self) -> None:
        """Tell an emergency at once, and when it is none any more."""
        found = bool(summary.emergency(self.session.consultation))
        if found and not self.alarmed:
            show_emergency(self.page, self.session.consultation)
            if not self.session.complete:
                self.page.line("Act on this first. The questions go on below.")
            self.heading = None
        if self.alarmed and not found:
            self.page.say("With these answers no rule finds an emergency any more.")
        self.alarmed = found

    def _left(self) -> str:
        return at_most(self.session.consultation).capitalize()

    def _said(self, fact: Fact, answer: Answer) -> str:
        return f"{fact.label}: {say_value(fact, answer)}"

    # Reading replies

    def _reply(self, prompt: str, about: Fact | None = None) -> str | None:
        """One reply that is no command, or None where a command moved the session."""
        while True:
            text = self.page.read(prompt)
            word, _, rest = text.partition(" ")
            command = word.casefold() if not rest or word.casefold() == "change" else ""
            if command == "quit":
                raise _QuitError
            if command == "back":
                self._back()
                return None
            if command == "change":
                if self._change(rest.strip()):
                    return None
            elif not self._show(command, about):
                return text

    def _show(self, command: str, about: Fact | None) -> bool:
        """Carry out a command that only shows something."""
        if command == "why":
            if about:
                show_reasons(self.page, self.session.consultation, about.id, with_sources=True)
                self.page.line(f"{self._left()}.", 0)
            else:
                self.page.line("Nothing is asked here.", 0)
        elif command == "answers":
            self._answers()
        elif command == "trail":
            show_trail(self.page, self.session.consultation)
        elif command in {"help", "?"}:
            for name, meaning in COMMANDS.items():
                self.page.line(f"{name}: {meaning}")
        else:
            return False
        return True

    def _back(self) -> None:
        if self.changing:
            self.changing = None
            self.page.line("Left as it was.", 0)
        elif self.session.before is None:
            self.page.line("This is the beginning. `change` changes an answer that was there.", 0)
        else:
            self._go(self.session.back())
            self.checked = self.checked and self.session.complete

    def _change(self, name: str) -> bool:
        """Whether the answer named can be changed; it is asked for next."""
        fact = self._named(name)
        if fact is None:
            known = [fact.id for fact in self.session.answered]
            self.page.line(f"{quote(name)} names no question.{did_you_mean(name, known)} See `answers`.", 0)
        elif not self.session.can_answer(fact):
            self.page.line(f"{fact.label} is not asked with the other answers. Its answer, if any, is kept.", 0)
        else:
            self.changing = fact
            return True
        return False

    def _named(self, name: str) -> Fact | None:
        """A question by its number among the answers, its id or its label."""
        if name.isascii() and name.isdigit():
            place = int(name[:9])
            return self.session.answered[place - 1] if 0 < place <= len(self.session.answered) else None
        found = (fact for fact in self.ruleset.inputs if name.casefold() in {fact.id, fact.label.casefold()})
        return next(found, None)

    # Questions

    def _ask(self, question: Question) -> None:
        fact = self.ruleset.facts[question.fact]
        self._section(question)
        self._question(question)
        while True:
            text = self._reply(f"[{fact.id}] > ", fact)
            if text is None:
                return
            try:
                new = self._answered(fact, text)
            except AnswerError as error:
                self.page.line(_sentence(fact, error.problems[0]), 0, style="bold")
            else:
                if new:
                    self._go(new)
                    return

    def _answered(self, fact: Fact, text: str) -> Session | None:
        """The session with the answer, or None where it was doubted.

        Raises:
            AnswerError: it cannot be used.
        """
        if not text:
            if self.changing is None and self.session.together(fact.section):
                return self.session.leave_blank(fact.id)
            raise AnswerError([AnswerProblem(fact.id, _nothing_written(fact))])
        try:
            raw = read_reply(fact, text)
        except ValueError as error:
            raise AnswerError([AnswerProblem(fact.id, str(error))]) from None
        answers = self.session.read({fact.id: raw})
        if not all(self._confirms(fact, doubt) for doubt in self.session.doubts(answers)):
            return None
        return self.session.answer_read(answers)

    def _confirms(self, fact: Fact, doubt: str) -> bool:
        """Whether an answer that is possible but not plausible is meant."""
        self.page.line(doubt, 0, style="bold")
        if fact.units and len(fact.units.names) > 1:
            self.page.line(f"The unit is the likely slip: {' or '.join(fact.units.names)}.", 0)
        while True:
            text = self.page.read("Is it right? (yes or no) > ").casefold()
            if text == "quit":
                raise _QuitError
            if text in YES:
                return True
            if text in NO | {"back"}:
                return False
            if not self._show(text, fact):
                self.page.line("Write yes to keep it, or no to give another answer.", 0)

    def _section(self, question: Question) -> None:
        if self.heading == (question.section or ""):
            return
        self.heading = question.section or ""
        section = self.session.section(question.section)
        if section:
            self.page.heading(section.title)
        if section and section.together and not self.changing:
            number = len(self.session.form)
            self.page.line(f"A form of {number} question{'s' if number != 1 else ''}. Enter leaves one blank.", 0)

    def _question(self, question: Question) -> None:
        page, fact = self.page, self.ruleset.facts[question.fact]
        page.console.print()
        page.line(question.ask, 0, style="bold")
        if question.help:
            page.line(question.help)
        for number, (option, label) in enumerate(question.options.items(), 1):
            helped = next((f" ({each.help})" for each in fact.options if each.id == option and each.help), "")
            page.line(f"{number}. {label}{helped}", hanging=3)
        left = "" if self.changing else f" {self._left()}."
        page.line("; ".join(self._ways(question)) + f".{left}", style="dim")
        if self.changing and fact.id in self.session.consultation.answers:
            page.line(f"Now: {say_value(fact, self.session.consultation.answers[fact.id])}. `back` leaves it.", 2)

    def _ways(self, question: Question) -> list[str]:
        ways = []
        if question.type == "choices":
            ways.append(f"Several with commas between, or `none`: {question.none or 'none of these'}")
        elif question.type == "number":
            ways.append(f"A number{' in ' + ' or '.join(question.units) if question.units else ''}")
        elif question.type == "date":
            ways.append("A date, as 2026-11-22")
        return ways + ([] if question.required else ["`unknown`: I do not know"])

    # Confirming a form, checking, changing after the result

    def _confirm_blanks(self) -> None:
        labels = "; ".join(question.label for question in self.session.left_blank)
        self.page.console.print()
        self.page.line(f"Left blank: {labels}. Do they count as “I do not know”?", 0, style="bold")
        text = self._reply("yes or no > ", self.ruleset.facts[self.session.left_blank[0].fact])
        if text is not None and text.casefold() in YES | {"unknown"}:
            self._go(self.session.confirm_blanks())
        elif text is not None and text.casefold() in NO:
            self._go(self.session.refill_blanks())
        elif text is not None:
            self.page.line("Write yes, or no to be asked them again.", 0)

    def _check(self) -> None:
        self.page.heading("Check your answers")
        self._answers()
        self.heading = None
        self.checked = self._entered("Enter for the result, or change FACT > ")

    def _after(self) -> None:
        if self.told is not self.session:
            self._result()
            self.page.heading(CARE)
        self.heading = None
        if self._entered("Enter to end, or change FACT > "):
            raise _QuitError

    def _entered(self, prompt: str) -> bool:
        """Whether Enter was pressed, and not an answer changed."""
        while text := self._reply(prompt):
            self.page.line(f"{quote(text)} is no command. Press Enter, or write `change` and a number.", 0)
        return text is not None

    def _answers(self) -> None:
        """Print the answers by section, numbered for `change`."""
        section: str | None = None
        for number, fact in enumerate(self.session.answered, 1):
            if fact.section != section:
                section = fact.section
                found = self.session.section(section)
                self.page.line(found.title if found else "", 0, style="bold")
            aside = " (set aside)" if fact.id in self.session.consultation.set_aside else ""
            answer = self.session.consultation.answers[fact.id]
            self.page.line(f"{number}. {self._said(fact, answer)}{aside} [{fact.id}]")
        if not self.session.answered:
            self.page.line("There are no answers yet.", 0)
        for warning in self.session.consultation.warnings:
            self.page.line(f"Check: {warning}", 0)


def _nothing_written(fact: Fact) -> str:
    return "Nothing was written. " + ("Give an answer." if fact.required else "Give an answer, or write unknown.")


def _sentence(fact: Fact, problem: AnswerProblem) -> str:
    """A problem as a whole sentence: those that begin with a verb are about the fact."""
    return f"{fact.label} {problem.message}" if problem.message[:1].islower() else problem.message
