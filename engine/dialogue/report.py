"""A consultation as plain data, exactly as design.md section 9 gives it."""

from __future__ import annotations

import datetime
from typing import Any

from engine.dialogue.consultation import Consultation, Question, shown
from engine.language.model import Citation, Regimen, Ruleset
from engine.language.numbers import as_json
from engine.language.values import UNKNOWN, Answer, Quantity
from engine.logic.trail import Step, Used


def report(consultation: Consultation) -> dict[str, Any]:
    """What `regimen evaluate --json` prints."""
    ruleset = consultation.ruleset
    return {
        "ruleset": {"id": ruleset.id, "version": ruleset.version, "hash": ruleset.digest},
        "as_of": consultation.as_of.isoformat() if consultation.as_of else None,
        "answers": {name: answer_report(answer) for name, answer in consultation.answers.items()},
        "complete": consultation.complete,
        "conclusions": consultation.conclusions,
        "undetermined": list(consultation.undetermined),
        "conflicts": {name: list(values) for name, values in consultation.conflicts.items()},
        "regimen": regimen_report(consultation.regimen),
        "warnings": list(consultation.warnings),
        "trail": [step_report(ruleset, step) for step in consultation.trail],
    }


def next_report(consultation: Consultation) -> dict[str, Any]:
    """What `regimen next --json` prints."""
    return {
        "question": question_report(consultation.question),
        "open": [question.fact for question in consultation.open_questions],
        "at_most": consultation.at_most,
    }


def question_report(question: Question | None) -> dict[str, Any] | None:
    """A question as data."""
    if question is None:
        return None
    return {
        "fact": question.fact,
        "ask": question.ask,
        "why": question.why,
        "help": question.help,
        "type": question.type,
        "options": dict(question.options),
        "units": list(question.units),
    }


def answer_report(answer: Answer) -> dict[str, Any]:
    """An answer with its unit apart."""
    if isinstance(answer, Quantity):
        return {"value": as_json(answer.number), "unit": answer.unit}
    if answer is UNKNOWN:
        return {"value": "unknown", "unit": None}
    if isinstance(answer, tuple):
        return {"value": list(answer), "unit": None}
    return {"value": answer.isoformat() if isinstance(answer, datetime.date) else answer, "unit": None}


def regimen_report(regimen: Regimen | None) -> dict[str, Any] | None:
    """A regimen as data; what a phase does not say is as the local protocol says."""
    if regimen is None:
        return None
    return {
        "id": regimen.id,
        "title": regimen.title,
        "product": regimen.product,
        "phases": [phase.as_json() for phase in regimen.phases],
        "cites": [citation_report(cite) for cite in regimen.cites],
    }


def citation_report(cite: Citation) -> dict[str, Any]:
    """A citation as data."""
    return {"source": cite.source, "section": cite.section}


def step_report(ruleset: Ruleset, step: Step) -> dict[str, Any]:
    """A step of a trail as data."""
    concludes = {name: shown(ruleset.facts[name], value) for name, value in step.concludes.items()}
    return {
        "seq": step.seq,
        "rule": step.rule,
        "kind": step.kind,
        "title": step.title,
        "because": step.because,
        "used": [_used_report(ruleset, used) for used in step.used],
        "concludes": concludes,
        "role": step.role,
        "outranked_by": step.outranked_by,
        "another_support": step.another_support,
        "cites": [citation_report(cite) for cite in step.cites],
        "strength": step.strength,
    }


def _used_report(ruleset: Ruleset, used: Used) -> dict[str, Any]:
    fact = ruleset.facts.get(used.fact)
    value = used.value
    if fact is not None:
        value = shown(fact, value)
    plain = value.isoformat() if isinstance(value, datetime.date) else value
    return {"fact": used.fact, "value": plain, "from": used.source if used.source is not None else "answer"}
