"""The canonical form of a ruleset, and its SHA-256: what a release is named by.

Two rulesets have the same form when they mean and say the same, however they are split into files, commented, indented
or quoted. The order of facts, rules, options and questions belongs to the form, because trails and dialogues follow it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from engine.language.units import Units
from engine.language.values import Quantity

FORMAT = "regimen-ruleset-1"


def compact(data: object) -> str:
    """Plain data as one line of JSON; what is read from it comes out as the same line again."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def canonical(ruleset: object) -> str:
    """The ruleset with all of its bases as one line of JSON."""
    return compact([FORMAT, _plain(ruleset)])


def digest_of(ruleset: object) -> str:
    """The SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(ruleset).encode()).hexdigest()


def _plain(thing: Any) -> Any:
    """Dataclasses as [class name, {field: value}].

    Fields at their default are left out, so that a release keeps its hash when the language gets a new key.
    """
    if isinstance(thing, Quantity):
        return str(thing)
    if isinstance(thing, Units):
        return [*thing.names, thing.molar_mass]
    if dataclasses.is_dataclass(thing):
        return [type(thing).__name__, {f.name: _plain(getattr(thing, f.name)) for f in _fields(thing)}]
    if isinstance(thing, Mapping):
        return [[key, _plain(value)] for key, value in thing.items()]
    if isinstance(thing, (tuple, list)):
        return [_plain(item) for item in thing]
    return thing.isoformat() if isinstance(thing, dt.date) else thing


def _fields(thing: Any) -> list[dataclasses.Field[Any]]:
    return [f for f in dataclasses.fields(thing) if f.compare and getattr(thing, f.name) != f.default]
