"""Asking back: why a conclusion, why not another, what would change it, and what if an answer were another.

None of these pages writes to the session; "what if" can begin another one with the changed answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine import AnswerError
from engine.dialogue.consultation import Consultation, shown
from engine.explain.flips import flips
from engine.explain.telling import (
    NOT_PURSUED,
    said_against,
    said_besides,
    said_change,
    said_end,
    said_here,
    said_labels,
    said_not_known,
    said_not_pursued,
    said_values,
    said_witnesses,
)
from engine.explain.waiting import Waiting
from engine.explain.what_if import told, what_if
from engine.explain.why import can_have_a_say, why
from engine.explain.why_not import why_not
from engine.explain.witnesses import witnesses
from engine.language.answers import read_answers
from engine.language.model import Fact, Goal, Regimen, Ruleset
from engine.language.values import Answer, Single
from engine.language.wording import PHASE_PARTS, say_phase
from engine.verify.provable import GaveUpError
from webui.consult_visit import Visit, ledger, now, visit
from webui.fields import Field, read
from webui.security import check_token, no_store

blueprint = Blueprint("explain", __name__, url_prefix="/sessions/<key>")
blueprint.after_request(no_store)

SHOWN_FIRST = ("regimen", "disposition")  # what most people ask about, where a ruleset has goals of these names
NOTHING = "none"
SHOWN_AT_ONCE = 12  # changes; the others are folded under them


@blueprint.get("/why/<name>")
def reasons(key: str, name: str) -> str:
    """Show what speaks for a conclusion, against it, and what is not known."""
    here = visit(key)
    fact = here.ruleset.facts.get(name)
    if fact is None or fact.is_input:
        abort(404, "This ruleset concludes nothing of this name.")
    consultation = here.consultation
    open_ = {
        "undecided": list(can_have_a_say(consultation, fact)),
        "waits": Waiting(consultation.evaluation).of_fact(name) if fact.formula else (),
    }
    return render_template("explain/why.html", **_frame(here), **open_, fact=fact, found=why(consultation, name))


@blueprint.get("/questions/<name>/why")
def asked(key: str, name: str) -> str:
    """Show two patients who have the answers so far, differ in the answer to a question, and end differently."""
    here = visit(key)
    fact = here.question(name)
    found, gave_up = None, False
    try:
        found = witnesses(here.consultation.without(name), name)
    except GaveUpError:
        gave_up = True
    frame = _frame(here) | {"back_to": here.page(fact)}
    return render_template("explain/asked.html", **frame, fact=fact, found=found, gave_up=gave_up)


@blueprint.get("/why-not")
def lacking(key: str) -> str:
    """Show what keeps a goal from another value, and the smallest change that would bring it about."""
    here = visit(key)
    goal, value = asked_value(here.ruleset, request.args.get("value", ""))
    found = why_not(here.consultation, goal, value) if goal and value is not None else None
    more = {"options": list(values_to_ask(here.consultation)), "chosen": request.args.get("value", ""), "found": found}
    return render_template("explain/why_not.html", **_frame(here), **more)


@blueprint.get("/changes")
def changes(key: str) -> str:
    """Show the smallest changes of answers that would make a goal come to something else."""
    here = visit(key)
    goals = _goals(here.ruleset)
    wanted = request.args.get("goal", goals[0].fact if goals else "")
    goal = next((each for each in goals if each.fact == wanted), None) or abort(404, "There is no such goal.")
    (found,) = flips(here.consultation, [goal])
    return render_template(
        "explain/changes.html", **_frame(here), goals=goals, goal=goal, found=found, at_once=SHOWN_AT_ONCE
    )


@blueprint.route("/what-if", methods=["GET", "POST"])
def supposing(key: str) -> ResponseReturnValue:
    """Show what other answers would come to; `save` begins another session with them."""
    here = visit(key)
    asked = request.values.getlist("fact")
    facts = [fact for fact in here.ruleset.inputs if fact.id in asked]
    fields = tuple(Field(fact, f"{fact.id}-") for fact in facts)
    found = None
    if request.method == "POST":
        check_token()
        reading = read(here.session, tuple(field.posted(request.form) for field in fields), may_be_blank=True)
        fields = reading.fields
        if not reading.wrong:
            found = what_if(here.consultation, read_answers(here.ruleset.facts, reading.given))
            if "save" in request.form:
                return _begun_anew(found.after)
    else:
        suggested = _suggested(here)
        fields = tuple(field.answered(suggested.get(field.fact.id, here.answer(field.fact))) for field in fields)
        found = what_if(here.consultation, suggested) if suggested else None
    wrong = [field for field in fields if field.error]
    more: dict[str, object] = {"fields": fields, "found": found, "wrong": wrong, "rest": _others(here, asked)}
    if found:
        more["differences"] = sorted(found.differences, key=lambda each: each not in found.goals)
        more["schedules"] = list(_schedules(found.before.regimen, found.after.regimen))
    return render_template("explain/what_if.html", **_frame(here), **more), 422 if wrong else 200


@dataclass(frozen=True)
class Row:
    """A part of a schedule, now and with other answers."""

    part: str
    now: str
    then: str

    @property
    def said(self) -> str:
        """Whether it is another, in a word."""
        return "Same" if self.now == self.then else "Changed"


def _schedules(now: Regimen | None, then: Regimen | None) -> Iterable[Row]:
    """Two schedules side by side, phase by phase; nothing where they are one."""
    if now is then:
        return
    products = [regimen.product if regimen else None for regimen in (now, then)]
    if any(products):
        yield Row("Product", *(product or NOTHING for product in products))
    phases = zip_longest(*(regimen.phases if regimen else () for regimen in (now, then)))
    for number, (one, other) in enumerate(phases, 1):
        mine, theirs = (say_phase(phase) if phase else {} for phase in (one, other))
        yield Row(f"Phase {number}", *(phase.name if phase else NOTHING for phase in (one, other)))
        for part in PHASE_PARTS:
            yield Row(f"Phase {number}, {part.lower()}", mine.get(part, NOTHING), theirs.get(part, NOTHING))


def _suggested(here: Visit) -> dict[str, Answer]:
    """The answers that an address suggests, as the links of the other pages have them."""
    given = {name: request.args.getlist(f"to-{name}") for name in request.args.getlist("fact")}
    facts = here.ruleset.facts
    raw = {
        name: ([each for each in values if each] if facts[name].is_set and values != ["unknown"] else values[0])
        for name, values in given.items()
        if values and name in facts and facts[name].is_input
    }
    try:
        return read_answers(facts, raw)
    except AnswerError:
        abort(404, "This address does not name answers that can be given.")


def _begun_anew(after: Consultation) -> ResponseReturnValue:
    """Another session with these answers; the one at hand stays as it is."""
    facts = after.ruleset.facts
    answers = {name: shown(facts[name], answer) for name, answer in after.answers.items()}
    _, key = ledger().begin(after.ruleset, answers, now(), current_app.config["SESSION_DAYS"])
    return redirect(url_for("consult.check", key=key), 303)


def _goals(ruleset: Ruleset) -> list[Goal]:
    """The goals that are concluded, those that most people ask about first."""
    goals = [goal for goal in ruleset.goals if ruleset.facts[goal.fact].derived]
    return sorted(goals, key=lambda goal: (*SHOWN_FIRST, goal.fact).index(goal.fact))


@dataclass(frozen=True)
class Choice:
    """A value that a goal could have had."""

    word: str
    fact: Fact
    value: Single
    held: bool


def values_to_ask(consultation: Consultation) -> Iterable[Choice]:
    """Every value that rules can conclude for a goal."""
    ruleset = consultation.ruleset
    for goal in _goals(ruleset):
        for value in ruleset.values.get(goal.fact, ()):
            if isinstance(value, str):
                held = value in (told(consultation, goal.fact) or ())
                yield Choice(f"{goal.fact}={value}", ruleset.facts[goal.fact], value, held)


def asked_value(ruleset: Ruleset, word: str) -> tuple[Goal | None, Single | None]:
    """The goal and the value that an address names as goal=value; None where it names none."""
    name, _, value = word.partition("=")
    goal = next((goal for goal in ruleset.goals if goal.fact == name), None)
    if word and (goal is None or value not in ruleset.values.get(name, ())):
        abort(404, "This ruleset cannot come to this value.")
    return goal, value or None


def _others(here: Visit, asked: Iterable[str]) -> list[Fact]:
    """The questions that could be changed too."""
    there = {*here.consultation.answers, *here.consultation.relevance.open}.difference(asked)
    return [fact for fact in here.ruleset.inputs if fact.id in there]


def trying(here: Visit, change: dict[str, Answer]) -> str:
    """The address that tries a change."""
    pairs: dict[str, object] = {"fact": list(change)}
    for name, answer in change.items():
        raw = shown(here.ruleset.facts[name], answer)
        pairs[f"to-{name}"] = (list(raw) or [""]) if isinstance(raw, tuple | list) else raw
    return url_for("explain.supposing", key=here.key, **pairs)  # type: ignore[arg-type]


def told_why_not(consultation: Consultation) -> dict[str, object]:
    """What the piece of a page that tells why not has to hand."""
    return {
        "ruleset": consultation.ruleset,
        "consultation": consultation,
        "said_change": said_change,
        "said_end": said_end,
        "said_here": said_here,
        "told": told,
    }


def _frame(here: Visit) -> dict[str, object]:
    return told_why_not(here.consultation) | {
        "visit": here,
        "back_to": here.address("outcome"),
        "alarmed": here.alarming,
        "NOT_PURSUED": NOT_PURSUED,
        "said_against": said_against,
        "said_besides": said_besides,
        "said_labels": said_labels,
        "said_not_known": said_not_known,
        "said_not_pursued": said_not_pursued,
        "said_values": said_values,
        "said_witnesses": said_witnesses,
        "trying": trying,
    }
