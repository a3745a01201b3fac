"""Reading conditions: what `when`, `ask_when`, `expect`, `whenever`, `always` and `never` hold.

Every test is checked against the fact it is about, so that a misspelt option or a number without its unit is told to
the author at once instead of silently never being true.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from collections.abc import Mapping as Facts
from typing import Any as Whatever
from typing import Literal, cast

from engine.language.errors import Problems, did_you_mean, quote
from engine.language.leaves import NO_VALUE
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
from engine.language.typed import TYPE_IN_WORDS, read_single
from engine.language.values import Quantity, Single

COMPARISONS: tuple[Comparison, ...] = ("below", "at_most", "at_least", "above")
INCLUDES: dict[str, Literal["any", "all", "none"]] = {
    "includes_any": "any",
    "includes_all": "all",
    "includes_none": "none",
}
WORDS = (*COMPARISONS, "between", "is", "is_not", *INCLUDES)
NOTHING = All(())  # stands for what could not be read, and has been reported
EMPTY_LIST = "is an empty list. Write at least one value in it, or delete the test."


class ConditionReader:
    """Reads conditions over known facts, collecting problems.

    Args:
        facts: the facts that may be tested.
        may_declare: whether an unknown fact is declared but could not be read, so that it is not reported again.
        problems: gets everything that is wrong.
    """

    def __init__(self, facts: Facts[str, Fact], may_declare: Callable[[str], bool], problems: Problems) -> None:
        self.facts = facts
        self.may_declare = may_declare
        self.tell = problems.tell

    def read(self, node: Node) -> Condition:
        """Read a whole condition; what cannot be read is reported and stands as an empty `all`."""
        if isinstance(node, Mapping) and not node:
            return NOTHING
        return self._part(node)

    def _part(self, node: Node) -> Condition:
        if isinstance(node, Mapping):
            parts = [self._entry(key, node) for key in node]
            if not parts:
                self.tell(node.mark, "is an empty condition. Write a test, such as 'route: oral', or delete it.")
            return parts[0] if len(parts) == 1 else All(tuple(parts))
        if isinstance(node, Sequence):
            return All(self._parts(node))
        if node.is_nothing:
            self.tell(node.mark, "is an empty test. Write 'fact: value', or delete it.")
        else:
            self.tell(node.mark, f"{quote(node.text)} is no condition. Write 'fact: value', or a list of such tests.")
        return NOTHING

    def _parts(self, node: Sequence) -> tuple[Condition, ...]:
        if not node:
            self.tell(node.mark, "is an empty list. Write at least one test in it, or delete it.")
        return tuple(self._part(part) for part in node)

    def _entry(self, key: str, mapping: Mapping) -> Condition:
        node, mark = mapping[key], mapping.key_marks[key]
        if isinstance(node, Scalar) and node.is_nothing:
            self.tell(mapping.place_of(key), f"{quote(key)} {NO_VALUE}")
            return NOTHING
        if key in {"all", "any"}:
            if not isinstance(node, Sequence):
                self.tell(mark, f"{quote(key)} takes a list of tests. Write each after '- '.")
                return NOTHING
            return All(self._parts(node)) if key == "all" else Any(self._parts(node))
        if key == "not":
            return self._not(mapping)
        return self._test(key, mapping)

    def _not(self, mapping: Mapping) -> Condition:
        node = mapping["not"]
        if isinstance(node, Mapping) and len(node) == 1 and "not" not in node:
            return Not(self._part(node))
        self.tell(
            mapping.place_of("not"),
            "'not' takes exactly one test, one 'all' or one 'any'. "
            "For 'neither' write not: {any: [...]}, for 'not both' write not: {all: [...]}.",
        )
        return NOTHING

    def _test(self, name: str, mapping: Mapping) -> Condition:
        fact, node = self.facts.get(name), mapping[name]
        if fact is None:
            if not self.may_declare(name):
                hint = did_you_mean(name, [*self.facts, "all", "any", "not"])
                self.tell(
                    mapping.key_marks[name], f"{quote(name)} is not a fact.{hint} Declare it under facts, or mend it."
                )
            return NOTHING
        if isinstance(node, Mapping):
            return self._words(fact, node)
        return self._values(fact, self._listed(node))

    def _values(self, fact: Fact, nodes: list[Node]) -> Condition:
        """A value, or a list of values, `unknown` among them."""
        unknowns = [node for node in nodes if _says_unknown(node)]
        values = self._singles(fact, [node for node in nodes if not _says_unknown(node)])
        tests: list[Test] = []
        if len(unknowns) < len(nodes):
            tests.append(_is_any(fact, values))
        tests.extend(self._known(fact, node) for node in unknowns[:1])
        return tests[0] if len(tests) == 1 else Any(tuple(tests))

    def _singles(self, fact: Fact, nodes: list[Node]) -> tuple[Single, ...]:
        found = [value for node in nodes if (value := self.single(fact, node)) is not None]
        return tuple(dict.fromkeys(found))

    def single(self, fact: Fact, node: Node) -> Single | None:
        """Read one value of a fact; None when it was reported as a problem."""
        if not isinstance(node, Scalar):
            self.tell(node.mark, f"one value of {fact.id} is expected here. Write a single word, number or date.")
            return None
        if node.is_nothing:
            self.tell(node.mark, f"{fact.id} {NO_VALUE}")
            return None
        try:
            return read_single(fact, node.text)
        except ValueError as error:
            self.tell(node.mark, str(error))
            return None

    def _words(self, fact: Fact, node: Mapping) -> Condition:
        """A mapping such as {at_least: 18, below: 65}: all of its words."""
        if not node:
            self.tell(node.mark, f"is an empty test of {fact.id}. Write a value, or a word such as 'is: known'.")
        checks: list[Check] = []
        tests: list[Test] = []
        for word in node:
            found = self._word(fact, word, node)
            checks.extend(each for each in found if isinstance(each, Bound | OneOf))
            tests.extend(each for each in found if not isinstance(each, Bound | OneOf))
        if checks:
            tests.insert(0, ValueTest(fact.id, tuple(checks)))
        return tests[0] if len(tests) == 1 else All(tuple(tests))

    def _word(self, fact: Fact, word: str, mapping: Mapping) -> list[Check | Test]:
        node: Node = mapping[word]
        if isinstance(node, Scalar) and node.is_nothing:
            self.tell(mapping.place_of(word), f"{quote(word)} {NO_VALUE}")
        elif word == "is":
            return [self._is(fact, node)]
        elif word in INCLUDES and fact.is_set:
            options = cast("tuple[str, ...]", self._singles(fact, self._listed(node)))
            return [SetTest(fact.id, INCLUDES[word], options)]
        elif word == "is_not" and not fact.is_set:
            return [self._is_not(fact, node)]
        elif word == "between" and fact.type in {"number", "date"}:
            return [*self._between(fact, node)]
        elif word in COMPARISONS and fact.type in {"number", "date"}:
            return [Bound(word, self._cutoffs(fact, self._listed(node)))]
        else:
            self._wrong_word(fact, word, mapping)
        return []

    def _wrong_word(self, fact: Fact, word: str, mapping: Mapping) -> None:
        mark = mapping.key_marks[word]
        if word not in WORDS:
            hint = did_you_mean(word, WORDS)
            self.tell(mark, f"{quote(word)} is no word for a test.{hint} Use one of {', '.join(WORDS)}.")
        elif word == "is_not":
            self.tell(mark, f"{fact.id} is a set, which can hold several. Write {{includes_none: [...]}}.")
        elif word in INCLUDES:
            cure = f"Write '{fact.id}: value', a list of values, or {{is_not: value}}."
            self.tell(mark, f"{fact.id} has one value, so it includes nothing. {cure}")
        else:
            kind = TYPE_IN_WORDS[fact.type]
            self.tell(mark, f"{fact.id} is {kind}, so {quote(word)} says nothing. Write '{fact.id}: value' instead.")

    def _listed(self, node: Node) -> list[Node]:
        if not isinstance(node, Sequence):
            return [node]
        if not node:
            self.tell(node.mark, EMPTY_LIST)
        return list(node)

    def _is_not(self, fact: Fact, node: Node) -> Check:
        nodes = self._listed(node)
        for each in nodes:
            if _says_unknown(each):
                self.tell(each.mark, f"'is_not' compares values. Write {fact.id}: {{is: known}} beside it instead.")
        return OneOf(self._singles(fact, [each for each in nodes if not _says_unknown(each)]), negated=True)

    def _is(self, fact: Fact, node: Node) -> Test:
        word = node.text if isinstance(node, Scalar) else ""
        if word in {"known", "unknown"}:
            return self._known(fact, node)
        if word not in {"empty", "not_empty"}:
            self.tell(
                node.mark, f"'is' takes known, unknown, empty or not_empty. For a value write '{fact.id}: value'."
            )
        elif not fact.is_set and fact.is_input:
            self.tell(
                node.mark, f"{fact.id} is asked for, so it is never {word}. Write {{is: known}} or {{is: unknown}}."
            )
        return HeldTest(fact.id, word == "not_empty")

    def _known(self, fact: Fact, node: Node) -> Test:
        word = cast("Scalar", node).text
        if fact.derived:
            cure = "Write {is: empty} or {is: not_empty}, or give it an option such as unclear."
            self.tell(node.mark, f"{fact.id} is derived: nobody answers it, so it is never {word}. {cure}")
        return KnownTest(fact.id, known=word == "known")

    def _cutoffs(self, fact: Fact, nodes: list[Node]) -> tuple[Quantity | dt.date, ...]:
        found: list[Quantity | dt.date] = []
        units: set[str | None] = set()
        for node in nodes:
            value = self.single(fact, node)
            if value is None or isinstance(value, str):
                continue
            unit = value.unit if isinstance(value, Quantity) else None
            if unit in units:
                again = f"in {unit} " if unit else ""
                message = f"gives a cut-off {again}twice: a list is one cut-off in several units. Keep one a unit."
                self.tell(node.mark, message)
            units.add(unit)
            found.append(value)
        return tuple(found)

    def _between(self, fact: Fact, node: Node) -> list[Bound]:
        several = isinstance(node, Sequence) and node and isinstance(node[0], Sequence)
        pairs = [self._pair(fact, pair) for pair in (self._listed(node) if several else [node])]
        read = [pair for pair in pairs if pair]
        if len(read) < len(pairs):
            return []
        units = [getattr(low, "unit", None) for low, _ in read]
        if len(set(units)) < len(units):
            self.tell(node.mark, "'between' has two pairs in one unit. Keep one pair a unit.")
        lows, highs = zip(*read, strict=True)
        return [Bound("at_least", lows), Bound("at_most", highs)]

    def _pair(self, fact: Fact, node: Node) -> tuple[Quantity | dt.date, Quantity | dt.date] | None:
        if not isinstance(node, Sequence) or len(node) != 2:  # noqa: PLR2004 (a pair)
            message = "'between' takes both ends. Write [lowest, highest], or a list of such pairs, one a unit."
            self.tell(node.mark, message)
            return None
        low, high = self.single(fact, node[0]), self.single(fact, node[1])
        if low is None or high is None or isinstance(low, str) or isinstance(high, str):
            return None
        if isinstance(low, Quantity) and isinstance(high, Quantity) and low.unit != high.unit:
            self.tell(node.mark, f"'between' has {low} and {high}. Write both ends in the same unit.")
        elif sort_key(low) > sort_key(high):
            self.tell(node.mark, f"'between' ends before it begins: {low} is more than {high}. Swap them.")
        return low, high


def sort_key(value: Quantity | dt.date) -> Whatever:
    """What orders values of one fact that have one unit."""
    return value.number if isinstance(value, Quantity) else value


def _says_unknown(node: Node) -> bool:
    return isinstance(node, Scalar) and node.text == "unknown"


def _is_any(fact: Fact, values: tuple[Single, ...]) -> Test:
    if fact.is_set:
        return SetTest(fact.id, "any", cast("tuple[str, ...]", values))
    return ValueTest(fact.id, (OneOf(values),))
