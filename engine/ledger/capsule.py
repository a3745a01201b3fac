"""Capsules: one decision with its ruleset in one JSON file, to be replayed by somebody who has nothing else.

A capsule holds together: what it says has the hash that its record names, and its ruleset is the one that the decision
is about. That it is a true copy of what a ledger holds only that ledger can tell: `regimen ledger verify --head HASH`.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.language.errors import RulesetError, shorten
from engine.language.load import ruleset_from_files
from engine.language.model import Ruleset
from engine.language.shapes import iso_date
from engine.ledger.chain import Head, sha256, written
from engine.ledger.decisions import Decision
from engine.ledger.errors import CapsuleError, DecisionDeleted

FORMAT = "regimen-capsule-1"
LARGEST = 10 * 1024 * 1024  # bytes; the files of a ruleset are below a tenth of it
FILE_NAME = re.compile(r"(?!\.{1,2}/)[^/\\\x00]+/[^/\\\x00]+\.yaml")  # folder/file, and nowhere else
NO_JSON = "is not JSON as a capsule is. Export it again with `regimen ledger capsule`."

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Moment = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{15}\+00:00$")]
Version = Annotated[str, Field(pattern=r"^[0-9A-Za-z.+-]{1,40}$")]  # nothing that a terminal would obey
Data = dict[str, Any]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Record(_Strict):
    seq: int = Field(ge=1)
    previous: Hash
    session: int | None
    made_at: Moment
    content: Hash
    hash: Hash


class _Report(BaseModel):  # a later Regimen may say more
    model_config = ConfigDict(strict=True)
    ruleset: Data
    as_of: str | None
    trail: list[Data]


class _Said(BaseModel):
    model_config = ConfigDict(strict=True)
    engine: Version
    given: Data
    report: _Report


class _Release(_Strict):
    hash: Hash
    files: dict[str, str]


class _Capsule(_Strict):
    format: Literal["regimen-capsule-1"]
    record: _Record
    decision: Data
    release: _Release


@dataclass(frozen=True)
class Capsule:
    """A decision with the ruleset that it was made under."""

    decision: Decision
    ruleset: Ruleset


def capsule_data(decision: Decision, ruleset: Ruleset) -> Data:
    """A capsule as it is written.

    {"format", "record": {"seq", "previous", "session", "made_at", "content", "hash"}, "decision": what it says,
     "release": {"hash", "files": {folder/file: text}}}

    Raises:
        DecisionDeleted: the session is gone, and what it said with it.
    """
    if decision.said is None:
        raise DecisionDeleted(decision.id)
    head = decision.head
    return {
        "format": FORMAT,
        "record": {
            "seq": head.seq,
            "previous": head.previous,
            "session": head.session,
            "made_at": head.made_at,
            "content": head.content,
            "hash": head.hash,
        },
        "decision": dict(decision.said),
        "release": {"hash": ruleset.digest, "files": dict(ruleset.files)},
    }


def read_capsule_file(path: Path) -> Capsule:
    """Read a capsule; see `read_capsule`."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "its name cannot be a file's"
        raise CapsuleError(f"{path}: cannot be read: {why}. Check the file's name.") from None
    return read_capsule(raw, str(path))


def read_capsule(raw: bytes, shown: str) -> Capsule:
    """Read a capsule. Nothing of it is written to a file, and nothing but its own files is looked at.

    Args:
        raw: its bytes.
        shown: how messages name it.

    Raises:
        CapsuleError: it is none, does not hold together, or was made for another version of Regimen.
    """
    try:
        return _checked(_shaped(_parsed(raw)))
    except CapsuleError as error:
        raise CapsuleError(f"{shown}: {error}") from None
    except RecursionError:
        raise CapsuleError(f"{shown}: {NO_JSON}") from None


def _parsed(raw: bytes) -> object:
    if len(raw) > LARGEST:
        raise CapsuleError("is larger than 10 MiB. Give a capsule as `regimen ledger capsule` writes it.")
    try:
        text = raw.decode("utf-8-sig")
        return json.loads(text, object_pairs_hook=_pairs, parse_constant=_no_number, parse_float=_finite)
    except ValueError:  # no UTF-8, no JSON, a key twice, or a number that is none
        raise CapsuleError(NO_JSON) from None


def _pairs(pairs: list[tuple[str, Any]]) -> Data:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(digits)
    return number


def _no_number(name: str) -> None:
    raise ValueError(name)


def _shaped(data: object) -> tuple[_Capsule, _Said]:
    try:
        found = _Capsule.model_validate(data)
        return found, _Said.model_validate(found.decision)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        where = f": look at “{shorten(place)}”" if place else ""
        raise CapsuleError(f"is no capsule, or is not whole{where}. Export it again.") from None


def _checked(shaped: tuple[_Capsule, _Said]) -> Capsule:
    """The capsule, if its hashes are those of what it holds."""
    found, said = shaped
    kept = found.record
    names = [name for name in found.release.files if not FILE_NAME.fullmatch(name)]
    if names:
        raise CapsuleError(f"names a file outside its ruleset, “{shorten(names[0])}”. Do not trust it.")
    as_of = said.report.as_of
    if as_of is not None and iso_date(as_of) is None:
        raise CapsuleError("is no capsule, or is not whole: look at “report.as_of”. Export it again.")
    head = Head(kept.seq, "decision", kept.previous, kept.session, found.release.hash, kept.made_at, kept.content)
    if sha256(written(found.decision)) != kept.content or head.hash != kept.hash:
        raise CapsuleError("was altered: what it says does not have the hash that it names. Ask for it again.")
    if said.report.ruleset.get("hash") != found.release.hash:
        raise CapsuleError("was altered: its ruleset is not the one that its decision is about. Ask for it again.")
    return Capsule(Decision(head, found.decision), _ruleset(found.release))


def _ruleset(release: _Release) -> Ruleset:
    try:
        ruleset = ruleset_from_files(release.files)
    except RulesetError:
        ruleset = None
    if ruleset is None or ruleset.digest != release.hash:
        raise CapsuleError(
            "holds a ruleset that was altered, or that this Regimen cannot read as it was. Ask for it again, or replay"
            " it with the version of Regimen that made it."
        )
    return ruleset
