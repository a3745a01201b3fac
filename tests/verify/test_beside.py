"""Cases run beside the proofs come to what they come to alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine import load_ruleset
from engine.verify import beside
from engine.verify.cases import check_cases

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import json, os, sys, threading
from engine import load_ruleset
from engine.verify import beside
from engine.verify.cases import check_cases

beside._cores = lambda: 3
ruleset = load_ruleset(sys.argv[1])
if sys.argv[2] == "killed":
    beside._run = lambda *_: os._exit(9)
waiting = beside.begin_cases(ruleset)
found, alone = waiting(), check_cases(ruleset)
same = (found.findings, found.passed, found.failed, dict(found.firing)) == (
    alone.findings, alone.passed, alone.failed, dict(alone.firing)
)
print(json.dumps([same, found.passed, found.failed, waiting.__name__ if hasattr(waiting, "__name__") else "here"]))
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@pytest.mark.parametrize("how", ["whole", "killed"])
def test_cases_in_several_processes_come_to_the_same_in_the_same_order(how, tmp_path):
    """Two of them fail; a process that is killed has its cases run again."""
    source = ROOT / "rulesets" / "b12-core"
    for file in source.glob("*.yaml"):
        text = file.read_text("utf-8")
        (tmp_path / "b12-core").mkdir(exist_ok=True)
        (tmp_path / "b12-core" / file.name).write_text(text.replace("below: 18 years", "below: 19 years"), "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "b12-core"), how],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip

    assert done.stderr == ""
    same, passed, failed, kind = json.loads(done.stdout)
    assert (same, kind) == (True, "<lambda>")
    assert failed > 0
    assert passed + failed == len(load_ruleset("b12-core").cases)


def test_beside_other_threads_nothing_is_forked():
    ruleset = load_ruleset("example-smoke-alarm")

    assert beside.begin_cases(ruleset)() == check_cases(ruleset)
