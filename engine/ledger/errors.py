"""What can go wrong with what is kept, each in a sentence that a page can show.

None of them quotes a link, an answer, a path or an address: those stand apart, for whoever runs the site.
"""

from __future__ import annotations

import datetime as dt

from engine.language.errors import RegimenError, quote

SHORTEST = 8  # letters of a hash that name a decision


class DatabaseError(RegimenError):
    """The database cannot be used; what was confirmed before is kept, what was asked for now is not.

    Attributes:
        place: which database it is, without a password. For whoever runs the site.
        reason: the database's own code for what is wrong, such as SQLITE_BUSY or 55P03. Fit for a log.
    """

    def __init__(self, message: str, place: str = "", reason: str = "") -> None:
        self.place = place
        self.reason = reason
        super().__init__(message)

    def named(self) -> RegimenError:
        """The same for whoever runs the site: with the database that it is about."""
        about = " ".join(part for part in (self.place, f"({self.reason})" if self.reason else "") if part)
        return RegimenError(f"{self} Look at {about}." if about else str(self))


class ReleaseError(RegimenError):
    """The ruleset of a session cannot be kept, or cannot be read back as it was."""


class NoSuchSession(RegimenError):  # noqa: N818 (it is no fault: links are mistyped, and sessions are forgotten)
    """No session is kept under this link."""

    def __init__(self) -> None:
        super().__init__("There is no session at this link. It may be mistyped, or the session was forgotten.")


class SessionExpired(RegimenError):  # noqa: N818 (as above)
    """The session under this link was kept for as long as was said."""

    def __init__(self) -> None:
        super().__init__("This session has expired: sessions are kept for a limited time.")


class NoSuchDecision(RegimenError):  # noqa: N818 (as above)
    """No decision has this number or hash."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"There is no decision {quote(name)}. Give its number, or its hash from {SHORTEST} letters on, as the visit"
            " sheet has them."
        )


class DecisionDeleted(RegimenError):  # noqa: N818 (as above)
    """What the decision says was deleted with its session; that it was made, and when, stays in the chain."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"Decision {number} was deleted with its session: what it said is gone for good. That it was made stays in"
            " the ledger."
        )


class RecordAltered(RegimenError):  # noqa: N818 (as above)
    """A record is not as it was recorded, so nothing is read from it."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"Record {number} is not as it was recorded, so nothing is said from it. Run `regimen ledger verify`, and"
            " compare with a copy of the database."
        )


class OverrideError(RegimenError):
    """What was done instead cannot be recorded as it was told."""


class CommentError(RegimenError):
    """A comment cannot be recorded as it was written."""


class CapsuleError(RegimenError):
    """A capsule cannot be used."""


class NoSuchImpact(RegimenError):  # noqa: N818 (as above)
    """No run over the decisions has this number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"There is no impact run {number}. Old ones are deleted when new ones are begun.")


class ImpactEnded(RegimenError):  # noqa: N818 (it is no fault: somebody else ended it)
    """A run over the decisions was ended from elsewhere while it still went on."""

    def __init__(self, number: int) -> None:
        super().__init__(f"Impact run {number} has ended: it made no progress for too long, or was stopped.")


class ImpactUnderWay(RegimenError):  # noqa: N818 (as above)
    """The decisions of a ruleset are being compared already."""

    def __init__(self, number: int, done: int, total: int) -> None:
        super().__init__(
            f"Impact run {number} over these decisions is under way, {done} of {total} done. Try again when it has"
            " ended; the site shows it too."
        )


class UserError(RegimenError):
    """A user cannot be added or changed as it was told."""


class WrongPassword(RegimenError):  # noqa: N818 (it is no fault)
    """Name and password do not belong together."""

    def __init__(self) -> None:
        super().__init__("Name and password do not belong together. Check both, and type them again.")


class LockedOut(RegimenError):  # noqa: N818 (as above)
    """There were too many wrong passwords for a name."""

    def __init__(self, until: dt.datetime) -> None:
        self.until = until
        super().__init__("There were too many wrong passwords for this name.")
