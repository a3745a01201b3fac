"""Releases, sessions and their answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "release",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("ruleset_id", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("files", sa.JSON, nullable=False),
        sa.Column("kept_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_release"),
    )
    op.create_table(
        "consultation",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("release_hash", sa.String(64), nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consultation"),
        sa.UniqueConstraint("key_hash", name="uq_consultation_key_hash"),
        sa.ForeignKeyConstraint(["release_hash"], ["release.hash"], name="fk_consultation_release_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_consultation_expires_at", "consultation", ["expires_at"])
    op.create_table(
        "answer",
        sa.Column("consultation_id", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("fact", sa.Text, nullable=False),
        sa.Column("value", sa.JSON),
        sa.Column("given_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("consultation_id", "seq", name="pk_answer"),
        sa.ForeignKeyConstraint(
            ["consultation_id"], ["consultation.id"], name="fk_answer_consultation_id", ondelete="CASCADE"
        ),
    )
