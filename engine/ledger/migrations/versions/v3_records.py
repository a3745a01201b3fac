"""The chain of records, and what each of them says."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "3"
down_revision = "2"


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "record",
        sa.Column("seq", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("consultation_id", sa.Integer),
        sa.Column("release_hash", sa.String(64)),
        sa.Column("made_at", sa.String(32), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_record"),
        sa.UniqueConstraint("previous", name="uq_record_previous"),
        sa.UniqueConstraint("hash", name="uq_record_hash"),
    )
    op.create_index("ix_record_consultation_id", "record", ["consultation_id"])
    op.create_index("ix_record_release_hash", "record", ["release_hash", "kind"])
    op.create_table(
        "content",
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_content"),
        sa.ForeignKeyConstraint(["seq"], ["record.seq"], name="fk_content_seq"),
    )
