"""Whatever a file holds, loading says what is wrong with it, soon: no other error, no endless reading."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.language.answer_files import decode_answers
from engine.language.answers import read_answers
from engine.language.errors import AnswerError, RegimenError, RulesetError
from engine.language.load import load_ruleset
from engine.language.source import parse_json, parse_yaml

GOOD = Path(__file__).resolve().parent.parent / "corpora" / "good"
SEED = 20261122
MEBI = 1024 * 1024
SLOWEST = 8  # seconds of computing; on an idle machine none takes 4

SNIPPETS = [
    *(
        "- ",
        ": ",
        "? ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&a ",
        "*a",
        "!!str ",
        "<<: ",
        "|\n",
        ">\n",
        "---\n",
        "#",
        "'",
        '"',
        "\t",
    ),
    *(
        "\0",
        "\ufeff",
        "\ud800",
        "\x85",
        "\u2028",
        "~",
        "null",
        "true",
        "012",
        "1e400",
        "0,5",
        "unknown",
        "all: ",
        "not: ",
    ),
    *(
        "any: []",
        "{}",
        "[]",
        "2026-02-30",
        "%YAML 1.1\n",
        "\\x00",
        "\r",
        "é",
        "😀",
        " ",
        "\n",
        "  ",
        "180 ng/L",
        "formula: ",
    ),
]
HUGE = {
    "brackets": "[" * MEBI,
    "braces": "{" * MEBI,
    "dashes": "- " * (MEBI // 2),
    "keys": "a: " * (MEBI // 3),
    "questions": "? " * (MEBI // 2),
    "double quotes": '"' * MEBI,
    "single quotes": "'" * MEBI,
    "one line": "a" * MEBI,
    "many words": "a b " * (MEBI // 4),
    "a long text": 'a: "' + "b " * (MEBI // 2 - 10) + '"',
    "an open quote": '"' + "\n" * (MEBI - 1),
    "many lines of text": "a\n" * (MEBI // 2),
    "a list": "- \n" * (MEBI // 3),
    "a list in one line": "[" + "a," * (MEBI // 2 - 2) + "]",
    "lists in a list": "[" + "[]," * (MEBI // 3 - 1) + "]",
    "the same key": "a: b\n" * (MEBI // 5),
    "the same key in one line": "{" + "a: b, " * (MEBI // 6 - 2) + "}",
    "unknown keys": "".join(f"k{n}: v\n" for n in range(MEBI // 12)),
    "unknown facts": "facts:\n" + "".join(f"  a{n}: {{lable: x}}\n" for n in range(MEBI // 24)),
    "anchors": "".join(f"- &a{n} x\n" for n in range(MEBI // 12)),
    "a tower of aliases": "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(40_000)),
    "documents": "---\n" * (MEBI // 4),
    "comments": "# x\n" * (MEBI // 4),
    "tabs": "\t" * MEBI,
    "line ends": "\n" * MEBI,
    "deep keys": "".join(" " * n + "a:\n" for n in range(1400)),
    "a block": "a: |\n" + "  x\n" * (MEBI // 4 - 3),
}


def only_problems_of_rulesets(read, *arguments):
    """Read, and let nothing pass but success and a RulesetError that can be shown."""
    try:
        return read(*arguments)
    except RulesetError as error:
        assert error.problems  # noqa: PT017 (either outcome is fine)
        str(error).encode()
        return None


def load_bytes(folder, raw):
    (folder / "ruleset.yaml").write_bytes(raw)
    return only_problems_of_rulesets(load_ruleset, folder)


LONG = {
    *("unknown keys", "lists in a list", "a list in one line", "many words", "many lines of text", "a list"),
    *("a long text", "an open quote"),
}
HUGE_PARAMS = [
    pytest.param(text, id=name, marks=[pytest.mark.slow] if name in LONG else []) for name, text in HUGE.items()
]


@pytest.mark.parametrize("text", HUGE_PARAMS)
def test_a_huge_file_is_read_or_refused_soon(tmp_path, text):
    begun = time.process_time()
    load_bytes(tmp_path, text.encode("utf-8")[:MEBI])

    assert time.process_time() - begun < SLOWEST


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(SNIPPETS) | st.text(max_size=8), max_size=20).map("".join))
def test_any_text_is_yaml_or_a_problem(text):
    only_problems_of_rulesets(parse_yaml, text, "text")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*SNIPPETS, "1", "[1]", '{"a":', "NaN", "1E5"]) | st.text(max_size=8)).map("".join))
def test_any_text_is_json_or_a_problem(text):
    only_problems_of_rulesets(parse_json, text, "text")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_answers_or_a_problem(facts_of_everything, raw):
    try:
        read_answers(facts_of_everything, decode_answers(raw, "answers"))
    except (AnswerError, RulesetError) as error:
        assert isinstance(error, RegimenError)  # noqa: PT017
        str(error).encode()


@pytest.mark.parametrize("deep", [60, 900, 5000, 400_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_deep_json_is_refused(opening, closing, deep):
    assert only_problems_of_rulesets(parse_json, opening * deep + "1" + closing * deep, "text") is None


@pytest.fixture(scope="module")
def facts_of_everything():
    return load_ruleset(GOOD / "everything").facts


json_like = st.recursive(
    st.sampled_from(["yes", "age", "", "~", "5", "unknown", "5 years", "{age}", "age * 2", "2026-11-22", "[]", "{}"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: "[" + ", ".join(parts) + "]")
        | st.dictionaries(
            st.sampled_from(
                ["all", "any", "not", "is", "below", "between", "includes_any", "age", "sex", "when", "id"]
            ),
            inner,
            max_size=3,
        ).map(lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs.items()) + "}")
    ),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(slot=st.integers(0, 11), node=json_like)
def test_any_node_in_any_place_is_read_or_refused(tmp_path, slot, node):
    parts = [
        "[route]",
        "[0, 9]",
        "years",
        "{oral: Oral}",
        "oral",
        "{age: {below: 5}}",
        "{route: oral}",
        "A reason.",
        "[]",
    ]
    parts += ["{age: 5}", "{route: oral}", "{age: 5}"]
    parts[slot] = node
    text = """id: fuzz
