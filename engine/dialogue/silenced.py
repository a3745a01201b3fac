"""What "I do not know" kept from being said: the rules that neither applied nor failed because of such an answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.dialogue.consultation import Consultation
from engine.language.model import All, Any, Condition, Fact, KnownTest, Not, Rule
from engine.language.values import UNKNOWN
from engine.language.wording import counted
from engine.logic.evaluate import Evaluation
from engine.logic.signs import FALSE, TRUE, UNSIGNED, Sign, every, opposite, some

Blame = frozenset[str]
NOBODY: Blame = frozenset()


@dataclass(frozen=True)
class Silenced:
    """An answer "I do not know", and the rules that could not be decided for it."""

    fact: Fact
    rules: tuple[Rule, ...]

    @property
    def said(self) -> str:
        """How many rules could not be applied."""
        how_many = counted(len(self.rules), "rule") if self.rules else "no rule"
        return f"not known, so {how_many} could not be applied" if self.rules else "not known, and no rule needs it"


def silenced(consultation: Consultation) -> tuple[Silenced, ...]:
    """Every question answered "I do not know" that is asked with the other answers, with the rules it silenced.

    An answer silences a rule where whether the rule applies is open and a test of its `when`, or of a rule that
    overrides it, rests on that fact at whatever distance; or where the rule fails only for asking that the fact be
    known.
    """
    search = _Search(consultation.evaluation)
    by_rule = {rule.id: search.silencers(rule) for rule in consultation.ruleset.rules.values()}
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
        """Whether a question was answered "I do not know" and is asked with the other answers."""
        return self.evaluation.answers.get(name) is UNKNOWN and bool(self.evaluation.gates[name] & TRUE)

    def silencers(self, rule: Rule) -> Blame:
        """The answers that silence a rule."""
        others = [other.when for other in self.ruleset.overriders[rule.id]]
        if rule.id in self.evaluation.applies or any(self.evaluation.sign(when) & TRUE for when in others):
            return NOBODY
        found = self._of_condition(rule.when)
        failed = self.evaluation.sign(rule.when) & FALSE
        return found if failed else found | self._of_all(others)

    def _of_fact(self, fact: Fact) -> Blame:
        gates = self._of_all(self.ruleset.gates_behind[fact.id])
        if fact.is_input:
            return gates | {fact.id} if self.is_unknown(fact.id) else gates
        if fact.formula:
            parts = (self.blame[name] for name in fact.formula.names if name in self.blame)
            return gates.union(*parts)
        decided = self.evaluation.applies | self.evaluation.fails
        rules = (rule for rule in self.ruleset.concluders[fact.id] if rule.id not in decided)
        return NOBODY.union(*map(self.silencers, rules))

    def _of_all(self, conditions: Iterable[Condition]) -> Blame:
        return NOBODY.union(*map(self._of_condition, conditions))

    def _of_condition(self, condition: Condition, *, wanted: bool = True) -> Blame:
        if self._sign(condition, wanted=wanted):
            return NOBODY
        if isinstance(condition, All | Any):
            return NOBODY.union(*(self._of_condition(part, wanted=wanted) for part in condition.parts))
        if isinstance(condition, Not):
            return self._of_condition(condition.part, wanted=not wanted)
        return self.blame[condition.fact]

    def _sign(self, condition: Condition, *, wanted: bool) -> Sign:
        """The sign of a condition, if what is asked to be known were not asked to be; `wanted`: to hold, or not to."""
        if isinstance(condition, All | Any):
            signs = (self._sign(part, wanted=wanted) for part in condition.parts)
            return every(signs) if isinstance(condition, All) else some(signs)
        if isinstance(condition, Not):
            return opposite(self._sign(condition.part, wanted=not wanted))
        if isinstance(condition, KnownTest) and condition.known == wanted and self.is_unknown(condition.fact):
            return UNSIGNED
        return self.evaluation.sign(condition)
