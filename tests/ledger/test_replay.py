"""Replaying what was recorded gives the answers as they stand: as in a dictionary that each form was written into."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.language.answers import read_answer
from engine.ledger import Ledger
from tests.ledger.conftest import NOW, later

ANSWERS = {
    "age": st.integers(0, 130) | st.integers(0, 130).map(str),
    "b12": st.decimals(0, 2000, places=2).map(lambda number: f"{number} pg/mL") | st.just("unknown"),
    "symptoms": st.lists(st.sampled_from(["numbness", "balance"]), unique=True) | st.just("unknown"),
    "course": st.sampled_from(["stable", "worse", "unknown"]),
    "allergy": st.sampled_from(["yes", "no", "unknown"]),
    "last_dose": st.dates().map(str),
}
FORMS = st.lists(
    st.dictionaries(st.sampled_from(sorted(ANSWERS)), st.none()).flatmap(
        lambda asked: st.fixed_dictionaries({fact: st.none() | ANSWERS[fact] for fact in asked})
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=150)
@given(start=st.fixed_dictionaries({}, optional=ANSWERS), forms=FORMS, again=st.lists(st.booleans(), min_size=8))
def test_any_sequence_of_forms_replays_to_the_same_answers_as_a_dictionary(
    start, forms, again, ruleset, tmp_path_factory
):
    url = f"sqlite:///{tmp_path_factory.getbasetemp() / 'replay.db'}"
    ledger = Ledger.open(url)
    _, key = ledger.begin(ruleset, start, NOW)
    held, changes = dict(start), len(start)

    def read(fact, raw):
        return raw if raw is None else read_answer(ruleset.facts[fact], raw)

    for minute, (form, twice) in enumerate(zip(forms, again, strict=False)):
        changed = {fact: raw for fact, raw in form.items() if read(fact, raw) != read(fact, held.get(fact))}
        changes += len(changed)
        held.update(changed)
        for _ in range(1 + twice):
            kept = ledger.record(key, form, later(minutes=minute))
        assert kept.answers == {fact: value for fact, value in held.items() if value is not None}

    kept = ledger.find(key, NOW)
    assert kept.answers == {fact: value for fact, value in held.items() if value is not None}
    assert [change.seq for change in kept.history] == list(range(1, changes + 1))
    ledger.close()
