from __future__ import annotations

import importlib
import io
import json
import re
from functools import cache
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from engine.language.answer_files import parse_answers
from engine.language.answers import read_answers
from engine.language.load import SHIPPED
from tests.webui.conftest import MADE_UP, Evaluate, made
from tests.webui.page_text import Page, said
from webui import MIB, nesting, samples
from webui.shelf import Shelf

NUMB = """\
age: 54
sex: female
pregnancy: not_pregnant
numbness: yes
serum: 140 ng/L
habits: [cold]
last: 2026-08-01
"""
TORN = "age: 104\nsex: female\npregnancy: pregnant\nnumbness: no\nserum: 140 ng/L\n"
commands = importlib.import_module("engine.cli.main")  # engine.cli calls its group main too
ENTRIES = [entry for root in (MADE_UP, SHIPPED) for entry in Shelf([root]).entries() if entry.ruleset]
CASES = [pytest.param(entry, case, id=f"{entry.name}-{case.id}") for entry in ENTRIES for case in entry.loaded.cases]


def test_the_form_begins_with_the_first_case_and_today(client):
    page = client.get("/rulesets/injections/evaluate").text

    assert f">\n{NUMB}</textarea>" in page
    assert 'value="2026-11-22"' in page
    assert "This is an example: A numb adult with a low level." in page


@pytest.mark.parametrize(
    ("wanted", "text"),
    [("case=plain", "serum: 120 pmol/L\nhabits: []\n"), ("start=pregnant", "sex: female\npregnancy: pregnant\n")],
)
def test_the_form_begins_with_what_is_asked_for(client, wanted, text):
    assert text in client.get(f"/rulesets/injections/evaluate?{wanted}").text


@pytest.mark.parametrize(
    "words",
    [
        "Suggested regimen: Intensive injections",
        "hydroxocobalamin. ",
        "Suggested by “Made-up injections”, version 0.3, as of 22 November 2026.",
        "Disposition Continue Why",
        "Mistakes Injected cold It is used cold: uses it cold. Harm: It hurts. Remedy: Warm it in the hand first.",
        "1 Loading Every 2 days; until no further improvement 1,000 micrograms IM Review after 3 weeks",
        "To be checked by a clinician first: The interval is made up.",
        "A low level with numbness calls for intensive injections Decisive",
        "The level is low (140 ng/L) and numbness is yes.",
        "Age: 54 years (answered)",
        "So Regimen: intensive injections",
        "Rules that gave way",
        "A low level calls for standard injections Outranked Regimen",
        "Outranked by A low level with numbness calls for intensive injections",
        "Harm It hurts. Remedy Warm it in the hand first.",
        "113 days have passed since 1 August 2026.",
        "Last injection 1 August 2026",
        "The date of this evaluation: 22 November 2026 (given)",
        "Urgency: routine, unless a rule says otherwise",
    ],
)
def test_a_result_tells_what_follows_and_why(evaluate, words):
    assert words in said(evaluate(NUMB))


def test_conflicts_come_first_and_nothing_that_rests_on_them_is_suggested(evaluate):
    text = said(evaluate(TORN))

    assert "Rules contradict each other Disposition: refer and also continue. Nothing that rests on it" in text
    assert text.index("Rules contradict each other") < text.index("Concluded")
    assert "Schedule" not in text
    assert "Regimen Standard injections" not in text


def test_a_regimen_that_rests_on_a_conflict_is_not_settled(tmp_path):
    """Its goal has no condition here, but its rule rests on the disposition."""
    text = (MADE_UP / "injections" / "ruleset.yaml").read_text("utf-8")
    text = text.replace("- regimen: {when: {disposition: continue}}", "- regimen")
    text = text.replace("when: {low: yes, age", "when: {disposition: continue, low: yes, age")
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "ruleset.yaml").write_text(text, "utf-8")
    evaluate = Evaluate(made(RULESETS=(tmp_path,)).test_client(), "torn")

    assert "Regimen It rests on rules that contradict each other." in said(evaluate(TORN))


