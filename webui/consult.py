"""Guided sessions: one question after the other, a section or all on one page, then the check of the answers.

Each page is an address; each form is posted to the address that shows it, and leads on with a redirect. Whatever
goes wrong with a form, the same form comes back with what was typed.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable

from flask import (
    Blueprint,
    abort,
    after_this_request,
    current_app,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from engine import AnswerError
from engine.dialogue import telling
from engine.dialogue.report import report
from engine.language.model import Fact
from engine.ledger import DatabaseError, Decision, NoSuchSession, SessionExpired
from webui import consult_check, result
from webui.assets import compress
from webui.consult_visit import ONE_PAGE, Notice, Visit, forget_ready, ledger, now, step, visit
from webui.failures import try_later
from webui.fields import Field, Reading, read
from webui.result import Ways
from webui.security import WHY_STALE, check_token, exempt, no_store
from webui.shelf import shelf, usable
from webui.starting import read_start

blueprint = Blueprint("consult", __name__)
blueprint.after_request(no_store)
exempt(blueprint)  # a question page whose token is refused comes back with what was typed

STALE = f"{WHY_STALE} Nothing is lost: press Continue again."
NOT_SAVED = "Your answer is not saved yet. Press Continue again."

Show = Callable[..., str]  # a page with its fields, and what went wrong besides them


# The way through


@blueprint.post("/rulesets/<name>/sessions")
def begin(name: str) -> ResponseReturnValue:
    """Begin a session, with the answers of a situation if one is named."""
    check_token()
    ruleset = usable(name).loaded
    start = request.form.get("start")
    starts = {each.id: each for each in ruleset.starts}
    if start and start not in starts:
        abort(404, f"This ruleset has no situation called “{start[:60]}”.")
    answers = dict(starts[start].answers) if start else {}
    kept, key = ledger().begin(ruleset, answers, now(), current_app.config["SESSION_DAYS"])
    here = Visit(key, kept)
    return redirect(here.address("emergency") if here.alarms else here.onward(), 303)


@blueprint.get("/sessions/<key>")
def resume(key: str) -> ResponseReturnValue:
    """Go on where the session stands: to the next question, or to the check of the answers.

    With `one` questions are asked one after the other from here on, also where all stood on one page.
    """
    if "one" in request.args:
        session.pop(ONE_PAGE, None)
    return redirect(visit(key).onward(), 303)


@blueprint.route("/sessions/<key>/questions/<name>", methods=["GET", "POST"])
def question(key: str, name: str) -> ResponseReturnValue:
    """Ask a question and take its answer; with `change`, from the check, that is the page to go back to."""
    here = visit(key)
    fact = here.question(name)
    if not _posted() and not here.session.can_answer(fact):
        return redirect(here.onward(), 303)

    def show(fields: tuple[Field, ...], trouble: str = "", sent: Visit | None = None) -> str:
        return _page(here, "question", fields, trouble, sent, field=fields[0])

    fields = (Field(fact),)
    return _take(here, fields, show, may_be_blank=False) if _posted() else show(_answered(here, fields))


@blueprint.route("/sessions/<key>/sections/<name>", methods=["GET", "POST"])
def section(key: str, name: str) -> ResponseReturnValue:
    """Ask the questions of a section on one page."""
    here = visit(key)
    found = here.session.section(name) or abort(404, "This ruleset has no such section.")

    def show(fields: tuple[Field, ...], trouble: str = "", sent: Visit | None = None) -> str:
        return _page(here, "section", fields, trouble, sent, section=found)

    return _several(here, show, found.id)


@blueprint.route("/sessions/<key>/all", methods=["GET", "POST"])
def everything(key: str) -> ResponseReturnValue:
    """Ask every question that is open on one page, and go on like that."""
    session[ONE_PAGE] = True
    here = visit(key)

    def show(fields: tuple[Field, ...], trouble: str = "", sent: Visit | None = None) -> str:
        return _page(here, "all", fields, trouble, sent)

    return _several(here, show, None)


@blueprint.get("/sessions/<key>/emergency")
def emergency(key: str) -> ResponseReturnValue:
    """Tell an emergency before anything else is asked; a run on durable-rules has to find it too."""
    here = visit(key)
    found = telling.emergency(here.consultation) if here.alarms else None
    told = {name: request.args.getlist(name) for name in ("changed", "aside")}
    if found is None:
        return redirect(here.onward(**told), 303)
    return render_template("consult/emergency.html", **_frame(here), steps=found.steps, onward=here.onward(**told))


@blueprint.get("/sessions/<key>/check")
def check(key: str) -> ResponseReturnValue:
    """Show every answer, to be checked and changed."""
    here = visit(key)
    shown = consult_check.arranged(here)
    return render_template("consult/check.html", **_frame(here), **shown, back_to=here.before(()))


# What comes of it


@blueprint.get("/sessions/<key>/result")
def outcome(key: str) -> ResponseReturnValue:
    """Tell what the answers come to."""
    after_this_request(compress)
    here = visit(key)
    decision = _decided(here)
    return result.page(here.consultation, _ways(here), read_start(request.args), visit=here, decision=decision)


@blueprint.get("/sessions/<key>/result.json")
def outcome_json(key: str) -> ResponseReturnValue:
    """Give what `regimen evaluate --json` prints."""
    here = visit(key)
    _decided(here)
    return jsonify(report(here.consultation))


@blueprint.get("/sessions/<key>/sheet")
def sheet(key: str) -> ResponseReturnValue:
    """Give the visit sheet to print."""
    here = visit(key)
    decision = _decided(here)
    return result.sheet_page(here.consultation, _ways(here), read_start(request.args), decision, visit=here)


@blueprint.get("/sessions/<key>/sheet.pdf")
def sheet_pdf(key: str) -> ResponseReturnValue:
    """Give the visit sheet as PDF."""
    here = visit(key)
    return result.sheet_pdf(here.consultation, _ways(here), read_start(request.args), _decided(here), visit=here)


@blueprint.get("/sessions/<key>/schedule.ics")
def calendar(key: str) -> ResponseReturnValue:
    """Give the dates of the schedule."""
    here = visit(key)
    return result.calendar_file(here.consultation, _ways(here), read_start(request.args), visit=here)


def _decided(here: Visit) -> Decision | None:
    """Record what a session came to before it is told; None while a question is open.

    Raises:
        DatabaseError: it cannot be recorded, so it is not told as if it were.
    """
    return ledger().decide(here.kept, here.consultation, now()) if here.consultation.complete else None


def _ways(here: Visit) -> Ways:
    """The actions of a result; its rules lead to their pages while these show the release of the session."""
    entry = shelf().holding(here.kept.release)
    return Ways(
        back=(here.address("check"), "Check your answers"),
        here=here.address("outcome"),
        sheet=here.address("sheet"),
        pdf=here.address("sheet_pdf"),
        calendar=here.address("calendar"),
        json=here.address("outcome_json"),
        change=here.address("check"),
        again=url_for("home.start"),
        ruleset=url_for("rulesets.show", name=entry.name) if entry else None,
        answer=lambda fact: (
            f"questions/{fact}?change=1"
        ),  # from where the page stands: a result has dozens, a key is long
    )


# The end


@blueprint.get("/sessions/<key>/save")
def save(key: str) -> ResponseReturnValue:
    """Give the link to come back by, and say how long it lasts."""
    here = visit(key)
    link = (current_app.config["PUBLIC_URL"] or request.url_root.rstrip("/")) + here.address("resume")
    return render_template("consult/save.html", **_frame(here), link=link, last=_last_day(here), onward=here.onward())


def _last_day(here: Visit) -> datetime.date:
    """The last day, where the site is, on which the link works from its beginning to its end."""
    change_of_clocks = datetime.timedelta(hours=1)
    ends = (here.kept.expires_at - change_of_clocks).astimezone(now().tzinfo)
    return ends.date() - datetime.timedelta(days=1)


@blueprint.get("/sessions/<key>/forget")
def leave(key: str) -> ResponseReturnValue:
    """Ask whether the session is to be deleted; one that cannot be opened any more can be deleted too."""
    return render_template("consult/forget.html", onward=url_for(".resume", key=key))


@blueprint.post("/sessions/<key>/forget")
def forget(key: str) -> ResponseReturnValue:
    """Delete the session. Deleting what is gone already is no failure."""
    check_token()
    ledger().forget(key, now())
    forget_ready()
    return redirect(url_for(".forgotten"), 303)


@blueprint.get("/sessions/forgotten")
def forgotten() -> str:
    """Say that it is done."""
    return render_template("consult/forgotten.html")


# Taking a form


def _posted() -> bool:
    return request.method == "POST"


def _several(here: Visit, show: Show, name: str | None) -> ResponseReturnValue:
    """Show or take a page of several questions; the form names those that it shows."""
    if not _posted():
        facts = here.asked(name)
        if not facts:
            return redirect(here.onward(), 303)
        return show(_answered(here, map(_one_of_several, facts)))
    shown = set(request.form.getlist("asked"))
    facts = tuple(fact for fact in here.ruleset.inputs if fact.id in shown and name in (None, fact.section))
    return _take(here, tuple(map(_one_of_several, facts)), show, may_be_blank=True)


def _one_of_several(fact: Fact) -> Field:
    return Field(fact, f"{fact.id}-")


def _answered(here: Visit, fields: Iterable[Field]) -> tuple[Field, ...]:
    return tuple(field.answered(here.answer(field.fact)) for field in fields)


def _take(here: Visit, fields: tuple[Field, ...], show: Show, *, may_be_blank: bool) -> ResponseReturnValue:
    """Take what was posted over and go on, or say what keeps it from being taken over.

    An emergency in what was posted is told then too: it waits for no other answer.
    """
    fields = tuple(field.posted(request.form) for field in fields)
    reading = read(here.session, fields, may_be_blank=may_be_blank)
    sent = here.trying(reading.given)
    try:
        check_token()
    except CSRFError:
        return show(fields, STALE, sent), 400
    if "edit" in request.form:
        return show(fields, "", sent)
    if reading.wrong:
        return show(reading.fields, "", sent), 422
    if (reading.blank or reading.doubts) and "confirmed" not in request.form:
        return _confirm(here, reading, sent)
    try:
        kept = ledger().record(here.key, reading.answers, now())
    except (AnswerError, NoSuchSession, SessionExpired):  # it ended since the page was opened: say so there
        return redirect(here.address("resume"), 303)
    except DatabaseError as error:
        return try_later(make_response(show(fields, f"{error} {NOT_SAVED}"), 503), error)
    return redirect(step(here, Visit(here.key, kept)), 303)


def _confirm(here: Visit, reading: Reading, sent: Visit) -> str:
    """Ask whether what is unlikely, or left out, is meant."""
    again = [pair for field in reading.fields for pair in field.sent]
    again += [("asked", each) for each in request.form.getlist("asked")]
    return render_template("consult/confirm.html", **_frame(here, sent), reading=reading, sent=again)


# Showing


def _page(here: Visit, view: str, fields: tuple[Field, ...], trouble: str, sent: Visit | None, **more: object) -> str:
    facts = [field.fact for field in fields]
    more |= {"fields": fields, "trouble": trouble, "wrong": [field for field in fields if field.error]}
    changing = "change" in request.args
    back = here.address("check") if changing else here.before(facts) or url_for("home.start")
    left = len(here.consultation.relevance.reachable.difference(fact.id for fact in facts))
    return render_template(
        f"consult/{view}.html", **_frame(here, sent), **more, back_to=back, left=left, changing=changing
    )


def _frame(here: Visit, sent: Visit | None = None) -> dict[str, object]:
    """What every page of a session shows; `sent`: as it would be with answers that are not recorded yet."""
    told = Notice.of(here, request.args.getlist("changed"), request.args.getlist("aside"))
    alarmed = request.endpoint != "consult.emergency" and here.alarming
    found = telling.emergency(sent.consultation) if sent and sent.alarms - here.alarms else None
    return {"visit": here, "ruleset": here.ruleset, "notice": told, "alarmed": alarmed, "emergency": found}
