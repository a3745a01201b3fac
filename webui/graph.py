"""How the facts of a ruleset hang together: a drawing, and the same as a list."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, abort, after_this_request, render_template, request

from engine.language.model import Fact, Rule, Ruleset, tests_in
from engine.language.wording import counted
from webui.assets import compress
from webui.layering import WIDTH, Drawing, Edge, draw
from webui.shelf import usable
from webui.words import fact_groups

blueprint = Blueprint("graph", __name__, url_prefix="/rulesets/<name>")

EVERYTHING = "all"
MANY = 40  # facts; more are hard to take in at once, so a part is shown first
LETTERS, LINES = 22, 4  # that fit into a box
LINE, PADDING = 18, 9


@dataclass(frozen=True)
class Box:
    """A fact as a box: where it stands, what its shape says, and its lines of text."""

    fact: Fact
    shape: str
    lines: list[str]
    rules: str
    left: int
    top: int
    height: int


@dataclass(frozen=True)
class Way:
    """How a fact comes about: by a rule, a formula or a gate, from these facts."""

    rule: Rule | None
    kind: str
    tested: tuple[Fact, ...]


@blueprint.get("/graph")
def show(name: str) -> str:
    """Draw what leads to what; a large ruleset first as what leads to one of its goals."""
    after_this_request(compress)
    entry = usable(name)
    ruleset = entry.loaded
    asked = request.args.get("to")
    target = asked or (EVERYTHING if len(ruleset.facts) <= MANY else first_shown(ruleset))
    if target != EVERYTHING and target not in ruleset.facts:
        abort(404, f"This ruleset has no fact called “{target[:60]}”.")
    shown = list(ruleset.facts) if target == EVERYTHING else leading_to(ruleset, target)
    drawing = drawn(ruleset, shown)
    return render_template(
        "graph/show.html",
        entry=entry,
        ruleset=ruleset,
        target=target,
        choices=choices(ruleset, target),
        in_part=not asked and target != EVERYTHING,
        shapes={shape_of(ruleset, ruleset.facts[each]) for each in shown},
        drawing=drawing,
        boxes=list(boxes(ruleset, drawing)),
        listed=listed(ruleset, shown),
        ways=lambda fact: list(ways(ruleset, fact)),
        width=WIDTH,
        line=LINE,
    )


def first_shown(ruleset: Ruleset) -> str:
    """The goal to begin with: the regimen if there is one, else the first."""
    goals = [goal.fact for goal in ruleset.goals]
    return "regimen" if "regimen" in goals else goals[0]


def choices(ruleset: Ruleset, target: str) -> list[tuple[str, list[Fact]]]:
    """What the drawing can be narrowed to; little leads to a question, so it is offered only where it was asked for."""
    groups = dict(fact_groups(ruleset))
    groups["Questions"] = [fact for fact in groups["Questions"] if fact.id == target]
    return list(groups.items())


def leading_to(ruleset: Ruleset, fact: str) -> list[str]:
    """A fact and all that it depends on, in the order of the ruleset."""
    found, waiting = {fact}, [fact]
    while waiting:
        new = set(ruleset.depends_on[waiting.pop()]) - found
        found |= new
        waiting += new
    return [name for name in ruleset.facts if name in found]


def drawn(ruleset: Ruleset, shown: list[str]) -> Drawing:
    """Lay these facts out."""
    inside = set(shown)
    heights = {name: len(_lines(ruleset, ruleset.facts[name])) * LINE + 2 * PADDING for name in shown}
    edges = [
        Edge(tail, head, _kind(ruleset, tail, ruleset.facts[head]))
        for head in shown
        for tail in ruleset.depends_on[head]
        if tail in inside
    ]
    return draw(heights, edges, last=[goal.fact for goal in ruleset.goals])


def boxes(ruleset: Ruleset, drawing: Drawing) -> Iterator[Box]:
    """The facts as boxes, in reading order."""
    for slot in drawing.boxes:
        fact = ruleset.facts[slot.box or ""]
        lines = _lines(ruleset, fact)
        yield Box(
            fact, shape_of(ruleset, fact), lines, _rules(ruleset, fact), slot.left, int(slot.top), int(slot.height)
        )


def shape_of(ruleset: Ruleset, fact: Fact) -> str:
    """What a fact is: a goal, a question, computed or worked out by rules."""
    if any(goal.fact == fact.id for goal in ruleset.goals):
        return "goal"
    if fact.is_input:
        return "question"
    return "computed" if fact.formula else "derived"


def listed(ruleset: Ruleset, shown: list[str]) -> dict[str, list[Fact]]:
    """These facts by what they are, each after all that it depends on."""
    inside = set(shown)
    found: dict[str, list[Fact]] = {"question": [], "derived": [], "goal": []}
    for name in ruleset.order:
        if name in inside:
            shape = shape_of(ruleset, ruleset.facts[name])
            found["derived" if shape == "computed" else shape].append(ruleset.facts[name])
    return found


def ways(ruleset: Ruleset, fact: Fact) -> Iterator[Way]:
    """Every way to a fact."""
    if fact.formula:
        yield Way(None, "computed", _facts(ruleset, fact.formula.names))
    for gate in ruleset.gates_behind[fact.id]:
        yield Way(None, "gate", _facts(ruleset, (test.fact for test in tests_in(gate))))
    for rule in ruleset.concluders.get(fact.id, ()):
        whens = (rule.when, *(other.when for other in ruleset.overriders[rule.id]))
        yield Way(rule, "rules", _facts(ruleset, (test.fact for when in whens for test in tests_in(when))))


def _facts(ruleset: Ruleset, names: Iterator[str] | tuple[str, ...]) -> tuple[Fact, ...]:
    return tuple(ruleset.facts[name] for name in dict.fromkeys(names) if name in ruleset.facts)


def _kind(ruleset: Ruleset, tail: str, head: Fact) -> str:
    if head.formula and tail in head.formula.names:
        return "computed"
    return "rules" if ruleset.concluders.get(head.id) else "gate"


def _lines(ruleset: Ruleset, fact: Fact) -> list[str]:
    lines = textwrap.wrap(fact.label, LETTERS, max_lines=LINES, placeholder=" …")
    return [*lines, _rules(ruleset, fact)] if _rules(ruleset, fact) else lines


def _rules(ruleset: Ruleset, fact: Fact) -> str:
    rules = ruleset.concluders.get(fact.id, ())
    return counted(len(rules), "rule") if rules else ""
