"""Releases: rulesets as they were when somebody first worked under them, kept whole and for good."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from sqlalchemy import Connection, Row, Text, bindparam, cast, select
from sqlalchemy.dialects import postgresql, sqlite

from engine.language.errors import RulesetError
from engine.language.load import ruleset_from_files
from engine.language.model import Ruleset
from engine.ledger import chain
from engine.ledger.errors import ReleaseError
from engine.ledger.tables import record, release

NAMES = (release.c.hash, release.c.ruleset_id, release.c.version, release.c.title)
AS_STORED = [cast(column, Text).label(column.name) for column in (release.c.files, release.c.kept_at)]  # to the byte
STORED = select(*NAMES, *AS_STORED)
ENTERED = select(record.c.seq).where(record.c.release_hash == bindparam("hash"), record.c.kind == "release").limit(1)


def keep_release(connection: Connection, ruleset: Ruleset, now: dt.datetime) -> None:
    """Keep the ruleset as it is, unless it is kept already, and enter it into the chain."""
    store_release(connection, ruleset, now)
    enter_release(connection, ruleset.digest, now)


def store_release(connection: Connection, ruleset: Ruleset, now: dt.datetime) -> None:
    """Keep the ruleset as it is, unless it is kept already. It enters the chain with the first session under it."""
    row = {
        "hash": ruleset.digest,
        "ruleset_id": ruleset.id,
        "version": ruleset.version,
        "title": ruleset.title,
        "files": dict(ruleset.files),
        "kept_at": now,
    }
    if connection.execute(select(release.c.hash).where(release.c.hash == ruleset.digest)).first() is None:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        connection.execute(dialect.insert(release).values(row).on_conflict_do_nothing())


def enter_release(connection: Connection, digest: str, now: dt.datetime) -> None:
    """Enter a release that is kept into the chain, unless it stands there: from then on no byte of it can change."""
    if connection.execute(ENTERED, {"hash": digest}).first():
        return
    chain.lock(connection)
    if connection.execute(ENTERED, {"hash": digest}).first() is None:
        row = connection.execute(STORED.where(release.c.hash == digest)).one()
        chain.append(connection, "release", release_data(row), now, release=digest)


def release_data(row: Row[Any]) -> dict[str, Any]:
    """What the chain says of a release: the SHA-256 of its files as they are stored, how it is named, since when."""
    files = chain.sha256(row.files.encode("utf-8", "surrogateescape"))
    named = {"release": row.hash, "ruleset": row.ruleset_id, "version": row.version, "title": row.title}
    return {**named, "files": files, "kept_at": row.kept_at}


def loaded_release(row: Row[Any], known: Ruleset | None = None) -> Ruleset:
    """The ruleset of a release as `STORED` gives it, which has to be the very one that was kept.

    Args:
        row: the release.
        known: one of this hash that is loaded already: where it is of the same files, it need not be read once more.

    Raises:
        ReleaseError: it is not, because its files were altered or this Regimen reads them otherwise.
    """
    try:
        files = dict(json.loads(row.files))
        ruleset = known if known and dict(known.files) == files else ruleset_from_files(files)
    except (RulesetError, ValueError, TypeError):
        ruleset = None
    if ruleset is None or ruleset.digest != row.hash:
        name = f"{row.ruleset_id} {row.version} ({row.hash[:12]})"
        raise ReleaseError(f"This session was begun under {name}, which this Regimen cannot read as it was.")
    return ruleset
