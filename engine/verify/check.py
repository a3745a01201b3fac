"""`regimen check`: what can be proved or found about a whole ruleset, beyond what loading refuses.

Every finding says what is wrong, where, and what to do, and shows a patient where there is one. What the
authors accept, with a reason, stays a finding and stops nothing; an `accept` entry that no finding answers to is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePath, PurePosixPath

from engine.dialogue.consultation import shown
from engine.language.model import Rule, Ruleset, tests_in
from engine.verify.beside import begin_cases
from engine.verify.cases import Checked, Finding, Witness
from engine.verify.coverage import coverage
from engine.verify.finder import Finder
from engine.verify.proofs import proofs
from engine.verify.provable import GaveUpError


def check(ruleset: Ruleset) -> Checked:
    """Prove what can be proved of a ruleset, look at what its cases test, and run them."""
    cases, finder = begin_cases(ruleset), Finder(ruleset)
    proved = [_with_witness(finder, each) for each in (*proofs(finder), *coverage(ruleset))]
    ran = cases()
    found = [*ran.findings, *proved]
    reasons = {accepted.finding: accepted.reason for accepted in ruleset.accept}
    told = [replace(finding, accepted=reasons.get(finding.name)) for finding in found]
    return Checked((*told, *_stale(ruleset, {finding.name for finding in found})), ran.passed, ran.failed)


def _with_witness(finder: Finder, finding: Finding) -> Finding:
    """A finding on a rule that can apply, or on a cut-off of one, with a patient: answers to all that it depends on."""
    kinds = {"untested_rule", "redundant_rule", "untested_boundary"}
    if finding.kind not in kinds or not finding.rules:
        return finding
    rule = finding.rules[0]
    try:
        patient = finder.find(lambda some: some.applies[rule])
    except GaveUpError:
        return finding
    if not patient:
        return finding
    ruleset = finder.ruleset
    behind = _behind(ruleset, ruleset.rules[rule])
    asked = (fact for fact in ruleset.inputs if fact.id in behind)
    answers = {fact.id: shown(fact, patient.answers[fact.id]) for fact in asked}
    lacking = finding.witness.answers if finding.witness else {}  # the value that no case has
    return replace(finding, witness=Witness({**answers, **lacking}, patient.as_of))


def _behind(ruleset: Ruleset, rule: Rule) -> set[str]:
    """The facts that a rule depends on, at any distance."""
    found: set[str] = set()
    left = [test.fact for each in (rule, *ruleset.overriders[rule.id]) for test in tests_in(each.when)]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += ruleset.depends_on[name]
    return found


def _stale(ruleset: Ruleset, found: set[str]) -> Iterator[Finding]:
    """Entries of the ruleset itself: what a base accepts need not be so of what extends it."""
    own = PurePosixPath(list(ruleset.files or [""])[-1]).parent.name  # bases come first
    for accepted in ruleset.accept:
        if accepted.finding not in found and own in ("", PurePath(accepted.mark.path).parent.name):
            message = f"'{accepted.finding}' is accepted, and nothing of this name is found. Delete or mend the entry."
            yield Finding("stale_accept", accepted.finding, message, accepted.mark)
