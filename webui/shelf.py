"""The rulesets that the site offers, each read once and again after its files were changed.

A ruleset that cannot be loaded stands on the shelf too, with its problems: an educator who saves a mistake reads it on
the page, and the other rulesets go on working.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path

from flask import abort, current_app

from engine import RegimenError, Ruleset, RulesetError, consult, load_ruleset
from engine.language.errors import Mark, Problem
from engine.verify.cases import Checked, check_cases
from engine.verify.needless import needless
from webui.shared import SharedCases

Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Entry:
    """A ruleset on the shelf; `name` is its folder's, by which addresses call it."""

    name: str
    folder: Path
    ruleset: Ruleset | None
    problems: tuple[Problem, ...] = ()
    check: Callable[[Ruleset], Checked] = check_cases

    @cached_property
    def checked(self) -> Checked:
        """What running its cases comes to; some seconds for hundreds of them, when first asked for."""
        return self.check(self.loaded)

    @cached_property
    def failed_cases(self) -> dict[str, str]:
        """What is wrong with each case that fails, by its id."""
        return {finding.subject: finding.message for finding in self.checked.findings if finding.kind == "failed_case"}

    @cached_property
    def at_most(self) -> dict[str, int]:
        """How many questions there can be, from each situation by its id and without one by ""."""
        starts = {start.id: dict(start.answers) for start in self.loaded.starts}
        return {each: consult(self.loaded, answers).at_most for each, answers in {"": {}, **starts}.items()}

    @property
    def loaded(self) -> Ruleset:
        """The ruleset; asked for only where it could be loaded."""
        if self.ruleset is None:
            raise RulesetError(self.problems)
        return self.ruleset

    def place(self, problem: Problem) -> str:
        """Where a problem stands, the way from the folder that holds the rulesets: b12-general/rules.yaml:3:5."""
        path = Path(problem.mark.path)
        above = self.folder.parent
        shown = path.relative_to(above) if path.is_relative_to(above) else path
        return f"{shown}:{problem.mark.line}:{problem.mark.column}"


class Shelf:
    """Rulesets by the names of their folders. Four threads may ask at once: one reads, the others wait for it."""

    def __init__(self, roots: Iterable[Path | str]) -> None:
        self.roots = tuple(map(Path, roots))
        self._kept: dict[str, tuple[Stamp, Entry]] = {}
        self._lock = threading.Lock()
        self._check: Callable[[Ruleset], Checked] = check_cases

    def share_cases(self) -> None:
        """Have the cases run once for all the processes that will be forked, not by each; before anything is read."""
        self._check = SharedCases()

    def entries(self) -> list[Entry]:
        """Every ruleset, by name."""
        with self._lock:
            folders = self._folders()
            return [self._entry(name, folders) for name in sorted(folders)]

    def warm(self) -> None:
        """Read every ruleset and run it once, which compiles it for the matcher: a first visitor does not wait."""
        import_module("engine.verify.finder")  # and Z3 with it
        for entry in self.entries():
            with suppress(RegimenError):  # its pages tell it
                first = consult(entry.loaded).passing_over(needless)
                _ = first.results, first.question

    def run_cases(self) -> None:
        """Run the cases of every ruleset, for the pages that tell what came of them."""
        for entry in self.entries():
            with suppress(RegimenError):
                _ = entry.checked

    def find(self, name: str) -> Entry | None:
        """The ruleset of this name, or None."""
        with self._lock:
            folders = self._folders()
            return self._entry(name, folders) if name in folders else None

    def holding(self, digest: str) -> Entry | None:
        """The ruleset of this release, or None where it has changed since, or is gone."""
        return next((entry for entry in self.entries() if entry.ruleset and entry.ruleset.digest == digest), None)

    def _folders(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for root in self.roots:
            folders = (path for path in root.iterdir() if path.is_dir()) if root.is_dir() else ()
            for folder in folders:
                if any(folder.glob("*.yaml")) or any(folder.glob("*.yml")):
                    found.setdefault(folder.name, folder)
        return found

    def _entry(self, name: str, folders: dict[str, Path]) -> Entry:
        stamp, entry = self._kept.get(name, (None, None))
        if entry is None or entry.folder != folders[name] or stamp != _stamp(_watched(entry, folders)):
            before = {folder: _stamp([folder]) for folder in folders.values()}  # an edit while it is read shows later
            entry = replace(_load(name, folders[name]), check=self._check)
            stamp = tuple(mark for folder in _watched(entry, folders) for mark in before[folder])
            self._kept[name] = stamp, entry
        return entry


def _watched(entry: Entry, folders: dict[str, Path]) -> list[Path]:
    """The folders whose files a ruleset is read from; one with a base, or with problems, may rest on any."""
    alone = entry.ruleset is not None and not entry.ruleset.extends
    return [entry.folder] if alone else sorted(folders.values())


def _stamp(folders: Iterable[Path]) -> Stamp:
    """What changes when a file in these folders does."""
    return tuple(mark for folder in folders for mark in sorted(_marks(folder)))


def _marks(folder: Path) -> Iterable[tuple[str, int, int]]:
    for file in folder.glob("*.y*ml"):
        try:
            status = file.stat()
        except OSError:  # taken away since the folder was listed
            continue
        yield str(file), status.st_mtime_ns, status.st_size


def _load(name: str, folder: Path) -> Entry:
    try:
        return Entry(name, folder, load_ruleset(folder))
    except RulesetError as error:
        return Entry(name, folder, None, error.problems)
    except Exception:  # a fault of ours on one ruleset must not take the others from the shelf
        logging.getLogger(__name__).exception("Loading %s failed", folder)
        message = "cannot be loaded, through a fault in Regimen and not in your files. Report it with this ruleset."
        return Entry(name, folder, None, (Problem(Mark(str(folder), 1, 1), message),))


def on_shelf(name: str) -> Entry:
    """The ruleset that an address names, or the page that says there is none."""
    entry = shelf().find(name)
    return entry if entry is not None else abort(404, f"There is no ruleset called “{name[:60]}” here.")


def usable(name: str) -> Entry:
    """The ruleset that an address names; the page that says so where there is none, or it cannot be loaded."""
    entry = on_shelf(name)
    return entry if entry.ruleset else abort(409)


def shelf() -> Shelf:
    """The shelf of the application at work."""
    found = current_app.extensions["shelf"]
    assert isinstance(found, Shelf)  # noqa: S101 (create_app put it there)
    return found
