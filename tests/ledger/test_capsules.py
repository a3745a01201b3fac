"""A decision replays from its release or from a capsule; a capsule that does not hold together is told."""

from __future__ import annotations

import json
import random
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import consult, load_ruleset
from engine.language.load import ruleset_from_files
from engine.ledger import CapsuleError, DecisionDeleted, Ledger
from engine.ledger.capsule import LARGEST, capsule_data, read_capsule, read_capsule_file
from engine.ledger.chain import Head, sha256, written
from engine.ledger.replay import replay, replay_against
from tests.ledger.conftest import NOW, SMALL, decided

ANSWERS = {"age": 54, "b12": "140.0 ng/L", "symptoms": ["numbness"], "course": "worse", "allergy": "no"}
STEPS = 4


@pytest.fixture(scope="module")
def decision(ruleset, tmp_path_factory):
    ledger = Ledger.open(f"sqlite:///{tmp_path_factory.mktemp('ledger')}/regimen.db")
    kept, _ = ledger.begin(ruleset, ANSWERS, NOW)
    yield decided(ledger, kept)
    ledger.close()


@pytest.fixture
def capsule(decision, ruleset):
    return deepcopy(capsule_data(decision, ruleset))


def sealed(capsule):
    """The capsule with the hashes that fit what it says: as somebody makes it who knows how."""
    record = capsule["record"]
    record["content"] = sha256(written(capsule["decision"]))
    names = ("session", "made_at", "content")
    session, made_at, content = (record[name] for name in names)
    head = Head(record["seq"], "decision", record["previous"], session, capsule["release"]["hash"], made_at, content)
    record["hash"] = head.hash
    return capsule


def read(capsule):
    return read_capsule(json.dumps(capsule).encode(), "c.json")


def changed(capsule, path, value):
    *parents, last = path
    place = capsule
    for name in parents:
        place = place[name]
    place[last] = value
    return capsule


# Replaying


def test_a_replay_is_identical_step_by_step(decision, ruleset):
    again = replay(decision.said, ruleset)

    assert (again.identical, again.same, again.steps) == (True, STEPS, STEPS)
    assert (again.step, again.parts, again.engine) == (None, (), None)


def test_a_capsule_replays_where_nothing_else_is_there(capsule, decision):
    found = read_capsule(json.dumps(capsule, indent=1).encode(), "c.json")

    assert found.decision == decision
    assert replay(found.decision.said, found.ruleset).identical


@pytest.mark.parametrize(
    ("path", "value", "seq", "parts"),
    [
        (["report", "trail", 2, "because"], "Otherwise.", 3, ("because",)),
        (["report", "trail", 0, "concludes"], {"deficient": "no"}, 1, ("concludes",)),
        (["report", "conclusions", "route"], "oral", None, None),
    ],
)
def test_the_first_step_that_differs_is_told(decision, ruleset, path, value, seq, parts):
    said = changed(deepcopy(dict(decision.said)), path, value)

    again = replay(said, ruleset)

    assert not again.identical
    assert (again.step and again.step.seq) == seq
    assert again.parts == (() if seq else ("conclusions",))
    if parts:
        assert again.step.parts == parts
        assert (again.same, again.steps) == (seq - 1, STEPS)


def test_a_step_that_nobody_recorded_differs(decision, ruleset):
    report = {**decision.report, "trail": decision.report["trail"][:-1]}

    again = replay({**decision.said, "report": report}, ruleset)

    assert (again.same, again.steps) == (STEPS - 1, STEPS - 1)
    assert (again.step.seq, again.step.recorded) == (STEPS, None)


def test_a_decision_of_another_regimen_is_told_as_such(decision, ruleset):
    assert replay({**decision.said, "engine": "0.0.9"}, ruleset).engine == "0.0.9"


def test_another_version_says_what_it_would_have_said_and_by_which_rules(decision, ruleset):
    text = ruleset.files["small/ruleset.yaml"]
    other = ruleset_from_files(
        {"small/ruleset.yaml": text.replace("course: worse, allergy: [no", "course: worse, allergy: [yes")}
    )

    found = replay_against(decision.said, ruleset, other)

    (difference,) = found.differences
    assert (difference.fact.id, difference.before, difference.after) == ("regimen", ("intensive",), ("standard",))
    assert [step.rule for step in difference.behind_before] == ["intensive"]
    assert [step.rule for step in difference.behind_after] == ["standard"]
    assert (found.left_out, [fact.id for fact in found.open]) == ((), ["last_dose"])


def test_the_very_release_says_the_same(decision, ruleset):
    assert replay_against(decision.said, ruleset, ruleset).differences == ()


def test_another_ruleset_says_which_answers_it_cannot_read_and_what_it_would_still_ask(decision, ruleset):
    found = replay_against(decision.said, ruleset, load_ruleset("b12-core"))

    assert {problem.fact for problem in found.left_out} >= {"b12", "symptoms"}
    assert found.after.answers == {"age": found.before.answers["age"]}
    assert found.open


