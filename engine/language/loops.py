"""Loops that make a ruleset meaningless: facts that depend on themselves, rules that override each other in a ring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from engine.language.errors import Problems
from engine.language.model import Fact, Rule, Ruleset

MOST_SHOWN = 12
Graph = Mapping[str, Iterable[str]]


def tell_loops(ruleset: Ruleset, problems: Problems) -> None:
    """Report the first loop of each kind; a fact in a loop of formulas is not looked at again."""
    rules = {rule.id: rule.overrides for rule in ruleset.rules.values()}
    _tell(rules, ruleset.rules, "rules override each other in a ring", "Take one 'overrides' out.", problems)
    parts = {name: fact.formula.names for name, fact in ruleset.facts.items() if fact.formula}
    if not _tell(parts, ruleset.facts, "a formula uses its own result", "Break the loop.", problems):
        cure = "Break the loop, for example with a second derived fact."
        _tell(ruleset.depends_on, ruleset.facts, "a fact depends on itself", cure, problems)


def _tell(
    graph: Graph, things: Mapping[str, Fact] | Mapping[str, Rule], what: str, cure: str, problems: Problems
) -> bool:
    loop = _loop_in(graph)
    if loop:
        places = {name: place for place, name in enumerate(things)}
        first = min(loop, key=places.__getitem__)
        at = loop.index(first)
        turned = [*loop[at:], *loop[:at]]
        names = " → ".join([*turned[:MOST_SHOWN], *["…"][: len(turned) > MOST_SHOWN], first])
        problems.tell(things[first].mark, f"{what}: {names}. {cure}")
    return bool(loop)


def _loop_in(graph: Graph) -> list[str]:
    """The things in a loop, each before what it depends on; empty when there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [str(name) for name in reversed(error.args[1])][:-1]
    return []
