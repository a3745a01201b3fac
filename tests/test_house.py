"""The house rules of design.md section 1 and of the tools: layers, types, lint, sizes, no clocks, a tidy top level."""

from __future__ import annotations

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ENGINE = sorted((ROOT / "engine").rglob("*.py"))
SHIPPED = ENGINE + sorted((ROOT / "webui").rglob("*.py"))

LONGEST_FUNCTION = 60
LONGEST_MODULE = 500

TOP_LEVEL = {"engine", "rulesets", "webui", "tests", "pyproject.toml", "README.md"}
ALSO_ALLOWED = {"CHANGELOG.md", "uv.lock"}

CLOCKS = {
    *("date.today", "datetime.today", "datetime.now", "datetime.utcnow"),
    *(f"time.{name}" for name in ("time", "time_ns", "localtime", "gmtime", "ctime", "strftime", "asctime")),
}


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["-m", "ruff", "check", "--quiet", "."], id="ruff-check"),
        pytest.param(["-m", "ruff", "format", "--check", "--quiet", "--diff", "."], id="ruff-format"),
        pytest.param(["-m", "mypy", "--no-error-summary"], id="mypy"),
        pytest.param(["-c", "from importlinter.cli import lint_imports_command as run; run()"], id="import-linter"),
    ],
)
def test_tool_has_nothing_to_say(command):
    told = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)

    assert told.returncode == 0, told.stdout + told.stderr


def test_there_is_code_to_look_at():
    assert len(ENGINE) > 1
    assert len(SHIPPED) > len(ENGINE)


def test_no_module_is_longer_than_500_lines():
    lengths = {named(path): len(path.read_text("utf-8").splitlines()) for path in SHIPPED}

    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_no_function_is_longer_than_60_lines():
    lengths = {
        f"{named(path)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in SHIPPED
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}


def test_the_engine_reads_no_clock():
    assert [f"{named(path)}:{line}" for path in ENGINE for line in clock_lines(parsed(path))] == []


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("from datetime import date\ndate.today()",                     True),
        ("import datetime\ndatetime.date.today()",                      True),
        ("import datetime as dt\ndt.datetime.now(dt.UTC)",              True),
        ("from datetime import date as day\nday.today()",               True),
        ("import time\ntime.time()",                                    True),
        ("import time as t\nt.strftime('%Y')",                          True),
        ("from time import time\ntime()",                               True),
        ("f = __import__('datetime').datetime.now",                     True),
        ("import time\ntime.perf_counter()",                            False),
        ("from datetime import date\ndate.fromisoformat('2026-11-02')", False),
        ("case.time.isoformat()",                                       False),
    ],
)  # fmt: skip
def test_a_clock_is_recognised(source, reads):
    assert any(clock_lines(ast.parse(source))) == reads


def test_the_top_level_holds_what_the_design_lists_and_nothing_else():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    tracked = listed.stdout.splitlines() or [path.name for path in ROOT.iterdir()]
    entries = {name.split("/")[0] for name in tracked if not name.startswith(".")}

    assert entries - ALSO_ALLOWED == TOP_LEVEL


def test_rulesets_hold_no_python():
    assert [named(path) for path in (ROOT / "rulesets").rglob("*.py")] == []


def test_the_lock_names_only_the_public_index():
    lock = (ROOT / "uv.lock").read_text("utf-8")
    hosts = {line.split("https://")[1].split("/")[0] for line in lock.splitlines() if "https://" in line}

    assert hosts == {"pypi.org", "files.pythonhosted.org"}
    assert "file://" not in lock


@pytest.mark.slow
def test_a_wheel_holds_the_rulesets_beside_the_engine(tmp_path):
    pytest.importorskip("pip", reason="an environment made by uv has no pip")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, ROOT]
    subprocess.run(build, check=True)

    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()

    assert "engine/py.typed" in names
    assert {named(path) for path in (ROOT / "rulesets").rglob("*.yaml")} <= set(names)
    assert not [name for name in names if name.startswith("tests/")]


def named(path):
    return path.relative_to(ROOT).as_posix()


def parsed(path):
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def clock_lines(tree):
    """The lines that read a clock, under whatever name date, datetime or time was imported."""
    full_names = imported_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (node.lineno for alias in node.names if f"time.{alias.name}" in CLOCKS)
        if isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value)
            owner = full_names.get(owner, owner.rpartition(".")[2])
            called_on_module = owner != "time" or ast.unparse(node.value) in full_names
            if called_on_module and f"{owner}.{node.attr}" in CLOCKS:
                yield node.lineno


def imported_names(tree):
    """What `import time as t` and `from datetime import date as day` call t and day."""
    return {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
