"""Audits: the decisions that are kept, listed and filtered, as pages and as files.

What may be read here is for auditors alone. Lists are told from the index of decisions, which is no part of the chain;
what a decision says is on its own page (`audit_decision`), from the chain.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from engine.dialogue.summary import MISTAKES
from engine.language.errors import quote
from engine.language.model import Ruleset
from engine.ledger import REASONS, Audits, Listed, NoSuchDecision, Wanted
from engine.ledger.chain import instant
from webui.audit_filters import ENDINGS, IMPACTS, NONE, SORTED, Filters, read_filters
from webui.consult_visit import ledger
from webui.impact import current_entry
from webui.lists import Part, csv_lines, file_of, part_of
from webui.security import no_store
from webui.shelf import shelf

blueprint = Blueprint("audit", __name__)
blueprint.after_request(no_store)

A_PAGE = 50
COLUMNS = (
    "decision", "hash", "made_at", "ruleset", "version", "release", "as_of", "ending", "regimen", "overrides",
    "decisive_rules", "other_rules", "mistakes", "impact", "compared_with",
)  # fmt: skip
HASH = re.compile("[0-9a-f]{64}")


def audits() -> Audits:
    """The decisions of the ledger of the application at work."""
    return ledger().audits


# The list


@blueprint.get("/audits")
def index() -> ResponseReturnValue:
    """List the decisions that the address asks for."""
    filters = read_filters(request.args)
    part, problems = (None, dict(filters.problems)) if filters.problems else _part(filters.wanted)
    choices = _choices(filters)
    more = {"sorts": _sorts(filters), "part": part, "problems": problems}
    rulesets = [name for name, _ in choices["ruleset"] if name.isprintable()]  # PostgreSQL takes no NUL
    page = render_template(
        "audit/index.html",
        filters=filters,
        typed=filters.typed,
        ENDINGS=ENDINGS,
        IMPACTS=IMPACTS,
        impact_of=impact_of,
        last_runs=[(ledger().latest_impact(name), current_entry(name)) for name in rulesets],
        choices=choices,
        titles=_titles(),
        pages=_pages,
        **more,
    )
    return page, 422 if problems else 200


@blueprint.get("/audits.csv")
def as_csv() -> ResponseReturnValue:
    """Give the list as a table, every row of it with the hash of its release."""
    return _file(_csv, "text/csv; charset=utf-8", "decisions.csv")


@blueprint.get("/audits.json")
def as_json() -> ResponseReturnValue:
    """Give the list as data: {"filters": {name: text}, "decisions": [{"decision", "hash", …, see COLUMNS}]}."""
    return _file(_json, "application/json", "decisions.json")


@blueprint.get("/audits/find")
def find() -> ResponseReturnValue:
    """Go to a decision by its number or the beginning of its hash, as a visit sheet has them."""
    name = request.args.get("name", "").strip()
    if not name:
        problem = "Nothing is written. Give the number of a decision, or the beginning of its hash."
        return render_template("audit/find.html", name=name, problem=problem), 422
    try:
        return redirect(url_for("audit.decision", number=ledger().decision(name).id), 303)
    except NoSuchDecision as error:
        return render_template("audit/find.html", name=name, problem=str(error)), 404


@blueprint.get("/audits/overrides")
def overrides() -> str:
    """Count what was done instead, by the rules that the suggestions rest on and by reason."""
    found = ledger().overrides()
    rules = Counter(rule for each in found for rule in each.rules)
    reasons = Counter(each.reason for each in found)
    named = {rule: title for ruleset in _on_shelf() for rule, title in _rule_titles(ruleset).items()}
    return render_template(
        "audit/overrides.html",
        number=len(found),
        rules=rules.most_common(),
        named=named,
        reasons=[(REASONS[reason], count) for reason, count in reasons.most_common()],
        newest=found[: -A_PAGE - 1 : -1],
        REASONS=REASONS,
    )


@blueprint.route("/audits/verify", methods=["GET", "POST"])
def verify() -> ResponseReturnValue:
    """Say what verifying can show, and, sent as a form, verify the whole ledger."""
    found, problem = None, ""
    stale: tuple[int, ...] = ()
    known = "".join(request.values.get("head", "").lower().split())
    if known and not HASH.fullmatch(known):
        problem = f"{quote(known)} is no hash. Give all of its 64 letters and digits, or none."
    elif request.method == "POST":
        found = ledger().verify(known or None)
        stale = audits().stale() if "index" in request.form else ()
    head = ledger().head()
    page = render_template(
        "audit/verify.html", found=found, stale=stale, looked="index" in request.form, known=known, problem=problem,
        head=head,
    )  # fmt: skip
    return page, 422 if problem else 200


def _part(wanted: Wanted) -> tuple[Part[Listed] | None, dict[str, str]]:
    """The page that the address asks for; a problem where there is none of this number."""
    found = audits()
    try:
        return part_of(found.count(wanted), A_PAGE, partial(found.listed, wanted)), {}
    except NotFound as error:
        return None, {"page": str(error.description)}


def _pages(part: Part[Listed]) -> list[int]:
    """The numbers to link to: the first, the last, and those around this one."""
    around = {1, part.last, *range(part.number - 2, part.number + 3)}
    return sorted(number for number in around if 1 <= number <= part.last)


def _sorts(filters: Filters) -> list[tuple[str, str, str]]:
    """The orders as (address, words, ascending, descending or nothing); the one in force can be turned round."""
    wanted = filters.wanted
    found = []
    for name, said in SORTED.items():
        here = name == wanted.sort
        first = name in ("number", "overrides")  # whose largest come first
        turned = f"{'' if (wanted.descending if here else not first) else '-'}{name}"
        state = ("descending" if wanted.descending else "ascending") if here else ""
        found.append((url_for(".index", **filters.narrowing, sort=turned), said, state))  # type: ignore[arg-type]
    return found


# What can be chosen, and how it is called

Choice = tuple[str, str]  # as an address has it, in words


def _choices(filters: Filters) -> dict[str, list[Choice]]:
    """What each filter offers; what an address names besides is offered too, so that nothing typed is lost."""
    found = audits().choices()
    rules: dict[str, str] = {}
    regimens: dict[str, str] = {}
    mistakes: dict[str, str] = {}
    for ruleset in _on_shelf():
        rules |= _rule_titles(ruleset)
        regimens |= {each.id: each.title for each in ruleset.regimens.values()}
        mistakes |= ruleset.facts[MISTAKES].labels if MISTAKES in ruleset.facts else {}
    offered = {
        "ruleset": [(name, name) for name in found.rulesets],
        "release": [(digest, f"{name} {version} ({digest[:12]})") for digest, name, version in found.releases],
        "ending": list(ENDINGS.items()),
        "regimen": [(name, _named(name, regimens)) if name else (NONE, "None") for name in found.regimens],
        "rule": sorted(((name, _named(name, rules)) for name in found.rules), key=lambda each: each[1].casefold()),
        "mistake": [(name, _named(name, mistakes)) for name in found.mistakes],
        "overridden": [("yes", "Yes"), ("no", "No")],
        "impact": list(IMPACTS.items()),
    }
    for name, choices in offered.items():
        text = filters.typed.get(name)
        if text and text not in dict(choices):
            choices.append((text, text))
    return offered


def impact_of(row: Listed) -> str:
    """What the last impact run of its ruleset found about a decision, by its name in `IMPACTS`."""
    return "not_compared" if row.impact is None else "differs" if row.impact[0] else "same"


def _named(name: str, titles: Mapping[str, str]) -> str:
    return f"{titles[name]} ({name})" if name in titles else name


def _on_shelf() -> Iterable[Ruleset]:
    return (entry.ruleset for entry in shelf().entries() if entry.ruleset)


def _rule_titles(ruleset: Ruleset) -> dict[str, str]:
    return {rule.id: rule.title for rule in ruleset.rules.values()}


def _titles() -> Callable[[Listed], tuple[str, list[str]]]:
    """Gives the regimen and the mistakes of a decision in words where its very release is on the shelf, else by id."""
    releases = {ruleset.digest: ruleset for ruleset in _on_shelf()}

    def titles(row: Listed) -> tuple[str, list[str]]:
        ruleset = releases.get(row.release)
        regimens = ruleset.regimens if ruleset else {}
        labels = ruleset.facts[MISTAKES].labels if ruleset and MISTAKES in ruleset.facts else {}
        regimen = regimens[row.regimen].title if row.regimen in regimens else row.regimen
        return regimen, [labels.get(each, each) for each in row.mistakes]

    return titles


# Files


def _file(write: Any, kind: str, name: str) -> ResponseReturnValue:
    """The list as a file, sent as it is read; in place of one with wrong filters, what is wrong with them."""
    filters = read_filters(request.args)
    if filters.problems:
        return Response("\n".join(filters.problems.values()), 422, content_type="text/plain; charset=utf-8")
    rows = (_as_data(row) for row in audits().each(filters.wanted))
    return file_of(stream_with_context(write(rows, filters)), name, kind)


def _as_data(row: Listed) -> dict[str, Any]:
    decisive = [rule for rule, rests in row.rules.items() if rests]
    values = (
        row.number, row.hash, instant(row.made_at), row.ruleset, row.version, row.release, row.as_of, row.ending,
        row.regimen or None, row.overrides, decisive, [rule for rule in row.rules if rule not in decisive],
        list(row.mistakes), impact_of(row), row.impact[1] if row.impact else None,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def _json(rows: Iterator[dict[str, Any]], filters: Filters) -> Iterator[str]:
    yield f'{{"filters": {json.dumps(filters.typed)}, "decisions": ['
    for number, row in enumerate(rows):
        yield f"{',' if number else ''}\n{json.dumps(row)}"
    yield "\n]}\n"


def _csv(rows: Iterator[dict[str, Any]], _: Filters) -> Iterator[str]:
    return csv_lines(COLUMNS, (row.values() for row in rows), " ")
