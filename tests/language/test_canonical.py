"""The canonical form: the same for what means and says the same, another for anything else."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from engine.language.canonical import canonical, digest_of
from engine.language.load import load_ruleset
from engine.language.units import Units
from engine.language.values import Quantity

CORPUS = Path(__file__).resolve().parent.parent / "corpora" / "good"
FLOW = "".join(file.read_text("utf-8") for file in sorted((CORPUS / "flow-style").iterdir())).replace(
    '{id: style, title: Style, version: "1.0", goals: [route]}',
    'id: style\ntitle: Style\nversion: "1.0"\ngoals: [route]',
)


def digest_of_text(folder, text):
    folder.mkdir()
    (folder / "ruleset.yaml").write_text(text, "utf-8")
    return load_ruleset(folder).digest


@pytest.fixture(scope="module")
def everything():
    return load_ruleset(CORPUS / "everything")


def test_files_and_quotes_and_comments_and_styles_do_not_matter():
    assert load_ruleset(CORPUS / "flow-style").digest == load_ruleset(CORPUS / "block-style").digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("route]", "route]  # a comment"),
        ("title: Style", "title:    'Style'"),
        ("yes_no}", "yes_no, derived: false, required: false}"),
        ("{label: Vegan, ask: Vegan?, type: yes_no}", "{type: yes_no, ask: Vegan?, label: Vegan}"),
        ("A reason.", "A\n    reason."),
        ("[route]", '["route"]'),
        ("when: {vegan: yes}", "when: {vegan: [yes]}"),
        ("\n", "\r\n"),
        ("{oral: Oral}", "{oral: {label: Oral}}"),
    ],
)
def test_how_it_is_written_does_not_matter(tmp_path, old, new):
    assert old in FLOW

    assert digest_of_text(tmp_path / "a", FLOW) == digest_of_text(tmp_path / "b", FLOW.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: Style", "title: Styles"),
        ("A reason.", "A reason"),
        ("vegan: yes}", "vegan: no}"),
        ("vegan: yes}", "vegan: [yes, unknown]}"),
        ("{oral: Oral}", "{oral: Oral, nasal: Nasal}"),
        ("yes_no}", "yes_no, required: true}"),
        ('"1.0"', '"1.1"'),
        ("because:", "strength: weak, because:"),
    ],
)
def test_what_it_says_matters(tmp_path, old, new):
    assert old in FLOW

    assert digest_of_text(tmp_path / "a", FLOW) != digest_of_text(tmp_path / "b", FLOW.replace(old, new))


def test_the_order_of_facts_matters_for_questions_follow_it(tmp_path):
    facts = re.search(r"facts:\n  \{(vegan: \{.*?\}), (route: .*\})\}\n", FLOW)
    turned = FLOW.replace(f"{{{facts[1]}, {facts[2]}}}", f"{{{facts[2]}, {facts[1]}}}")

    assert turned != FLOW
    assert digest_of_text(tmp_path / "a", FLOW) != digest_of_text(tmp_path / "b", turned)


def test_any_field_that_changes_changes_the_digest(everything):
    seen = {everything.digest: "nothing"}
    for where, changed in changes(everything, "ruleset"):
        digest = digest_of(changed)
        assert digest not in seen, f"{where} reads like {seen[digest]}"
        seen[digest] = where
    assert len(seen) > 900


def test_the_form_is_one_line_of_json(everything):
    assert "\n" not in canonical(everything)
    assert canonical(everything).startswith('["regimen-ruleset-1",["Ruleset",{"id":"everything"')


def changes(thing, where):
    """The thing with every part of it changed, one at a time, and where."""
    if isinstance(thing, Units):
        yield where, Units(f"{thing.canonical}x", thing.accepted, thing.molar_mass)
        yield where, Units(thing.canonical, (*thing.accepted, "x"), thing.molar_mass)
        yield where, Units(thing.canonical, thing.accepted, f"{thing.molar_mass} x")
    elif isinstance(thing, Quantity):
        yield where, Quantity(thing.number + 1, thing.unit)
        yield where, Quantity(thing.number, f"{thing.unit}x")
    elif dataclasses.is_dataclass(thing):
        yield from changed_fields(thing, where)
    elif isinstance(thing, Mapping):
        yield from changed_items(thing, where)
    elif isinstance(thing, tuple):
        yield from changed_parts(thing, where)
    else:
        yield where, another(thing)


def changed_fields(thing, where):
    for field in dataclasses.fields(thing):
        if field.compare:
            for inside, changed in changes(getattr(thing, field.name), f"{where}.{field.name}"):
                yield inside, dataclasses.replace(thing, **{field.name: changed})


def changed_items(thing, where):
    for key in thing:
        yield f"{where} without {key}", {other: value for other, value in thing.items() if other != key}
        for inside, changed in changes(thing[key], f"{where}[{key}]"):
            yield inside, {**thing, key: changed}
    if len(thing) > 1:
        yield f"{where} turned", dict(reversed(thing.items()))


def changed_parts(thing, where):
    for at, part in enumerate(thing):
        yield f"{where} without {at}", thing[:at] + thing[at + 1 :]
        for inside, changed in changes(part, f"{where}[{at}]"):
            yield inside, (*thing[:at], changed, *thing[at + 1 :])
    if len(thing) > 1 and thing != thing[::-1]:
        yield f"{where} turned", thing[::-1]


def another(leaf):
    if isinstance(leaf, bool):
        return not leaf
    if isinstance(leaf, dt.date):
        return leaf + dt.timedelta(days=1)
    return leaf + Decimal(1) if isinstance(leaf, Decimal) else f"{leaf or ''}x"
