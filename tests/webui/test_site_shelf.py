from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine import RulesetError, load_ruleset
from engine.inference.compile import program_of
from engine.inference.run import Run
from tests.webui.conftest import MADE_UP
from webui.shelf import Shelf


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(MADE_UP / "injections", tmp_path / "injections")
    return tmp_path / "injections"


def test_a_ruleset_is_read_once_while_its_files_stay_as_they_are(folder):
    shelf = Shelf([folder.parent])

    assert shelf.find("injections") is shelf.find("injections")


def test_an_edit_shows_at_once(folder):
    shelf = Shelf([folder.parent])
    assert shelf.find("injections").loaded.version == "0.3"

    change(folder, 'version: "0.3"', 'version: "0.4"')

    assert shelf.find("injections").loaded.version == "0.4"


def test_a_mistake_shows_and_so_does_its_cure(folder):
    shelf = Shelf([folder.parent])

    change(folder, "goals:", "gaols:")
    assert "gaols" in shelf.find("injections").problems[0].message

    change(folder, "gaols:", "goals:")
    assert shelf.find("injections").problems == ()


def test_an_edit_of_a_base_shows_in_what_extends_it(folder):
    (folder.parent / "more").mkdir()
    more = 'id: more\ntitle: More\nversion: "1"\nextends: [injections]\ngoals: [disposition]\n'
    (folder.parent / "more" / "ruleset.yaml").write_text(more)
    shelf = Shelf([folder.parent])
    before = shelf.find("more").loaded.facts["age"].label

    change(folder, "label: Age", "label: Age in years")

    assert (before, shelf.find("more").loaded.facts["age"].label) == ("Age", "Age in years")


def test_an_edit_while_a_ruleset_is_read_is_noticed(folder, monkeypatch):
    def read_and_edited(path):
        found = load_ruleset(path)
        change(folder, 'version: "0.3"', 'version: "0.4"')
        return found

    shelf = Shelf([folder.parent])
    with monkeypatch.context() as patch:
        patch.setattr("webui.shelf.load_ruleset", read_and_edited)
        assert shelf.find("injections").loaded.version == "0.3"

    assert shelf.find("injections").loaded.version == "0.4"


def test_a_warm_ruleset_is_compiled_and_its_cases_are_run_once(folder, monkeypatch):
    shutil.copytree(MADE_UP / "broken", folder.parent / "broken")
    shelf = Shelf([folder.parent])
    shelf.warm()
    shelf.run_cases()
    entry = shelf.find("injections")
    monkeypatch.setattr(Run, "__init__", lambda *_: pytest.fail("the cases run again"))
    monkeypatch.setattr("engine.inference.compile.compile_ruleset", lambda _: pytest.fail("it is compiled again"))

    program_of(entry.loaded)
    assert entry.checked.passed + entry.checked.failed == len(entry.loaded.cases)
    assert entry.checked.firing


def test_a_ruleset_that_comes_or_goes_is_noticed(folder):
    shelf = Shelf([folder.parent])
    shutil.copytree(MADE_UP / "broken", folder.parent / "broken")
    assert [entry.name for entry in shelf.entries()] == ["broken", "injections"]

    shutil.rmtree(folder.parent / "broken")
    assert [entry.name for entry in shelf.entries()] == ["injections"]
    assert shelf.find("broken") is None


def test_the_first_folder_wins_where_two_hold_a_ruleset_of_one_name(folder):
    change(folder, 'version: "0.3"', 'version: "9"')

    assert Shelf([folder.parent, MADE_UP]).find("injections").loaded.version == "9"


def test_four_threads_read_a_ruleset_once(folder):
    shelf = Shelf([folder.parent])

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: id(shelf.find("injections")), range(40)))

    assert len(found) == 1


def test_a_place_is_told_from_the_folder_of_rulesets():
    entry = Shelf([MADE_UP]).find("broken")

    assert entry.place(entry.problems[0]) == "broken/ruleset.yaml:14:5"


def change(folder, old, new):
    file = folder / "ruleset.yaml"
    text = file.read_text("utf-8")
    assert old in text
    before = file.stat().st_mtime_ns
    file.write_text(text.replace(old, new), "utf-8")
    os.utime(file, ns=(before + 1, before + 1))


def test_a_fault_on_one_ruleset_leaves_the_others_on_the_shelf(folder, monkeypatch):
    def load(path):
        raise ZeroDivisionError if path.name == "broken" else RulesetError([])

    shutil.copytree(MADE_UP / "broken", folder.parent / "broken")
    monkeypatch.setattr("webui.shelf.load_ruleset", load)

    broken, other = Shelf([folder.parent]).entries()

    assert "a fault in Regimen and not in your files" in broken.problems[0].message
    assert other.problems == ()
