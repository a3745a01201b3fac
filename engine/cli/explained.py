"""What the commands that explain print for people: no ids in the sentences, but in small print behind them."""

from __future__ import annotations

from collections.abc import Iterable

from engine.cli.page import Page, show_step, titles
from engine.dialogue.consultation import Consultation
from engine.explain.flips import Flip, Flips
from engine.explain.obstacles import Need, Obstacle
from engine.explain.telling import (
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
from engine.explain.what_if import Difference, WhatIf, told
from engine.explain.why import Why, can_have_a_say
from engine.explain.why_not import WhyNot
from engine.explain.witnesses import witnesses
from engine.language.model import Fact, Rule
from engine.language.wording import CARE, counted, say_condition, say_held, sentence
from engine.logic.trail import Step
from engine.verify.provable import GaveUpError


def why(consultation: Consultation, fact: Fact, found: Iterable[Why]) -> None:
    """Print what a fact's value rests on, and what speaks for and against it."""
    page = Page()
    several = tuple(found)
    if not several:
        _no_value(page, consultation, fact)
    if len(several) > 1 and not fact.is_set:
        page.line(f"{fact.label}: {said_values(fact, tuple(each.value for each in several))}.", 0, style="bold red")
    if no_result := said_not_pursued(consultation, fact):
        page.line(no_result, 0)
    for each in several:
        _why(page, consultation, each)
    page.heading(CARE)


def _no_value(page: Page, consultation: Consultation, fact: Fact) -> None:
    goal = next((goal for goal in consultation.ruleset.goals if goal.fact == fact.id), None)
    values = told(consultation, fact.id)
    said = said_end(consultation, goal, values) if goal else f"{fact.label}: {said_values(fact, values)}"
    page.line(f"{said}.", 0)
    undecided = tuple(can_have_a_say(consultation, fact))
    if undecided:
        page.heading("Rules that can still have a say")
    for each in undecided:
        page.line(f"- {each.rule.title}: {said_not_known(fact, each)}{_small(each.rule)}.")
    if fact.formula and (waits := Waiting(consultation.evaluation).of_fact(fact.id)):
        page.line(f"It is computed, and waits for: {said_labels(waits)}.")


def _why(page: Page, consultation: Consultation, found: Why) -> None:
    fact = found.fact
    held = "" if found.held else " is not concluded"
    page.line(f"{say_held(fact, found.value)}{held}", 0, style="bold")
    page.heading("For")
    for step in found.pro:
        spare = " (another support exists)" if step.another_support else ""
        page.line(f"- {step.title}: {sentence(step.because)}{spare}{_step_id(step)}")
    if not found.pro:
        page.line("Nothing.")
    page.heading("Against")
    for against in found.against:
        page.line(f"- {against.rule.title}: {said_against(consultation.ruleset, fact, against)}{_small(against.rule)}.")
    if not found.against:
        page.line("Nothing.")
    page.heading("Not known")
    for not_known in found.not_known:
        page.line(f"- {not_known.rule.title}: {said_not_known(fact, not_known)}{_small(not_known.rule)}.")
    if not found.not_known:
        waits = f"It waits for: {said_labels(found.waits_on)}." if found.waits_on else "Nothing."
        page.line(waits)
    if found.steps:
        page.heading("Step by step")
    for step in found.steps:
        show_step(page, consultation, step)


def asked(page: Page, consultation: Consultation, fact: str) -> None:
    """Print two patients who differ in the answer to a question only and end differently, where some are found."""
    try:
        found = witnesses(consultation.without(fact), fact)
    except GaveUpError:
        return
    if found is None:
        page.line("It is proved that with the other answers given it changes nothing once all are answered.", 0)
        return
    page.line(f"Two patients for whom it matters. {said_besides(found)}".rstrip(), 0)
    for said in said_witnesses(found):
        page.line(f"- {said}")


def why_not(consultation: Consultation, found: WhyNot) -> None:
    """Print what the rules for a value lack, and the smallest changes that bring it about."""
    page, ruleset = Page(), consultation.ruleset
    fact = ruleset.facts[found.goal.fact]
    said = say_held(fact, found.value)
    if found.held:
        page.line(f"{said}: so it is. Ask `regimen why` for the reasons.", 0, style="bold")
        page.heading(CARE)
        return
    now = said_end(consultation, found.goal, told(consultation, fact.id))
    page.line(f"Why not {said}?", 0, style="bold")
    page.line(f"As it is: {now}.", 0)
    page.heading("What its rules lack")
    if found.gate:
        page.line(f"- It is only settled when {_need(consultation, found.gate)}.")
    for obstacle in found.obstacles:
        _obstacle(page, consultation, obstacle)
    for obstacle in found.instead:
        page.line(
            f"- It holds unless a rule says otherwise, and one may: {obstacle.rule.title}{_small(obstacle.rule)}."
        )
    page.heading("The smallest change that would bring it about")
    for at, repair in enumerate(found.repairs):
        if at:
            page.line("or")
        _change(page, said_change(consultation, repair.change))
    if found.more:
        page.line(f"There {'is' if found.more == 1 else 'are'} {counted(found.more, 'other change')} as small.")
    if found.gave_up:
        page.line(f"Whether there is one cannot be told: the solver gave up ({found.gave_up}).")
    elif not found.repairs:
        page.line("None: it is proved that no change of answers does.")
    page.heading(CARE)


def _obstacle(page: Page, consultation: Consultation, found: Obstacle) -> None:
    page.line(f"- {found.rule.title}{_small(found.rule)}")
    for need in found.needs:
        page.line(f"{sentence(_need(consultation, need))}.", 4)
    if found.outranked_by:
        page.line(f"It is outranked by {titles(found.outranked_by)}.", 4)
    if found.waits_for:
        page.line(f"It waits until it is known that this does not hold: {titles(found.waits_for)}.", 4)


def _need(consultation: Consultation, need: Need) -> str:
    """What is needed, whether it is met, and what there is instead."""
    here = "" if need.met else f" ({said_here(consultation, need.condition)})"
    return f"{say_condition(consultation.ruleset, need.condition)}: {need.said}{here}"


def what_if(found: WhatIf) -> None:
    """Print what some other answers would come to."""
    page, before = Page(), found.before
    page.line("If it were so:", 0, style="bold")
    _change(page, said_change(before, found.change, found=False))
    if not found.differences:
        page.heading("Nothing that is concluded would change")
    goals = {difference.fact.id for difference in found.goals}
    show_differences(page, sorted(found.differences, key=lambda difference: difference.fact.id not in goals))
    for heading, facts in (
        ("Questions that it opens", found.opened),
        ("Questions that it makes needless", found.closed),
        ("Answers that would no longer count", found.set_aside),
        ("Answers that would count again", found.taken_up),
    ):
        if facts:
            page.heading(heading)
        for fact in facts:
            page.line(f"- {fact.label}")
    if found.no_longer_pursued:
        page.heading("What would no longer arise")
    for goal in found.no_longer_pursued:
        page.line(f"- {before.ruleset.facts[goal.fact].label}")
    page.heading("Nothing was written.")
    page.line(CARE, 0)


def show_differences(page: Page, differences: Iterable[Difference], was: str = "now") -> None:
    """Print what else is concluded, each with the rules behind; `was` says what it is instead of."""
    found = tuple(differences)
    for kind, heading in (("gained", "Would be concluded"), ("changed", "Would change"), ("lost", "Would be lost")):
        several = [difference for difference in found if difference.kind == kind]
        if several:
            page.heading(heading)
        for difference in several:
            _difference(page, difference, was)


def _difference(page: Page, found: Difference, was: str) -> None:
    fact, before = found.fact, found.fact_before
    if fact.is_set and found.before is not None and found.after is not None:
        for word, of, values in (("more", fact, found.added), ("no longer", before, found.removed)):
            if values:
                page.line(f"{fact.label}, {word}: {said_values(of, values)}")
    elif found.kind == "changed":
        page.line(f"{fact.label}: {said_values(fact, found.after)} ({was} {said_values(before, found.before)})")
    elif found.kind == "gained":
        page.line(f"{fact.label}: {said_values(fact, found.after)}")
    else:
        page.line(f"{fact.label}: {said_values(before, found.before)}")
    for word, steps in (("Because", found.behind_after), ("No longer because", found.behind_before)):
        for step in steps:
            page.line(f"{word} {step.title}{_step_id(step)}", 4, style="dim")


def flips(consultation: Consultation, found: Iterable[Flips]) -> None:
    """Print what would flip goals."""
    page = Page()
    for each in found:
        now = said_end(consultation, each.goal, told(consultation, each.goal.fact))
        page.line(now, 0, style="bold")
        if not each.flips:
            page.line(_none(partial=each.partial))
        for flip in each.flips:
            _flip(page, consultation, each, flip)
        if each.more:
            page.line(f"Left out: {counted(each.more, 'other change')}.")
        if each.flips and each.partial:
            page.line("There may be others: not every number or combination of options could be looked at.")
    page.heading(CARE)


def _none(*, partial: bool) -> str:
    none = "No change of at most three answers alters it"
    if partial:
        return f"{none}, as far as was looked: not at every number or combination of options."
    return f"{none}."


def _flip(page: Page, consultation: Consultation, found: Flips, flip: Flip) -> None:
    end = said_end(flip.after, found.goal, told(flip.after, found.goal.fact))
    changes = "; ".join(said_change(consultation, flip.change))
    page.line(f"- {changes} → {end}", hanging=2)


# Words


def _change(page: Page, said: Iterable[str]) -> None:
    for each in said:
        page.line(f"- {each}")


def _small(rule: Rule) -> str:
    """A rule's id, in small print."""
    return f" ({rule.id})"


def _step_id(step: Step) -> str:
    return f" ({step.rule})" if step.rule else ""
