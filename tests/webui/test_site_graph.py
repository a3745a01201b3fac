from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from engine import load_ruleset
from engine.language.load import SHIPPED
from tests.webui.conftest import made
from tests.webui.page_text import said
from webui.graph import drawn, leading_to
from webui.layering import GAP, SPACE, WIDTH, Edge, draw
from webui.shelf import Shelf

RULESETS = [entry for entry in Shelf([SHIPPED]).entries() if entry.ruleset]
SVG = re.compile(r'<svg class="graph" role="group".*?</svg>', re.DOTALL)


@pytest.fixture(scope="module")
def shipped():
    return made(RULESETS=(SHIPPED,)).test_client()


@pytest.fixture(params=RULESETS, ids=lambda entry: entry.name)
def ruleset(request):
    return request.param.loaded


def test_every_line_leads_to_the_right_and_no_two_boxes_touch(ruleset):
    drawing = drawn(ruleset, list(ruleset.facts))
    boxes = {slot.box: slot for slot in drawing.boxes}

    assert set(boxes) == set(ruleset.facts)
    for head, tails in ruleset.depends_on.items():
        assert all(boxes[tail].column < boxes[head].column for tail in tails)
    for above, below in pairwise(drawing.boxes):
        assert above.column < below.column or above.top + above.height + GAP <= below.top + 1


def test_goals_that_nothing_depends_on_stand_in_the_last_column(ruleset):
    drawing = drawn(ruleset, list(ruleset.facts))
    used = {tail for tails in ruleset.depends_on.values() for tail in tails}
    last = max(slot.column for slot in drawing.boxes)

    for slot in drawing.boxes:
        if slot.box in {goal.fact for goal in ruleset.goals} - used:
            assert slot.column == last


def test_each_line_can_be_followed_from_box_to_box():
    """The end of each piece is the start of the next, up to the box that the line leads to."""
    drawing = draw(dict.fromkeys("abcd", 40), [Edge("a", "b"), Edge("b", "c"), Edge("c", "d"), Edge("a", "d")])
    boxes = {slot.box: slot for slot in drawing.boxes}
    pieces = {}
    for x, y, down, lane in re.findall(r"M(\d+) (\d+)c\S+ 0 \S+ \S+ \S+ (-?\d+)(h\d+)?", drawing.lines[""]):
        end = int(x) + SPACE + (WIDTH if lane else 0), int(y) + int(down)
        pieces.setdefault((int(x), int(y)), []).append(end)

    reached, waiting = set(), [(boxes["a"].right, round(boxes["a"].middle))]
    while waiting:
        here = waiting.pop()
        reached.add(here)
        waiting += pieces.get(here, [])
    assert (boxes["d"].left, round(boxes["d"].middle)) in reached


def test_boxes_that_lead_straight_across_stand_side_by_side():
    drawing = draw({"a": 40, "b": 40, "c": 40, "d": 40}, [Edge("a", "d"), Edge("b", "c")])
    tops = {slot.box: slot.top for slot in drawing.boxes}

    assert tops["a"] == tops["d"]
    assert tops["b"] == tops["c"]


@pytest.mark.parametrize("target", ["all", "low", "regimen", "since"])
def test_the_drawing_and_the_list_hold_the_same_facts(app, client, target):
    ruleset = app.extensions["shelf"].find("injections").loaded
    page = client.get(f"/rulesets/injections/graph?to={target}").text
    expected = set(ruleset.facts) if target == "all" else set(leading_to(ruleset, target))
    in_drawing = re.findall(r'href="facts/(\w+)"', SVG.search(page)[0])
    in_list = re.findall(r'href="facts/(\w+)"', page.split('id="list"')[1])

    assert set(in_drawing) == set(in_list) == expected
    assert len(in_drawing) == len(in_list) == len(expected)


def test_the_list_names_every_rule_with_the_facts_that_it_rests_on(client):
    text = said(client.get("/rulesets/injections/graph"))

    assert "A low level calls for standard injections, from Low level; Age; Numbness" in text  # what overrides it too
    assert "Days since the last injection Computed from Last injection" in text
    assert "Pregnancy Depends on Sex" in text


def test_the_drawing_is_sound_xml_and_each_box_has_a_name(shipped):
    drawing = ElementTree.fromstring(SVG.search(shipped.get("/rulesets/b12-general/graph?to=all").text)[0])
    links = drawing.findall("a")

    assert len(links) == len(load_ruleset("b12-general").facts)
    assert all(link.get("aria-label") for link in links)
    assert "Serum vitamin B12, question" in {link.get("aria-label") for link in links}


def test_a_large_ruleset_is_shown_in_part_first_and_the_page_says_so(shipped):
    first, whole = (said(shipped.get(f"/rulesets/b12-general/graph{query}")) for query in ("", "?to=all"))

    facts = len(load_ruleset("b12-general").facts)
    assert f"The whole ruleset has {facts} facts, which is much for one picture." in first
    assert "What leads to “Regimen”" in first
    assert "much for one picture" not in whole


def test_a_small_ruleset_is_shown_whole(client):
    assert "much for one picture" not in said(client.get("/rulesets/injections/graph"))


def test_an_empty_drawing_is_a_drawing():
    assert draw({}, []).boxes == ()
