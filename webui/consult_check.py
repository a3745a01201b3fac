"""The answers of a session arranged to be checked: by section, each with what it means that something is not known."""

from __future__ import annotations

from dataclasses import dataclass

from engine.dialogue.silenced import silenced
from engine.language.model import Fact, Rule
from engine.language.values import UNKNOWN
from webui.consult_visit import Visit


@dataclass(frozen=True)
class Row:
    """An answer.

    Attributes:
        silent: the rules that could not be applied because it is not known.
    """

    fact: Fact
    not_known: bool
    silent: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Group:
    """The answers of a section."""

    title: str
    rows: tuple[Row, ...]


def arranged(visit: Visit) -> dict[str, object]:
    """What the page shows: answers that count by section, those set aside, and how many questions are open."""
    consultation = visit.consultation
    unknown = UNKNOWN in consultation.answers.values()
    silent = {each.fact.id: each.rules for each in (silenced(consultation) if unknown else ())}
    counting = [fact for fact in visit.session.answered if fact.id not in consultation.set_aside]
    titles = {section.id: section.title for section in visit.ruleset.sections}
    by_section: dict[str | None, list[Row]] = {}
    for fact in counting:
        row = Row(fact, consultation.answers[fact.id] is UNKNOWN, silent.get(fact.id, ()))
        by_section.setdefault(fact.section, []).append(row)
    return {
        "groups": [Group(titles.get(name or "", "Answers"), tuple(rows)) for name, rows in by_section.items()],
        "aside": [fact for fact in visit.session.answered if fact.id in consultation.set_aside],
        "left": consultation.at_most,
    }
