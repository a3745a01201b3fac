"""Running the cases that travel with a ruleset.

One function serves the command, the tests and the editor. A failed case is a finding that says what was expected, what
came, and carries the case's answers as a witness that opens in a session.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.dialogue.consultation import Consultation, consult, shown
from engine.language.errors import Mark
from engine.language.model import All, Case, Condition, Ruleset, tests_in
from engine.language.wording import say_condition, say_value
from engine.logic.evaluate import Evaluation
from engine.logic.signs import TRUE


@dataclass(frozen=True)
class Witness:
    """A patient who shows a finding: answers as a file has them, and the date to evaluate at, if it counts."""

    answers: dict[str, Any]
    as_of: datetime.date | None = None

    def report(self) -> dict[str, Any]:
        """What `--json` prints of it; without `as_of` it is an answers file."""
        return {"answers": self.answers, **({"as_of": self.as_of.isoformat()} if self.as_of else {})}


@dataclass(frozen=True)
class Finding:
    """Something that `check` found.

    Attributes:
        kind: as in design.md section 9, such as "failed_case".
        subject: the id of what it is about; `kind: subject` names the finding in `accept`.
        at: where it stands.
        witness: a patient who shows it, or None.
        accepted: the authors' reason for accepting it, or None.
    """

    kind: str
    subject: str
    message: str
    at: Mark
    facts: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    witness: Witness | None = None
    accepted: str | None = None

    @property
    def name(self) -> str:
        """What an `accept` entry calls it."""
        return f"{self.kind}: {self.subject}"


@dataclass(frozen=True)
class Checked:
    """What checking a ruleset came to.

    Attributes:
        firing: for each rule that applies in a case the cases in which it does.
    """

    findings: tuple[Finding, ...]
    passed: int = 0
    failed: int = 0
    firing: Mapping[str, list[Case]] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Whether every finding is accepted."""
        return all(finding.accepted is not None for finding in self.findings)

    @property
    def unproved_properties(self) -> int:
        """How many properties are broken, or could not be proved."""
        return sum(finding.name.removeprefix("unproved: ").startswith("broken_property") for finding in self.findings)


def check_cases(ruleset: Ruleset, cases: Sequence[Case] | None = None) -> Checked:
    """Run cases of a ruleset: all of them, those of its bases included, unless some are given."""
    cases = ruleset.cases if cases is None else cases
    findings: list[Finding] = []
    firing: dict[str, list[Case]] = {}
    for case in cases:
        consultation = consult(ruleset, dict(case.answers), case.as_of)
        finding = check_case(consultation, case)
        if finding:
            findings.append(finding)
        for rule in consultation.run.applies:
            firing.setdefault(rule, []).append(case)
    reasons = {accepted.finding: accepted.reason for accepted in ruleset.accept}
    told = tuple(replace(finding, accepted=reasons.get(finding.name)) for finding in findings)
    return Checked(told, len(cases) - len(findings), len(findings), firing)


def check_case(consultation: Consultation, case: Case) -> Finding | None:
    """Hold a case against what its answers came to; a finding where it fails."""
    facts = consultation.ruleset.facts
    misses = list(_misses(consultation, case))
    if not misses:
        return None
    about = tuple(dict.fromkeys(test.fact for test in tests_in(case.expect))) if case.expect else ()
    message = f"case '{case.id}' ({case.title}): {'; '.join(misses)}. Mend the rules, or the case if it asks too much."
    answers = {name: shown(facts[name], answer) for name, answer in consultation.answers.items()}
    witness = Witness(answers, case.as_of)
    return Finding("failed_case", case.id, message, case.mark, about, (*case.fires, *case.not_fires), witness)


def _misses(consultation: Consultation, case: Case) -> Iterator[str]:
    """What a case expected and did not get, in words; a case that expects nothing could not fail."""
    ruleset = consultation.ruleset
    if case.expect is None and not case.fires and not case.not_fires:
        yield "it expects nothing. Add 'expect:', 'fires:' or 'not_fires:'"
    if case.expect is not None:
        evaluation = consultation.evaluation
        for part in _parts(case.expect):
            if not evaluation.sign(part) & TRUE:
                yield f"expected that {say_condition(ruleset, part)}, but {_got(consultation, evaluation, part)}"
    applied = consultation.run.applies
    for rule in case.fires:
        if rule not in applied:
            yield f"rule '{rule}' should fire and did not"
    for rule in case.not_fires:
        if rule in applied:
            yield f"rule '{rule}' should not fire and did"


def _parts(condition: Condition) -> tuple[Condition, ...]:
    return condition.parts if isinstance(condition, All) else (condition,)


def _got(consultation: Consultation, evaluation: Evaluation, condition: Condition) -> str:
    """What is so instead, for each fact that a condition tests."""
    said = []
    for name in dict.fromkeys(test.fact for test in tests_in(condition)):
        fact = consultation.ruleset.facts[name]
        held = evaluation.held.get(name, ())
        value = evaluation.value(name)
        if len(held) > 1:
            said.append(f"{fact.label} is in conflict: {' and '.join(say_value(fact, each) for each in held)}")
        else:
            said.append(f"{fact.label} is {'not settled' if value is None else say_value(fact, value)}")
    return ", ".join(said)


def checked_report(ruleset: Ruleset, checked: Checked) -> dict[str, Any]:
    """What `regimen check --json` prints."""
    return {
        "ruleset": {"id": ruleset.id, "version": ruleset.version, "hash": ruleset.digest},
        "findings": [
            {
                "kind": finding.kind,
                "message": finding.message,
                "at": str(finding.at),
                "facts": list(finding.facts),
                "rules": list(finding.rules),
                "witness": finding.witness.report() if finding.witness else None,
                "accepted": finding.accepted,
            }
            for finding in checked.findings
        ],
        "cases": {"passed": checked.passed, "failed": checked.failed},
    }
