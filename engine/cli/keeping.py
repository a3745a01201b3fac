"""Keeping the answers of a session in a file while it goes on, so that none is lost however it ends."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from engine.language.answer_files import SaveError, answers_text, write_answers_file
from engine.language.values import Answer


@dataclass
class Keeping:
    """Where the answers are kept, and how the session goes on from there.

    Attributes:
        ruleset: as it was named.
        title: what the file says it is about.
        path: the file, or None where nothing is kept.
        last: the answers that the file holds.
        failed: the last answers could not be written.
    """

    ruleset: str
    title: str
    path: Path | None = None
    as_of: dt.date | None = None
    start: dt.date | None = None
    last: Mapping[str, Answer] | None = None
    failed: bool = False

    def begin(self, answers: Mapping[str, Answer]) -> None:
        """Write the answers for the first time.

        Raises:
            SaveError: they cannot be written there.
        """
        if self.path and self.last != answers:
            write_answers_file(self.path, self.text(answers))
            self.last = dict(answers)

    def keep(self, answers: Mapping[str, Answer]) -> None:
        """Write the answers where they have changed; a failure is told once, and the session goes on."""
        try:
            self.begin(answers)
            self.failed = False
        except SaveError as error:
            if not self.failed:
                click.echo(str(error), err=True)
            self.failed = True

    def text(self, answers: Mapping[str, Answer]) -> str:
        """The answers as a file has them."""
        return answers_text(self.title, answers)

    def resume(self) -> str:
        """The command that goes on with what was kept."""
        words = ["regimen", "ask", self.ruleset, "--answers", str(self.path), "--save", str(self.path)]
        words += ["--as-of", self.as_of.isoformat()] if self.as_of else []
        words += ["--start", self.start.isoformat()] if self.start else []
        return shlex.join(words)
