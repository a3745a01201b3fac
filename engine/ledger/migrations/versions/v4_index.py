"""The index of decisions, filled from those that are there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.ledger.index import rebuild

revision = "4"
down_revision = "3"


def upgrade() -> None:
    """Make the three tables and fill them; a later step that changes them fills them anew in the place of this one."""
    op.create_table(
        "decision_index",
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ruleset_id", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("release_hash", sa.String(64), nullable=False),
        sa.Column("as_of", sa.String(10)),
        sa.Column("ending", sa.String(16), nullable=False),
        sa.Column("regimen", sa.Text, nullable=False),
        sa.Column("overrides", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_decision_index"),
        sa.ForeignKeyConstraint(["seq"], ["content.seq"], name="fk_decision_index_seq", ondelete="CASCADE"),
    )
    op.create_index("ix_decision_index_made_at", "decision_index", ["made_at"])
    for name in ("ruleset_id", "release_hash", "ending", "regimen", "overrides"):
        op.create_index(f"ix_decision_index_{name}", "decision_index", [name, "seq"])
    _side_table("decision_rule", "rule", sa.Column("decisive", sa.Boolean, nullable=False))
    op.create_index("ix_decision_rule_rule", "decision_rule", ["rule", "seq", "decisive"])
    _side_table("decision_mistake", "mistake")
    op.create_index("ix_decision_mistake_mistake", "decision_mistake", ["mistake", "seq"])
    rebuild(op.get_bind())


def _side_table(table: str, name: str, *more: sa.Column[bool]) -> None:
    op.create_table(
        table,
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column(name, sa.Text, nullable=False),
        *more,
        sa.PrimaryKeyConstraint("seq", name, name=f"pk_{table}"),
        sa.ForeignKeyConstraint(["seq"], ["decision_index.seq"], name=f"fk_{table}_seq", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
