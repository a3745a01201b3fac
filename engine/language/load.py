"""Finding and loading rulesets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain, count
from pathlib import Path

from engine.language.build import build
from engine.language.errors import Mark, Problem, Problems, RulesetError, did_you_mean, quote
from engine.language.layers import Layer, layer_from_texts
from engine.language.model import Ruleset
from engine.language.stacking import read_stack, stack

SHIPPED = Path(__file__).resolve().parents[2] / "rulesets"


def load_ruleset(ruleset: str | Path) -> Ruleset:
    """Load a ruleset with all that it extends.

    Args:
        ruleset: its folder, or the id of one under rulesets/.

    Raises:
        RulesetError: lists every problem, each with path:line:column.
    """
    path = find_ruleset(ruleset)
    problems = Problems()
    return _built(read_stack(path, find_base, problems), problems)


def ruleset_from_files(files: Mapping[str, str]) -> Ruleset:
    """Load a ruleset again from its `files`: no folder is looked at, its bases are among them.

    Raises:
        RulesetError: lists every problem, each with path:line:column.
    """
    if not files:
        raise RulesetError([Problem(Mark("ruleset", 1, 1), "holds no file.")])
    folders: dict[str, dict[str, str]] = {}
    for path, text in files.items():
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, {})[name] = text
    problems = Problems()
    return _built([layer_from_texts(Path(folder), texts, problems) for folder, texts in folders.items()], problems)


def _built(layers: list[Layer], problems: Problems) -> Ruleset:
    return replace(build(stack(layers, problems), problems), files=_files(layers))


def _files(layers: list[Layer]) -> dict[str, str]:
    """The texts of a stack by folder/file; two folders of one name, in different places, are told apart by a number."""
    found: dict[str, str] = {}
    names: set[str] = set()
    for layer in layers:
        plain = layer.path.resolve().name if layer.path.name in ("", "..") else layer.path.name
        numbered = (f"{plain}~{number}" for number in count(2))
        name = next(each for each in chain([plain], numbered) if each not in names)
        names.add(name)
        found.update({f"{name}/{file}": text for file, text in layer.texts.items()})
    return found


def find_ruleset(ruleset: str | Path) -> Path:
    """The folder of a ruleset, given as a path or as the id of one under rulesets/.

    Raises:
        RulesetError: there is none.
    """
    path = Path(ruleset)
    here = Mark(str(ruleset), 1, 1)
    try:
        if path.is_dir():
            return path
        if path.is_file():
            raise RulesetError([Problem(here, "is a file. Give the folder that holds the ruleset.")])
        found = _shipped(str(ruleset))
    except (OSError, ValueError):
        found = None
    if found is None:
        hint = did_you_mean(str(ruleset), shipped_ids())
        raise RulesetError([Problem(here, f"no ruleset {quote(str(ruleset))} is found.{hint} Give a folder or an id.")])
    return found


def find_base(name: str, extending: Path) -> Path | None:
    """The folder of a base: beside the ruleset that extends it, or under rulesets/."""
    beside = extending.resolve().parent / name
    if beside.is_dir():
        return extending.parent / name if (extending.parent / name).is_dir() else beside
    return _shipped(name)


def _shipped(name: str) -> Path | None:
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
        return None
    places = (Path("rulesets") / name, SHIPPED / name)
    return next((place for place in places if place.is_dir()), None)


def shipped_ids() -> tuple[str, ...]:
    """The ids of the rulesets under rulesets/, in order."""
    folders = (path for root in (Path("rulesets"), SHIPPED) if root.is_dir() for path in root.iterdir())
    return tuple(sorted({path.name for path in folders if path.is_dir() and any(path.glob("*.yaml"))}))
