"""The filters of the list of decisions, as an address gives them: what was typed is kept, whatever is wrong with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.language.errors import clean, shorten
from engine.language.shapes import iso_date
from engine.ledger import Wanted
from engine.ledger.audits import SORTS
from webui.dates import PARTS, NoDateError, read_date

NONE = "-"  # no regimen, in an address; no id is written so
ENDINGS = {"settled": "Settled", "undecided": "Not settled", "conflict": "In conflict"}
IMPACTS = {"differs": "Differs now", "same": "Still the same", "not_compared": "Not compared yet"}
YES_NO = {"yes": True, "no": False}
SORTED = {
    "number": "Number",
    "ruleset": "Ruleset",
    "ending": "How it ended",
    "regimen": "Regimen",
    "overrides": "Done otherwise",
}
LONGEST = 60


class FilterError(ValueError):
    """What was typed into a filter cannot be used; the message says what to write."""


@dataclass(frozen=True)
class Filters:
    """What was asked for.

    Attributes:
        typed: what stands in each filter, as it was typed; filters left empty are not in it.
        wanted: what it means, as far as it can be used.
        problems: why the others cannot, by filter.
    """

    typed: Mapping[str, str]
    wanted: Wanted
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def narrowing(self) -> dict[str, str]:
        """The filters alone, without the order."""
        return {name: text for name, text in self.typed.items() if name != "sort"}


def read_filters(given: Mapping[str, str]) -> Filters:
    """Read the filters that an address gives."""
    typed = {name: text for name in READERS if (text := given.get(name, "").strip())}
    wanted, problems = Wanted(), {}
    for name, text in typed.items():
        try:
            wanted = replace(wanted, **READERS[name](text))
        except FilterError as error:
            problems[name] = str(error)
    if wanted.since and wanted.until and wanted.since >= wanted.until:
        problems["until"] = "The last day is before the first. Change one of them."
    if wanted.decisive and not wanted.rule:
        problems["rule"] = "Choose the rule that the result should rest on, or take the tick off."
    return Filters(typed, wanted, problems)


def _text(name: str) -> Callable[[str], dict[str, Any]]:
    def read(text: str) -> dict[str, Any]:
        if not text.isprintable():  # PostgreSQL takes no NUL, and no id has such a thing
            raise FilterError(
                f"“{shorten(clean(text), LONGEST)}” is none of the choices here. Choose one from the list."
            )
        return {name: text}

    return read


def _one_of(name: str, values: Mapping[str, Any], said: str) -> Callable[[str], dict[str, Any]]:
    def read(text: str) -> dict[str, Any]:
        if text not in values:
            raise FilterError(f"“{shorten(text, LONGEST)}” is none of the choices here. {said}")
        return {name: values[text]}

    return read


def _regimen(text: str) -> dict[str, Any]:
    return {"regimen": ""} if text == NONE else _text("regimen")(text)


def _since(text: str) -> dict[str, Any]:
    return {"since": _midnight(_date(text))}


def _until(text: str) -> dict[str, Any]:
    """The whole of the last day is wanted."""
    day = _date(text)
    return {"until": _midnight(day) + dt.timedelta(days=1)} if day < dt.date.max else {}


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def _date(text: str) -> dt.date:
    if found := iso_date(text):
        return found
    parts = text.split()
    if len(parts) != len(PARTS):
        raise FilterError(f"“{shorten(text, LONGEST)}” is no date. Write one such as 22 November 2026, or 2026-11-22.")
    try:
        found = read_date((parts[0], parts[1], parts[2]))
    except NoDateError as error:
        raise FilterError(str(error)) from None
    assert found is not None  # noqa: S101 (nothing is None only where nothing was written)
    return found


def _sort(text: str) -> dict[str, Any]:
    name = text.removeprefix("-")
    if name not in SORTS:
        raise FilterError(f"The list cannot be sorted by “{shorten(name, LONGEST)}”. Use one of the links.")
    return {"sort": name, "descending": text.startswith("-")}


READERS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "ruleset": _text("ruleset"),
    "release": _text("release"),
    "ending": _one_of("ending", dict(zip(ENDINGS, ENDINGS, strict=True)), "Choose how it ended from the list."),
    "regimen": _regimen,
    "rule": _text("rule"),
    "decisive": _one_of("decisive", {"yes": True}, "Take the tick off, or put it on."),
    "mistake": _text("mistake"),
    "since": _since,
    "until": _until,
    "overridden": _one_of("overridden", YES_NO, "Choose yes or no."),
    "impact": _one_of("impact", dict(zip(IMPACTS, IMPACTS, strict=True)), "Choose from the list."),
    "sort": _sort,
}
