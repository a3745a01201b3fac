"""The trail of a consultation as nested steps.

A trail is a web: several steps can use one. On a page each step stands once, under the first step that uses it, and the
others link to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine import Step
from engine.dialogue.summary import Told

DEEPEST = 4  # further down steps stand side by side, which a telephone can show


@dataclass
class Node:
    """A step with the steps under it."""

    step: Step
    under: list[Node] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many steps it is, with all those under it."""
        return 1 + sum(node.size for node in self.under)


@dataclass(frozen=True)
class Group:
    """Steps of one part in the decision."""

    heading: str
    lead: str
    nodes: tuple[Node, ...]


def groups(consultation: Told) -> list[Group]:
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


def nested(consultation: Told) -> list[Node]:
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
