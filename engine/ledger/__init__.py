"""What is kept: releases, sessions and every change of an answer, in order, on SQLite or PostgreSQL."""

from __future__ import annotations

from engine.ledger.errors import DatabaseError, NoSuchSession, ReleaseError, SessionExpired
from engine.ledger.ledger import Change, Kept, Ledger

__all__ = ["Change", "DatabaseError", "Kept", "Ledger", "NoSuchSession", "ReleaseError", "SessionExpired"]
