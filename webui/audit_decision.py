"""One decision for its auditors: what it says, what was remarked on it, and the same run again.

All of it is read from the chain and checked on the way: a record that is not as it was recorded is not told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath

from flask import abort, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine import AnswerError, Consultation, Ruleset, consult
from engine.dialogue import summary
from engine.explain.telling import said_values
from engine.explain.why_not import why_not
from engine.language.answers import read_answer
from engine.language.model import Fact, Rule
from engine.language.shapes import iso_date
from engine.language.values import Answer
from engine.language.wording import say_value
from engine.ledger import CommentError, Decision, DecisionDeleted, NoSuchDecision, RecordAltered, ReleaseError
from engine.ledger.capsule import capsule_data
from engine.ledger.decisions import Override
from engine.ledger.recorded import Recorded, recorded
from engine.ledger.replay import Replay, replay, replay_against
from webui import overriding
from webui.audit import audits, blueprint
from webui.audit_filters import ENDINGS
from webui.consult_visit import ledger, now
from webui.explain import asked_value, told_why_not, values_to_ask
from webui.nesting import groups
from webui.overriding import Form
from webui.shelf import shelf
from webui.signin import account_name

NUMBER = "/audits/<int:number>"


@dataclass(frozen=True)
class Looked:
    """A decision with the release that it was made under.

    Attributes:
        ruleset: None where the release cannot be read as it was, or what the decision says was deleted.
        trouble: why the release cannot be read.
    """

    decision: Decision
    ruleset: Ruleset | None
    trouble: str = ""

    @property
    def recorded(self) -> Recorded | None:
        """What it says, with nothing run again."""
        if not (self.decision.said and self.ruleset):
            return None
        with _as_recorded(self.decision):
            return recorded(self.decision.report, self.ruleset)


@blueprint.errorhandler(NoSuchDecision)
def _no_such_decision(error: NoSuchDecision) -> ResponseReturnValue:
    return render_template("audit/trouble.html", title="There is no such decision", said=str(error)), 404


@blueprint.errorhandler(RecordAltered)
def _altered(error: RecordAltered) -> ResponseReturnValue:
    return render_template("audit/trouble.html", title="This record is not as it was recorded", said=str(error)), 409


@blueprint.errorhandler(DecisionDeleted)
def _deleted(error: DecisionDeleted) -> ResponseReturnValue:
    return render_template("audit/trouble.html", title="This decision was deleted", said=str(error)), 410


@blueprint.errorhandler(ReleaseError)
def _unreadable(error: ReleaseError) -> ResponseReturnValue:
    return render_template("audit/trouble.html", title="The release cannot be read as it was", said=str(error)), 409


def look(number: int) -> Looked:
    """The decision of an address."""
    decision = ledger().decision(number)
    if decision.said is None:
        return Looked(decision, None)
    try:
        return Looked(decision, ledger().release(decision.head.release or ""))
    except ReleaseError as error:
        return Looked(decision, None, str(error))


def whole(number: int) -> tuple[Decision, Ruleset]:
    """The decision of an address, with its release; the page that says so where either is not there any more."""
    decision = ledger().decision(number)
    if decision.said is None:
        raise DecisionDeleted(number)
    return decision, ledger().release(decision.head.release or "")


@contextmanager
def _as_recorded(decision: Decision) -> Iterator[None]:
    """Within, what a decision says is read: all of it is there, unless somebody wrote it who computed its hashes too.

    Raises:
        RecordAltered: Regimen would record nothing of the kind under its release.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError):
        raise RecordAltered(decision.id) from None


@blueprint.get(NUMBER)
def decision(number: int) -> ResponseReturnValue:
    """Show a decision: what it says, whether it is intact, and the same run again."""
    return _page(look(number))


@blueprint.post(f"{NUMBER}/overrides")
def override(number: int) -> ResponseReturnValue:
    """Record what was done instead."""
    here = look(number)
    form = overriding.record(ledger(), here.decision, request.form, now(), account_name())
    return _page(here, form=form) if form else redirect(url_for(".decision", number=number) + "#remarks", 303)


