"""The ways to the questions of a ruleset: found without deep recursion, however far a question is from its goal."""

from __future__ import annotations

import sys

import pytest

import engine

LONG = sys.getrecursionlimit() + 100
HEAD = "id: chain\ntitle: A chain\nversion: 1.0.0\n"
FIRST = "{type: yes_no, label: First, ask: Is it?}"


def chain_of_rules():
    facts = [f"  f{at}: {{derived: true, type: yes_no, label: F{at}, otherwise: no}}" for at in range(1, LONG)]
    rules = [
        f"  - {{id: r{at}, title: R, when: {{f{at - 1}: yes}}, then: {{f{at}: yes}}, because: B.}}"
        for at in range(1, LONG)
    ]
    return "\n".join([f"facts:\n  f0: {FIRST}", *facts, "rules:", *rules])


def chain_of_gates():
    facts = [f"  f{at}: {{type: yes_no, label: F, ask: F?, ask_when: {{f{at - 1}: yes}}}}" for at in range(1, LONG)]
    return "\n".join([f"facts:\n  f0: {FIRST}", *facts, "rules: []"])


def chain_of_formulas():
    facts = [f"  f{at}: {{derived: true, type: number, label: F, formula: f{at - 1} + 1}}" for at in range(1, LONG)]
    return "\n".join(["facts:\n  f0: {type: number, label: First, ask: How many?}", *facts, "rules: []"])


@pytest.mark.parametrize("chain", [chain_of_rules, chain_of_gates, chain_of_formulas])
def test_the_question_at_the_end_of_a_long_chain_is_for_the_goal_at_its_beginning(chain, tmp_path):
    goal = f"f{LONG - 1}"
    (tmp_path / "ruleset.yaml").write_text(f"{HEAD}goals: [{goal}]\n{chain()}\n", "utf-8")

    relevance = engine.consult(engine.load_ruleset(tmp_path)).relevance

    assert relevance.open == ("f0",)
    assert relevance.goals_of("f0") == (goal,)
