"""What a consultation came to, arranged for a page.

A trail is a web: several steps can use one. On the page each step stands once, under the first step that uses it, and
the others link to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine import Consultation, Question, Step
from engine.dialogue.telling import emergency, unknown_behind
from engine.language.model import Fact
from engine.language.wording import say_value

DEEPEST = 4  # further down steps stand side by side, which a telephone can show


@dataclass
class Node:
    """A step with the steps under it."""

    step: Step
    under: list[Node] = field(default_factory=list)


@dataclass(frozen=True)
class Group:
    """Steps of one part in the decision."""

    heading: str
    lead: str
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Open:
    """A goal that is not settled, with what could settle it."""

    goal: Fact
    questions: tuple[Question, ...]
    unknown: tuple[Fact, ...]
    torn: bool


def heading(consultation: Consultation) -> str:
    """The result in a few words."""
    if emergency(consultation):
        return "Emergency"
    if consultation.regimen:
        return f"Suggested regimen: {consultation.regimen.title}"
    return "What follows from these answers"


def settled(consultation: Consultation) -> list[tuple[Fact, str]]:
    """The goals with a value, in the order of the goals, each with its value in words."""
    names = [goal.fact for goal in consultation.ruleset.goals if goal.fact in consultation.results.conclusions]
    return _said(consultation, names)


def also_concluded(consultation: Consultation) -> list[tuple[Fact, str]]:
    """What was concluded on the way to the goals."""
    goals = {goal.fact for goal in consultation.ruleset.goals}
    return _said(consultation, [name for name in consultation.results.conclusions if name not in goals])


def _said(consultation: Consultation, names: list[str]) -> list[tuple[Fact, str]]:
    facts, values = consultation.ruleset.facts, consultation.results.conclusions
    return [(facts[name], say_value(facts[name], values[name])) for name in names]


def undetermined(consultation: Consultation) -> list[Open]:
    """The goals that are not settled, each with the questions that can still change it."""
    facts = consultation.ruleset.facts
    feeds = {question.fact: consultation.reasons(question.fact).goals for question in consultation.open_questions}
    return [
        Open(
            facts[name],
            tuple(question for question in consultation.open_questions if name in feeds[question.fact]),
            unknown_behind(consultation, name),
            consultation.evaluation.settled(name),  # it has a value, and yet is no result
        )
        for name in consultation.undetermined
    ]


def groups(consultation: Consultation) -> list[Group]:
    """The trail in nested steps: what the result rests on, what else applied, what was outranked."""
    roots = nested(consultation)
    goals = {goal.fact: place for place, goal in enumerate(consultation.ruleset.goals)}

    def place(node: Node) -> tuple[int, int]:
        return min((goals.get(name, len(goals)) for name in node.step.concludes), default=len(goals)), node.step.seq

    kinds = (
        ("What the result rests on", "Each step stands on the answers and on the steps set in below it.", {"decisive"}),
        ("Rules that also applied", "They hold for these answers, and no result rests on them.", {"also applied"}),
        (
            "Rules that gave way",
            "Their conditions hold, but another rule takes their place, or may do so.",
            {"outranked", "held back"},
        ),
    )
    found = [
        Group(title, lead, tuple(sorted((node for node in roots if node.step.role in roles), key=place)))
        for title, lead, roles in kinds
    ]
    return [group for group in found if group.nodes]


def nested(consultation: Consultation) -> list[Node]:
    """The trail as trees. A step comes after all that it uses, so from the last to the first each finds its place."""
    trail = consultation.trail
    nodes = {step.seq: Node(step) for step in trail}
    users: dict[int, list[Step]] = {seq: [] for seq in nodes}
    for step in trail:
        for source in dict.fromkeys(used.source for used in step.used if used.source):
            users[source].append(step)
    above: dict[int, tuple[int, ...]] = {}
    for seq in reversed(nodes):
        parent = _parent(nodes[seq].step, users[seq])
        chain = (*above[parent], parent) if parent else ()
        above[seq] = chain[:DEEPEST]
        if chain:
            nodes[above[seq][-1]].under.insert(0, nodes[seq])
    return [nodes[seq] for seq in nodes if not above[seq]]


def _parent(step: Step, users: Iterable[Step]) -> int | None:
    """The step under which another stands: the first of its own role that uses it."""
    return next((user.seq for user in users if user.role == step.role), None)
