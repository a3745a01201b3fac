"""The tables: releases, sessions (`consultation`) and their answers. Rows of `answer` are added and never changed.

Migrations make them (`migrations/versions`); a test holds the two together.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

metadata = MetaData(
    naming_convention={  # a migration can only change what has a name
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)


class Instant(TypeDecorator[dt.datetime]):
    """A moment, in UTC: SQLite has no time zones, so none is ever left to be guessed."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        """Refuse a time without a zone, and store UTC."""
        if value is not None and value.tzinfo is None:
            raise TypeError("a time without a time zone is no moment")
        return value.astimezone(dt.UTC) if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        """Read it as UTC."""
        if value is None:
            return None
        found: dt.datetime = value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
        return found


release = Table(
    "release",
    metadata,
    Column("hash", String(64), primary_key=True),  # the ruleset's digest
    Column("ruleset_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("files", JSON, nullable=False),  # {folder/file: text}, each base before what extends it
    Column("kept_at", Instant, nullable=False),
)

consultation = Table(
    "consultation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("release_hash", ForeignKey("release.hash"), nullable=False),
    Column("as_of", Date, nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("begun_with", Integer, nullable=False),  # so many answers, the first of them
    sqlite_autoincrement=True,  # the number of a session that was forgotten is never given to another
)

answer = Table(
    "answer",
    metadata,
    Column("consultation_id", ForeignKey("consultation.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("fact", Text, nullable=False),
    Column("value", JSON(none_as_null=True)),  # as given; null: taken back
    Column("given_at", Instant, nullable=False),
)
