"""Where the boxes and lines of a layered drawing go: columns by depth of dependence, few crossings, lines that bend.

A line over more than one column runs through a narrow lane in each column between; all lines from one box share it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

WIDTH, SPACE = 208, 84  # of a column, and between two
GAP = 14
LANE = 6
MARGIN = 8
SWEEPS = 8


@dataclass(frozen=True)
class Edge:
    """A line from one box to another, further right."""

    tail: str
    head: str
    kind: str = ""


@dataclass(eq=False)
class Slot:
    """A place in a column: of a box, or of the lane of a line that passes."""

    box: str | None
    column: int
    height: float
    top: float = 0
    before: list[Slot] = field(default_factory=list)
    after: list[Slot] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Where lines arrive."""
        return MARGIN + self.column * (WIDTH + SPACE)

    @property
    def right(self) -> int:
        """Where lines leave."""
        return self.left + WIDTH

    @property
    def middle(self) -> float:
        """How far down lines arrive and leave."""
        return self.top + self.height / 2


@dataclass(frozen=True)
class Drawing:
    """What to draw: the boxes in reading order, and for each kind of line the commands of one SVG path."""

    boxes: tuple[Slot, ...]
    lines: dict[str, str]
    width: int
    height: int


def draw(heights: Mapping[str, float], edges: Sequence[Edge], last: Iterable[str] = ()) -> Drawing:
    """Lay a graph out.

    Args:
        heights: how high each box is; its order is the order of boxes where nothing else decides.
        edges: lines between these boxes, without a loop.
        last: boxes that go to the last column unless a line leaves them.
    """
    depth = _columns(heights, edges, set(last))
    boxes = {name: Slot(name, depth[name], height) for name, height in heights.items()}
    columns: list[list[Slot]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
    for slot in boxes.values():
        columns[slot.column].append(slot)
    joints = _join(boxes, columns, edges)
    for sweep in range(SWEEPS):
        _order(columns, forwards=sweep % 2 == 0)
    _place(columns)
    slots = [slot for column in columns for slot in column]
    top = min((slot.top for slot in slots), default=0) - MARGIN
    for slot in slots:
        slot.top = round(slot.top - top)
    return Drawing(
        tuple(slot for slot in slots if slot.box),
        {kind: "".join(parts) for kind, parts in _paths(joints).items()},
        MARGIN * 2 + len(columns) * (WIDTH + SPACE) - SPACE,
        round(max((slot.top + slot.height for slot in slots), default=0)) + MARGIN,
    )


def _columns(boxes: Iterable[str], edges: Sequence[Edge], last: set[str]) -> dict[str, int]:
    """The longest way to each box from the left."""
    heads: dict[str, list[str]] = {}
    for edge in edges:
        heads.setdefault(edge.tail, []).append(edge.head)
    depth = dict.fromkeys(boxes, 0)
    waiting = list(depth)
    while waiting:
        tail = waiting.pop()
        for head in heads.get(tail, ()):
            if depth[head] <= depth[tail]:
                depth[head] = depth[tail] + 1
                waiting.append(head)
    rightmost = max(depth.values(), default=0)
    return {box: rightmost if box in last and box not in heads else column for box, column in depth.items()}


def _join(boxes: Mapping[str, Slot], columns: list[list[Slot]], edges: Sequence[Edge]) -> dict[tuple[Slot, Slot], str]:
    """Lead each line from column to column, through lanes; the kind of each piece."""
    lanes: dict[tuple[str, str, int], Slot] = {}
    joints: dict[tuple[Slot, Slot], str] = {}
    for edge in edges:
        here, end = boxes[edge.tail], boxes[edge.head]
        for column in range(here.column + 1, end.column):
            key = edge.tail, edge.kind, column
            if key not in lanes:
                lanes[key] = Slot(None, column, LANE)
                columns[column].append(lanes[key])
            joints.setdefault((here, lanes[key]), edge.kind)
            here = lanes[key]
        joints[here, end] = edge.kind
    for before, after in joints:
        before.after.append(after)
        after.before.append(before)
    return joints


def _order(columns: list[list[Slot]], *, forwards: bool) -> None:
    """Sort each column by where its neighbours in the column before stand (or after, on the way back)."""
    for column in columns if forwards else reversed(columns):
        place = {slot: float(index) for index, slot in enumerate(column)}
        ranks = _ranks(columns)
        for slot in column:
            near = slot.before if forwards else slot.after
            if near:
                place[slot] = sum(ranks[other] for other in near) / len(near) * len(column)
        column.sort(key=place.__getitem__)


def _ranks(columns: list[list[Slot]]) -> dict[Slot, float]:
    """How far down its column each slot stands, from 0 to 1."""
    return {slot: (index + 0.5) / len(column) for column in columns for index, slot in enumerate(column)}


def _place(columns: list[list[Slot]]) -> None:
    """Set the tops: beside the neighbours as far as the others in the column leave room."""
    for column in columns:
        _settle(column, lambda _: 0)
    for sweep in range(SWEEPS):
        forwards = sweep % 2 == 0
        for column in columns if forwards else reversed(columns):
            _settle(column, _beside(forwards=forwards))


def _beside(*, forwards: bool) -> Callable[[Slot], float]:
    def wanted(slot: Slot) -> float:
        near = slot.before if forwards else slot.after
        return sum(other.middle for other in near) / len(near) - slot.height / 2 if near else slot.top

    return wanted


def _settle(column: list[Slot], wanted: Callable[[Slot], float]) -> None:
    """Half-way between pushing down from the top and up from the bottom: both keep the gaps, and so does their mean."""
    wishes = [wanted(slot) for slot in column]
    down, up = wishes[:], wishes[:]
    for index in range(1, len(column)):
        down[index] = max(down[index], down[index - 1] + column[index - 1].height + GAP)
    for index in reversed(range(len(column) - 1)):
        up[index] = min(up[index], up[index + 1] - column[index].height - GAP)
    for slot, low, high in zip(column, down, up, strict=True):
        slot.top = (low + high) / 2


def _paths(joints: Mapping[tuple[Slot, Slot], str]) -> dict[str, list[str]]:
    paths: dict[str, list[str]] = {}
    for (before, after), kind in joints.items():
        start, down = round(before.middle), round(after.middle) - round(before.middle)
        piece = f"M{before.right} {start}c{SPACE // 2} 0 {SPACE // 2} {down} {SPACE} {down}"
        paths.setdefault(kind, []).append(piece if after.box else f"{piece}h{WIDTH}")
    return paths
