"""Reading rulesets: which there are, and each in plain English or as data."""

from __future__ import annotations

from flask import Blueprint, abort, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.language.model import Fact, Rule, Ruleset, tests_in
from webui import data
from webui.lists import part_of
from webui.shelf import Entry, on_shelf, shelf, usable
from webui.words import takes

blueprint = Blueprint("rulesets", __name__)

RULES_A_PAGE = 60
CASES_A_PAGE = 100


@blueprint.get("/rulesets")
def index() -> str:
    """List the rulesets, those that cannot be loaded with their problems."""
    entries = shelf().entries()
    return render_template(
        "rulesets/index.html",
        usable=[entry for entry in entries if entry.ruleset],
        broken=[entry for entry in entries if not entry.ruleset],
    )


@blueprint.get("/rulesets/<name>")
def show(name: str) -> str:
    """Give an overview of a ruleset: what it settles, asks and concludes, and how its cases come out."""
    entry = on_shelf(name)
    if entry.ruleset is None:
        return render_template("rulesets/broken.html", entry=entry)
    return render_template(
        "rulesets/show.html",
        entry=entry,
        ruleset=entry.ruleset,
        sections=sections(entry.ruleset),
        kinds=kinds(entry.ruleset),
    )


@blueprint.get("/rulesets/<name>.json")
def as_json(name: str) -> ResponseReturnValue:
    """Give a ruleset as data; 409 while it cannot be loaded."""
    entry = on_shelf(name)
    if entry.ruleset is None:
        return jsonify(data.problems_data(entry)), 409
    return jsonify(data.ruleset_data(entry.ruleset))


@blueprint.get("/rulesets/<name>/rules")
def rules(name: str) -> str:
    """Read the rules aloud, all of them or those that use or conclude one fact."""
    entry = usable(name)
    wanted = request.args.get("fact")
    fact = _fact(entry, wanted) if wanted else None
    found = rules_about(entry, fact) if fact else list(entry.loaded.rules.values())
    part = part_of(len(found), RULES_A_PAGE, lambda first, most: found[first : first + most])
    return render_template("rulesets/rules.html", entry=entry, ruleset=entry.loaded, fact=fact, part=part)


@blueprint.get("/rulesets/<name>/rules/<rule>")
def rule(name: str, rule: str) -> str:
    """Tell all of one rule, with the cases that it applies in."""
    entry = usable(name)
    if rule not in entry.loaded.rules:
        abort(404, f"This ruleset has no rule called “{rule[:60]}”.")
    found = entry.loaded.rules[rule]
    names = dict.fromkeys([*(test.fact for test in tests_in(found.when)), *(name for name, _ in found.then)])
    return render_template(
        "rulesets/rule.html",
        entry=entry,
        ruleset=entry.loaded,
        rule=found,
        facts=[entry.loaded.facts[each] for each in names],
        case_links=[
            (url_for("evaluate.form", name=name, case=case.id), case.title)
            for case in entry.checked.firing.get(rule, ())
        ],
    )


@blueprint.get("/rulesets/<name>/facts/<fact>")
def fact(name: str, fact: str) -> str:
    """Tell all of one fact: what is asked and why, or how it is worked out, and which rules use it."""
    entry = usable(name)
    return render_template(
        "rulesets/fact.html", entry=entry, ruleset=entry.loaded, fact=_fact(entry, fact), takes=takes
    )


@blueprint.get("/rulesets/<name>/cases")
def cases(name: str) -> str:
    """List the cases that travel with a ruleset, and how each came out."""
    entry = usable(name)
    cases = entry.loaded.cases
    part = part_of(len(cases), CASES_A_PAGE, lambda first, most: cases[first : first + most])
    return render_template("rulesets/cases.html", entry=entry, ruleset=entry.loaded, part=part)


def sections(ruleset: Ruleset) -> list[tuple[str, list[Fact]]]:
    """The questions in the order of asking, under the titles of their sections."""
    titles = {section.id: section.title for section in ruleset.sections}
    found: dict[str, list[Fact]] = {}
    for each in ruleset.inputs:
        found.setdefault(titles.get(each.section or "", "Further questions" if titles else ""), []).append(each)
    return list(found.items())


def kinds(ruleset: Ruleset) -> list[tuple[str | None, list[Rule]]]:
    """The rules by kind, in the order in which kinds come up."""
    found: dict[str | None, list[Rule]] = {}
    for each in ruleset.rules.values():
        found.setdefault(each.kind, []).append(each)
    return list(found.items())


def rules_about(entry: Entry, fact: Fact) -> list[Rule]:
    """The rules that use a fact or conclude it, in the order of the ruleset."""
    wanted = {each.id for each in (*entry.loaded.users[fact.id], *entry.loaded.concluders.get(fact.id, ()))}
    return [each for each in entry.loaded.rules.values() if each.id in wanted]


def _fact(entry: Entry, name: str) -> Fact:
    found = entry.loaded.facts.get(name)
    return found if found is not None else abort(404, f"This ruleset has no fact called “{name[:60]}”.")