def test_an_unsettled_goal_tells_what_could_settle_it(evaluate):
    text = said(evaluate("age: 54\nsex: male\nserum: 140 ng/L\n"))

    assert "Not settled Regimen An answer to this can still settle it: Is there numbness or tingling?" in text


def test_a_goal_that_an_unknown_leaves_open_says_so(evaluate):
    text = said(evaluate("age: 54\nsex: male\nserum: unknown\nnumbness: no\nhabits: []\nlast: unknown\n"))

    assert (
        "No question is left that could settle it. It depends on what was answered “I do not know”: Serum vitamin."
        in text
    )
    assert "could settle it. It depends on what was answered “I do not know”: Last injection." in text


def test_what_was_not_known_is_told_with_the_rules_that_it_silenced(evaluate):
    text = said(evaluate("age: 54\nsex: unknown\npregnancy: pregnant\nserum: unknown\nnumbness: no\nlast: unknown\n"))

    assert (
        "What was not known Sex Not known, and no rule needs it "
        "Serum vitamin Not known, so 3 rules could not be applied: The level is low The level is not low "
        "A low level calls for standard injections "
        "Last injection Not known, so 1 rule could not be applied: More than 70 days is late"
    ) in text


def test_nothing_is_told_of_the_unknown_where_all_is_known(evaluate):
    assert "What was not known" not in said(evaluate(NUMB))


def test_an_emergency_comes_before_everything_else(evaluate):
    response = evaluate(NUMB.replace("[cold]", "[cold, alone]"))
    text = said(response)

    assert "Emergency Urgency: emergency (get help now) Habits: injects alone and uses it cold. Call somebody" in text
    assert "<title>Emergency – Made-up injections" in response.text
    main = response.text.partition("<main")[2]
    assert main.index('class="emergency"') < main.index("Intensive injections") < main.index("Concluded")
    assert main.index('class="emergency"') < main.index("version 0.3")
    assert response.text.count("<h1") == 1


def test_a_step_that_is_held_back_names_what_it_waits_for(evaluate):
    text = said(evaluate("age: 54\nsex: male\nserum: 140 ng/L\n"))

    waits = "Waits for It waits until it is known that this does not hold: A low level with numbness calls for"
    assert "Held back Regimen The level is low (140 ng/L). On these facts" in text
    assert waits in text


def test_an_answer_outside_what_is_usual_is_to_be_checked(evaluate):
    text = said(evaluate("serum: 12000 pmol/L\n"))

    assert "Check these answers Serum vitamin: 12000 pmol/L is outside the usual 50 ng/L to 2000 ng/L." in text


def test_an_answer_that_is_set_aside_is_shown_with_the_reason(evaluate):
    text = said(evaluate("sex: male\npregnancy: pregnant\n"))

    assert "Pregnancy Pregnant Set aside" in text
    assert "Pregnancy: only asked when sex is female or not known." in text


def test_the_steps_of_a_trail_are_nested_and_each_stands_once(evaluate):
    page = evaluate(NUMB).text

    steps = re.findall(r'id="step-(\d+)"', page)
    assert sorted(steps, key=int) == [str(number) for number in range(1, len(steps) + 1)]
    intensive = page.index("calls for intensive injections</a></h4>")
    assert page.index('<ol class="steps">', intensive) < page.index("The level is low</a></h4>", intensive)


@pytest.mark.parametrize(("entry", "case"), CASES)
def test_the_page_of_a_case_shows_every_step_once_and_leads_nowhere_wrong(entry, case):
    client = client_of(entry.folder.parent)
    form = client.get(f"/rulesets/{entry.name}/evaluate?case={case.id}").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)[1]
    sample = samples.find(entry.loaded, case.id, None)
    fields = {"csrf_token": token, "answers": sample.text or "{}", "as_of": str(case.as_of or "2026-11-22")}

    response = client.post(f"/rulesets/{entry.name}/evaluate", data=fields)

    assert response.status_code == 200
    page = Page(response.text)
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    steps = report_of(entry, sample.text or "{}", fields["as_of"])["trail"]
    assert {f"step-{step['seq']}" for step in steps} == {name for name in page.ids if name.startswith("step-")}


