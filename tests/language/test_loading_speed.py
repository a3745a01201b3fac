"""Loading is quick enough to be done on every change in an editor."""

from __future__ import annotations

import time

import pytest

from engine.language.load import load_ruleset


def generated(rules):
    """A ruleset with that many rules over a third as many numbers and choices, in chains of derived facts."""
    lines = ['id: big\ntitle: Big\nversion: "1.0"\ngoals: [d0]\nsources: [{id: art, title: An article}]\nfacts:']
    lines += [
        f"  n{i}: {{label: Number {i}, ask: What is it?, type: number, unit: ng/L, units: [pg/mL, pmol/L], "
        f"molar_mass: 1355.37 g/mol, range: [0, 20000]}}\n"
        f"  c{i}: {{label: Choice {i}, ask: Which is it?, type: choice, options: {{a: First, b: Second, c: Third}}}}"
        for i in range(rules // 3 + 1)
    ]
    lines += [
        f"  d{i}: {{label: Derived {i}, type: choice, derived: true, options: {{x: Ex, y: Why}}, otherwise: y}}"
        for i in range(rules // 5 + 1)
    ]
    lines.append("rules:")
    for i in range(rules):
        chained = f"\n      d{i // 5 - 1}: x" if i >= 5 and i % 2 else ""
        lines.append(
            f"  - id: rule-{i}\n    title: Rule number {i}\n    kind: decision_factor\n    when:\n"
            f"      c{i // 3}: [a, b]\n      any:\n        - n{i // 3}: {{below: [180 ng/L, 133 pmol/L]}}\n"
            f"        - c{(i + 1) // 3}: c{chained}\n    then: {{d{i // 5}: {'xy'[i % 2]}}}\n"
            f'    because: "{{n{i // 3}}} and {{c{i // 3}}} say so."\n    cites: [{{source: art, section: One}}]\n'
            "    strength: weak"
        )
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("rules", "seconds"), [pytest.param(200, 1.0, id="200"), pytest.param(1000, 5.0, id="1000", marks=pytest.mark.slow)]
)
def test_a_large_ruleset_loads_soon(tmp_path, rules, seconds):
    (tmp_path / "ruleset.yaml").write_text(generated(rules), "utf-8")

    begun = time.process_time()
    ruleset = load_ruleset(tmp_path)
    took = time.process_time() - begun

    print(f"{rules} rules loaded in {took:.2f} s")
    assert len(ruleset.rules) == rules
    assert took < seconds
