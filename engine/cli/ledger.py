"""`regimen ledger`: looking after the sessions that are kept."""

from __future__ import annotations

import datetime

import click

from engine.cli.frame import Date, telling
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
@click.option("--as-of", type=Date(), metavar="DATE", help="Take it to be this day, 00:00 UTC. Without it: now.")
@telling
def purge(database: str | None, as_of: datetime.date | None) -> int:
    """Delete the sessions that have expired, with all of their answers."""
    try:
        kept = Ledger.open(database)
        # a command reads no clock either: what time it is the database knows
        now = datetime.datetime.combine(as_of, datetime.time(), datetime.UTC) if as_of else kept.now()
        number = kept.purge(now)
        kept.close()
    except DatabaseError as error:
        raise error.named() from None
    click.echo(f"{number} expired session{'' if number == 1 else 's'} deleted.")
    return 0
