"""`regimen ask`: a guided session, in a terminal or down a pipe.

At any prompt a command can be given in place of an answer. What is shown and read is all there is here; the session
itself, and what it comes to, are in `engine.dialogue`.
"""

from __future__ import annotations

from rich.text import Text

from engine.cli.ask_result import show_emergency, show_referral, show_result, show_trail
from engine.cli.ask_show import (
    said,
    show_answers,
    show_commands,
    show_opening,
    show_question,
    show_section,
    show_why,
)
from engine.cli.keeping import Keeping
from engine.cli.page import at_most
from engine.cli.terminal import Terminal
from engine.dialogue.consultation import Question, question_about
from engine.dialogue.replies import read_reply
from engine.dialogue.session import Session, effects
from engine.dialogue.telling import emergency, referral
from engine.language.errors import AnswerError, AnswerProblem, did_you_mean, quote
from engine.language.model import Fact
from engine.language.wording import CARE, say_unit

YES, NO = {"yes", "y"}, {"no", "n"}


class _QuitError(Exception):
    """The person wants to stop."""


class _MovedError(Exception):
    """A command moved the session: the question at hand is decided anew."""


class Asking:
    """One session as it is shown; `run` asks until it ends."""

    def __init__(self, session: Session, keeping: Keeping) -> None:
        self.session = session
        self.keeping = keeping
        self.page = Terminal()
        self.ruleset = session.consultation.ruleset
        self.heading: str | None = None
        self.changing: Fact | None = None
        self.checked = False
        self.told: Session | None = None
        self.alarmed = False
        self.referred: set[str] = set()
        self.begun: set[str] = set()

    def run(self) -> None:
        """Ask, tell the result, and keep the answers, however it ends."""
        self.keeping.begin(self.session.consultation.answers)
        try:
            show_opening(self.page, self.session)
            self._alarm()
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

    def _end_of_input(self) -> None:
        if not self.session.complete:
            self.page.say("The input ended before every question was answered.")
        if self.told is not self.session:
            self._result()
        self._close()

    def _result(self) -> None:
        self.told = self.session
        show_result(self.page, self.session.consultation, self.keeping.start)

    def _close(self) -> None:
        """Say where the answers are, and how to go on."""
        page = self.page
        if self.told is not self.session:
            show_emergency(page, self.session.consultation)
        page.console.print()
        self.keeping.keep(self.session.consultation.answers)
        if self.keeping.failed:
            page.line("The answers could not be saved. Here they are, to keep:", 0)
            page.console.print(Text(self.keeping.text(self.session.consultation.answers)))
        elif self.keeping.path:
            page.line("The answers are saved. To go on:", 0)
            page.console.print(Text(f"  {self.keeping.resume()}"))  # on one line, to be copied whole
        elif not self.session.complete:
            page.line("Nothing was saved. With --save FILE a session can be resumed.", 0)
        page.line(CARE, 0)

    # Moving from one session to the next

    def _go(self, new: Session) -> None:
        """Take a step over, keep it, and tell what else it did."""
        done = effects(self.session, new)
        grown = self.changing is not None and done.opened
        for fact in done.set_aside:
            self.page.line(f"Set aside, but kept: {said(fact, new.consultation.answers[fact.id])}", 0)
        for fact in done.taken_up:
            self.page.line(f"Counts again: {said(fact, new.consultation.answers[fact.id])}", 0)
        if grown:
            self.page.line(f"This can bring further questions: {at_most(new.consultation)}.", 0)
        self.session, self.changing = new, None
        self.keeping.keep(new.consultation.answers)
        self._alarm()

    def _alarm(self) -> None:
        """Tell an emergency at once, and when it is none any more."""
        found = bool(emergency(self.session.consultation))
        if found and not self.alarmed and not self._result_is_next:
            show_emergency(self.page, self.session.consultation)
            if not self.session.complete:
                self.page.line("Act on this first. The questions go on below.")
            self.heading = None
        if self.alarmed and not found:
            self.page.say("With these answers no rule finds an emergency any more.")
        self.alarmed = found
        self._refer()

    def _refer(self) -> None:
        """Tell at once that a clinician decides, each reason once."""
        found = {step.title for step in referral(self.session.consultation)}
        if found - self.referred and not self._result_is_next:
            show_referral(self.page, self.session.consultation, self.referred)
            self.heading = None
        self.referred = found

    @property
    def _result_is_next(self) -> bool:
        """Whether the result is told before anything else is read; it begins with what would be told at once."""
        return self.checked and self.session.complete

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
            elif about and prompt.startswith("["):
                self.page.line(about.ask or about.label, 0, style="bold")

    def _show(self, command: str, about: Fact | None) -> bool:
        """Carry out a command that only shows something."""
        if command == "why":
            if about:
                show_why(self.page, self.session, about)
            else:
                self.page.line("Nothing is asked here.", 0)
        elif command == "answers":
            show_answers(self.page, self.session)
        elif command == "trail":
            show_trail(self.page, self.session.consultation)
        elif command in {"help", "?"}:
            show_commands(self.page)
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
        if not name:
            self.page.line("Write what to change: `change 2` for number 2 of `answers`, or `change` and its name.", 0)
        elif fact is None:
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
        if self.heading != (question.section or ""):
            self.heading = question.section or ""
            changing, continued = self.changing is not None, self.heading in self.begun
            show_section(self.page, self.session, question.section, changing=changing, continued=continued)
            if not changing:
                self.begun.add(self.heading)
        show_question(self.page, self.session, question, changing=self.changing is not None)
        while True:
            text = self._reply(f"[{fact.id}] > ", fact)
            if text is None:
                return
            try:
                new = self._answered(fact, text)
            except AnswerError as error:
                self.page.line(_sentence(fact, error.problems[0]), 0, style="bold")
            except _MovedError:
                return
            else:
                if new:
                    self._go(new)
                    return
            show_question(self.page, self.session, question, changing=self.changing is not None)

    def _answered(self, fact: Fact, text: str) -> Session | None:
        """The session with the answer, or None where it was doubted.

        Raises:
            AnswerError: it cannot be used.
            _MovedError: while it was doubted another answer was named, to be changed.
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
            self.page.line(f"The unit is the likely slip: {' or '.join(map(say_unit, fact.units.names))}.", 0)
        while True:
            text = self.page.read("Is it right? (yes or no) > ").casefold()
            word, _, rest = text.partition(" ")
            if word == "change" and self._change(rest.strip()):
                raise _MovedError
            if text == "quit":
                raise _QuitError
            if text in YES:
                return True
            if text in NO | {"back"}:
                return False
            if word != "change" and not self._show(text, fact):
                self.page.line("Write yes to keep it, or no to give another answer.", 0)

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
            self.page.line("Write yes or no. After no they are asked again.", 0)

    def _check(self) -> None:
        self.page.heading("Check your answers")
        show_answers(self.page, self.session)
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


def _nothing_written(fact: Fact) -> str:
    return "Nothing was written. " + ("Give an answer." if fact.required else "Give an answer, or write unknown.")


def _sentence(fact: Fact, problem: AnswerProblem) -> str:
    """A problem as a whole sentence: those that begin with a verb are about the fact."""
    return f"{fact.label} {problem.message}" if problem.message[:1].islower() else problem.message
