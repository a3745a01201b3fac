"""What commands are given and how they end: a ruleset, a file of answers, a date; JSON and the exit status."""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path
from typing import Any

import click

from engine.cli.frame import FINDING, Date
from engine.dialogue.consultation import Consultation, consult
from engine.language.answer_files import decode_answers, opened, read_answers_file
from engine.language.errors import RegimenError
from engine.language.load import load_ruleset
from engine.language.source import MAX_BYTES, Mapping

RULESET = click.argument("ruleset")
ANSWERS = click.option(
    "--answers", required=True, metavar="FILE|-", help="A YAML or JSON file of answers; - is standard input."
)
AS_OF = click.option("--as-of", type=Date(), metavar="DATE", help="The date that formulas may use, as 2026-11-22.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def status_of(consultation: Consultation) -> int:
    """The exit status that some answers end with: 1 where a goal is undecided or facts are in conflict."""
    return FINDING if consultation.undetermined or consultation.conflicts else 0


def consultation_of(ruleset: str, answers: str, as_of: datetime.date | None) -> Consultation:
    """The answers of a file under a ruleset."""
    loaded = load_ruleset(ruleset)
    given, witnessed = opened(_answers(answers))
    consultation = consult(loaded, given, as_of or witnessed)
    if consultation.as_of is None and loaded.counts_to_a_date:
        click.echo("This ruleset counts to a date: without --as-of those formulas have no value.", err=True)
    return consultation


def _answers(name: str) -> Mapping:
    if name == "-":
        if sys.stdin is None:
            raise RegimenError("Standard input is closed, so no answers can be read from it. Name a file.")
        return decode_answers(sys.stdin.buffer.read(MAX_BYTES + 1), "standard input")
    return read_answers_file(Path(name), name)


def print_json(data: dict[str, Any]) -> None:
    """Print data."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))
