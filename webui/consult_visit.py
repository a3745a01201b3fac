"""A session that an address opens: its answers, the page to go to next, the page before, and what a step did."""

from __future__ import annotations

import datetime
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

from flask import Flask, abort, current_app, session, url_for

from engine import Consultation, Ruleset, consult
from engine.dialogue import telling
from engine.dialogue.session import Session, effects
from engine.dialogue.telling import EMERGENCY, URGENCY
from engine.language.model import Fact
from engine.language.values import Answer
from engine.ledger import Change, Kept, Ledger
from webui.shared import Word
from webui.shelf import Shelf

KEPT_READY = 64  # consultations, so that a page does not work out again what the one before it did
ONE_PAGE = "one_page"  # what the cookie remembers: that all questions are asked on one page
KEPT_ALARMS = 64  # answers that describe an emergency


class Keeper:
    """Opens the ledger when it is first needed: a site without its database still shows its rulesets."""

    def __init__(self, url: str | None, shelf: Shelf) -> None:
        self._url = url
        self._shelf = shelf
        self._ledger: Ledger | None = None
        self._lock = threading.Lock()

    @property
    def ledger(self) -> Ledger:
        """The ledger.

        Raises:
            DatabaseError: it cannot be opened; the next request tries again.
        """
        with self._lock:
            if self._ledger is None:
                self._ledger = Ledger.open(self._url, self._known)
            return self._ledger

    def _known(self, digest: str) -> Ruleset | None:
        """The release that another process or another run of the site began a session under, if it is on the shelf."""
        entry = self._shelf.holding(digest)
        return entry.ruleset if entry else None


def init_app(app: Flask) -> None:
    """Say where sessions are kept, and let go at each request of what another process was told to forget."""
    app.extensions["keeper"] = Keeper(app.config["DATABASE"], app.extensions["shelf"])
    app.extensions["alarms"] = Alarms()
    app.extensions["forgotten"] = Word()
    app.before_request(lambda: let_go(app))


def ledger() -> Ledger:
    """The ledger of the application at work."""
    keeper: Keeper = current_app.extensions["keeper"]
    return keeper.ledger


def now() -> datetime.datetime:
    """The time, as the site has it: neither engine nor ledger reads a clock."""
    clock: Callable[[], datetime.datetime] = current_app.config["NOW"]
    return clock()


def visit(key: str) -> Visit:
    """The session that a link opens; `failures` has the pages where it opens none."""
    return Visit(key, ledger().find(key, now()))


@lru_cache(maxsize=KEPT_READY)
def _consulted(ruleset: Ruleset, answers: str, as_of: datetime.date) -> Consultation:
    return consult(ruleset, json.loads(answers), as_of)


def forget_ready() -> None:
    """Let go of what is held in memory, in every process: what a person deletes is nowhere."""
    forgotten: Word = current_app.extensions["forgotten"]
    forgotten.tell()
    let_go(current_app)


def let_go(app: Flask) -> None:
    """Empty the memory of this process if something was forgotten, here or in another, since it last did so."""
    forgotten: Word = app.extensions["forgotten"]
    if forgotten.news():
        _consulted.cache_clear()
        alarms: Alarms = app.extensions["alarms"]
        alarms.clear()


class Alarms:
    """The latest answers that a run on durable-rules found to describe an emergency.

    They do so whatever else is answered (growth, design.md section 3), so the pages after need no run of their own.
    Threads share it without a lock: each puts a new tuple in place, and what another's overwrites is found again.
    """

    def __init__(self) -> None:
        self._found: tuple[tuple[str, datetime.date, frozenset[tuple[str, Answer]]], ...] = ()

    def describe(self, here: Visit) -> bool:
        """Whether the answers of a session describe an emergency."""
        release, day, given = here.kept.release, here.kept.as_of, here.consultation.answers.items()
        if any(each[:2] == (release, day) and each[2] <= given for each in self._found):
            return True
        if telling.emergency(here.consultation) is None:
            return False
        self._found = ((release, day, frozenset(given)), *self._found[: KEPT_ALARMS - 1])
        return True

    def __len__(self) -> int:
        return len(self._found)

    def clear(self) -> None:
        """Forget them."""
        self._found = ()


def _alarms() -> Alarms:
    found = current_app.extensions["alarms"]
    assert isinstance(found, Alarms)  # noqa: S101 (init_app put it there)
    return found