@blueprint.post(f"{NUMBER}/comments")
def comment(number: int) -> ResponseReturnValue:
    """Record a comment."""
    here = look(number)
    text = request.form.get("comment", "")
    try:
        audits().comment(here.decision, text, now(), by=account_name())
    except CommentError as error:
        return _page(here, comment=text, comment_problem=str(error))
    return redirect(url_for(".decision", number=number) + "#remarks", 303)


def _page(here: Looked, form: Form | None = None, comment: str = "", comment_problem: str = "") -> ResponseReturnValue:
    """The page of a decision; of one that was deleted what is left of it."""
    decision, told = here.decision, here.recorded
    shown = {"decision": decision, "looked": here, "made_at": dt.datetime.fromisoformat(decision.head.made_at)}
    if decision.said is None:
        return render_template("audit/deleted.html", **shown, deletion=audits().deletion(decision))
    wrong = bool(form or comment_problem)
    with _as_recorded(decision):
        details = _told(decision, told) if told else {}
        as_of = iso_date(decision.report["as_of"] or "")
    page = render_template(
        "audit/decision.html",
        **shown,
        **details,
        told=told,
        as_of=as_of,
        replayed=_replayed(decision, here.ruleset),
        remarks=audits().remarks(decision),
        is_override=lambda each: isinstance(each, Override),
        form=form or Form({}),
        comment=comment,
        comment_problem=comment_problem,
        others=_others(decision),
        now=now().astimezone(dt.UTC),
    )
    return page, 422 if wrong else 200


def _told(decision: Decision, told: Recorded) -> dict[str, object]:
    """What the page of a decision shows of what it says."""
    said, facts = decision.said or {}, told.ruleset.facts
    steps = told.trail.steps
    return {
        "ruleset": told.ruleset,
        "ways": _ways(told.ruleset),
        "groups": groups(told),
        "unchecked": [step for step in steps if step.needs_check and step.role == "decisive"],
        "also": (),
        "source_of": {},
        "goals": [facts[goal.fact] for goal in told.ruleset.goals],
        "answers": [(facts[name], answer, said["given"][name]) for name, answer in told.answers.items()],
        "changes": [
            (facts[each["fact"]], _given(facts[each["fact"]], each["value"]), each) for each in said["changes"]
        ],
        "sources": summary.sources(told),
        "ENDINGS": ENDINGS,
    }


def _given(fact: Fact, raw: object) -> str:
    """An answer in words; as it was written, where this Regimen cannot read it."""
    if raw is None:
        return "taken back"
    try:
        return say_value(fact, read_answer(fact, raw))
    except ValueError:
        return str(raw)


def _replayed(decision: Decision, ruleset: Ruleset | None) -> Replay | str:
    """The decision run again; why it cannot be, in a sentence."""
    if ruleset is None or decision.said is None:
        return "It cannot be replayed without its release."
    try:
        return replay(decision.said, ruleset)
    except AnswerError as error:
        return f"This Regimen cannot read an answer as it was given: {error}"


def _ways(ruleset: Ruleset) -> dict[str, str | None]:
    """Where the trail leads: to the pages of rules, while these show the release of the decision."""
    entry = shelf().holding(ruleset.digest)
    return {"ruleset": url_for("rulesets.show", name=entry.name) if entry else None}


# Step by step


@blueprint.get(f"{NUMBER}/steps/<int:seq>")
def step(number: int, seq: int) -> str:
    """Show one step as it was recorded: the facts before and after, the rule in words, and where it is written."""
    decision, ruleset = whole(number)
    with _as_recorded(decision):
        told = recorded(decision.report, ruleset)
    steps = told.trail.steps
    if not 1 <= seq <= len(steps):
        abort(404, f"Decision {number} has {len(steps)} steps.")
    here = steps[seq - 1]
    before = told.before(here)
    rule = ruleset.rules.get(here.rule or "")
    return render_template(
        "audit/step.html",
        decision=decision,
        ruleset=ruleset,
        step=here,
        total=len(steps),
        rule=rule,
        place=_place(ruleset, rule) if rule else None,
        ways=_ways(ruleset),
        changed=[
            (
                ruleset.facts[name],
                _held(ruleset.facts[name], before[name], None),
                _held(ruleset.facts[name], before[name], value),
            )
            for name, value in here.concludes.items()
        ],
        held=_so_far(told, seq),
    )


