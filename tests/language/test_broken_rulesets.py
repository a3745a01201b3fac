"""A corpus of rulesets with one defect each: what is told, where, and that nothing else is."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from engine.language.errors import RulesetError
from engine.language.load import load_ruleset

CORPORA = Path(__file__).resolve().parent.parent / "corpora"
CORPUS = CORPORA / "broken"
SEVERAL = sorted((CORPORA / "several").iterdir())
BROKEN = sorted(path for path in CORPUS.iterdir() if path.is_dir() or path.suffix == ".yaml")
EXPECT = re.compile(r'# expect (\d+):(\d+) "(.*)"\n')
FOR_PROGRAMMERS = re.compile(
    r"\b(NoneType|None|dict|str|int|tuple|invalid|exception|traceback|schema|boolean|null|parse|object|Scalar)\b|function"
)
SENTENCES = re.compile(r".+[.?)] .*[A-Z'].*[.?]", re.DOTALL)


def expectation(path):
    """The file of a broken ruleset that says what is wrong in it: at which line and column, and with which words."""
    files = sorted(path.rglob("*.yaml")) if path.is_dir() else [path]
    said = [(file, EXPECT.match(file.read_text("utf-8"))) for file in files]
    ((file, found),) = [(file, found) for file, found in said if found]
    return file, int(found[1]), int(found[2]), found[3]


def folder_of(path, tmp_path):
    if path.is_dir():
        return path / "top" if (path / "top").is_dir() else path
    folder = tmp_path / path.stem
    folder.mkdir()
    shutil.copy(path, folder / "ruleset.yaml")
    return folder


def problems_of(folder):
    with pytest.raises(RulesetError) as told:
        load_ruleset(folder)
    return told.value.problems


def test_the_corpus_is_there():
    assert len(BROKEN) >= 80


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_the_one_defect_is_told_where_it_is(path, tmp_path):
    file, line, column, words = expectation(path)

    problems = problems_of(folder_of(path, tmp_path))

    told = "\n".join(map(str, problems))
    assert len(problems) == 1, told
    assert (problems[0].mark.line, problems[0].mark.column) == (line, column), told
    assert words in problems[0].message, told
    assert Path(problems[0].mark.path).name == (file.name if path.is_dir() else "ruleset.yaml")
    assert not FOR_PROGRAMMERS.search(problems[0].message.replace(words, "")), told
    assert SENTENCES.fullmatch(problems[0].message), told


@pytest.mark.parametrize("path", SEVERAL, ids=lambda path: path.stem)
def test_several_defects_are_told_at_once_causes_first_and_nothing_else(path, tmp_path):
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    wanted = {line for file in files for line in file.read_text("utf-8").splitlines() if line.startswith("# tells ")}

    problems = problems_of(folder_of(path, tmp_path))

    said = [f"# tells {Path(p.mark.path).name}:{p.mark.line}:{p.mark.column} {p.message}" for p in problems]
    shown = [line.replace(str(Path(problems[0].mark.path).parent) + "/", "") for line in said]
    assert set(shown) == wanted, "\n".join(shown)
    assert len(shown) == len(wanted)
    for problem in problems:
        assert SENTENCES.fullmatch(problem.message), problem.message


SOUND = """\
id: sound
title: A sound ruleset
version: "1.0"
goals: [route]
facts:
  age: {label: Age, ask: How old?, type: number, unit: years}
  route: {label: Route, type: choice, derived: true, options: {oral: Oral}}
rules:
  - {id: first, title: First, when: {age: {above: 5}}, then: {route: oral}, because: A reason.}
"""

TEN = """\
id: ten
titel: Ten defects
version: 1.10
goals: [route, rout]
facts:
  age: {label: Age, ask: How old?, type: number, unit: years, range: [5, 1]}
  sex: {label: Sex, ask: Which?, type: choise, options: {female: Female}}
  route: {label: Route, type: choice, derived: true, options: {oral: Oral}}
  loop: {label: Loop, type: number, formula: loop + 1}
rules:
  - id: first
    title: First
    title: Twice
    when: {age: {below: 012}, sex: female}
    then: {route: nasal}
    because: "{agee} matters."
    overrides: [second]
