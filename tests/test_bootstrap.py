"""Setting up: what counts as installed, what is said when something is missing, and what is left alone."""

from __future__ import annotations

import ast
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

import pytest

from engine import bootstrap
from tests import browser

ROOT = Path(__file__).resolve().parent.parent
BEFORE_SET_UP = ["engine/__init__.py", "engine/bootstrap.py", "tests/__init__.py", "tests/__main__.py",
                 "webui/__init__.py", "webui/__main__.py"]  # fmt: skip


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout without `.venv`, with a space in its path; nothing is run, the commands are kept."""
    root = tmp_path / "my checkout"
    root.mkdir()
    shutil.copy(ROOT / "pyproject.toml", root)
    venv = root / ".venv"
    for name, value in {"ROOT": root, "VENV": venv, "STAMP": venv / "regimen-stamp",
                        "PYTHON": venv / "bin" / "python"}.items():  # fmt: skip
        monkeypatch.setattr(bootstrap, name, value)
    monkeypatch.setattr(bootstrap, "lacking", lambda extra="": ["Flask>=3.1,<4"])
    monkeypatch.setattr(bootstrap, "_check_system", lambda: None)
    return root


@pytest.fixture
def commands(checkout, monkeypatch):
    """The commands that set-up ran, instead of running them."""
    kept = []

    def keep(command):
        kept.append(command)
        if "venv" in command:
            bootstrap.PYTHON.parent.mkdir(parents=True)
            bootstrap.PYTHON.touch()

    monkeypatch.setattr(bootstrap, "_run", keep)
    monkeypatch.setattr(os, "execv", lambda path, args: kept.append(["exec", *args]))
    return kept


def kinds(commands):
    return [next(kind for kind in ("exec", "venv", "pip") if kind in command) for command in commands]


# before anything is installed


@pytest.mark.parametrize(
    "package", ["engine", "engine.bootstrap", "webui", "webui.__main__", "tests", "tests.__main__"]
)
def test_is_importable_with_the_standard_library_alone(package):
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {package}"

    told = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)

    assert told.stderr == ""


@pytest.mark.parametrize("name", BEFORE_SET_UP)
def test_an_older_python_can_read_as_far_as_being_refused(name):
    ast.parse((ROOT / name).read_text("utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize("version", [(3, 10, 13), (3, 15, 0)])
def test_a_python_out_of_range_is_refused_in_one_sentence(version, monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", version)

    with pytest.raises(SystemExit) as stopped:
        bootstrap.ensure()

    assert stopped.value.code == 1
    assert capsys.readouterr().err.startswith("Python 3.11 to 3.14 is needed; this is ")


def test_what_pyproject_promises_is_what_set_up_accepts():
    import tomllib

    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

    assert pyproject["project"]["requires-python"] == ">=3.11,<3.15"
    assert (bootstrap.OLDEST, bootstrap.NEWEST) == ((3, 11), (3, 14))
    assert pyproject["tool"]["uv"]["extra-build-variables"]["durable-rules"] == {"CPPFLAGS": bootstrap.BUILD_FLAGS}


# what counts as installed


def test_nothing_is_lacking_where_the_tests_run():
    assert bootstrap.lacking("dev") == []


@pytest.mark.parametrize(
    ("requirement",          "installed",   "met"),
    [
        ("flask>=3.1,<4",    None,          False),
        ("flask>=3.1,<4",    "3.1",         True),
        ("flask>=3.1,<4",    "3.1.3",       True),
        ("flask>=3.1,<4",    "3.0.9",       False),
        ("flask>=3.1,<4",    "4.0.0",       False),
        ("flask>=3.1,<4",    "3.10",        True),
        ("durable==2.0.28",  "2.0.28",      True),
        ("durable==2.0.28",  "2.0.29",      False),
        ("waitress>=3,<4",   "3.0.0",       True),
        ("waitress>=3.0,<4", "3",           True),
        ("psutil>=7,<8",     "7.0rc1",      True),
        ("Flask-WTF>=1,<2",  "1.3.0.post1", True),
    ],
)  # fmt: skip
def test_a_requirement_is_met_within_its_bounds(requirement, installed, met, monkeypatch):
    def version(name):
        if installed is None:
            raise metadata.PackageNotFoundError(name)
        return installed

    monkeypatch.setattr(metadata, "version", version)

    assert bootstrap._met(requirement) == met


def test_a_flask_that_happens_to_be_installed_is_not_enough(monkeypatch):
    def version(name):
        if name == "Flask":
            return "3.1.3"
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)

    lacking = bootstrap.lacking()

    assert "durable-rules==2.0.28" in lacking
    assert not [requirement for requirement in lacking if requirement.startswith("Flask>")]


def test_a_matcher_that_does_not_load_is_lacking(monkeypatch):
    monkeypatch.setitem(sys.modules, "durable_rules_engine", None)

    assert bootstrap.lacking() == ["a durable-rules that loads"]


# missing system packages


def test_missing_system_packages_are_named_in_one_apt_line(monkeypatch, capsys):
    monkeypatch.setattr(bootstrap, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(sysconfig, "get_path", lambda name: "/nowhere")

    with pytest.raises(SystemExit):
        bootstrap._check_system()

    assert "    sudo apt install python3-venv gcc libc6-dev python3-dev\n" in capsys.readouterr().err


def test_ci_installs_every_system_package_that_set_up_may_ask_for():
    script = (ROOT / ".ci" / "run").read_text("utf-8")

    assert {"python3-venv", "gcc", "libc6-dev", "python3-dev", "chromium"} <= set(script.split())


# the virtual environment


def test_the_first_time_an_environment_is_made_and_the_command_starts_again_in_it(commands, checkout):
    bootstrap.ensure("dev")

    assert kinds(commands) == ["venv", "pip", "exec"]
    assert commands[1][-1] == f"{checkout}[dev]"
    assert commands[2][1:] == [str(bootstrap.PYTHON), *sys.orig_argv[1:]]


@pytest.mark.parametrize(
    ("first", "second", "then"),
    [
        pytest.param("dev", "dev", ["exec"],        id="the-same-command-again"),
        pytest.param("dev", "",    ["exec"],        id="the-site-after-the-tests"),
        pytest.param("",    "dev", ["pip", "exec"], id="the-tests-after-the-site"),
    ],
)  # fmt: skip
def test_an_environment_that_fits_is_kept(first, second, then, commands):
    bootstrap.ensure(first)
    commands.clear()

    bootstrap.ensure(second)

    assert kinds(commands) == then


@pytest.mark.parametrize("change", ["pyproject", "python", "unfinished"])
def test_an_environment_that_no_longer_fits_is_made_afresh(change, commands, checkout, monkeypatch):
    bootstrap.ensure("dev")
    commands.clear()
    stale = bootstrap.VENV / "stale"
    stale.touch()
    if change == "pyproject":
        (checkout / "pyproject.toml").write_text("[project]\n")
    elif change == "python":
        monkeypatch.setattr(bootstrap.platform, "python_version", lambda: "3.12.99")
    else:
        bootstrap.STAMP.write_text(bootstrap.UNFINISHED)

    bootstrap.ensure("dev")

    assert kinds(commands) == ["venv", "pip", "exec"]
    assert not stale.exists()


def test_an_environment_made_by_other_means_is_used_if_it_serves(commands, checkout):
    (checkout / "engine").mkdir()
    (checkout / "engine" / "bootstrap.py").write_text("def lacking(extra): return []\n")
    bootstrap.PYTHON.parent.mkdir(parents=True)
    bootstrap.PYTHON.symlink_to(sys.executable)

    bootstrap.ensure("dev")

    assert kinds(commands) == ["exec"]


def test_an_environment_made_by_other_means_is_never_deleted(commands, checkout, capsys):
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "mine").touch()

    with pytest.raises(SystemExit) as stopped:
        bootstrap.ensure("dev")

    assert stopped.value.code == 1
    assert "was made by other means" in capsys.readouterr().err
    assert (checkout / ".venv" / "mine").exists()
    assert commands == []


def test_an_environment_that_set_up_cannot_mend_does_not_start_itself_for_ever(commands, monkeypatch, capsys):
    bootstrap.ensure("dev")
    commands.clear()
    monkeypatch.setattr(sys, "prefix", str(bootstrap.VENV))

    with pytest.raises(SystemExit):
        bootstrap.ensure("dev")

    assert "lacks Flask>=3.1,<4" in capsys.readouterr().err
    assert commands == []


def test_a_step_that_fails_stops_with_one_sentence(capfd):
    with pytest.raises(SystemExit) as stopped:
        bootstrap._run([sys.executable, "-c", "raise SystemExit(2)"])

    assert stopped.value.code == 1
    assert capfd.readouterr().err == "Set-up failed: see the message above. The same command tries again.\n"


# the two commands


def test_the_site_says_in_one_sentence_that_its_port_is_in_use():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = run("webui", "--port", str(port))

    assert told.returncode == 1
    assert told.stderr == f"Port {port} on 127.0.0.1 is in use; choose another with --port.\n"
    assert told.stdout == ""


@pytest.mark.parametrize("port", ["http", "-1", "65536", "²"])
def test_the_site_refuses_what_is_not_a_port(port):
    told = run("webui", f"--port={port}")

    assert told.returncode == 2
    assert "is not a port; a port is a number from 0 to 65535" in told.stderr


def test_the_tests_collect_themselves():
    told = run("tests", "-n", "0", "--collect-only", "-q", "tests/test_bootstrap.py")

    assert told.returncode == 0, told.stdout
    assert "test_the_tests_collect_themselves" in told.stdout


def run(*args):
    return subprocess.run([sys.executable, "-m", *args], cwd=ROOT, capture_output=True, text=True, check=False)


# the browser


def test_without_chromium_a_test_is_skipped_with_the_reason(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.delenv("REGIMEN_REQUIRE_BROWSER", raising=False)

    with pytest.raises(pytest.skip.Exception, match="sudo apt install chromium"):
        browser.chromium_path()


def test_where_chromium_is_required_its_absence_is_a_failure(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setenv("REGIMEN_REQUIRE_BROWSER", "1")

    with pytest.raises(pytest.fail.Exception, match="there is no Chromium"):
        browser.chromium_path()


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_chromium_shows_a_page():
    with browser.chromium() as started:
        page = started.new_page()
        page.set_content("<title>Regimen</title>")

        assert page.title() == "Regimen"
