"""What the processes of one site share: made before they are forked, and gone with the last of them."""

from __future__ import annotations

import mmap
import pickle
import secrets
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from engine import Ruleset
from engine.verify.cases import Checked, check_cases

LENGTH = 16  # bytes of a word: so many that no two are alike
MOST_CHECKED = 50  # rulesets whose cases are remembered


class Word:
    """A random word in memory that every process sees: who finds another than before knows that there is news.

    It needs no lock. Of two that are written at once either holds, or some of both: news in any case.
    """

    def __init__(self) -> None:
        self._word = mmap.mmap(-1, LENGTH)
        self._heard = self._word[:]

    def tell(self) -> None:
        """Tell every process, this one too, that there is news."""
        self._word[:] = secrets.token_bytes(LENGTH)

    def news(self) -> bool:
        """Whether there is news since this process last asked."""
        before, self._heard = self._heard, self._word[:]
        return before != self._heard


class SharedCases:
    """Runs the cases of a ruleset in the process that first asks. The others wait, and read what came of them.

    It stands in a file without a name, under a lock that the system takes from a process that is killed; what such a
    process leaves half written counts as nothing.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (open for as long as the process lives)
        self._thread_lock = threading.Lock()  # the other lock is one of processes

    def __call__(self, ruleset: Ruleset) -> Checked:
        """What running its cases comes to."""
        with self._alone():
            known = self._read()
            if ruleset.digest not in known:
                known = dict([*known.items(), (ruleset.digest, check_cases(ruleset))][-MOST_CHECKED:])
                self._file.truncate(0)
                self._file.seek(0)
                self._file.write(pickle.dumps(known))
            return known[ruleset.digest]

    def _read(self) -> dict[str, Checked]:
        self._file.seek(0)
        try:
            known: dict[str, Checked] = pickle.loads(self._file.read())  # noqa: S301 (nobody else reaches the file)
        except (EOFError, pickle.UnpicklingError):
            return {}
        return known

    @contextmanager
    def _alone(self) -> Iterator[None]:
        import fcntl  # where there is a fork there is this

        with self._thread_lock:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)
