"""Where Regimen keeps its own files: a folder that nobody else can look into."""

from __future__ import annotations

import os
from pathlib import Path


def data_folder() -> Path:
    """The folder `regimen` under $XDG_DATA_HOME, or under ~/.local/share; made if it is not there.

    Raises:
        OSError: it cannot be made.
    """
    given = os.environ.get("XDG_DATA_HOME", "")
    # the standard says to ignore one that is relative
    home = Path(given) if Path(given).is_absolute() else Path.home() / ".local" / "share"
    folder = home / "regimen"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
