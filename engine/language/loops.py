"""Loops that make a ruleset meaningless: facts that depend on themselves, rules that override each other in a ring."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from engine.language.errors import Problems, quote
from engine.language.model import Condition, Ruleset, tests_in

MOST_SHOWN = 12
MOST_TOLD = 6  # steps of a loop that are told in words
Graph = Mapping[str, Iterable[str]]


def tell_loops(ruleset: Ruleset, problems: Problems) -> None:
    """Report the first loop of each kind; a fact in a loop of formulas is not looked at again."""
    rules = {rule.id: rule.overrides for rule in ruleset.rules.values()}
    if ring := _loop_in(rules):
        said = f"rules override each other in a ring: {_arrows(ring)}. Take one 'overrides' out."
        problems.tell(ruleset.rules[ring[0]].mark, said)
    parts = {name: fact.formula.names for name, fact in ruleset.facts.items() if fact.formula}
    if loop := _loop_in(parts):
        what = "a formula uses its own result" if len(loop) == 1 else "formulas use each other's results"
        problems.tell(ruleset.facts[loop[0]].mark, f"{what}: {_arrows(loop)}. Take one of them out of a formula.")
    elif loop := _loop_in(ruleset.depends_on):
        steps = "; ".join(_steps(ruleset, loop))
        cure = "Change one of these conditions, or conclude a second fact there."
        said = f"a fact depends on itself: {_arrows(loop)}. Here {steps}. {cure}"
        problems.tell(ruleset.facts[loop[0]].mark, said)


def _arrows(loop: list[str]) -> str:
    return " → ".join([*loop[:MOST_SHOWN], *["…"][: len(loop) > MOST_SHOWN], loop[0]])


def _steps(ruleset: Ruleset, loop: list[str]) -> Iterator[str]:
    """Why each fact of a loop depends on the next, in words."""
    for fact, other in list(pairwise([*loop, loop[0]]))[:MOST_TOLD]:
        yield f"{quote(fact)} {_because(ruleset, fact, other)}"
    if len(loop) > MOST_TOLD:
        yield "and so on"


def _because(ruleset: Ruleset, name: str, other: str) -> str:
    """How one fact depends on another: by its formula or gate, a rule that concludes it or one that overrides that."""
    fact = ruleset.facts[name]
    if fact.formula:
        parts = [part for part in fact.formula.names if part in ruleset.facts]
        gated = [part for part in parts if any(_tests(gate, other) for gate in ruleset.gates_behind[part])]
        through = f", whose 'ask_when' tests {quote(other)}" if other not in parts else ""
        return f"is computed from {quote((gated or parts)[0] if through else other)}{through}"
    if fact.gate and _tests(fact.gate, other):
        return f"is asked only by an 'ask_when' that tests {quote(other)}"
    for rule in ruleset.concluders.get(name, ()):
        if _tests(rule.when, other):
            return f"is concluded by rule {quote(rule.id)} from {quote(other)}"
    for rule in ruleset.concluders.get(name, ()):
        for over in ruleset.overriders[rule.id]:
            if _tests(over.when, other):
                return f"is concluded by rule {quote(rule.id)}, which rule {quote(over.id)} overrides by {quote(other)}"
    return f"depends on {quote(other)}"


def _tests(condition: Condition, name: str) -> bool:
    return any(test.fact == name for test in tests_in(condition))


def _loop_in(graph: Graph) -> list[str]:
    """The things in a loop, each before what it depends on, the first declared first; empty when there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        loop = [str(name) for name in reversed(error.args[1])][:-1]
        places = {name: place for place, name in enumerate(graph)}
        at = loop.index(min(loop, key=places.__getitem__))
        return [*loop[at:], *loop[:at]]
    return []
