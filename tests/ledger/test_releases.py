"""A session goes on under the very ruleset that it was begun under, whatever becomes of its folder."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from engine import RulesetError, load_ruleset
from engine.language.load import SHIPPED, ruleset_from_files
from engine.ledger import Ledger, ReleaseError
from engine.ledger.tables import release
from tests.ledger.conftest import NOW, SMALL

GOOD = SMALL.parent / "good"
RULE = "rules: [{id: both, title: Both, when: {low: yes, high: yes}, then: {ok: yes}, because: Both.}]\n"
FOLDERS = [*sorted(path for path in SHIPPED.iterdir() if path.is_dir()), *sorted(GOOD.iterdir()), SMALL]


def test_there_are_rulesets_to_read_back():
    assert len(FOLDERS) > 8
    assert any(load_ruleset(folder).extends for folder in FOLDERS)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_ruleset_is_read_back_from_its_files_as_it_was(folder):
    ruleset = load_ruleset(folder)

    again = ruleset_from_files(ruleset.files)

    assert again == ruleset
    assert again.digest == ruleset.digest
    assert again.files == ruleset.files


def test_the_files_of_a_ruleset_name_their_folders_and_hold_its_bases_first():
    folders = dict.fromkeys(name.partition("/")[0] for name in load_ruleset("b12-general").files)

    assert list(folders) == ["b12-core", "b12-general"]


def test_two_folders_of_one_name_are_told_apart(tmp_path, monkeypatch):
    """`top` finds the `labs` beside it; `core`, under rulesets/, finds another."""
    write(tmp_path / "mine" / "top", "id: top\ntitle: Top\nversion: '1'\ngoals: [ok]\nextends: [labs, core]\n" + RULE)
    write(tmp_path / "mine" / "labs", "facts: {low: {type: yes_no, label: Low, ask: Low?}}\n")
    write(tmp_path / "rulesets" / "core", "extends: [labs]\nfacts: {ok: {type: yes_no, label: Ok, derived: true}}\n")
    write(tmp_path / "rulesets" / "labs", "facts: {high: {type: yes_no, label: High, ask: High?}}\n")
    monkeypatch.chdir(tmp_path)

    ruleset = load_ruleset("mine/top")

    assert list(ruleset.files) == [f"{folder}/ruleset.yaml" for folder in ("labs", "labs~2", "core", "top")]
    assert ruleset_from_files(ruleset.files) == ruleset


def test_no_files_are_no_ruleset():
    with pytest.raises(RulesetError, match="holds no file"):
        ruleset_from_files({})


def test_a_session_goes_on_under_the_version_it_was_begun_under(url, open_ledger, tmp_path):
    folder = tmp_path / "small"
    shutil.copytree(SMALL, folder)
    begun = load_ruleset(folder)
    _, key = open_ledger(url).begin(begun, {"age": 54}, NOW)
    text = (folder / "ruleset.yaml").read_text()
    (folder / "ruleset.yaml").write_text(text.replace('version: "1.0"', 'version: "2.0"'))
    changed = load_ruleset(folder)
    shutil.rmtree(folder)

    restarted = open_ledger(url)
    _, newer = restarted.begin(changed, {}, NOW)

    assert restarted.find(key, NOW).ruleset == begun
    assert restarted.find(newer, NOW).ruleset.version == "2.0"


def test_a_release_is_kept_once_and_loaded_once(url, open_ledger, ruleset):
    ledger = open_ledger(url)
    keys = [ledger.begin(ruleset, {}, NOW)[1] for _ in range(3)]
    restarted = open_ledger(url)

    with restarted._database.reading() as connection:
        kept = connection.execute(select(release)).all()

    assert [(row.hash, row.ruleset_id, row.version, row.title) for row in kept] == [
        (ruleset.digest, "small", "1.0", "Small trial")
    ]
    first, *others = (restarted.find(key, NOW).ruleset for key in keys)
    assert all(other is first for other in others)


def test_a_release_that_is_loaded_already_is_not_read_once_more(url, open_ledger, ruleset):
    _, key = open_ledger(url).begin(ruleset, {}, NOW)

    with closing(Ledger.open(url, {ruleset.digest: ruleset}.get)) as ledger:
        assert ledger.find(key, NOW).ruleset is ruleset


@pytest.mark.parametrize(
    "alter",
    [
        pytest.param(lambda text: {"small/ruleset.yaml": text.replace("Small trial", "Large trial")}, id="a-word"),
        pytest.param(lambda text: {"small/ruleset.yaml": text[:200]}, id="cut"),
        pytest.param(lambda text: {}, id="no-files"),
    ],
)
def test_a_release_whose_files_were_altered_is_not_gone_on_from(url, open_ledger, ruleset, alter):
    ledger = open_ledger(url)
    _, key = ledger.begin(ruleset, {}, NOW)
    altered = alter(ruleset.files["small/ruleset.yaml"])
    with ledger._database.writing() as connection:
        connection.execute(update(release).values(files=altered))

    with pytest.raises(ReleaseError, match=r"begun under small 1\.0 \([0-9a-f]{12}\), which this Regimen cannot read"):
        open_ledger(url).find(key, NOW)


def test_a_ruleset_without_files_begins_no_session(open_ledger, file, ruleset):
    with pytest.raises(ReleaseError, match="not read from files"):
        open_ledger(f"sqlite:///{file}").begin(replace(ruleset, files={}), {}, NOW)


def write(folder, text):
    folder.mkdir(parents=True)
    (folder / "ruleset.yaml").write_text(text)
