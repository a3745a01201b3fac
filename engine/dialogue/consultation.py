"""A consultation: some answers under a ruleset, what they come to, and what to ask next.

It never changes: an answer given or taken back makes another one. What a person is told comes from durable-rules; the
reference evaluation only finds which questions still matter. Both are done when first asked for.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import dropwhile
from typing import Any

from engine.dialogue.relevance import Relevance
from engine.inference.compile import program_of
from engine.inference.proof import explain
from engine.inference.run import Run, common_start
from engine.inference.start import Start
from engine.language.answers import read_answers, warnings_for
from engine.language.errors import AnswerError, AnswerProblem
from engine.language.model import Fact, Regimen, Rule, Ruleset, tests_in
from engine.language.numbers import as_json
from engine.language.shapes import iso_date
from engine.language.values import UNKNOWN, Answer, Quantity
from engine.logic.evaluate import Evaluation
from engine.logic.outcome import Results, results_of
from engine.logic.signs import TRUE
from engine.logic.trail import Trail


@dataclass(frozen=True)
class Question:
    """Something to ask.

    Attributes:
        fact: the id of the input that the answer is for.
        options: option ids with their labels; empty for numbers and dates.
        units: the units that an answer may name, the canonical one first.
        required: "I do not know" is no answer.
    """

    fact: str
    ask: str
    why: str | None
    help: str | None
    type: str
    options: Mapping[str, str]
    units: tuple[str, ...]
    label: str
    section: str | None
    required: bool
    none: str | None
    clinician_note: str | None


@dataclass(frozen=True)
class Reasons:
    """Why a question is asked: the goals it can still change, and the rules that use its answer."""

    why: str | None
    goals: tuple[str, ...]
    rules: tuple[Rule, ...]


FEW = 2  # consultations: to run each by itself is quicker than to conclude first what they share
MANY = 10  # some of these share more: to conclude that first too is quicker
Needless = Callable[["Consultation", str], bool]


class Consultation:
    """Answers under a ruleset and all that follows from them.

    Args:
        ruleset: the ruleset.
        answers: as read by `read_answers`.
        as_of: the date that formulas may use; where it is None they have no value.
        needless: whether it is proved that an open question cannot matter; such a question is passed over where it
            would come next. (`engine.verify.needless` can tell; without it the walk of relevance alone decides.)
        start: what is concluded already, from answers that it shares with others.
    """

    def __init__(
        self,
        ruleset: Ruleset,
        answers: Mapping[str, Answer],
        as_of: datetime.date | None = None,
        needless: Needless | None = None,
        start: Start | None = None,
    ) -> None:
        self.ruleset = ruleset
        self.answers = dict(answers)
        self.as_of = as_of
        self.needless = needless
        self._start = start

    def answering(self, **answers: object) -> Consultation:
        """The consultation with answers added or changed.

        Raises:
            AnswerError: lists every answer that cannot be used.
        """
        return self.given({**self.answers, **read_answers(self.ruleset.facts, answers)})

    def without(self, *facts: str) -> Consultation:
        """The consultation with answers taken back."""
        kept = {name: answer for name, answer in self.answers.items() if name not in facts}
        return self.given(kept)

    def given(self, answers: Mapping[str, Answer]) -> Consultation:
        """The consultation with these answers in place of its own."""
        return Consultation(self.ruleset, answers, self.as_of, self.needless)

    def passing_over(self, needless: Needless) -> Consultation:
        """The consultation, in which a question that would come next and is proved to be needless is passed over."""
        return Consultation(self.ruleset, self.answers, self.as_of, needless)

    def changed(self, several: Sequence[Mapping[str, Answer]]) -> list[Consultation]:
        """For each of several changes of answers the consultation with it; what they share is concluded once."""
        program, changed = program_of(self.ruleset), [{**self.answers, **change} for change in several]
        starts: dict[int, Start | None] = {}
        groups: list[tuple[list[int], Start | None]] = [(list(range(len(changed))), None)]
        while groups:
            group, start = groups.pop()
            if len(group) > FEW:
                start = common_start(program, [changed[at] for at in group], self.as_of, start)
            starts.update(dict.fromkeys(group, start))
            if len(group) > MANY and start:
                given = start.answers
                own = {at: {n: a for n, a in several[at].items() if given.get(n) != a} for at in group}
                groups += [(part, start) for part in _alike(own) if len(part) < len(group)]
        return [
            Consultation(self.ruleset, answers, self.as_of, self.needless, starts[at])
            for at, answers in enumerate(changed)
        ]

    # What is concluded

    @cached_property
    def run(self) -> Run:
        """The run on durable-rules."""
        return Run(program_of(self.ruleset), self.answers, self.as_of, start=self._start)

    @cached_property
    def _explained(self) -> tuple[Trail, Results]:
        return explain(self.run)

    @property
    def trail(self) -> Trail:
        """Which rule, on which facts, concluded what."""
        return self._explained[0]

    @cached_property
    def results(self) -> Results:
        """Conclusions, conflicts and what is undetermined, as values of the language."""
        if self.run.conflicts():  # what rests on them is found on the way to the trail
            return self._explained[1]
        return results_of(self.run, regimen_rests_on_conflict=False)

    @cached_property
    def conclusions(self) -> dict[str, Any]:
        """What is held so far, by fact; of a goal with a `when` only while that is known true."""
        return {name: shown(self.ruleset.facts[name], value) for name, value in self.results.conclusions.items()}

    @cached_property
    def conflicts(self) -> dict[str, tuple[Any, ...]]:
        """The facts concluded two ways, with the values; they are not in `conclusions`."""
        return {
            name: tuple(shown(self.ruleset.facts[name], value) for value in values)
            for name, values in self.results.conflicts.items()
        }

    @property
    def undetermined(self) -> tuple[str, ...]:
        """The goals that are pursued and not settled."""
        return self.results.undetermined

    @property
    def regimen(self) -> Regimen | None:
        """The suggested regimen; never one that rests on a conflict."""
        return self.ruleset.regimens[self.results.regimen] if self.results.regimen else None

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """Answers that are possible but not plausible, each with a sentence on what to check."""
        taking_part = {name: answer for name, answer in self.answers.items() if name not in self.set_aside}
        return warnings_for(self.ruleset, taking_part)

    # What to ask

    @cached_property
    def evaluation(self) -> Evaluation:
        """The reference evaluation, for what is hypothetical."""
        return Evaluation(self.ruleset, self.answers, self.as_of)

    @cached_property
    def relevance(self) -> Relevance:
        """Which questions matter."""
        return Relevance(self.evaluation)

    @cached_property
    def open_questions(self) -> tuple[Question, ...]:
        """Every question that can still matter, in the order of asking."""
        names, needless = self.relevance.open, self.needless
        if needless is not None:
            names = tuple(dropwhile(lambda name: needless(self, name), names))
        return tuple(question_about(self.ruleset.facts[name]) for name in names)

    @property
    def question(self) -> Question | None:
        """The next question, or None when nothing is left that matters."""
        return self.open_questions[0] if self.open_questions else None

    @property
    def at_most(self) -> int:
        """How many more questions there can be; never more while no answer is changed."""
        return len(self.relevance.reachable) if self.open_questions else 0

    @property
    def complete(self) -> bool:
        """Whether no question is open."""
        return not self.open_questions

    @cached_property
    def set_aside(self) -> tuple[str, ...]:
        """Answers given earlier whose question would not be asked now: they are kept and take no part."""
        return tuple(name for name in self.answers if not self.evaluation.gates[name] & TRUE)

    def reasons(self, fact: str) -> Reasons:
        """Why a question is asked.

        Raises:
            KeyError: there is no such fact.
        """
        asked = self.ruleset.facts[fact]
        return Reasons(asked.why, self.relevance.goals_of(fact), self.ruleset.users[fact])


def consult(
    ruleset: Ruleset, answers: Mapping[str, object] | None = None, as_of: datetime.date | str | None = None
) -> Consultation:
    """Consult a ruleset.

    Args:
        ruleset: as loaded by `load_ruleset`.
        answers: `{fact: value}`, a value being text or a number, an option id, a list of option ids ([] is the explicit
            none), an ISO date, or "unknown".
        as_of: the date that formulas may use, or its ISO text.

    Raises:
        AnswerError: lists every answer that cannot be used, each with its fact; nothing was evaluated.
    """
    problems: list[AnswerProblem] = []
    date = _date(as_of, problems)
    try:
        read = read_answers(ruleset.facts, answers or {})
    except AnswerError as error:
        problems.extend(error.problems)
        read = {}
    if problems:
        raise AnswerError(problems)
    return Consultation(ruleset, read, date)


def _alike(changes: Mapping[int, Mapping[str, Answer]]) -> Iterator[list[int]]:
    """Divide changes into groups that share an answer, or at least change the same one; the last is of all others."""
    left = dict(changes)
    for parts in (Mapping.items, Mapping.keys):
        while left:
            counted: Counter[object] = Counter(part for change in left.values() for part in parts(change))
            shared = max(counted, key=counted.__getitem__, default=None)
            if counted[shared] <= FEW:
                break
            group = [at for at, change in left.items() if shared in parts(change)]
            yield group
            left = {at: change for at, change in left.items() if at not in group}
    if left:
        yield list(left)


def _date(as_of: object, problems: list[AnswerProblem]) -> datetime.date | None:
    if isinstance(as_of, datetime.datetime):
        return as_of.date()
    if as_of is None or isinstance(as_of, datetime.date):
        return as_of
    found = iso_date(as_of) if isinstance(as_of, str) else None
    if found is None:
        message = "is no date of the calendar. Write year-month-day, such as 2026-11-22."
        problems.append(AnswerProblem("as_of", message))
    return found


def question_about(fact: Fact) -> Question:
    """The question that an input asks."""
    return Question(
        fact=fact.id,
        ask=fact.ask or fact.label,
        why=fact.why,
        help=fact.help,
        type=fact.type,
        options=fact.labels,
        units=fact.units.names if fact.units else (),
        label=fact.label,
        section=fact.section,
        required=fact.required,
        none=fact.none,
        clinician_note=fact.clinician_note,
    )


def shown(fact: Fact, value: Answer) -> Any:
    """A value as answers are written: text, numbers and lists.

    A number is bare where the fact has one unit or none, and names its unit where it has several.
    """
    if value is UNKNOWN:
        return "unknown"
    if isinstance(value, Quantity):
        return str(value) if fact.units and fact.units.required else as_json(value.number)
    return value.isoformat() if isinstance(value, datetime.date) else value


def resting_on(ruleset: Ruleset, fact: str) -> set[str]:
    """The facts that depend on a fact, itself included, and the goals whose `when` does."""
    found = {ruleset.facts[fact].id}
    for name in ruleset.order:
        if found.intersection(ruleset.depends_on[name]):
            found.add(name)
    gated = {goal.fact for goal in ruleset.goals if goal.when and any(t.fact in found for t in tests_in(goal.when))}
    return found | gated
