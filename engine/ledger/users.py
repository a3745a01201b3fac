"""Who may look at audits, edit and publish: users with their roles, and who of them is signed in.

Guided sessions know nobody. A password is kept as its Argon2id hash (RFC 9106), and what proves that somebody is signed
in, a random token, as its hash too: a copy of the database signs nobody in. Moments are arguments, as everywhere here.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
import unicodedata
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Row, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from engine.language.errors import quote
from engine.ledger.database import Database
from engine.ledger.errors import DatabaseError, LockedOut, UserError, WrongPassword
from engine.ledger.tables import attempt, sign_in, user

ROLES = {
    "auditor": "looks through the decisions that are kept, and comments on them",
    "educator": "edits rulesets",
    "publisher": "publishes rulesets",
    "admin": "may do all of that",
}
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
SHORTEST = 15  # characters: the least for a password that stands alone (NIST SP 800-63B-4, section 3.1.1.2)
LONGEST = 256
TRIES = 5  # wrong passwords in a row, after which nobody gets in by this name for a while
LOCKED = dt.timedelta(minutes=15)
IDLE = dt.timedelta(hours=12)  # after which somebody who did nothing has to sign in again
COUNTING = 0x4E67_1D0D  # any number, so long as every process takes the same lock
SEEN_EVERY = dt.timedelta(minutes=1)  # how exactly it is kept when somebody last did something


@dataclass(frozen=True)
class User:
    """Somebody who may sign in."""

    name: str
    roles: frozenset[str]

    @classmethod
    def of(cls, row: Row[Any]) -> User:
        """The user that a row holds."""
        return cls(row.name, frozenset(row.roles))

    def may(self, role: str) -> bool:
        """Whether this user may do what takes a role."""
        return role in self.roles or "admin" in self.roles


class Users:
    """The users of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # For whoever runs the site

    def all(self) -> list[User]:
        """Every user, by name."""
        with self._database.reading() as connection:
            return [User.of(row) for row in connection.execute(select(user).order_by(user.c.name))]

    def add(self, name: str, password: str, roles: Collection[str], now: dt.datetime) -> User:
        """Add a user.

        Raises:
            UserError: there is one of this name, or name, password or roles cannot be used; so with the others.
        """
        name, hashed = _name(name), _hashed(password)
        values = {"name": name, "password": hashed, "roles": _roles(roles), "added_at": now}
        with self._database.writing() as connection:
            try:
                connection.execute(insert(user), values)
            except IntegrityError:  # also of somebody who was added a moment ago
                raise UserError(f"There is a user {quote(name)} already. Choose another name.") from None
        return User(name, frozenset(roles))

    def give_roles(self, name: str, roles: Collection[str]) -> None:
        """Give a user these roles and no others; who is signed in by this name has to sign in again."""
        self._change(name, {"roles": _roles(roles)})

    def give_password(self, name: str, password: str) -> None:
        """Give a user another password; who is signed in by the old one is signed out."""
        self._change(name, {"password": _hashed(password)})

    def remove(self, name: str) -> None:
        """Remove a user, who is signed out by that; what was recorded under the name stays."""
        with self._database.writing() as connection:
            _known(connection, name)
            connection.execute(delete(user).where(user.c.name == _plain(name)))

    def _change(self, name: str, values: dict[str, Any]) -> None:
        with self._database.writing() as connection:
            _known(connection, name)
            _change(connection, name, values)

    # Signing in

    def sign_in(self, name: str, password: str, now: dt.datetime) -> str:
        """Sign somebody in, and give the token that proves it, which is told this once.

        Each try is counted before the password is looked at, so that many at a time are no way around the limit. A name
        that nobody has costs the same work and is locked in the same way: no answer tells which names there are.

        Raises:
            WrongPassword: name and password do not belong together.
            LockedOut: there were too many wrong passwords for this name.
        """
        found = self._proved(name, password, now)
        with self._database.writing() as connection:
            _still(connection, found)
            connection.execute(delete(attempt).where(attempt.c.name_hash == _name_hash(name)))
            return _let_in(connection, found.name, now)

    def change_password(self, name: str, password: str, new: str, now: dt.datetime) -> str:
        """Give somebody who has the password another; every sign-in by the old one ends, and a token begins a new one.

        Raises:
            UserError: the new password cannot be used, which is told before the old one is looked at.
            WrongPassword: name and password do not belong together; a try is counted as in signing in.
            LockedOut: there were too many wrong passwords for this name.
        """
        hashed = _hashed(new)
        found = self._proved(name, password, now)
        with self._database.writing() as connection:
            _still(connection, found)
            _change(connection, found.name, {"password": hashed})
            return _let_in(connection, found.name, now)

    def _proved(self, name: str, password: str, now: dt.datetime) -> Row[Any]:
        """The user whose password this is, as it was a moment ago."""
        with self._database.writing() as connection:
            until = _count(connection, name, now)
            found = _found(connection, name)
        if until:
            raise LockedOut(until)
        if not _is_right(found.password if found else _of_nobody(), password) or found is None:
            raise WrongPassword
        return found

    def signed_in(self, token: str, now: dt.datetime) -> User | None:
        """Who is signed in by a token; nobody after a sign-out, a change of the user, or twelve idle hours."""
        ours = sign_in.c.token_hash == _token_hash(token)
        with self._database.reading() as connection:
            asked = select(user, sign_in.c.used_at).join(sign_in).where(ours, sign_in.c.used_at > now - IDLE)
            row = connection.execute(asked).first()
        if row is None:
            return None
        if row.used_at <= now - SEEN_EVERY:
            with suppress(DatabaseError), self._database.writing() as connection:  # else it is noted the next time
                connection.execute(update(sign_in).where(ours).values(used_at=now))
        return User.of(row)

    def sign_out(self, token: str) -> None:
        """Let a token prove nothing any more."""
        with self._database.writing() as connection:
            connection.execute(delete(sign_in).where(sign_in.c.token_hash == _token_hash(token)))


