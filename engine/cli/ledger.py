"""`regimen ledger`: looking after the sessions that are kept."""

from __future__ import annotations

import click

from engine.cli.frame import telling
from engine.ledger import DatabaseError, Ledger

DATABASE = click.option(
    "--database",
    metavar="URL",
    help="Where sessions are kept: sqlite:////path/to/file.db or postgresql://user@host/name. Without it"
    " $REGIMEN_DATABASE_URL, which keeps a password out of the list of processes; else a file of one's own.",
)


@click.group()
def ledger() -> None:
    """Look after the sessions that are kept."""


@ledger.command()
@DATABASE
@telling
def purge(database: str | None) -> int:
    """Delete the sessions that have expired, with all of their answers."""
    try:
        kept = Ledger.open(database)
        number = kept.purge(kept.now())  # a command reads no clock either: what time it is the database knows
        kept.close()
    except DatabaseError as error:
        raise error.named() from None
    click.echo(f"{number} expired session{'' if number == 1 else 's'} deleted.")
    return 0
