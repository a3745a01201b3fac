"""What `regimen check` prints for people: what there is to mend first, and at the end what holds."""

from __future__ import annotations

from collections.abc import Iterable

from engine.cli.page import Page
from engine.language.model import Ruleset
from engine.language.wording import counted, sentence
from engine.verify.cases import Checked, Finding, Witness

HEADINGS = {
    "failed_case": "Cases that fail",
    "broken_property": "Properties that do not hold for every patient",
    "conflict": "Conclusions that contradict each other",
    "gap": "Goals that stay undecided although every answer is known",
    "gap_when_unknown": "Goals that stay undecided when something is not known",
    "dead_rule": "Rules that can never apply",
    "redundant_rule": "Rules that add nothing",
    "unit_disagreement": "Cut-offs that differ by unit",
    "unproved": "What could not be proved",
    "unused_fact": "Questions and conclusions that nothing uses",
    "unused_option": "Options that nothing uses",
    "untested_rule": "Rules that no case tests",
    "untested_boundary": "Cut-offs that no case tests",
    "stale_accept": "Entries under accept that nothing answers to",
}


def show_checked(ruleset: Ruleset, checked: Checked) -> None:
    """Print what checking a ruleset found."""
    page = Page()
    for kind, heading in HEADINGS.items():
        found = [finding for finding in checked.findings if finding.kind == kind and finding.accepted is None]
        if found:
            page.heading(f"{heading} ({len(found)})")
        for finding in found:
            _finding(page, finding)
    _accepted(page, [finding for finding in checked.findings if finding.accepted is not None])
    page.heading(f"{ruleset.title} ({ruleset.id} {ruleset.version})")
    _summary(page, ruleset, checked)


def _finding(page: Page, finding: Finding) -> None:
    page.line(f"- {sentence(finding.message)}")
    # names and patients are there to be copied: they are not wrapped
    page.console.print(f"    At {finding.at}. To accept it: {finding.name}", markup=False)
    if finding.witness:
        page.console.print(f"    Answers that show it: {_patient(finding.witness)}", markup=False)


def _patient(witness: Witness) -> str:
    """A patient in a line that is YAML: put into a file it opens in a session."""
    said = (f"{name}: {_answer(answer)}" for name, answer in witness.answers.items())
    return f"{{{', '.join(said)}}}" + (f" (--as-of {witness.as_of})" if witness.as_of else "")


def _answer(answer: object) -> str:
    return f"[{', '.join(answer)}]" if isinstance(answer, list | tuple) else str(answer)


def _accepted(page: Page, findings: Iterable[Finding]) -> None:
    """What the authors accept, in one line for each reason."""
    reasons: dict[str, list[str]] = {}
    for finding in findings:
        reasons.setdefault(finding.accepted or "", []).append(finding.name)
    if reasons:
        page.heading(f"Accepted by the authors ({sum(map(len, reasons.values()))})")
    for reason, names in reasons.items():
        page.line(f"- {reason.rstrip('.')}: {'; '.join(names)}.")


def _summary(page: Page, ruleset: Ruleset, checked: Checked) -> None:
    open_findings = [finding for finding in checked.findings if finding.accepted is None]
    sizes = ((ruleset.rules, "rule"), (ruleset.facts, "fact"))
    page.line(f"{', '.join(counted(len(parts), noun) for parts, noun in sizes)}.")
    page.line(f"Cases: {checked.passed} of {checked.passed + checked.failed} pass.")
    if ruleset.properties:
        total = len(ruleset.properties)
        page.line(f"Properties: {total - checked.unproved_properties} of {total} hold for every patient.")
    page.line(f"{counted(len(open_findings), 'finding')} to mend." if open_findings else "Nothing to mend.")
