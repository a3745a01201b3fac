"""The key that signs cookies and forms. It lies outside of the code, and is the same for every process and restart."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from pathlib import Path

from engine import RegimenError
from engine.ledger.places import data_folder

VARIABLE = "REGIMEN_SECRET_KEY"
SHORTEST = 32


class KeyFileError(RegimenError):
    """The key cannot be had, or is none any more because others could read it."""


def secret_key() -> str:
    """The key: $REGIMEN_SECRET_KEY, else the one in a file of our own, made when it is first asked for.

    Raises:
        KeyFileError: it cannot be read or made, or is not secret.
    """
    given = os.environ.get(VARIABLE)
    if given:
        return _long_enough(given, f"${VARIABLE}")
    try:
        file = data_folder() / "secret-key"
        if not file.exists():
            _make(file)
        return _read(file)
    except OSError as error:
        why = f"{error.filename}: {error.strerror}"
        raise KeyFileError(f"The secret key cannot be kept ({why}). Mend that, or set {VARIABLE}.") from None


def _make(file: Path) -> None:
    """Make the key whole or not at all; of two processes that start at once the first one's holds."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=".secret-key.", encoding="ascii") as beside:  # 600
        beside.write(secrets.token_hex(SHORTEST))
        beside.flush()
        os.fsync(beside.fileno())
        try:
            os.link(beside.name, file)
        except FileExistsError:
            return


def _read(file: Path) -> str:
    with file.open(encoding="utf-8", errors="replace") as opened:
        others = stat.S_IMODE(os.fstat(opened.fileno()).st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
        if others:
            raise KeyFileError(
                f"Others can read or change the secret key in {file}. Delete it, and a new one is made;"
                f" if nobody has done so, chmod 600 {file}."
            )
        return _long_enough(opened.read().strip(), str(file))


def _long_enough(key: str, where: str) -> str:
    if len(key) < SHORTEST:
        raise KeyFileError(f"The secret key in {where} is shorter than {SHORTEST} characters. Take a longer one.")
    return key
