"""The trail on the page is the trail of `regimen evaluate --json`, step by step."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal

import pytest

from engine import consult
from engine.dialogue.report import report
from engine.language.answers import read_answers
from engine.language.load import SHIPPED
from engine.language.values import Quantity
from engine.language.wording import say_date, say_held, say_strength, sentence
from tests.webui.conftest import MADE_UP, TODAY, render
from tests.webui.page_text import Element, tree
from webui import create_app, result
from webui.shelf import Shelf
from webui.starting import Start

ENTRIES = {entry.name: entry for root in (MADE_UP, SHIPPED) for entry in Shelf([root]).entries() if entry.ruleset}
B12 = ENTRIES["b12-general"].loaded
SAMPLE = 12


def cases():
    """Every case of b12-general; all but a sample of them are slow."""
    for place, case in enumerate(B12.cases):
        marks = () if place % SAMPLE == 0 else pytest.mark.slow
        yield pytest.param(B12, case, id=f"b12-general-{case.id}", marks=marks)
    made_up = ENTRIES["injections"].loaded
    yield from (pytest.param(made_up, case, id=f"injections-{case.id}") for case in made_up.cases)


@pytest.fixture(scope="module")
def site_app():
    return create_app({"TESTING": True, "RULESETS": (MADE_UP,), "TODAY": lambda: TODAY})


@pytest.mark.parametrize(("ruleset", "case"), list(cases()))
def test_the_trail_on_the_page_is_that_of_the_report(site_app, ruleset, case):
    consultation = consult(ruleset, dict(case.answers), case.as_of)
    told = report(consultation)["trail"]

    page = tree(render(site_app, lambda ways: result.page(consultation, ways, Start())[0]))

    assert [step_on(page, step["seq"]) for step in told] == [in_words(ruleset, step) for step in told]
    assert len(page.all(lambda each: each.id.startswith("step-"))) == len(told)


def test_the_comparison_sees_a_step_that_was_changed(site_app):
    """The comparison itself can fail: another role, another source or a fact left out is seen."""
    consultation = consult(B12, dict(B12.cases[0].answers), B12.cases[0].as_of)
    told = next(step for step in report(consultation)["trail"] if step["used"] and step["cites"])
    page = tree(render(site_app, lambda ways: result.page(consultation, ways, Start())[0]))

    for change in ({"role": "outranked"}, {"used": told["used"][1:]}, {"cites": []}, {"title": "?"}, {"concludes": {}}):
        assert step_on(page, told["seq"]) != in_words(B12, {**told, **change})


def step_on(page, seq):
    """What the page says of a step, the steps set in below it left out."""
    (step,) = page.all(lambda each: each.id == f"step-{seq}")
    own = Element("li", {}, [each for each in step.parts if not (isinstance(each, Element) and each.tag == "ol")])
    rows = {row.first("dt").text: row.first("dd") for row in own.all(lambda each: "row" in each.classes)}
    number, _, title = own.first("h4").text.partition(". ")
    facts = rows.get("On these facts")
    source = rows.get("Source")
    return {
        "seq": int(number),
        "title": title,
        "role": own.first("strong").text,
        "because": own.all(lambda each: each.tag == "p" and "tags" not in each.classes)[0].text,
        "used": [line.text for line in facts.all(lambda each: each.tag == "li")] if facts else [],
        "concludes": rows["So"].text,
        "outranked_by": rows["Outranked by"].text if "Outranked by" in rows else None,
        "source": source.text if source else None,
        "cited": [link.attributes["href"] for link in source.all(lambda each: each.tag == "a")] if source else [],
        "another_support": "Another support exists" in own.text,
    }


def in_words(ruleset, step):
    """What a page is to say of a step of the report."""
    rules = ruleset.rules
    concluded = "; ".join(held(ruleset, fact, value) for fact, value in step["concludes"].items())
    return {
        "seq": step["seq"],
        "title": step["title"],
        "role": sentence(step["role"]),
        "because": words(sentence(step["because"])),
        "used": [used(ruleset, each) for each in step["used"]],
        "concludes": concluded or "Nothing is concluded from it",
        "outranked_by": rules[step["outranked_by"]].title if step["outranked_by"] else None,
        "source": words(cited(ruleset, step)) if step["rule"] else None,
        "cited": [f"#source-{cite['source']}" for cite in step["cites"]],
        "another_support": step["another_support"] and step["role"] == "decisive",
    }


def cited(ruleset, step):
    said = "; ".join(
        ruleset.sources[cite["source"]].title + (f", {cite['section']}" if cite["section"] else "")
        for cite in step["cites"]
    )
    return (said or "No source cited") + (f" ({say_strength(step['strength'])})" if step["strength"] else "")


def used(ruleset, each):
    origin = "answered" if each["from"] == "answer" else f"step {each['from']}"
    if each["fact"] == "as_of":
        day = read_date(each["value"])
        return f"The date of this evaluation: {say_date(day)} (given)"
    return f"{held(ruleset, each['fact'], each['value'])} ({origin})"


def held(ruleset, name, value):
    """A fact with the value that the report has for it, in words."""
    fact = ruleset.facts[name]
    if isinstance(value, list):
        value = tuple(value)
    elif fact.type == "number" and value != "unknown":
        value = read_answers({name: fact}, {name: value})[name] if fact.is_input else computed(fact, value)
    elif fact.type == "date" and value != "unknown":
        value = read_date(value)
    elif fact.is_input:
        value = read_answers({name: fact}, {name: value})[name]
    return words(say_held(fact, value))


def computed(fact, value):
    number, _, unit = str(value).partition(" ")
    return Quantity(number_of(number), unit or (fact.units.names[0] if fact.units and fact.units.names else None))


def number_of(text):
    return Decimal(text)


def read_date(text):
    return datetime.date.fromisoformat(text)


def words(text):
    return re.sub(r" (?=[,.;:)])", "", " ".join(text.split())).replace("( ", "(")