title: Fuzz
version: "1"
goals: {0}
facts:
  age: {{label: Age, ask: How old?, type: number, range: {1}, unit: {2}}}
  sex: {{label: Sex, ask: Which?, type: choices, options: {{a: A}}, ask_when: {11}}}
  route: {{label: Route, type: choice, derived: true, options: {3}, otherwise: {4}}}
rules:
  - {{id: r, title: R, when: {5}, then: {6}, because: {7}, overrides: {8}}}
cases: [{{id: c, title: C, answers: {9}, expect: {10}}}]
""".format(*parts)
    load_bytes(tmp_path, text.encode())


def test_thousands_of_damaged_files_are_read_or_refused(tmp_path):
    rng = random.Random(SEED)
    sources = [file.read_bytes() for file in sorted(GOOD.rglob("*.yaml")) if file.stat().st_size < 2000]
    loaded = 0
    for _ in range(2500):
        loaded += load_bytes(tmp_path, damaged(rng, rng.choice(sources))) is not None

    assert 0 < loaded < 2500


def damaged(rng, raw):
    """The bytes with one to four changes: one taken, given, turned, doubled, or a piece of YAML put in."""
    data = bytearray(raw)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(5):
            case 0:
                del data[at : at + rng.randint(1, 20)]
            case 1:
                data[at:at] = bytes([rng.randrange(256)])
            case 2:
                data[at : at + 1] = bytes([rng.choice(b" \n:-[]{}\"'#&*!|>~0a")])
            case 3:
                data[at:at] = data[at : at + rng.randint(1, 80)]
            case _:
                data[at:at] = rng.choice(SNIPPETS).encode("utf-8", "surrogatepass")
    return bytes(data)
