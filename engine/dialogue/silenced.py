"""What "I do not know" kept from being said: the rules that neither applied nor failed because of such an answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.dialogue.consultation import Consultation
from engine.language.model import All, Any, Condition, Fact, Not, Rule
from engine.language.values import UNKNOWN
from engine.logic.evaluate import Evaluation
from engine.logic.signs import TRUE

Blame = frozenset[str]
NOBODY: Blame = frozenset()


@dataclass(frozen=True)
class Silenced:
    """An answer "I do not know", and the rules that could not be decided for it."""

    fact: Fact
    rules: tuple[Rule, ...]


def silenced(consultation: Consultation) -> tuple[Silenced, ...]:
    """Every question answered "I do not know" that is asked with the other answers, with the rules it silenced.

    A rule is silenced by an answer when whether it applies is open, and the answer is among the reasons: a test of its
    `when`, or of a rule that overrides it, rests on that fact at whatever distance.
    """
    search = _Search(consultation.evaluation)
    by_rule = {rule.id: search.of_rule(rule) for rule in consultation.ruleset.rules.values()}
    return tuple(
        Silenced(fact, tuple(rule for rule in consultation.ruleset.rules.values() if fact.id in by_rule[rule.id]))
        for fact in consultation.ruleset.inputs
        if search.is_unknown(fact.id)
    )


class _Search:
    """Finds for each fact the answers "I do not know" that its missing signs rest on, in the order of dependence."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.ruleset = evaluation.ruleset
        self.blame: dict[str, Blame] = {}
        for name in self.ruleset.order:
            self.blame[name] = self._of_fact(self.ruleset.facts[name])

    def is_unknown(self, name: str) -> bool:
        return self.evaluation.answers.get(name) is UNKNOWN and bool(self.evaluation.gates[name] & TRUE)

    def of_rule(self, rule: Rule) -> Blame:
        """The answers that a rule waits for; none once it applies or fails."""
        if rule.id in self.evaluation.applies or rule.id in self.evaluation.fails:
            return NOBODY
        return self._of_all([rule.when, *(other.when for other in self.ruleset.overriders[rule.id])])

    def _of_fact(self, fact: Fact) -> Blame:
        gates = self._of_all(self.ruleset.gates_behind[fact.id])
        if fact.is_input:
            return gates | {fact.id} if self.is_unknown(fact.id) else gates
        if fact.formula:
            parts = (self.blame[name] for name in fact.formula.names if name in self.blame)
            return gates.union(*parts)
        return NOBODY.union(*(self.of_rule(rule) for rule in self.ruleset.concluders[fact.id]))

    def _of_all(self, conditions: Iterable[Condition]) -> Blame:
        return NOBODY.union(*map(self._of_condition, conditions))

    def _of_condition(self, condition: Condition) -> Blame:
        if self.evaluation.sign(condition):
            return NOBODY
        if isinstance(condition, All | Any):
            return self._of_all(condition.parts)
        if isinstance(condition, Not):
            return self._of_condition(condition.part)
        return self.blame[condition.fact]
