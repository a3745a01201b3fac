"""The README runs: its snippets load one after the other, its commands print what it says they print.

A comment in front of a fenced block says what the block is:

    <!-- file: smoke/1-start.yaml -->               a file; it stays for all that follows
    <!-- file: smoke/9-slip.yaml, for one run -->   a file that is there only for the next run
    <!-- run -->                                    commands after "$ " (to END after <<'END'), and what they print

`python -m tests.test_readme` writes the output of every run anew; read the difference before you keep it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.language.load import load_ruleset
from engine.verify.cases import check_cases

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"^<!-- (?P<mark>[^>\n]+) -->\n```\w+\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ .*<<'END'\n(?:.*\n)*?END\n|^\$ .*\n", re.MULTILINE)
ONCE = ", for one run"
WIDTH = "100"


@dataclass(frozen=True)
class Block:
    """A fenced block with its comment; `start` and `end` enclose the body in the README."""

    mark: str
    body: str
    start: int
    end: int

    @property
    def file(self):
        found = re.fullmatch(rf"file: (\S+?)(?:{ONCE})?", self.mark)
        return found[1] if found else None

    @property
    def once(self):
        return self.mark.endswith(ONCE)

    @property
    def run(self):
        return self.mark == "run"


def blocks_of(text):
    return [Block(found["mark"], found["body"], *found.span("body")) for found in BLOCK.finditer(text)]


BLOCKS = blocks_of(README.read_text("utf-8"))
FILES = [number for number, block in enumerate(BLOCKS) if block.file and not block.once]
RUNS = [number for number, block in enumerate(BLOCKS) if block.run]


def test_there_is_something_to_run():
    assert len(FILES) > 5
    assert len(RUNS) > 3
    assert [block.mark for block in BLOCKS if not (block.file or block.run)] == []


@pytest.mark.parametrize("number", FILES, ids=lambda number: BLOCKS[number].file)
def test_each_step_of_the_guide_loads_and_passes_its_cases(number, tmp_path):
    write_files(number + 1, tmp_path)

    ruleset = load_ruleset((tmp_path / BLOCKS[number].file).parent)

    assert check_cases(ruleset).findings == ()


@pytest.mark.parametrize("number", RUNS, ids=lambda number: f"line-{line_of(BLOCKS[number])}")
def test_each_command_prints_what_the_readme_says(number, tmp_path):
    write_files(number, tmp_path)

    assert run_again(BLOCKS[number], tmp_path) == BLOCKS[number].body


def test_the_table_of_commands_lists_those_that_exist(tmp_path):
    listed = re.findall(r"^\| `regimen ([a-z-]+)", README.read_text("utf-8"), re.MULTILINE)
    told = shell("regimen --help", tmp_path)
    existing = re.findall(r"^  ([a-z-]+) ", told.partition("Commands:\n")[2], re.MULTILINE)

    assert sorted(listed) == sorted(existing)


@pytest.mark.parametrize("package", ["webui", "tests"])
def test_the_two_commands_are_there(package):
    assert f"python3 -m {package}" in README.read_text("utf-8")
    assert (ROOT / package / "__main__.py").is_file()


def test_the_guide_builds_a_part_of_the_example_that_is_shipped(tmp_path):
    write_files(len(BLOCKS), tmp_path)
    shipped = load_ruleset("example-smoke-alarm")

    built = load_ruleset(tmp_path / "smoke")

    assert set(built.facts) <= set(shipped.facts)


def line_of(block):
    return README.read_text("utf-8").count("\n", 0, block.start)


def write_files(until, folder):
    """Write every file that stands before a block; one `for one run` only if no run stands between."""
    since = max((number for number in RUNS if number < until), default=-1)
    for number, block in enumerate(BLOCKS[:until]):
        if block.file and (number > since or not block.once):
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.body, "utf-8")


def run_again(block, folder):
    """The body of a run block with the output as it is now."""
    said = []
    for command in COMMAND.findall(block.body):
        said += [command, shell(command.removeprefix("$ "), folder)]
    return "".join(said)


def shell(command, folder):
    """What a command prints on both streams, in a terminal of a known width without colours."""
    python = f'regimen() {{ "{sys.executable}" -c "from engine.cli import main; main(prog_name=\'regimen\')" "$@"; }}\n'
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": WIDTH, "NO_COLOR": "1", "TERM": "dumb"}
    told = subprocess.run(
        ["bash", "-c", python + command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return told.stdout


def write_again():
    """Put the output of every run into the README as it is now."""
    text = README.read_text("utf-8")
    for number in reversed(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            write_files(number, Path(folder))
            block = BLOCKS[number]
            text = text[: block.start] + run_again(block, Path(folder)) + text[block.end :]
    README.write_text(text, "utf-8")


if __name__ == "__main__":
    write_again()
