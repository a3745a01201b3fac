"""The faster scanner: it gives the events that ruamel's own gives, each in its place, and the same refusals."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from engine.language.scanning import events

FILES = [path for root in ("rulesets", "tests/corpora") for path in sorted(Path(root).rglob("*.yaml"))]
TEXTS = {path: path.read_bytes().decode("utf-8", "replace") for path in FILES}
SAID = ("value", "style", "anchor", "tag", "implicit", "flow_style", "explicit", "version", "tags")
PIECES = [
    *"\n\n\n  -:?,[]{}#&*!|>'\"%@`\t~a1µ/\\", "\n  ", "\n- ", ": ", " #", "#", "- ", "? ", "key: ", "a b", "\r\n", "\r",
    "---\n", "\n...\n", "%YAML 1.1\n---\n", "\ufeff", "\u2028", "\x85", "http://x", "a:b", "::", "[a, b]",
    "{a: 1, b: [c]}", "'it''s'", '"\\n\\x41"', "|2-\n", ">\n", "<<", "\x00", "\x07", "\N{GRINNING FACE}",
]  # fmt: skip


def told(stream):
    """Every event with its place and all that it says, and the error that it ends in."""
    found = []
    try:
        for event in stream:
            marks = [(mark.index, mark.line, mark.column) for mark in (event.start_mark, event.end_mark)]
            found.append((type(event), *marks, *(str(getattr(event, name, None)) for name in SAID)))
    except MarkedYAMLError as error:
        marks = [mark and (mark.line, mark.column) for mark in (error.context_mark, error.problem_mark)]
        found.append((type(error), error.context, error.problem, *marks))
    except Exception as error:  # noqa: BLE001 (ruamel gives way in several ways)
        found.append(type(error))
    return found


def assert_as_by_ruamel(text):
    assert told(events(text)) == told(YAML(typ="safe", pure=True).parse(text)), repr(text)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_every_file_has_the_events_of_ruamel(path):
    assert_as_by_ruamel(TEXTS[path])


@pytest.mark.parametrize("seed", range(20))
def test_any_mixture_has_the_events_of_ruamel(seed):
    rng = random.Random(seed)
    for _ in range(100):
        assert_as_by_ruamel("".join(rng.choices(PIECES, k=rng.randrange(1, 25))))


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_file_has_the_events_of_ruamel(seed):
    rng = random.Random(seed)
    for _ in range(20):
        text = TEXTS[rng.choice(FILES)]
        start = rng.randrange(max(len(text) - 1500, 1))
        part = text[start : start + 1500]
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(part) + 1)
            part = part[:at] + rng.choice(PIECES) + part[at + rng.randrange(3) :]
        assert_as_by_ruamel(part)