@dataclass(frozen=True)
class Visit:
    """A session, opened by its key."""

    key: str
    kept: Kept

    @cached_property
    def session(self) -> Session:
        """The session as the engine has it."""
        answers = json.dumps(self.kept.answers, sort_keys=True)
        return Session(_consulted(self.kept.ruleset, answers, self.kept.as_of))

    @property
    def consultation(self) -> Consultation:
        """The answers and what follows from them."""
        return self.session.consultation

    @property
    def ruleset(self) -> Ruleset:
        """The ruleset that the session began under."""
        return self.kept.ruleset

    @property
    def alarms(self) -> frozenset[str]:
        """The rules that find an emergency by the reference evaluation; a run confirms it before it is told."""
        held = self.consultation.evaluation.held.get(URGENCY, ())
        if EMERGENCY not in held or not any(goal.fact == URGENCY for goal in self.ruleset.goals):
            return frozenset()
        rules = (rule for rule in self.ruleset.concluders[URGENCY] if EMERGENCY in rule.concludes(URGENCY))
        return frozenset({URGENCY, *(rule.id for rule in rules if rule.id in self.consultation.evaluation.applies)})

    def trying(self, answers: Mapping[str, Any]) -> Visit:
        """The session as it would be with answers that are not recorded yet."""
        added = (Change(0, fact, raw, self.kept.expires_at) for fact, raw in answers.items())
        return Visit(self.key, replace(self.kept, history=(*self.kept.history, *added)))

    @property
    def alarming(self) -> bool:
        """Whether the answers describe an emergency, as a run on durable-rules found."""
        return bool(self.alarms) and _alarms().describe(self)

    # Questions

    def question(self, name: str) -> Fact:
        """The question that an address names, or the page that says there is none."""
        fact = self.ruleset.facts.get(name)
        return fact if fact and fact.is_input else abort(404, "This ruleset has no such question.")

    def asked(self, section: str | None = None) -> tuple[Fact, ...]:
        """The questions of a section that are open or answered; without a section all that are open."""
        wanted = self.consultation.relevance.open
        if section is not None:
            wanted = (*wanted, *(name for name in self.consultation.answers if name not in self.consultation.set_aside))
        return tuple(fact for fact in self.ruleset.inputs if fact.id in wanted and section in (None, fact.section))

    def answer(self, fact: Fact) -> Answer | None:
        """What was answered."""
        return self.consultation.answers.get(fact.id)

    @cached_property
    def _order(self) -> tuple[str, ...]:
        """The questions in the order in which they were first answered; not those that the session began with."""
        given = (each.fact for each in self.kept.history[self.kept.begun_with :])
        return tuple(name for name in dict.fromkeys(given) if name not in self.consultation.set_aside)

    def before(self, facts: Iterable[Fact]) -> str | None:
        """The page of the question answered before these; None where they came first."""
        places = [self._order.index(fact.id) for fact in facts if fact.id in self._order]
        earlier = self._order[: min(places, default=None)]
        return self.page(self.ruleset.facts[earlier[-1]]) if earlier else None

    # Addresses

    def address(self, view: str, **more: object) -> str:
        """The address of a page of this session."""
        return url_for(f"consult.{view}", key=self.key, **more)  # type: ignore[arg-type]

    def page(self, fact: Fact, **told: object) -> str:
        """The page on which a question is asked."""
        if self.session.together(fact.section):
            return self.address("section", name=fact.section, **told)
        return self.address("question", name=fact.id, **told)

    def onward(self, **told: object) -> str:
        """The page to go to next: the next question, or the check of the answers."""
        question = self.session.question
        if question and session.get(ONE_PAGE):
            return self.address("everything", **told)
        return self.page(self.ruleset.facts[question.fact], **told) if question else self.address("check", **told)


def step(old: Visit, new: Visit) -> str:
    """The page to go to after a step: an emergency that it brought comes first.

    What it did besides goes along in the address. The old answers are worked out again only where that matters.
    """
    told: dict[str, object] = {}
    now_given = new.consultation.answers
    changed = [name for name, answer in old.consultation.answers.items() if now_given.get(name) != answer]
    if changed or new.consultation.set_aside:
        done = effects(old.session, new.session)
        told = {"aside": [fact.id for fact in done.set_aside]}
        told |= {"changed": changed} if old.session.complete else {}
    if new.alarms and not new.alarms <= old.alarms:
        return new.address("emergency", **told)
    return new.onward(**told)


@dataclass(frozen=True)
class Notice:
    """What the last step did besides: an address names it, and only what is so is told."""

    changed: tuple[Fact, ...]
    aside: tuple[Fact, ...]

    @classmethod
    def of(cls, visit: Visit, changed: Iterable[str], aside: Iterable[str]) -> Notice:
        """Read it off an address."""
        facts = visit.ruleset.facts
        return cls(_named(facts, changed, visit.kept.answers), _named(facts, aside, visit.consultation.set_aside))


def _named(facts: Mapping[str, Fact], names: Iterable[str], among: Iterable[str]) -> tuple[Fact, ...]:
    wanted = set(names).intersection(among)
    return tuple(fact for fact in facts.values() if fact.id in wanted)
