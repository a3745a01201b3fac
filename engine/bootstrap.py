"""Sets the checkout up on the first `python3 -m webui` or `python3 -m tests`, with the standard library alone.

A fresh Debian has `python3` and nothing else, and refuses `pip install` outside a virtual environment. So the two
commands call `ensure`, which returns at once where everything is there already (uv, a container, an activated
environment), and otherwise makes `.venv`, installs into it and starts the same command again from there.
A `.venv` that somebody else made is used if it serves, and never deleted.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "regimen-stamp"
PYTHON = VENV / "bin" / "python"
OLDEST, NEWEST = (3, 11), (3, 14)

# durable-rules 2.0.28 calls a function that Python 3.13 took away; its setup.py ignores CFLAGS and drops -O2
BUILD_FLAGS = "-O2 -DPyEval_CallObject=PyObject_CallObject"
UNFINISHED = "unfinished\n"


def ensure(extra: str = "") -> None:
    """Return if what the command needs is here; else set `.venv` up and start the command again in it."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        _stop(f"Python {_dotted(OLDEST)} to {_dotted(NEWEST)} is needed; this is {platform.python_version()}.")
    missing = lacking(extra)
    if not missing:
        return
    inside = Path(sys.prefix).resolve() == VENV.resolve()
    if inside and (not STAMP.exists() or _fits(extra)):
        _stop(f"The virtual environment .venv lacks {', '.join(missing)}. Delete it and run the same command again.")
    if not _fits(extra):
        _set_up(extra)
    os.execv(PYTHON, [str(PYTHON), *sys.orig_argv[1:]])  # noqa: S606 - the same command, without a shell


def lacking(extra: str = "") -> list[str]:
    """Name the requirements that this Python does not meet: absent, outside their bounds, or not loadable."""
    import tomllib  # new in 3.11, and an older Python has to get as far as being told so

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = project["dependencies"] + (project["optional-dependencies"][extra] if extra else [])
    missing = [requirement for requirement in wanted if not _met(requirement)]
    try:
        importlib.import_module("durable_rules_engine")  # compiled: there, it may still not load
    except ImportError:
        missing.append("a durable-rules that loads")
    return missing


def _met(requirement: str) -> bool:
    """Tell whether an installed distribution lies within the bounds of `name>=1.2,<2` or `name==1.2`."""
    name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
    try:
        have = _release(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False
    tests = {">=": have.__ge__, "<": have.__lt__, "==": have.__eq__}
    return all(tests[sign](_release(bound)) for sign, bound in re.findall(r"(>=|<|==)\s*([\d.]+)", requirement))


def _release(version: str) -> tuple[int, ...]:
    """Read the numbers of a version, without the zeros at its end: 3.0 and 3 are the same release."""
    numbers = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in re.sub(r"(\.0+)+$", "", numbers[0]).split(".")) if numbers else ()


def _lines(extra: str) -> list[str]:
    """Say what a finished `.venv` was made from."""
    digest = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    return [platform.python_version(), digest, extra]


def _fits(extra: str) -> bool:
    """Tell whether `.venv` was made by this Python from this pyproject.toml; any extra holds the plain set too."""
    stamp = STAMP.read_text("utf-8").splitlines() if PYTHON.exists() and STAMP.exists() else []
    return stamp[:2] == _lines(extra)[:2] and extra in ("", *stamp[2:])


def _set_up(extra: str) -> None:
    """Make `.venv`, or add an extra to one that fits; a second process waits for the first."""
    import fcntl  # absent on Windows, where uv sets up

    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _fits(extra) or (VENV.exists() and not STAMP.exists() and _serves(extra)):
            return
        _check_system()
        print(f"Setting up {VENV} (once, about half a minute) ...", file=sys.stderr, flush=True)
        if not _fits(""):
            _clear()
            # the base interpreter: the running one may be in the environment just cleared
            _run([getattr(sys, "_base_executable", sys.executable), "-m", "venv", str(VENV)])
        target = f"{ROOT}[{extra}]" if extra else str(ROOT)
        quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
        _run([str(PYTHON), "-m", "pip", "install", *quiet, "--use-pep517", "--editable", target])
        STAMP.write_text("\n".join(_lines(extra)), "utf-8")


def _serves(extra: str) -> bool:
    """Tell that a `.venv` made by other means has what is needed; stop if not, for it is not ours to change."""
    probe = "import sys; from engine.bootstrap import lacking; print(*lacking(sys.argv[1]), sep=', ')"
    lacks = "an interpreter that works"
    if PYTHON.exists():
        told = subprocess.run([PYTHON, "-c", probe, extra], cwd=ROOT, capture_output=True, text=True, check=False)
        lacks = lacks if told.returncode else told.stdout.strip()
    if lacks:
        _stop(
            f"The virtual environment .venv was made by other means, and lacks {lacks}.\n"
            "Bring it up to date, or move it away and run the same command again."
        )
    return True


def _clear() -> None:
    """Empty `.venv` but for a stamp that says so: at whatever point this is killed, it is known as ours."""
    VENV.mkdir(exist_ok=True)
    STAMP.write_text(UNFINISHED, "utf-8")
    for entry in VENV.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry != STAMP:
            entry.unlink()


def _check_system() -> None:
    """Stop with the one apt line that helps if venv, a compiler or the headers of Python are not here."""
    packages = []
    if not (find_spec("venv") and find_spec("ensurepip")):
        packages.append("python3-venv")
    if not any(map(shutil.which, ("cc", "gcc", "clang"))):
        packages += ["gcc", "libc6-dev"]
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        packages.append("python3-dev")
    if packages:
        _stop(
            "Setting up needs a few system packages. On Debian or Ubuntu:\n"
            f"    sudo apt install {' '.join(packages)}\nThen run the same command again."
        )


def _run(command: list[str]) -> None:
    """Run one step of the set-up; its own words are on the terminal if it fails."""
    try:
        done = subprocess.run(command, env={**os.environ, "CPPFLAGS": BUILD_FLAGS}, check=False)
    except KeyboardInterrupt:
        _stop("Set-up was interrupted; the same command starts it again.")
    if done.returncode:
        _stop("Set-up failed: see the message above. The same command tries again.")


def _stop(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    raise SystemExit(1)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