def test_what_was_deleted_makes_no_capsule(open_ledger, file, ruleset):
    ledger = open_ledger(f"sqlite:///{file}")
    kept, key = ledger.begin(ruleset, ANSWERS, NOW)
    decision = decided(ledger, kept)
    ledger.forget(key, NOW)

    with pytest.raises(DecisionDeleted):
        capsule_data(ledger.decision(decision.id), ruleset)


# Capsules that do not hold together


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe{}", "is not JSON"),
        (b"{", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b'{"format": 1, "format": 1}', "is not JSON"),
        (b'{"format": NaN}', "is not JSON"),
        (b'{"format": 1e999}', "is not JSON"),
        (b"9" * 5000, "is not JSON"),
        (b"[]", "is no capsule"),
        (b"{}", "is no capsule, or is not whole: look at “format”"),
        (b" " * (LARGEST + 1), "larger than 10 MiB"),
    ],
    ids=["empty", "no-text", "cut", "deep", "key-twice", "nan", "infinite", "digits", "list", "nothing", "large"],
)
def test_what_is_no_capsule_is_told(raw, words):
    with pytest.raises(CapsuleError, match=rf"^c.json: .*{words}.*\.$"):
        read_capsule(raw, "c.json")


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (["format"], "regimen-capsule-2", "look at “format”"),
        (["record", "seq"], "2", "look at “record.seq”"),
        (["record", "seq"], 0, "look at “record.seq”"),
        (["record", "hash"], "F" * 64, "look at “record.hash”"),
        (["more"], 1, "look at “more”"),
        (["release", "files", "small/x.yaml"], 5, "look at “release.files.small/x.yaml”"),
        (["decision"], [], "look at “decision”"),
        (["decision", "given"], None, "look at “given”"),
        (["decision", "report", "as_of"], "yesterday", "look at “report.as_of”"),
        (["decision", "report", "trail"], {}, "look at “report.trail”"),
        (["record", "seq"], 3, "was altered"),
        (["record", "previous"], "0" * 64, "was altered"),
        (["record", "made_at"], "2026-11-23T09:30:00.000000+00:00", "was altered"),
        (["record", "made_at"], "\x1b[2J", "look at “record.made_at”"),
        (["decision", "engine"], "0.1\x1b[2J", "look at “engine”"),
        (["decision", "given", "age"], 55, "was altered"),
        (["decision", "report", "conclusions", "route"], "oral", "was altered"),
        (["decision", "note"], "added", "was altered"),
        (["release", "files", "small/ruleset.yaml"], "id: small", "holds a ruleset that was altered"),
        (["release", "files", "small/more.yaml"], "jurisdiction: Nowhere", "holds a ruleset that was altered"),
        (["release", "files"], {}, "holds a ruleset that was altered"),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, list) else "",
)
def test_a_capsule_that_was_altered_is_told(capsule, path, value, words):
    with pytest.raises(CapsuleError, match=rf"^c.json: .*{words}"):
        read(changed(capsule, path, value))


OUTSIDE = [
    *("../../etc/passwd", "/etc/passwd", "../x.yaml", "./x.yaml", "a/../x.yaml", "a\\b/x.yaml", "a/b/x.yaml", "x.yaml"),
    *("a/x.py", "a/\0.yaml", "/x.yaml", "a/.yaml/", ""),
]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_capsule_that_names_a_file_outside_its_ruleset_is_refused(capsule, name):
    capsule["release"]["files"][name] = ""

    with pytest.raises(CapsuleError, match="names a file outside its ruleset"):
        read(sealed(capsule))


def test_a_capsule_about_another_ruleset_is_told(capsule):
    capsule["decision"]["report"]["ruleset"]["hash"] = "0" * 64

    with pytest.raises(CapsuleError, match="its ruleset is not the one that its decision is about"):
        read(sealed(capsule))


def test_a_capsule_sealed_anew_around_other_conclusions_does_not_replay(capsule):
    """Whoever knows how can make hashes that fit, but not the engine say it, and not the ledger know the hash."""
    found = read(sealed(changed(capsule, ["decision", "report", "conclusions", "route"], "oral")))

    assert replay(found.decision.said, found.ruleset).parts == ("conclusions",)


def test_a_capsule_that_is_not_there_is_told(tmp_path):
    with pytest.raises(CapsuleError, match="cannot be read: No such file"):
        read_capsule_file(tmp_path / "none.json")


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32), cut=st.booleans())
def test_a_capsule_with_other_bytes_is_the_same_or_is_told(decision, ruleset, seed, cut):
    raw = bytearray(json.dumps(capsule_data(decision, ruleset)).encode())
    chance = random.Random(seed)
    at = chance.randrange(len(raw))
    if cut:
        del raw[at : at + chance.randrange(1, 50)]
    else:
        raw[at] ^= 1 << chance.randrange(8)

    try:
        found = read_capsule(bytes(raw), "c.json")
    except CapsuleError:  # and nothing else
        return
    assert found.decision == decision
    assert found.ruleset.digest == ruleset.digest


def test_answers_in_a_capsule_are_those_that_were_given(capsule):
    found = read(capsule)

    assert found.decision.said["given"] == ANSWERS
    assert consult(load_ruleset(SMALL), ANSWERS, NOW.date()).conclusions == found.decision.report["conclusions"]
