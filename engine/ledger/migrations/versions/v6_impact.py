"""Runs that compare decisions with a release, and what came of each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "6"
down_revision = "5"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "impact_run",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("ruleset_id", sa.Text, nullable=False),
        sa.Column("release_hash", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.Column("last_progress_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("looked_at", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_impact_run"),
        sa.ForeignKeyConstraint(["release_hash"], ["release.hash"], name="fk_impact_run_release_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_impact_run_ruleset_id", "impact_run", ["ruleset_id", "state"])
    op.create_table(
        "impact_change",
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("goal", sa.Text, nullable=False),
        sa.Column("before", sa.JSON),
        sa.Column("after", sa.JSON),
        sa.Column("label", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "number", name="pk_impact_change"),
        sa.ForeignKeyConstraint(["run_id"], ["impact_run.id"], name="fk_impact_change_run_id", ondelete="CASCADE"),
    )
    op.create_table(
        "impact_result",
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("place", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("change", sa.Integer),
        sa.Column("partly_read", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "seq", "place", name="pk_impact_result"),
        sa.ForeignKeyConstraint(["run_id"], ["impact_run.id"], name="fk_impact_result_run_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["seq"], ["content.seq"], name="fk_impact_result_seq", ondelete="CASCADE"),
    )
    op.create_index("ix_impact_result_seq", "impact_result", ["seq"])
    op.create_index("ix_impact_result_change", "impact_result", ["run_id", "change", "seq"])
