"""The tables.

Releases, sessions (`consultation`) with their answers, the chain (`record` with its `content`), an index of decisions,
what comparing decisions with a release came to (`impact_run`, `impact_change`, `impact_result`), and users.

Rows of `answer` and `record` are added and never changed. A row of `content` is deleted when what it says is forgotten,
and what the index and `impact_result` have of it goes along.

Migrations make them (`migrations/versions`); a test holds the two together.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
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

record = Table(
    "record",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),  # 1, 2, 3 and so on
    Column("kind", String(16), nullable=False),
    Column("previous", String(64), nullable=False, unique=True),  # so no two records follow the same one
    Column("consultation_id", Integer),  # a number that outlives its session
    Column("release_hash", String(64)),
    Column("made_at", String(32), nullable=False),  # as it was hashed: ISO, in UTC
    Column("content_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Index("ix_record_consultation_id", "consultation_id"),
    Index("ix_record_release_hash", "release_hash", "kind"),
)

content = Table(
    "content",
    metadata,
    Column("seq", ForeignKey("record.seq"), primary_key=True),
    Column("data", LargeBinary, nullable=False),  # the very bytes that were hashed
)

# The index of decisions (see `index`): taken from what they say, no part of the chain, to be made anew at any time.

indexed = Table(
    "decision_index",
    metadata,
    Column("seq", ForeignKey("content.seq", ondelete="CASCADE"), primary_key=True),
    Column("made_at", Instant, nullable=False, index=True),
    Column("ruleset_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("release_hash", String(64), nullable=False),
    Column("as_of", String(10)),
    Column("ending", String(16), nullable=False),
    Column("regimen", Text, nullable=False),  # empty where none was suggested
    Column("overrides", Integer, nullable=False),
    Index("ix_decision_index_ruleset_id", "ruleset_id", "seq"),
    Index("ix_decision_index_release_hash", "release_hash", "seq"),
    Index("ix_decision_index_ending", "ending", "seq"),
    Index("ix_decision_index_regimen", "regimen", "seq"),
    Index("ix_decision_index_overrides", "overrides", "seq"),
)

fired = Table(
    "decision_rule",
    metadata,
    Column("seq", ForeignKey("decision_index.seq", ondelete="CASCADE"), primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("decisive", Boolean, nullable=False),
    Index("ix_decision_rule_rule", "rule", "seq", "decisive"),
    sqlite_with_rowid=False,
)

mistaken = Table(
    "decision_mistake",
    metadata,
    Column("seq", ForeignKey("decision_index.seq", ondelete="CASCADE"), primary_key=True),
    Column("mistake", Text, primary_key=True),
    Index("ix_decision_mistake_mistake", "mistake", "seq"),
    sqlite_with_rowid=False,
)

impact_run = Table(
    "impact_run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("ruleset_id", Text, nullable=False),
    Column("release_hash", ForeignKey("release.hash"), nullable=False),  # that decisions are compared with
    Column("state", String(16), nullable=False),
    Column("reason", Text),  # why it failed
    Column("begun_at", Instant, nullable=False),
    Column("last_progress_at", Instant, nullable=False),  # one that was killed makes none any more
    Column("ended_at", Instant),
    Column("total", Integer, nullable=False),
    Column("looked_at", Integer, nullable=False),
    Index("ix_impact_run_ruleset_id", "ruleset_id", "state"),
    sqlite_autoincrement=True,  # the address of a run that was deleted is never that of another
)

impact_change = Table(  # a from → to that a run found
    "impact_change",
    metadata,
    Column("run_id", ForeignKey("impact_run.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("goal", Text, nullable=False),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
    Column("label", Text, nullable=False),
)

impact_result = Table(  # a decision compared: a row for each change, or one row without a change
    "impact_result",
    metadata,
    Column("run_id", ForeignKey("impact_run.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", ForeignKey("content.seq", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),  # 0: the first change
    Column("change", Integer),
    Column("partly_read", Boolean, nullable=False),
    Index("ix_impact_result_seq", "seq"),
    Index("ix_impact_result_change", "run_id", "change", "seq"),
)

user = Table(
    "site_user",  # `user` is a word of SQL
    metadata,
    Column("name", String(40), primary_key=True),
    Column("password", Text, nullable=False),  # its Argon2 hash
    Column("roles", JSON, nullable=False),
    Column("added_at", Instant, nullable=False),
)

sign_in = Table(
    "sign_in",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_name", ForeignKey("site_user.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("begun_at", Instant, nullable=False),
    Column("used_at", Instant, nullable=False),
)

attempt = Table(  # to sign in, since the last that succeeded
    "sign_in_attempt",
    metadata,
    Column("name_hash", String(64), primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
)