"""


def ruleset_folder(path, **files):
    """A folder with files, given as text or bytes; `ruleset` is ruleset.yaml."""
    path.mkdir(exist_ok=True)
    for name, content in files.items():
        file = path / f"{name.replace('__', '.')}{'' if '__' in name else '.yaml'}"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def told(folder):
    return [f"{p.mark.line}:{p.mark.column} {p.message}" for p in problems_of(folder)]


def test_ten_defects_of_one_file_are_told_at_once_and_sorted_by_place(tmp_path):
    problems = problems_of(ruleset_folder(tmp_path, ruleset=TEN))

    places = [(p.mark.line, p.mark.column) for p in problems]
    assert places == sorted(places)
    # what is said of sex is told once, where its type is misspelt
    assert [line for line, _ in places] == [2, 3, 4, 6, 7, 9, 13, 14, 15, 16, 17]


def test_the_sound_ruleset_of_these_tests_loads(tmp_path):
    assert load_ruleset(ruleset_folder(tmp_path, ruleset=SOUND)).id == "sound"


def test_a_byte_order_mark_is_no_problem(tmp_path):
    assert load_ruleset(ruleset_folder(tmp_path, ruleset=b"\xef\xbb\xbf" + SOUND.encode())).id == "sound"


def test_windows_line_ends_are_no_problem(tmp_path):
    assert load_ruleset(ruleset_folder(tmp_path, ruleset=SOUND.replace("\n", "\r\n"))).id == "sound"


def test_a_file_that_is_not_utf8_is_told_where(tmp_path):
    folder = ruleset_folder(tmp_path, ruleset=SOUND.encode().replace(b"A sound", b"A s\xe9und"))

    assert told(folder) == ["2:11 this character is not UTF-8. Save the file with the encoding UTF-8."]


def test_a_file_of_more_than_1_mib_is_not_read(tmp_path):
    (said,) = told(ruleset_folder(tmp_path, ruleset=SOUND + "#" * 1024 * 1024))

    assert said == "1:1 is larger than 1 MiB. Split it into several files of the same folder."


def test_a_yml_file_is_told_to_be_renamed(tmp_path):
    problems = problems_of(ruleset_folder(tmp_path, ruleset=SOUND, more__yml="rules: []"))

    assert [str(p) for p in problems] == [
        f"{tmp_path / 'more.yml'}:1:1: is not read: the name must end in .yaml. Rename it."
    ]


def test_a_folder_of_yml_files_only_is_told_once(tmp_path):
    assert len(told(ruleset_folder(tmp_path, more__yml=SOUND))) == 1


def test_an_empty_folder_is_told(tmp_path):
    assert told(tmp_path) == ["1:1 holds no file that ends in .yaml. Write the ruleset there, as ruleset.yaml."]


def test_an_empty_file_lacks_everything(tmp_path):
    assert [said.split()[4] for said in told(ruleset_folder(tmp_path, ruleset=""))] == [
        "'goals'.",
        "'id'.",
        "'title'.",
        "'version'.",
    ]


def test_a_file_in_place_of_a_folder_is_told(tmp_path):
    file = ruleset_folder(tmp_path, ruleset=SOUND) / "ruleset.yaml"

    assert told(file) == ["1:1 is a file. Give the folder that holds the ruleset."]


@pytest.mark.parametrize("name", ["nowhere", "no\0where", "x" * 5000, "../../../nowhere"])
def test_a_ruleset_that_is_not_found_is_told(name):
    assert "Give a folder or an id." in told(name)[0]


def test_a_folder_named_like_a_file_is_told(tmp_path):
    ruleset_folder(tmp_path, ruleset=SOUND)
    (tmp_path / "more.yaml").mkdir()

    assert told(tmp_path) == ["1:1 is not a file. Give it another name, or delete it."]


def test_hidden_files_of_editors_are_not_read(tmp_path):
    assert load_ruleset(ruleset_folder(tmp_path, ruleset=SOUND, __ruleset__yaml="nonsense: [")).id == "sound"


def test_thousands_of_problems_are_cut_short(tmp_path):
    rules = "".join(
        f"  - {{id: r{n}, title: T, when: {{}}, then: {{route: nasal_{n}}}, because: B.}}\n" for n in range(1000)
    )

    assert len(told(ruleset_folder(tmp_path, ruleset=SOUND + rules))) == 501


def test_a_slip_in_one_file_hides_no_misfit_of_another(tmp_path):
    rules = "rules:\n  - {id: first, title: First, kind: scop, when: {nowhere: 5}, then: {route: oral}, because: B.}\n"
    folder = ruleset_folder(tmp_path, facts="facts:\n  nowhere: {label: [\n", rules=rules)

    assert [said.partition(": ")[0] for said in told(folder)][1:] == ["2:37 kind"]


def test_a_missing_fact_is_told_once_with_three_more_of_its_places(tmp_path):
    rules = "".join(
        f"  - {{id: r{n}, title: T, when: {{nothing: 1}}, then: {{route: oral}}, because: B.}}\n" for n in range(20)
    )

    (said,) = told(ruleset_folder(tmp_path, ruleset=SOUND + rules))

    assert said.startswith("10:31 'nothing' is not a fact.")
    places = "ruleset.yaml:11, ruleset.yaml:12, ruleset.yaml:13, …"
    assert said.endswith(f"It is used in 19 more places: {places}.")


def test_causes_are_told_before_what_they_cause(tmp_path):
    problems = problems_of(ruleset_folder(tmp_path, a=SOUND.replace("years}", "yrz}"), b__yml="rules: []"))

    assert Path(problems[0].mark.path).name == "b.yml"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("1 to 2 wks", "1 to 2 weeks"), ("1 wk", "1 week"), ("3 d", "3 days"), ("12 hrs", "12 hours"),
        ("12 hours", "12 hours"), ("1 hour", "1 hour"), ("2 yrs", "2 years"), ("3 weeks", "3 weeks"),
        ("1 months", "1 months"),
    ],
)  # fmt: skip
def test_a_duration_is_kept_with_the_word_for_its_unit(tmp_path, written, kept):
    regimens = f"regimens:\n  im: {{title: IM, phases: [{{name: One, every: {written}, for: {written}}}]}}\n"

    (phase,) = load_ruleset(ruleset_folder(tmp_path, ruleset=SOUND + regimens)).regimens["im"].phases

    assert (phase.every, phase.for_) == (kept, kept)
