"""A guided session: one question or one form after the other, with every step taken back or changed at will.

A session never changes: each step makes another one that remembers the one before, so going back is exact. It knows
nothing of a terminal or a page; both show the same session.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from engine.dialogue.consultation import Consultation, Question
from engine.language.answers import implausible, read_answers
from engine.language.errors import AnswerError, AnswerProblem
from engine.language.model import Fact, Section
from engine.language.values import UNKNOWN, Answer
from engine.logic.signs import TRUE


@dataclass(frozen=True)
class Session:
    """Where a guided session stands.

    Attributes:
        consultation: the answers so far, and all that follows from them.
        blank: the questions of the form at hand that were left blank; they wait to be confirmed as not known.
        before: the session before the last step, or None at the beginning.
    """

    consultation: Consultation
    blank: tuple[str, ...] = ()
    before: Session | None = field(default=None, repr=False, compare=False)

    # What to ask

    @property
    def question(self) -> Question | None:
        """The next question; while a form has blanks, the next of that form."""
        waiting = [each for each in self.consultation.open_questions if each.fact not in self.blank]
        if self.left_blank:
            form = self.left_blank[0].section
            waiting = [each for each in waiting if each.section == form]
        return waiting[0] if waiting else None

    @cached_property
    def left_blank(self) -> tuple[Question, ...]:
        """The questions left blank that are still open."""
        return tuple(each for each in self.consultation.open_questions if each.fact in self.blank)

    @property
    def form(self) -> tuple[Question, ...]:
        """The open questions that share a page with the next: those of a section marked `together`, else it alone."""
        question = self.question
        if question is None:
            return self.left_blank
        if not self.together(question.section):
            return (question,)
        return tuple(each for each in self.consultation.open_questions if each.section == question.section)

    def left_in(self, name: str | None) -> int:
        """How many questions of a section there can still be, those left blank not counted."""
        facts = self.consultation.ruleset.facts
        return sum(facts[each].section == name for each in self.consultation.relevance.reachable.difference(self.blank))

    def section(self, name: str | None) -> Section | None:
        """A section by its id."""
        return next((each for each in self.consultation.ruleset.sections if each.id == name), None)

    def together(self, name: str | None) -> bool:
        """Whether the questions of a section are one form."""
        section = self.section(name)
        return section is not None and section.together

    @property
    def complete(self) -> bool:
        """Whether nothing is left to ask."""
        return self.consultation.complete

    # Steps

    def answer(self, answers: Mapping[str, object]) -> Session:
        """The session with answers given or changed, in one step.

        Raises:
            AnswerError: lists every answer that cannot be used; nothing was taken over.
        """
        return self._with(self.read(answers))

    def answer_read(self, answers: Mapping[str, Answer]) -> Session:
        """The session with answers that `read` gave, in one step."""
        return self._with(answers)

    def read(self, answers: Mapping[str, object]) -> dict[str, Answer]:
        """Read answers without taking them over.

        Raises:
            AnswerError: lists every answer that cannot be used.
        """
        return read_answers(self.consultation.ruleset.facts, answers)

    def doubts(self, answers: Mapping[str, Answer]) -> tuple[str, ...]:
        """A sentence for each answer that is possible but not plausible: to be confirmed before it is taken over."""
        facts = self.consultation.ruleset.facts
        found = (implausible(facts[name], answer) for name, answer in answers.items())
        return tuple(each for each in found if each)

    def leave_blank(self, name: str) -> Session:
        """The session with a question of the form at hand left blank.

        Raises:
            AnswerError: it has to be answered.
        """
        if self.consultation.ruleset.facts[name].required:
            raise AnswerError([AnswerProblem(name, "has to be answered: it cannot be left blank. Give its value.")])
        return Session(self.consultation, (*self.blank, name), self)

    def confirm_blanks(self) -> Session:
        """The session with every question left blank answered "I do not know"."""
        return replace(self._with(dict.fromkeys((each.fact for each in self.left_blank), UNKNOWN)), blank=())

    def refill_blanks(self) -> Session:
        """The session with the questions left blank to be asked again."""
        return Session(self.consultation, (), self)

    def back(self) -> Session:
        """The session before the last step; at the beginning the session itself."""
        return self.before or self

    def _with(self, answers: Mapping[str, Answer]) -> Session:
        """With more answers, kept in the order of the ruleset: when each was given makes no difference."""
        facts = self.consultation.ruleset.facts
        joined = {**self.consultation.answers, **answers}
        ordered = {name: joined[name] for name in facts if name in joined}
        blank = tuple(name for name in self.blank if name not in answers)
        return Session(self.consultation.given(ordered), blank, self)

    # What was answered

    @property
    def answered(self) -> tuple[Fact, ...]:
        """The facts answered, in the order of asking, those set aside included; `change` counts them from 1."""
        return tuple(fact for fact in self.consultation.ruleset.inputs if fact.id in self.consultation.answers)

    def can_answer(self, fact: Fact) -> bool:
        """Whether a question can be answered now: it is an input, and its gate is open."""
        return fact.is_input and bool(self.consultation.evaluation.gates[fact.id] & TRUE)


@dataclass(frozen=True)
class Effects:
    """What a step did besides the answer itself.

    Attributes:
        set_aside: the answers that it set aside; they are kept.
        taken_up: the answers set aside before that count again.
        opened: the questions that can come up now and could not before.
    """

    set_aside: tuple[Fact, ...]
    taken_up: tuple[Fact, ...]
    opened: tuple[Fact, ...]


def effects(old: Session, new: Session) -> Effects:
    """What a step from one session to another did."""
    facts = new.consultation.ruleset.facts
    was, now = old.consultation.set_aside, new.consultation.set_aside
    could, can = old.consultation.relevance.reachable, new.consultation.relevance.reachable
    taken_back = old.consultation.answers.keys() - new.consultation.answers.keys()
    return Effects(
        _facts(facts, (name for name in now if name not in was)),
        _facts(facts, (name for name in was if name not in now and name in new.consultation.answers)),
        _facts(facts, (name for name in facts if name in can - could - taken_back)),
    )


def _facts(facts: Mapping[str, Fact], names: Iterable[str]) -> tuple[Fact, ...]:
    return tuple(facts[name] for name in names)
