"""A rule that was replaced, however often, goes on under its newest id; a regimen keeps its own."""

from __future__ import annotations

import pytest

from engine.language.errors import RulesetError
from engine.language.load import load_ruleset

BASE = """
id: base
title: Base
version: "1"
goals: [colour]
facts:
  a: {label: A, ask: A?, type: yes_no}
  colour: {label: Colour, derived: true, type: choice, options: {red: Red, blue: Blue}}
regimens: {m1: {title: One, phases: [{name: First}]}}
rules:
  - {id: r1, title: T, when: {a: yes}, then: {colour: red}, because: A.}
  - {id: r2, title: T, when: {a: yes}, then: {colour: blue}, because: A., overrides: [r1]}
cases:
  - {id: c, title: C, answers: {a: yes}, not_fires: [r1]}
"""
RULE = "{{id: {0}, title: T, when: {{a: yes}}, then: {{colour: red}}, because: A., replaces: {1}}}"


def layered(tmp_path, *layers):
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "ruleset.yaml").write_text(BASE)
    below = "base"
    for number, text in enumerate(layers):
        folder = tmp_path / f"layer{number}"
        folder.mkdir()
        head = f'id: l{number}\ntitle: L\nversion: "1"\nextends: [{below}]\ngoals: [colour]\n'
        (folder / "ruleset.yaml").write_text(head + text)
        below = folder.name
    return tmp_path / below


@pytest.mark.parametrize("ids", [["n1"], ["n1", "n2"], ["n1", "n2", "r1"]])
def test_what_names_a_replaced_rule_means_its_newest_form(tmp_path, ids):
    olds = ["r1", *ids]
    layers = [f"rules: [{RULE.format(new, old)}]\n" for old, new in zip(olds, ids, strict=False)]
    ruleset = load_ruleset(layered(tmp_path, *layers))

    assert list(ruleset.rules) == [ids[-1], "r2"]
    assert ruleset.rules["r2"].overrides == (ids[-1],)
    assert ruleset.cases[0].not_fires == (ids[-1],)


def test_replacing_what_was_replaced_already_is_told_with_its_new_id(tmp_path):
    path = layered(tmp_path, f"rules: [{RULE.format('n1', 'r1')}]\n", f"rules: [{RULE.format('n2', 'r1')}]\n")

    with pytest.raises(RulesetError, match="It was replaced by 'n1'"):
        load_ruleset(path)


def test_a_regimen_keeps_its_id(tmp_path):
    path = layered(tmp_path, "regimens: {m2: {title: Two, phases: [{name: First}], replaces: m1}}\n")

    with pytest.raises(RulesetError, match="a regimen keeps its id"):
        load_ruleset(path)
