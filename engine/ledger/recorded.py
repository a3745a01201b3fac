"""A decision read back under its release: what it says as the engine has it, with nothing run again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.language.model import Citation, Fact, Phase, Regimen, Ruleset
from engine.language.numbers import read_quantity
from engine.language.shapes import iso_date
from engine.language.values import UNKNOWN, Answer, Quantity
from engine.logic.trail import Step, Trail, Used

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Recorded:
    """What a decision says.

    Attributes:
        answers: as they were read.
        conclusions, conflicts: what was concluded, by fact; of a conflict every value.
        regimen: the one that was suggested.
    """

    ruleset: Ruleset
    answers: Mapping[str, Answer]
    conclusions: Mapping[str, Answer]
    conflicts: Mapping[str, tuple[Answer, ...]]
    undetermined: tuple[str, ...]
    regimen: Regimen | None
    trail: Trail

    def before(self, step: Step) -> dict[str, tuple[Answer, ...]]:
        """What the steps before one had concluded for the facts that it concludes; of a set the options."""
        found: dict[str, dict[Answer, None]] = {name: {} for name in step.concludes}
        for earlier in self.trail.steps[: step.seq - 1]:
            for name in found.keys() & earlier.concludes.keys():
                value = earlier.concludes[name]
                found[name].update(dict.fromkeys(value if isinstance(value, tuple) else (value,)))
        return {name: tuple(values) for name, values in found.items()}


def recorded(report: Data, ruleset: Ruleset) -> Recorded:
    """Read a report back.

    Args:
        report: of a decision; see `decisions.decision_data`.
        ruleset: its release.
    """
    facts = ruleset.facts
    return Recorded(
        ruleset,
        {name: _answer(facts[name], each) for name, each in report["answers"].items()},
        {name: value_of(facts[name], raw) for name, raw in report["conclusions"].items()},
        {name: tuple(value_of(facts[name], raw) for raw in raws) for name, raws in report["conflicts"].items()},
        tuple(report["undetermined"]),
        _regimen(report["regimen"]),
        Trail(tuple(_step(ruleset, each) for each in report["trail"])),
    )


def value_of(fact: Fact | None, raw: Any) -> Answer:
    """A value from how a report has it; without a fact it is the date of the evaluation."""
    if isinstance(raw, list):
        return tuple(raw)
    if fact and fact.type == "number" and raw != "unknown":
        return _quantity(fact, raw)
    if fact is None or fact.type == "date":
        return iso_date(raw) or UNKNOWN
    return UNKNOWN if raw == "unknown" else str(raw)


def _answer(fact: Fact, found: Data) -> Answer:
    if fact.type == "number" and found["value"] != "unknown":
        return Quantity(Decimal(str(found["value"])), found["unit"])
    return value_of(fact, found["value"])


def _quantity(fact: Fact, raw: Any) -> Quantity:
    """A number that names its unit where the fact has several, and is bare where it has one or none."""
    if isinstance(raw, str):
        number, unit = read_quantity(raw.removeprefix("-"))
        return Quantity(-number if raw.startswith("-") else number, unit)
    return Quantity(Decimal(str(raw)), fact.units.canonical if fact.units else None)


def _step(ruleset: Ruleset, found: Data) -> Step:
    rule = ruleset.rules.get(found["rule"])
    concludes = {name: value_of(ruleset.facts[name], raw) for name, raw in found["concludes"].items()}
    return Step(
        seq=found["seq"],
        kind=found["kind"],
        rule=found["rule"],
        fact=None if found["rule"] else next(iter(concludes), None),
        title=found["title"],
        because=found["because"],
        used=tuple(_used(ruleset, each) for each in found["used"]),
        concludes=concludes,  # type: ignore[arg-type]  # nothing concludes UNKNOWN
        role=found["role"],
        outranked_by=found["outranked_by"],
        another_support=found["another_support"],
        cites=tuple(Citation(each["source"], each["section"]) for each in found["cites"]),
        strength=found["strength"],
        needs_check=rule.needs_check if rule else None,
    )


def _used(ruleset: Ruleset, found: Data) -> Used:
    source = None if found["from"] == "answer" else found["from"]
    return Used(found["fact"], value_of(ruleset.facts.get(found["fact"]), found["value"]), source)


def _regimen(found: Data | None) -> Regimen | None:
    if found is None:
        return None
    phases = (dict(each) for each in found["phases"])
    return Regimen(
        id=found["id"],
        title=found["title"],
        product=found["product"],
        phases=tuple(Phase(for_=each.pop("for", None), **each) for each in phases),
        cites=tuple(Citation(each["source"], each["section"]) for each in found["cites"]),
    )
