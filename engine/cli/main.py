"""The commands. Results go to standard output, problems to standard error.

Exit status: 0 done; 1 a finding, an undecided goal or a conflict; 2 bad input.
"""

from __future__ import annotations

import datetime
import importlib
import sys
from pathlib import Path

import click

from engine.cli import show
from engine.cli.ask import Asking
from engine.cli.checked import show_checked
from engine.cli.explaining import COMMANDS
from engine.cli.frame import FINDING, Date, telling
from engine.cli.given import ANSWERS, AS_JSON, AS_OF, RULESET, consultation_of, print_json, status_of
from engine.cli.keeping import Keeping
from engine.cli.ledger import DATABASE, ledger
from engine.cli.replaying import replay
from engine.cli.users import users
from engine.dialogue.consultation import consult
from engine.dialogue.report import next_report, report
from engine.dialogue.session import Session
from engine.language.answer_files import SaveError, opened, read_answers_file
from engine.language.load import load_ruleset
from engine.verify.cases import checked_report
from engine.verify.needless import needless


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="regimen", message="regimen %(version)s")
def main() -> None:
    """Consult, read and check rulesets.

    RULESET is a folder, or the id of one under rulesets/. Decision support and teaching: check what it says with a
    licensed clinician and your local protocol.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")


@main.command()
@RULESET
@click.option("--answers", metavar="FILE", type=click.Path(path_type=Path), help="Go on from a file of answers.")
@click.option("--save", metavar="FILE", type=click.Path(path_type=Path), help="Keep the answers in a file, as YAML.")
@AS_OF
@click.option("--start", type=Date(), metavar="DATE", help="The day of the first dose, for the dates of the schedule.")
@telling
def ask(
    ruleset: str, answers: Path | None, save: Path | None, as_of: datetime.date | None, start: datetime.date | None
) -> int:
    """Ask the questions of a ruleset, and say what follows.

    Replies are read from standard input, so they can be piped in. Exit status 1 when a goal is undecided or facts are
    in conflict.
    """
    loaded = load_ruleset(ruleset)
    given, witnessed = opened(read_answers_file(answers, str(answers))) if answers else (None, None)
    if save and _would_lose(save, answers):
        raise SaveError(f"{save}: is there already. Go on from it with --answers {save}, or choose another name.")
    session = Session(consult(loaded, given, as_of or witnessed).passing_over(needless))
    keeping = Keeping(ruleset, loaded.title, save, session.consultation.as_of, start)
    if save == answers:
        keeping.last = session.consultation.answers
    asking = Asking(session, keeping)
    asking.run()
    return status_of(asking.session.consultation)


@main.command()
@RULESET
@ANSWERS
@AS_OF
@AS_JSON
@telling
def evaluate(ruleset: str, answers: str, as_of: datetime.date | None, *, as_json: bool) -> int:
    """Say what follows from answers, and why.

    Exit status 1 when a goal is undecided or facts are in conflict.
    """
    consultation = consultation_of(ruleset, answers, as_of)
    if as_json:
        print_json(report(consultation))
    else:
        show.evaluation(consultation)
    return status_of(consultation)


@main.command(name="next")
@RULESET
@ANSWERS
@AS_OF
@AS_JSON
@telling
def next_(ruleset: str, answers: str, as_of: datetime.date | None, *, as_json: bool) -> int:
    """Say what to ask next, and why."""
    consultation = consultation_of(ruleset, answers, as_of)
    if as_json:
        print_json(next_report(consultation))
    else:
        show.next_question(consultation)
    return 0


@main.command()
@RULESET
@AS_JSON
@telling
def check(ruleset: str, *, as_json: bool) -> int:
    """Prove what can be proved of a ruleset, and run its cases.

    Exit status 1 when there is a finding that the ruleset does not accept.
    """
    from engine.verify.check import check as prove  # Z3 takes a while to load

    loaded = load_ruleset(ruleset)
    checked = prove(loaded)
    if as_json:
        print_json(checked_report(loaded, checked))
    else:
        show_checked(loaded, checked)
    return 0 if checked.clean else FINDING


@main.command()
@RULESET
@telling
def rules(ruleset: str) -> int:
    """Read a whole ruleset aloud, in plain English."""
    show.rules(load_ruleset(ruleset))
    return 0


@main.command()
@telling
def schema() -> int:
    """Print the JSON Schema of ruleset files, for editors."""
    from engine.language.schema import json_schema

    print_json(json_schema())
    return 0


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port to listen on.")
@DATABASE
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    show_default="2, or 4 where there is one process",
    help="Requests that a process serves at a time.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    show_default="as many as there are cores, at most 4",
    help="Processes that serve, each with its threads.",
)
@click.option(
    "--public-url",
    metavar="URL",
    help="Where people reach the site behind a proxy, such as https://b12.example.org: links to come back by begin with"
    " it, and under https the cookie is sent over nothing else.",
)
def serve(**options: object) -> None:
    """Serve the site."""
    site = importlib.import_module("webui.__main__")  # engine/ knows nothing of it
    raise SystemExit(site.serve(**options))


main.add_command(ledger)
main.add_command(replay)
main.add_command(users)
for command in COMMANDS:
    main.add_command(command)


def _would_lose(save: Path, answers: Path | None) -> bool:
    """Whether saving there would write over a file that the session does not go on from."""
    try:
        return save.is_file() and save.stat().st_size > 0 and not (answers and answers.samefile(save))
    except (OSError, ValueError):
        return False  # writing it tells why
