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

from engine.language.aliases import offer
from engine.language.errors import Problems, quote, shorten
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
from engine.language.slips import EQUALS, NONE, ONE_OF, said_as_condition, said_as_test, without_decimal_commas
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
EMPTY_LIST = "is an empty list."


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
        self.problems = problems
        self.tell = problems.tell
        self._tests: dict[Test, Test] = {}

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
            meant = said_as_condition(self.facts, node.text) or "'fact: value', or a list of such tests"
            self.tell(node.mark, f"{quote(node.text)} is no condition. Write {meant}.")
        return NOTHING

    def _parts(self, node: Sequence) -> tuple[Condition, ...]:
        if not node:
            self.tell(node.mark, "is an empty list. Write at least one test in it, or delete it.")
        return tuple(self._part(part) for part in node)

    def _entry(self, key: str, mapping: Mapping) -> Condition:
        node, mark = mapping[key], mapping.key_marks[key]
        if isinstance(node, Scalar) and node.is_nothing:
            self.tell(mapping.place_of(key), self._without_value(key))
            return NOTHING
        if key in {"all", "any"}:
            if not isinstance(node, Sequence):
                self.tell(mark, f"{quote(key)} takes a list of tests. Write each after '- '.")
                return NOTHING
            return All(self._parts(node)) if key == "all" else Any(self._parts(node))
        if key == "not":
            return self._not(mapping)
        return self._test(key, mapping)

    def _without_value(self, key: str) -> str:
        fact = self.facts.get(key)
        if key in {"all", "any", "not"} or self.may_declare(key):
            return f"{quote(key)} {NO_VALUE}"
        if fact is None:
            return f"{quote(key)} has no value, and stands alone here. Write 'fact: value', or a list as [one, two]."
        like = "yes" if fact.type == "yes_no" else "value"
        return f"{quote(key)} has no value. Write '{key}: {like}', or delete it."

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
                hint = offer(name, [*self.facts, "all", "any", "not"])
                cure = hint if "mean" in hint else f"{hint} Declare it under facts, or mend it."
                message = f"{quote(name)} is not a fact.{cure}"
                self.problems.tell_absent(mapping.key_marks[name], message, "facts", name)
            return NOTHING
        if isinstance(node, Mapping):
            return self._words(fact, node)
        return self._values(fact, self._listed(fact, node))

    def _values(self, fact: Fact, nodes: list[Node]) -> Condition:
        """A value, or a list of values, `unknown` among them."""
        if fact.type == "number" and fact.units and fact.units.required:
            nodes = self._with_points(nodes)
        unknowns = [node for node in nodes if _says_unknown(node)]
        values = self._singles(fact, [node for node in nodes if not _says_unknown(node)])
        tests: list[Test] = []
        if len(unknowns) < len(nodes):
            tests.append(_is_any(fact, values))
        tests.extend(self._known(fact, node) for node in unknowns[:1])
        return self._joined(tests, Any)

    def _with_points(self, nodes: list[Node]) -> list[Node]:
        """A list without the decimal commas in it, which are told."""
        nodes, problems = without_decimal_commas(nodes)
        self.problems.extend(problems)
        return nodes

    def _singles(self, fact: Fact, nodes: list[Node]) -> tuple[Single, ...]:
        found = [value for node in nodes if (value := self.single(fact, node, tested=True)) is not None]
        return tuple(dict.fromkeys(found))

    def single(self, fact: Fact, node: Node, *, tested: bool = False) -> Single | None:
        """Read one value of a fact, which may be meant as a test of it; None when it was reported as a problem."""
        if not isinstance(node, Scalar):
            self.tell(node.mark, f"one value of {fact.id} is expected here. Write a single word, number or date.")
            return None
        if node.is_nothing:
            self.tell(node.mark, f"{fact.id} {NO_VALUE}")
            return None
        try:
            return read_single(fact, node.text)
        except ValueError as error:
            meant = said_as_test(fact, node.text) if tested else None
            if fact.options and not meant:
                self.problems.tell_absent(node.mark, str(error), "values", fact.id, str(error))
            else:
                self.tell(node.mark, meant or str(error))
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
        return self._joined(tests, All)

    def _joined(self, tests: list[Test], join: type[All | Any]) -> Condition:
        """Several tests as one condition. Equal tests are one object, so that what is found of one serves all."""
        shared = tuple(self._tests.setdefault(test, test) for test in tests)
        return shared[0] if len(shared) == 1 else join(shared)

    def _word(self, fact: Fact, word: str, mapping: Mapping) -> list[Check | Test]:
        node: Node = mapping[word]
        if isinstance(node, Scalar) and node.is_nothing:
            self.tell(mapping.place_of(word), said_as_test(fact, word) or f"{quote(word)} {NO_VALUE}")
        elif word == "is":
            return [self._is(fact, node)]
        elif word in INCLUDES and fact.is_set:
            options = cast("tuple[str, ...]", self._singles(fact, self._listed(fact, node)))
            return [SetTest(fact.id, INCLUDES[word], options)]
        elif word == "is_not" and not fact.is_set:
            return [self._is_not(fact, node)]
        elif word == "between" and fact.type in {"number", "date"}:
            return [*self._between(fact, node)]
        elif word in COMPARISONS and fact.type in {"number", "date"}:
            return [Bound(word, self._cutoffs(fact, self._listed(fact, node)))]
        else:
            self._wrong_word(fact, word, mapping)
        return []

    def _wrong_word(self, fact: Fact, word: str, mapping: Mapping) -> None:
        mark = mapping.key_marks[word]
        if word not in WORDS:
            self.tell(mark, f"{quote(word)} is no word for a test.{self._meant(fact, word, mapping[word])}")
        elif word == "is_not":
            none = _as_list(mapping[word])
            cure = "{is: not_empty}" if none[1:-1].casefold() in NONE else f"{{includes_none: {none}}}"
            self.tell(mark, f"{fact.id} is a set, which can hold several. Write {cure}.")
        elif word in INCLUDES:
            cure = f"Write '{fact.id}: value', a list of values, or {{is_not: value}}."
            self.tell(mark, f"{fact.id} has one value, so it includes nothing. {cure}")
        else:
            kind = TYPE_IN_WORDS[fact.type]
            self.tell(mark, f"{fact.id} is {kind}, so {quote(word)} says nothing. Write '{fact.id}: value' instead.")

    def _meant(self, fact: Fact, word: str, node: Node) -> str:
        """What to write for a word that is none, as a sentence."""
        if word.casefold() in EQUALS or (word.casefold() in ONE_OF and not fact.is_set):
            value = _as_list(node) if isinstance(node, Sequence) else shorten(getattr(node, "text", "value"))
            return f" Write '{fact.id}: {value}'."
        words = words_for(fact)
        hint = offer(word, words)
        return hint if "mean" in hint else f" Write one of {', '.join(words)}."

    def _listed(self, fact: Fact, node: Node) -> list[Node]:
        if not isinstance(node, Sequence):
            return [node]
        if not node:
            none = f"For none at all write {fact.id}: {{is: empty}}, else" if fact.is_set or fact.derived else "Write"
            self.tell(node.mark, f"{EMPTY_LIST} {none} at least one value in it.")
        return list(node)

    def _is_not(self, fact: Fact, node: Node) -> Check:
        nodes = self._listed(fact, node)
        for each in nodes:
            if _says_unknown(each):
                self.tell(each.mark, "'is_not' compares values, and unknown is none. Write {is: known} instead.")
        return OneOf(self._singles(fact, [each for each in nodes if not _says_unknown(each)]), negated=True)

    def _is(self, fact: Fact, node: Node) -> Test:
        word = node.text if isinstance(node, Scalar) else ""
        if word in {"known", "unknown"}:
            return self._known(fact, node)
        if word not in {"empty", "not_empty"}:
            none = word.casefold() in NONE and (fact.is_set or fact.derived)
            value = "value" if not isinstance(node, Scalar) else shorten(word)
            cure = "For none at all write {is: empty}." if none else f"For a value write '{fact.id}: {value}'."
            self.tell(node.mark, f"'is' takes known, unknown, empty or not_empty. {cure}")
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
        for node in self._with_points(nodes):
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
        pairs = [self._pair(fact, pair) for pair in (self._listed(fact, node) if several else [node])]
        read = [pair for pair in pairs if pair]
        if len(read) < len(pairs):
            return []
        units = [getattr(low, "unit", None) for low, _ in read]
        if len(set(units)) < len(units):
            self.tell(node.mark, "'between' has two pairs in one unit. Keep one pair a unit.")
        lows, highs = zip(*read, strict=True)
        return [Bound("at_least", lows), Bound("at_most", highs)]

    def _pair(self, fact: Fact, node: Node) -> tuple[Quantity | dt.date, Quantity | dt.date] | None:
        ends = list(node) if isinstance(node, Sequence) else []
        if len(ends) != 2 or (fact.units and fact.units.required):  # noqa: PLR2004 (a pair)
            ends = self._with_points(ends)
        if len(ends) != 2:  # noqa: PLR2004 (a pair)
            message = "'between' takes both ends. Write [lowest, highest], or a list of such pairs, one a unit."
            self.tell(node.mark, message)
            return None
        low, high = (self.single(fact, end) for end in ends)
        if low is None or high is None or isinstance(low, str) or isinstance(high, str):
            return None
        if isinstance(low, Quantity) and isinstance(high, Quantity) and low.unit != high.unit:
            self.tell(node.mark, f"'between' has {low} and {high}. Write both ends in the same unit.")
        elif sort_key(low) > sort_key(high):
            self.tell(node.mark, f"'between' ends before it begins: {low} is more than {high}. Swap them.")
        return low, high


def words_for(fact: Fact) -> tuple[str, ...]:
    """The words that tests of a fact can use."""
    if fact.is_set:
        return ("is", *INCLUDES)
    return (*COMPARISONS, "between", "is", "is_not") if fact.type in {"number", "date"} else ("is", "is_not")


def _as_list(node: Node) -> str:
    """A value or list as it was written, as a list."""
    nodes = node if isinstance(node, Sequence) else [node]
    texts = [shorten(each.text) for each in nodes if isinstance(each, Scalar)]
    return f"[{', '.join(texts)}]" if texts and len(texts) == len(nodes) else "[...]"


def sort_key(value: Quantity | dt.date) -> Whatever:
    """What orders values of one fact that have one unit."""
    return value.number if isinstance(value, Quantity) else value


def _says_unknown(node: Node) -> bool:
    return isinstance(node, Scalar) and node.text == "unknown"


def _is_any(fact: Fact, values: tuple[Single, ...]) -> Test:
    if fact.is_set:
        return SetTest(fact.id, "any", cast("tuple[str, ...]", values))
    return ValueTest(fact.id, (OneOf(values),))
