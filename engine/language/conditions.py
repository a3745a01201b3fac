"""Reading conditions: what `when`, `ask_when`, `expect`, `whenever`, `always` and `never` hold.

Every test is checked against the fact it is about, so that a misspelt option or a number without its unit is told to
the author at once instead of silently never being true.
"""

from __future__ import annotations

from collections.abc import Mapping as Facts
from typing import Any as Whatever
from typing import Literal, cast

from engine.language.errors import Mark, Problem, did_you_mean, quote
from engine.language.model import (
    All,
    Any,
    Bound,
    Check,
    Comparison,
    Condition,
    Fact,
    HeldTest,
    KnownTest,
    Not,
    OneOf,
    SetTest,
    Test,
    ValueTest,
)
from engine.language.source import Mapping, Node, Scalar, Sequence
from engine.language.typed import distinct, read_single
from engine.language.values import Quantity, Single

COMPARISONS: tuple[Comparison, ...] = ("below", "at_most", "at_least", "above")
INCLUDES: dict[str, Literal["any", "all", "none"]] = {
    "includes_any": "any",
    "includes_all": "all",
    "includes_none": "none",
}
WORDS = (*COMPARISONS, "between", "is", "is_not", *INCLUDES)


class ConditionReader:
    """Reads conditions over known facts, collecting problems.

    Args:
        facts: the facts that may be tested.
        broken: names of facts that are declared but could not be read, so that their tests are not reported again.
        problems: gets everything that is wrong.
    """

    def __init__(self, facts: Facts[str, Fact], broken: frozenset[str], problems: list[Problem]) -> None:
        self.facts = facts
        self.broken = broken
        self.problems = problems

    def tell(self, mark: Mark, message: str) -> None:
        self.problems.append(Problem(mark, message))

    def read(self, node: Node) -> Condition:
        """Read a whole condition; what cannot be read is reported and stands as an empty `all`."""
        if isinstance(node, Mapping) and not node:
            return All(())
        return self._part(node)

    def _part(self, node: Node) -> Condition:
        if isinstance(node, Mapping):
            parts = [self._entry(key, value, node.key_marks[key]) for key, value in node.items()]
            if not parts:
                self.tell(node.mark, "is an empty condition. Write a test, such as 'route: oral', or delete it.")
            return parts[0] if len(parts) == 1 else All(tuple(parts))
        if isinstance(node, Sequence):
            return All(self._parts(node, node.mark))
        self.tell(node.mark, f"{quote(node.text)} is no condition. Write 'fact: value', or a list of such tests.")
        return All(())

    def _parts(self, node: Node, mark: Mark) -> tuple[Condition, ...]:
        if not isinstance(node, Sequence):
            self.tell(mark, "a list of conditions is expected. Write each after '- '.")
            return ()
        if not node:
            self.tell(mark, "is an empty list. Write at least one test in it, or delete it.")
        return tuple(self._part(part) for part in node)

    def _entry(self, key: str, value: Node, mark: Mark) -> Condition:
        if key == "all":
            return All(self._parts(value, mark))
        if key == "any":
            return Any(self._parts(value, mark))
        if key == "not":
            return self._not(value, mark)
        return self._test(key, value, mark)

    def _not(self, node: Node, mark: Mark) -> Condition:
        if not isinstance(node, Mapping) or len(node) != 1 or "not" in node:
            self.tell(
                mark,
                "'not' takes exactly one test, one 'all' or one 'any'. For 'neither' write not: {any: [...]}, "
                "for 'not both' write not: {all: [...]}.",
            )
            return All(())
        return Not(self._part(node))

    def _test(self, name: str, node: Node, mark: Mark) -> Condition:
        fact = self.facts.get(name)
        if fact is None:
            if name not in self.broken:
                words = [*self.facts, "all", "any", "not"]
                self.tell(mark, f"{quote(name)} is not a fact.{did_you_mean(name, words)} Declare it under facts, or mend it.")
            return All(())
        if isinstance(node, Mapping):
            return self._words(fact, node, mark)
        if isinstance(node, Sequence) and not node:
            self.tell(mark, "is an empty list. Write at least one value in it, or delete the test.")
            return All(())
        return self._values(fact, list(node) if isinstance(node, Sequence) else [node])

    def _values(self, fact: Fact, nodes: list[Node]) -> Condition:
        """A value, or a list of values, `unknown` among them."""
        unknowns = [node for node in nodes if isinstance(node, Scalar) and node.text == "unknown"]
        values = self._singles(fact, [node for node in nodes if node not in unknowns])
        tests: list[Test] = []
        if len(unknowns) < len(nodes):
            tests.append(_is_any(fact, values))
        tests.extend(self._known(fact, "unknown", node.mark) for node in unknowns[:1])
        return tests[0] if len(tests) == 1 else Any(tuple(tests))

    def _singles(self, fact: Fact, nodes: list[Node]) -> tuple[Single, ...]:
        found = [value for node in nodes if (value := self.single(fact, node)) is not None]
        return distinct(found)

    def single(self, fact: Fact, node: Node) -> Single | None:
        """Read one value of a fact; None when it was reported as a problem."""
        if not isinstance(node, Scalar):
            self.tell(node.mark, f"one value of {fact.id} is expected here. Write a single word, number or date.")
            return None
        try:
            return read_single(fact, node.text)
        except ValueError as error:
            self.tell(node.mark, str(error))
            return None

    def _words(self, fact: Fact, node: Mapping, mark: Mark) -> Condition:
        """A mapping such as {at_least: 18, below: 65}: all of its words."""
        if not node:
            self.tell(mark, f"is an empty test of {fact.id}. Write a value, or a word such as at_least.")
        checks: list[Check] = []
        tests: list[Condition] = []
        for word, value in node.items():
            place = node.key_marks[word]
            if word == "is":
                tests.append(self._is(fact, value, place))
            elif word in INCLUDES and fact.is_set:
                options = self._singles(fact, self._listed(value, place))
                tests.append(SetTest(fact.id, INCLUDES[word], cast("tuple[str, ...]", options)))
            elif word == "is_not" and not fact.is_set:
                checks.append(self._is_not(fact, value, place))
            elif word in (*COMPARISONS, "between") and fact.type in {"number", "date"}:
                checks.extend(self._bounds(fact, word, value, place))
            else:
                self._wrong_word(fact, word, place)
        if checks:
            tests.insert(0, ValueTest(fact.id, tuple(checks)))
        return tests[0] if len(tests) == 1 else All(tuple(tests))

    def _wrong_word(self, fact: Fact, word: str, mark: Mark) -> None:
        if word not in WORDS:
            self.tell(mark, f"{quote(word)} is no word for a test.{did_you_mean(word, WORDS)} Use one of {', '.join(WORDS)}.")
        elif word == "is_not":
            self.tell(mark, f"{fact.id} is a set. Write {{includes_none: [...]}}.")
        elif word in INCLUDES:
            self.tell(mark, f"{fact.id} has one value. Write '{fact.id}: value', a list of values, or {{is_not: value}}.")
        else:
            self.tell(mark, f"{fact.id} is of type {fact.type} and has no size. Only a number or a date can be {word}.")

    def _listed(self, node: Node, mark: Mark) -> list[Node]:
        if isinstance(node, Sequence):
            if not node:
                self.tell(mark, "is an empty list. Write at least one value in it, or delete the test.")
            return list(node)
        return [node]

    def _is_not(self, fact: Fact, node: Node, mark: Mark) -> Check:
        nodes = self._listed(node, mark)
        for each in nodes:
            if isinstance(each, Scalar) and each.text == "unknown":
                self.tell(each.mark, f"'is_not' compares values. Write {fact.id}: {{is: known}} beside it instead.")
        known = [each for each in nodes if not (isinstance(each, Scalar) and each.text == "unknown")]
        return OneOf(self._singles(fact, known), negated=True)

    def _is(self, fact: Fact, node: Node, mark: Mark) -> Test:
        word = node.text if isinstance(node, Scalar) else ""
        if word in {"known", "unknown"}:
            return self._known(fact, word, mark)
        if word in {"empty", "not_empty"}:
            if not fact.is_set and fact.is_input:
                self.tell(mark, f"{fact.id} is asked for. Write {{is: known}} or {{is: unknown}}.")
            return HeldTest(fact.id, word == "not_empty")
        self.tell(mark, f"'is' takes known, unknown, empty or not_empty. For a value write '{fact.id}: value'.")
        return HeldTest(fact.id, held=True)

    def _known(self, fact: Fact, word: str, mark: Mark) -> Test:
        if fact.derived:
            self.tell(
                mark,
                f"{fact.id} is derived, nobody answers it: it is never {word}. Write {{is: empty}} or {{is: not_empty}}, "
                "or give it an option such as unclear.",
            )
        return KnownTest(fact.id, known=word == "known")

    def _bounds(self, fact: Fact, word: str, node: Node, mark: Mark) -> list[Check]:
        if word == "between":
            return self._between(fact, node, mark)
        cutoffs = self._cutoffs(fact, self._listed(node, mark), mark)
        return [Bound(cast("Comparison", word), cutoffs)] if cutoffs else []

    def _cutoffs(self, fact: Fact, nodes: list[Node], mark: Mark) -> tuple[Quantity, ...]:
        found = cast("tuple[Quantity, ...]", tuple(v for node in nodes if (v := self.single(fact, node)) is not None))
        if len(found) > 1:
            units = [cutoff.unit if isinstance(cutoff, Quantity) else None for cutoff in found]
            if len(set(units)) < len(units):
                self.tell(mark, "a list of cut-offs gives the same cut-off once for each unit. Keep one a unit.")
        return found

    def _between(self, fact: Fact, node: Node, mark: Mark) -> list[Check]:
        pairs = list(node) if isinstance(node, Sequence) and node and isinstance(node[0], Sequence) else [node]
        lows: list[Node] = []
        highs: list[Node] = []
        for pair in pairs:
            if not isinstance(pair, Sequence) or len(pair) != 2:  # noqa: PLR2004 (a pair)
                self.tell(mark, "'between' takes two ends, [a, b], or a list of such pairs, one a unit.")
                return []
            lows.append(pair[0])
            highs.append(pair[1])
        low, high = self._cutoffs(fact, lows, mark), self._cutoffs(fact, highs, mark)
        if len(low) != len(pairs) or len(high) != len(pairs):
            return []
        for first, last in zip(low, high, strict=True):
            self._ordered(first, last, mark)
        return [Bound("at_least", low), Bound("at_most", high)]

    def _ordered(self, low: Whatever, high: Whatever, mark: Mark) -> None:
        if isinstance(low, Quantity) and low.unit != high.unit:
            self.tell(mark, f"'between' has {low} and {high}: both ends need the same unit.")
        elif (low.number > high.number) if isinstance(low, Quantity) else low > high:
            self.tell(mark, f"'between' ends before it begins: {low} is more than {high}. Swap them.")


def _is_any(fact: Fact, values: tuple[Single, ...]) -> Test:
    if fact.is_set:
        return SetTest(fact.id, "any", cast("tuple[str, ...]", values))
    return ValueTest(fact.id, (OneOf(values),))