@pytest.mark.parametrize(("entry", "case"), CASES)
def test_json_is_what_the_command_prints(entry, case):
    client = client_of(entry.folder.parent)
    answers = json.dumps({name: list(a) if isinstance(a, tuple) else a for name, a in case.answers})
    query = {"as_of": case.as_of.isoformat()} if case.as_of else {}

    response = client.post(
        f"/rulesets/{entry.name}/evaluate.json", data=answers, query_string=query, content_type="application/json"
    )

    assert response.status_code == 200
    told = report_of(entry, answers, query.get("as_of"))
    assert json.dumps(response.json) == json.dumps(told)  # the order of keys is part of it


def test_json_is_given_to_those_who_ask_for_it(client):
    response = client.post(
        "/rulesets/injections/evaluate",
        data={"answers": NUMB, "as_of": "2026-11-22"},
        headers={"Accept": "application/json"},
    )

    assert response.json["conclusions"]["regimen"] == "intensive"
    assert response.json["as_of"] == "2026-11-22"


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ("agee: 54",                  "text:1:1: agee: 'agee' is not a fact of this ruleset. Did you mean 'age'?"),
        ("sex: male\nserum: 140",     "text:2:8: serum: '140' lacks its unit, and Serum vitamin is reported"),
        ("serum: 1,5 ng/L",           "serum: '1,5'"),
        ("serum: <150 ng/L",          "serum: '<150 ng/L'"),
        ("age: unknown",              "has to be answered: 'unknown' is not enough here."),
        ("age: 200",                  "200 years is outside what is possible, 0 years to 130 years."),
        ("sex: women",                "'women' is no option of sex."),
        ("habits: cold",              "takes a list. Write [cold], or [] for none of them."),
        ("last: 2026-02-30",          "'2026-02-30' is no date of the calendar."),
        ("low: yes",                  "is concluded from other answers, so nobody answers it. Leave it out."),
        ("- age\n- sex",              "is no answers file. Write lines of 'fact: answer'"),
        ("age: [54",                  "text:1:6: what opens here breaks off in line 1."),
        ("age: 1\nage: 2",            "text:2:1: 'age' stands twice here"),
        ('{"age": 5',                 "is not JSON as written"),
        ("age: &a 54",                "is an anchor."),
        ("\x00",                      "this character is not allowed in YAML. Delete it."),
        ("   \n",                     "Choose a file of answers, or write them here."),
    ],
)  # fmt: skip
def test_problems_are_told_twice_in_the_same_words_and_what_was_typed_is_kept(evaluate, answers, words):
    response = evaluate(answers)
    text = said(response)

    assert response.status_code == 422
    assert "<title>Error: " in response.text
    assert text.count(words.split(" Written there")[0]) == 2
    assert words in text
    assert text.index("There is a problem") < text.index("Evaluate answers Made-up")
    kept = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", response.text, re.DOTALL)[1]
    assert (
        answers.strip("\x00 \n").splitlines()[:1]
        == kept.replace("&#34;", '"').replace("&lt;", "<").replace("&amp;", "&").strip("\x00 \n").splitlines()[:1]
    )


def test_every_problem_is_told_at_once(evaluate):
    text = said(evaluate("agee: 54\nsex: women\n", as_of="yesterday"))

    for words in ("'agee' is not a fact", "'women' is no option", "“yesterday” is no date of the calendar."):
        assert text.count(words) == 2


def test_a_file_is_read_instead_of_the_text(evaluate):
    response = evaluate("nonsense", file=(io.BytesIO(NUMB.encode()), "numb.yaml"))

    assert "Suggested regimen: Intensive injections" in said(response)


