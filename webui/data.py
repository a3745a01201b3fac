"""Rulesets as plain data, for programs. What is concluded of a case is `engine.dialogue.report`."""

from __future__ import annotations

from typing import Any

from engine.dialogue.consultation import shown
from engine.dialogue.report import citation_report, regimen_report
from engine.language.model import Fact, Rule, Ruleset, tests_in
from engine.language.wording import say_condition
from webui.shelf import Entry


def ruleset_data(ruleset: Ruleset) -> dict[str, Any]:
    """A ruleset; conditions in words, with the facts that they test."""
    return {
        "ruleset": {"id": ruleset.id, "version": ruleset.version, "hash": ruleset.digest},
        "title": ruleset.title,
        "summary": ruleset.summary,
        "jurisdiction": ruleset.jurisdiction,
        "goals": [{"fact": goal.fact, "when": _when(ruleset, goal.when)} for goal in ruleset.goals],
        "facts": {fact.id: _fact(ruleset, fact) for fact in ruleset.facts.values()},
        "rules": {rule.id: _rule(ruleset, rule) for rule in ruleset.rules.values()},
        "regimens": {regimen.id: regimen_report(regimen) for regimen in ruleset.regimens.values()},
        "sources": {s.id: {"title": s.title, "url": s.url, "date": s.date} for s in ruleset.sources.values()},
        "cases": [{"id": case.id, "title": case.title} for case in ruleset.cases],
    }


def problems_data(entry: Entry) -> dict[str, Any]:
    """Why a ruleset cannot be loaded."""
    return {
        "error": "This ruleset cannot be loaded.",
        "problems": [{"at": entry.place(problem), "message": problem.message} for problem in entry.problems],
    }


def _when(ruleset: Ruleset, condition: Any) -> dict[str, Any] | None:
    if condition is None:
        return None
    facts = dict.fromkeys(test.fact for test in tests_in(condition))
    return {"words": say_condition(ruleset, condition), "facts": list(facts)}


def _fact(ruleset: Ruleset, fact: Fact) -> dict[str, Any]:
    return {
        "type": fact.type,
        "label": fact.label,
        "derived": fact.derived,
        "ask": fact.ask,
        "help": fact.help,
        "why": fact.why,
        "options": fact.labels,
        "units": list(fact.units.names) if fact.units else [],
        "required": fact.required,
        "ask_when": _when(ruleset, fact.gate),
        "formula": fact.formula.text if fact.formula else None,
        "otherwise": None if fact.otherwise is None else shown(fact, fact.otherwise),
        "codes": {system: list(codes) for system, codes in fact.codes},
    }


def _rule(ruleset: Ruleset, rule: Rule) -> dict[str, Any]:
    concluded = {
        name: [shown(ruleset.facts[name], value) for value in values]
        if ruleset.facts[name].is_set
        else shown(ruleset.facts[name], values[0])
        for name, values in rule.then
    }
    return {
        "title": rule.title,
        "kind": rule.kind,
        "when": _when(ruleset, rule.when),
        "then": concluded,
        "because": rule.because,
        "cites": [citation_report(cite) for cite in rule.cites],
        "strength": rule.strength,
        "needs_check": rule.needs_check,
        "harm": rule.harm,
        "remedy": rule.remedy,
        "overrides": list(rule.overrides),
    }
