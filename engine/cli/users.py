"""`regimen user`: who may sign in to the site, and in which roles."""

from __future__ import annotations

import sys
from collections.abc import Collection

import click

from engine.cli.frame import telling
from engine.cli.ledger import DATABASE, opened
from engine.language.errors import RegimenError
from engine.ledger import ROLES

NAME = click.argument("name")
ROLE = click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice(list(ROLES)),
    help="What the user may do; give it once for each role.",
)


@click.group(name="user")
def users() -> None:
    """Look after those who sign in to the site. Guided sessions need no account.

    A password is asked for twice, or read as one line where standard input is no terminal.
    """


@users.command()
@NAME
@ROLE
@DATABASE
@telling
def add(name: str, roles: tuple[str, ...], database: str | None) -> int:
    """Add a user."""
    with opened(database) as kept:
        added = kept.users.add(name, _password(), roles, kept.now())
    click.echo(f"{added.name} is added: {_roles(added.roles)}.")
    return 0


@users.command(name="list")
@DATABASE
@telling
def list_(database: str | None) -> int:
    """List the users with their roles."""
    with opened(database) as kept:
        found = kept.users.all()
    for each in found:
        click.echo(f"{each.name}: {_roles(each.roles)}")
    if not found:
        click.echo("There is no user yet. Add one with `regimen user add NAME --role admin`.")
    return 0


@users.command()
@NAME
@ROLE
@DATABASE
@telling
def roles(name: str, roles: tuple[str, ...], database: str | None) -> int:
    """Give a user these roles and no others, and sign the user out."""
    with opened(database) as kept:
        kept.users.give_roles(name, roles)
    click.echo(f"{name} is now: {_roles(roles)}.")
    return 0


@users.command()
@NAME
@DATABASE
@telling
def password(name: str, database: str | None) -> int:
    """Give a user another password, which also ends a lock-out, and sign the user out."""
    with opened(database) as kept:
        kept.users.give_password(name, _password())
    click.echo(f"{name} has a new password.")
    return 0


@users.command()
@NAME
@DATABASE
@telling
def remove(name: str, database: str | None) -> int:
    """Remove a user, and sign the user out; what was recorded under the name stays."""
    with opened(database) as kept:
        kept.users.remove(name)
    click.echo(f"{name} is removed.")
    return 0


def _password() -> str:
    """A password that is never shown, and never an argument, which every process of the machine could read."""
    if sys.stdin.isatty():
        found: str = click.prompt("Password", hide_input=True, confirmation_prompt="The same again", err=True)
        return found
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise RegimenError("There is no password on standard input. Write it there as one line.")
    return line


def _roles(roles: Collection[str]) -> str:
    return ", ".join(role for role in ROLES if role in roles)
