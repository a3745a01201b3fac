"""`regimen check`: what can be proved or found about a whole ruleset, beyond what loading refuses.

Every finding says what is wrong, where, and what to do, and shows a patient where there is one. What the
authors accept, with a reason, stays a finding and stops nothing; an `accept` entry that no finding answers to is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePath, PurePosixPath
from typing import Any

from engine.language.model import Ruleset
from engine.verify.cases import Checked, Finding, check_cases
from engine.verify.coverage import coverage
from engine.verify.finder import Finder
from engine.verify.proofs import Some, proofs, witness
from engine.verify.provable import GaveUpError


def check(ruleset: Ruleset) -> Checked:
    """Prove what can be proved of a ruleset, look at what its cases test, and run them."""
    ran, finder = check_cases(ruleset), Finder(ruleset)
    found = [*ran.findings, *proofs(finder), *(_with_witness(finder, finding) for finding in coverage(ruleset))]
    reasons = {accepted.finding: accepted.reason for accepted in ruleset.accept}
    told = [replace(finding, accepted=reasons.get(finding.name)) for finding in found]
    return Checked((*told, *_stale(ruleset, {finding.name for finding in found})), ran.passed, ran.failed)


def _with_witness(finder: Finder, finding: Finding) -> Finding:
    """A rule that no case tests, with a patient to make a case of."""
    if finding.kind != "untested_rule":
        return finding

    def applies(some: Some) -> Any:
        return some.applies[finding.subject]

    try:
        patient = finder.find(applies)
    except GaveUpError:
        return finding
    return replace(finding, witness=witness(finder, patient, applies)) if patient else finding


def _stale(ruleset: Ruleset, found: set[str]) -> Iterator[Finding]:
    """Entries of the ruleset itself: what a base accepts need not be so of what extends it."""
    own = PurePosixPath(list(ruleset.files or [""])[-1]).parent.name  # bases come first
    for accepted in ruleset.accept:
        if accepted.finding not in found and own in ("", PurePath(accepted.mark.path).parent.name):
            message = f"'{accepted.finding}' is accepted, and nothing of this name is found. Delete or mend the entry."
            yield Finding("stale_accept", accepted.finding, message, accepted.mark)