@pytest.mark.parametrize(
    ("raw", "name", "words"),
    [
        (b"\x89PNG\r\n\x1a\n\xff\xd8", "scan.png",             "scan.png:1:1: is not UTF-8 text. Save it with"),
        ("sex: männlich".encode("latin-1"), "old.yaml",        "old.yaml:1:1: is not UTF-8 text."),
        (b"",                          "none.yaml",            "none.yaml is empty."),
        (b"sex: women\n",              "C:\\Temp\\a.yaml",     "a.yaml:1:6: sex: 'women' is no option of sex."),
        (b"sex: women\n",              "../../etc/passwd",     "passwd:1:6: sex: 'women' is no option of sex."),
        (b'{"sex": "women"}',          "<b>.json",             "<b>.json:1:"),
    ],
)  # fmt: skip
def test_problems_of_a_file_name_the_file(evaluate, raw, name, words):
    response = evaluate("", file=(io.BytesIO(raw), name))

    assert response.status_code == 422
    assert said(response).count(words) == 2


def test_the_text_of_a_file_with_problems_can_be_mended_on_the_page(evaluate):
    response = evaluate("", file=(io.BytesIO(b"sex: women\n"), "a.yaml"))

    assert ">\nsex: women\n</textarea>" in response.text
    assert "The text above is from a.yaml" in said(response)


@pytest.mark.parametrize("size", [MIB + 1, 3 * MIB])
def test_a_file_that_is_too_large_is_refused_in_words(evaluate, size):
    response = evaluate("", file=(io.BytesIO(b"#" * size), "large.yaml"))

    assert response.status_code == 413
    assert "An answers file can be at most 1 MiB." in said(response)


@pytest.mark.parametrize("size", [MIB + 1, MIB + MIB // 4, 3 * MIB])
def test_a_text_that_is_too_large_is_refused_in_words(evaluate, size):
    assert evaluate("#" * size).status_code == 413
    assert evaluate("#" * size, address="/rulesets/injections/evaluate.json").status_code == 413


def test_a_text_just_small_enough_is_read(evaluate):
    assert evaluate("#" * (MIB - 1)).status_code == 200


def test_change_the_answers_leads_back_to_the_form_with_them(evaluate):
    response = evaluate(NUMB, as_of="2026-08-02", change="yes")

    assert f">\n{NUMB}</textarea>" in response.text
    assert 'value="2026-08-02"' in response.text


def test_a_form_from_elsewhere_is_refused(evaluate):
    assert evaluate(NUMB, csrf_token="made up").status_code == 400


def test_json_tells_problems_with_their_places(client):
    response = client.post("/rulesets/injections/evaluate.json", data="sex: women\n", content_type="application/yaml")

    assert response.status_code == 422
    assert response.json["problems"] == [
        {"at": "body:1:6", "fact": "sex", "message": "'women' is no option of sex. Known here: female, male."}
    ]


def test_results_are_kept_out_of_caches(client, evaluate):
    assert evaluate(NUMB).headers["Cache-Control"] == "no-store"
    assert client.get("/rulesets/injections/evaluate").headers["Cache-Control"] == "no-store"


def test_what_is_written_is_shown_as_text(evaluate):
    response = evaluate("<script>alert(1)</script>: 1")

    assert "<script" not in response.text


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_answers_of_cases_survive_being_written_out(entry):
    for case in entry.loaded.cases:
        again = read_answers(entry.loaded.facts, parse_answers(samples.written(case.answers), "again"))
        assert again == read_answers(entry.loaded.facts, dict(case.answers))


def test_a_long_chain_of_steps_is_nested_only_so_deep():
    steps = [
        SimpleNamespace(seq=n, role="decisive", used=[SimpleNamespace(source=n - 1)] if n > 1 else [])
        for n in range(1, 2001)
    ]

    roots = nesting.nested(SimpleNamespace(trail=steps))

    depth, level, seen = 0, roots, 0
    while level:
        depth, seen, level = depth + 1, seen + len(level), [under for node in level for under in node.under]
    assert (len(roots), depth, seen) == (1, nesting.DEEPEST + 1, 2000)


@cache
def client_of(root):
    return made(RULESETS=(root,)).test_client()


def report_of(entry, answers, as_of):
    """What the command prints; the ruleset is not loaded again for each case."""
    options = ["--as-of", as_of] if as_of else []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.cli.given.load_ruleset", lambda _: entry.loaded)
        words = ["evaluate", entry.name, "--answers", "-", "--json", *options]
        told = CliRunner().invoke(commands.main, words, input=answers)
    return json.loads(told.stdout)