def _held(fact: Fact, before: tuple[Answer, ...], after: Answer | None) -> str:
    """What a fact holds, in words."""
    added = () if after is None else after if isinstance(after, tuple) else (after,)
    values = tuple(dict.fromkeys((*before, *added)))
    if not values:
        return "nothing yet"
    if fact.is_set:
        return say_value(fact, tuple(map(str, values)))
    return " and ".join(say_value(fact, value) for value in values)


def _so_far(told: Recorded, seq: int) -> list[tuple[Fact, str]]:
    """What the steps up to one have concluded."""
    found: dict[str, tuple[Answer, ...]] = {}
    for each in told.trail.steps[:seq]:
        for name, value in each.concludes.items():
            found[name] = (*found.get(name, ()), *(value if isinstance(value, tuple) else (value,)))
    return [(told.ruleset.facts[name], _held(told.ruleset.facts[name], values, None)) for name, values in found.items()]


def _place(ruleset: Ruleset, rule: Rule) -> tuple[str, int] | None:
    """The file of the release that a rule stands in, and the line."""
    name = "/".join(PurePath(rule.mark.path).parts[-2:])
    return (name, rule.mark.line) if name in ruleset.files else None


@blueprint.get(f"{NUMBER}/files/<path:name>")
def file(number: int, name: str) -> str:
    """Show a file of the release, each line with an address of its own."""
    decision, ruleset = whole(number)
    if name not in ruleset.files:
        abort(404, f"The release of decision {number} has no such file.")
    return render_template(
        "audit/file.html", decision=decision, ruleset=ruleset, name=name, lines=ruleset.files[name].splitlines()
    )


# Run again


@blueprint.get(f"{NUMBER}/replay")
def against(number: int) -> ResponseReturnValue:
    """Say what another release, or a ruleset as it is now, would have said, and why."""
    decision, ruleset = whole(number)
    chosen = request.args.get("against", "")
    other = _other(chosen) if chosen else None
    found = replay_against(decision.said or {}, ruleset, other) if other else None
    return render_template(
        "audit/replay.html",
        decision=decision,
        ruleset=ruleset,
        replayed=_replayed(decision, ruleset),
        found=found,
        said_values=said_values,
        chosen=chosen,
        others=_others(decision),
    )


def _others(decision: Decision) -> list[tuple[str, str]]:
    """What a decision can be compared with: rulesets as they are now, and the releases that are kept."""
    now_there = [
        (f"ruleset:{entry.name}", f"{entry.ruleset.title}, as it is now ({entry.ruleset.version})")
        for entry in shelf().entries()
        if entry.ruleset and entry.ruleset.digest != decision.head.release
    ]
    kept = [
        (digest, f"{name} {version} ({digest[:12]})")
        for digest, name, version in audits().releases()
        if digest != decision.head.release
    ]
    return [*now_there, *kept]


def _other(chosen: str) -> Ruleset:
    kind, _, name = chosen.partition(":")
    if kind != "ruleset":
        known = any(digest.startswith(chosen) for digest, _, _ in audits().releases())
        return ledger().release(chosen) if known else abort(404, "There is no such release here.")
    entry = shelf().find(name)
    return entry.ruleset if entry and entry.ruleset else abort(404, "There is no such ruleset here.")


@blueprint.get(f"{NUMBER}/why-not")
def lacking(number: int) -> str:
    """Show what kept a goal from another value, under the release and on the day of the decision."""
    decision, ruleset = whole(number)
    consultation = _consulted(decision, ruleset)
    goal, value = asked_value(ruleset, request.args.get("value", ""))
    found = why_not(consultation, goal, value) if goal and value is not None else None
    return render_template(
        "audit/why_not.html",
        decision=decision,
        chosen=request.args.get("value", ""),
        options=list(values_to_ask(consultation)),
        found=found,
        **told_why_not(consultation),
    )


def _consulted(decision: Decision, ruleset: Ruleset) -> Consultation:
    said: Mapping[str, object] = (decision.said or {})["given"]
    return consult(ruleset, said, decision.report["as_of"])


@blueprint.get(f"{NUMBER}/capsule.json")
def capsule(number: int) -> ResponseReturnValue:
    """Give a decision with its ruleset as one file, which replays anywhere."""
    response = jsonify(capsule_data(*whole(number)))
    response.headers["Content-Disposition"] = f'attachment; filename="decision-{number}.capsule.json"'
    return response