def _count(connection: Connection, name: str, now: dt.datetime) -> dt.datetime | None:
    """Count a try; gives the moment until which this name is locked, where it was before."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": COUNTING})
    connection.execute(delete(attempt).where(attempt.c.last_at <= now - LOCKED))
    ours = attempt.c.name_hash == _name_hash(name)
    row = connection.execute(select(attempt).where(ours)).first()
    if row is None:
        connection.execute(insert(attempt), {"name_hash": _name_hash(name), "tries": 1, "last_at": now})
        return None
    if row.tries >= TRIES:
        until: dt.datetime = row.last_at + LOCKED
        return until
    connection.execute(update(attempt).where(ours).values(tries=row.tries + 1, last_at=now))
    return None


def _change(connection: Connection, name: str, values: dict[str, Any]) -> None:
    """Change a user, who is signed out by that, and whose wrong passwords are forgotten."""
    connection.execute(update(user).where(user.c.name == _plain(name)).values(values))
    connection.execute(delete(sign_in).where(sign_in.c.user_name == _plain(name)))
    connection.execute(delete(attempt).where(attempt.c.name_hash == _name_hash(name)))


def _let_in(connection: Connection, name: str, now: dt.datetime) -> str:
    """Keep that somebody is signed in from now on; gives the token that proves it."""
    token = secrets.token_urlsafe(32)
    connection.execute(delete(sign_in).where(sign_in.c.used_at <= now - IDLE))
    values = {"token_hash": _token_hash(token), "user_name": name, "begun_at": now, "used_at": now}
    connection.execute(insert(sign_in), values)
    return token


def _still(connection: Connection, found: Row[Any]) -> None:
    """Make sure that nobody changed or removed a user since the password was looked at, nor does until the end."""
    still = select(user.c.name).where(user.c.name == found.name, user.c.password == found.password)
    if connection.execute(still.with_for_update()).first() is None:
        raise WrongPassword


def _found(connection: Connection, name: str) -> Row[Any] | None:
    if not NAME.fullmatch(_plain(name)):  # not even asked for: there are texts that a database cannot take
        return None
    return connection.execute(select(user).where(user.c.name == _plain(name))).first()


def _known(connection: Connection, name: str) -> None:
    if _found(connection, name) is None:
        raise UserError(f"There is no user {quote(name)}. `regimen user list` shows them.")


def _plain(name: str) -> str:
    """A name as it is kept: nobody has to remember capitals."""
    return name.strip().lower()


def _name(name: str) -> str:
    found = _plain(name)
    if not NAME.fullmatch(found):
        raise UserError(
            f"{quote(name)} is no name for a user. Use at most 40 letters from a to z, digits, dots, hyphens and"
            " underscores, with a letter or digit first."
        )
    return found


def _roles(roles: Collection[str]) -> list[str]:
    wrong = [role for role in roles if role not in ROLES]
    if wrong:
        raise UserError(f"There is no role {quote(wrong[0])}. Choose of: {', '.join(ROLES)}.")
    if not roles:
        raise UserError(f"A user needs a role. Choose of: {', '.join(ROLES)}.")
    return [role for role in ROLES if role in roles]


# Hashes


@cache
def hasher() -> PasswordHasher:
    """Argon2id with the second recommended parameters of RFC 9106: 64 MiB, three passes."""
    return PasswordHasher()


@cache
def _of_nobody() -> str:
    """The hash of a password that nobody knows, for names that nobody has."""
    return hasher().hash(secrets.token_hex())


def _hashed(password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise UserError(f"A password has {SHORTEST} to {LONGEST} characters; a few words are easy to remember.")
    return hasher().hash(_normal(password))


def _is_right(hashed: str, password: str) -> bool:
    _of_nobody()  # made by whoever comes first, whatever name is given
    try:
        return hasher().verify(hashed, _normal(password[: LONGEST + 1]))
    except (VerificationError, InvalidHashError):
        return False


def _normal(password: str) -> bytes:
    """The same bytes, however a keyboard puts its letters together (NFKC)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _name_hash(name: str) -> str:
    """What is kept of a name that was tried: it may be a password, typed into the wrong field."""
    return hashlib.sha256(_plain(name).encode("utf-8", "surrogatepass")).hexdigest()


def _token_hash(token: str) -> str:
    """What is kept of a token. It has 32 random bytes, so one round of a fast hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
