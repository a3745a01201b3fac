"""How many answers a session began with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"

BEGUN_WITH = """
    UPDATE consultation SET begun_with = (
        SELECT count(*) FROM answer
        WHERE answer.consultation_id = consultation.id AND answer.given_at = consultation.begun_at
    )
"""


def upgrade() -> None:
    """Add the number; of the sessions that are there it is told by the clock, which was all that was kept."""
    op.add_column("consultation", sa.Column("begun_with", sa.Integer, nullable=False, server_default="0"))
    op.execute(BEGUN_WITH)
