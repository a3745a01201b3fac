"""What is kept: releases, sessions, every change of an answer, and what each session came to, in a chain of hashes.

ledger = Ledger.open(url)                           # SQLite or PostgreSQL
kept, key = ledger.begin(ruleset, answers, now)     # a session; then find, record, forget, purge
decision = ledger.decide(kept, consultation, now)   # what it came to; the same twice is one decision
ledger.decision(17), ledger.decision("3f9c2a81")    # by number, or by the beginning of its hash
ledger.override(decision, "not_wanted", now, done="Tablets")
ledger.audits.listed(Wanted(rule="severe"), 0, 50)  # the newest that this rule fired in; comment, remarks, ...
ledger.verify(known=noted_hash).trouble             # the first record that is not as it was recorded, or None
"""

from __future__ import annotations

from engine.ledger.audits import Audits, Choices, Listed, Wanted
from engine.ledger.chain import Head
from engine.ledger.decisions import REASONS, Comment, Decision, Override
from engine.ledger.errors import (
    CapsuleError,
    CommentError,
    DatabaseError,
    DecisionDeleted,
    ImpactUnderWay,
    LockedOut,
    NoSuchDecision,
    NoSuchImpact,
    NoSuchSession,
    OverrideError,
    RecordAltered,
    ReleaseError,
    SessionExpired,
    UserError,
    WrongPassword,
)
from engine.ledger.impact import Impact
from engine.ledger.impact_runs import ImpactRun
from engine.ledger.ledger import Change, Kept, Ledger
from engine.ledger.users import ROLES, User, Users
from engine.ledger.verify import Trouble, Verified

__all__ = [
    "REASONS",
    "ROLES",
    "Audits",
    "CapsuleError",
    "Change",
    "Choices",
    "Comment",
    "CommentError",
    "DatabaseError",
    "Decision",
    "DecisionDeleted",
    "Head",
    "Impact",
    "ImpactRun",
    "ImpactUnderWay",
    "Kept",
    "Ledger",
    "Listed",
    "LockedOut",
    "NoSuchDecision",
    "NoSuchImpact",
    "NoSuchSession",
    "Override",
    "OverrideError",
    "RecordAltered",
    "ReleaseError",
    "SessionExpired",
    "Trouble",
    "User",
    "UserError",
    "Users",
    "Verified",
    "Wanted",
    "WrongPassword",
]
