"""Formulas: `planned_interval - advised_interval`, and what they come to.

A formula is written by somebody who does not program and has to mean the same in every reading of a ruleset, so it is
small: + - * / and parentheses, min, max and round, over number and date facts, plain numbers and `as_of`. Python's own
`eval` would be shorter, and would run whatever is in the file.

    kinds   date - date is a number, of days; date + number, number + date and date - number are dates; min and max
            take numbers or dates, but not both; everything else takes numbers
    values  sums and products are exact; a quotient is rounded to 12 significant digits, `round` half away from zero
    none    there is no value where a part has none, for a division by zero, for a date moved by part of a day or
            out of the calendar, and for a number of hundreds of digits

It refuses powers, comparisons, names that are no facts, and whatever is too long or too nested to read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow
from fractions import Fraction
from typing import Literal, NoReturn

from engine.language.errors import did_you_mean, quote
from engine.language.numbers import NumberError, read_number, round12, round_half_away

__all__ = [
    "Binary",
    "Call",
    "FormulaError",
    "Name",
    "Negate",
    "Node",
    "Number",
    "evaluate",
    "kind_of",
    "names",
    "parse",
]

AS_OF = "as_of"
FUNCTIONS = ("min", "max", "round")
LONGEST_TEXT = 1000
MOST_PARTS = 200
DEEPEST = 50
MOST_DECIMALS = 6
EXACT_DIGITS = 400

Value = Decimal | date
Kind = Literal["number", "date"]


class FormulaError(ValueError):
    """A formula cannot be used; the message says why and what to write, `column` where in the text, from 0."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.column = column


@dataclass(frozen=True)
class Number:
    """A number written in the formula."""

    value: Decimal
    column: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True)
class Name:
    """A fact, or `as_of`."""

    name: str
    column: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True)
class Negate:
    """The opposite of a number."""

    operand: Node
    column: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True)
class Binary:
    """Two parts with + - * or / between them, where `column` points."""

    operator: str
    left: Node
    right: Node
    column: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True)
class Call:
    """The min, max or round of its arguments."""

    function: str
    arguments: tuple[Node, ...]
    column: int = field(default=0, compare=False, repr=False)


Node = Number | Name | Negate | Binary | Call


def parse(text: str) -> Node:
    """Read a formula.

    Raises:
        FormulaError: it is not one; the message says what was expected, and where.
    """
    if len(text) > LONGEST_TEXT:
        raise FormulaError(f"The formula is longer than {LONGEST_TEXT} characters. Split it over several facts.", 0)
    parts = _split(text)
    if len(parts) > MOST_PARTS:
        raise FormulaError(f"The formula has more than {MOST_PARTS} parts. Split it over several facts.", 0)
    if not parts:
        raise FormulaError("The formula is empty. Write one, such as weight / (height * height).", 0)
    return _Parser(parts, len(text)).whole()


def names(node: Node) -> tuple[str, ...]:
    """Give the facts in a formula, `as_of` included, in order of first use."""
    return tuple(dict.fromkeys(each.name for each in named(node)))


def named(node: Node) -> Iterator[Name]:
    """Give every place where a formula names a fact, or `as_of`."""
    if isinstance(node, Name):
        yield node
    for part in _parts_of(node):
        yield from named(part)


def unknown_fact(node: Name, kinds: Iterable[str]) -> str:
    """Say that there is no such fact."""
    return f"{quote(node.name)} is not a fact.{did_you_mean(node.name, kinds) or ' Declare it under facts.'}"


def kind_of(node: Node, kinds: Mapping[str, str]) -> Kind:
    """Tell whether a formula gives a number or a date, from the kinds of its facts.

    Raises:
        FormulaError: a fact is missing or of another kind, or parts do not go together.
    """
    if isinstance(node, Number):
        return "number"
    if isinstance(node, Name):
        return _kind_of_name(node, kinds)
    if isinstance(node, Negate):
        return _all_numbers(node, "a minus sign", [kind_of(node.operand, kinds)])
    if isinstance(node, Call):
        return _kind_of_call(node, [kind_of(argument, kinds) for argument in node.arguments])
    return _kind_of_binary(node, kind_of(node.left, kinds), kind_of(node.right, kinds))


def evaluate(node: Node, values: Mapping[str, Value]) -> Value | None:
    """Compute a formula whose kinds are right; None where it has no value, and wherever a fact has none."""
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Name):
        return values.get(node.name)
    parts = [evaluate(part, values) for part in _parts_of(node)]
    present = [part for part in parts if part is not None]
    try:
        return _compute(node, present) if len(present) == len(parts) else None
    except (DecimalException, OverflowError, ZeroDivisionError):
        return None


def _parts_of(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Negate):
        return (node.operand,)
    if isinstance(node, Binary):
        return (node.left, node.right)
    return node.arguments if isinstance(node, Call) else ()


# From text to parts: numbers, names and signs.


@dataclass(frozen=True)
class _Part:
    text: str
    column: int

    @property
    def is_number(self) -> bool:
        return self.text[:1].isdigit()

    @property
    def is_name(self) -> bool:
        return self.text[:1].isalpha()


_DIGITS = frozenset("0123456789")
_OF_NUMBERS = _DIGITS | {"."}
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_OF_NAMES = _LETTERS | _DIGITS | {"_"}
_SIGNS = frozenset("+-*/(),")
_WRITE_INSTEAD = {
    "\N{MINUS SIGN}": "Write -.",
    "\N{EN DASH}": "Write -.",
    "\N{MULTIPLICATION SIGN}": "Write *.",
    "\N{DIVISION SIGN}": "Write /.",
    ".": "Write a digit before the point, as in 0.5.",
    "^": "To square a fact, multiply it by itself.",
}


def _split(text: str) -> list[_Part]:
    parts: list[_Part] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        end = _end_of_part(text, at)
        parts.append(_Part(text[at:end], at))
        at = end
    return parts


def _end_of_part(text: str, at: int) -> int:
    if text[at] in _DIGITS:
        return _end_of(text, at, _OF_NUMBERS)
    if text[at] in _LETTERS:
        return _end_of(text, at, _OF_NAMES)
    if text[at] in _SIGNS:
        return at + 1
    if text[at].isalpha() or text[at] == "_":
        advice = "Names of facts have only small letters a to z, digits and _, and start with a letter."
    else:
        advice = _WRITE_INSTEAD.get(text[at], "Use + - * / and parentheses, or min, max and round.")
    raise FormulaError(f"{quote(text[at])} has no meaning in a formula. {advice}", at)


def _end_of(text: str, at: int, allowed: frozenset[str]) -> int:
    return next((end for end in range(at, len(text)) if text[end] not in allowed), len(text))


# From parts to a tree, by precedence: a sum of products of signed atoms.


class _Parser:
    """Reads parts from left to right; every method takes what it reads, or raises a FormulaError."""

    def __init__(self, parts: Sequence[_Part], length: int) -> None:
        self._parts = [*parts, _Part("", length)]
        self._at = 0
        self._depth = 0

    @property
    def _next(self) -> _Part:
        return self._parts[self._at]

    def _take(self) -> _Part:
        self._at += 1
        return self._parts[self._at - 1]

    def whole(self) -> Node:
        tree = self._sum()
        if self._next.text == ")":
            self._refuse("This parenthesis closes nothing. Take it out, or open one before it.")
        if self._next.text:
            self._refuse_neighbours()
        return tree

    def _sum(self) -> Node:
        left = self._product()
        while self._next.text in ("+", "-"):
            sign = self._take()
            left = Binary(sign.text, left, self._product(), sign.column)
        return left

    def _product(self) -> Node:
        left = self._signed()
        while self._next.text in ("*", "/"):
            sign = self._take()
            if self._next.text == sign.text:
                self._refuse(f"{quote(sign.text * 2)} has no meaning in a formula. Write a single {sign.text}.")
            left = Binary(sign.text, left, self._signed(), sign.column)
        return left

    def _signed(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            self._refuse(f"The formula is nested more than {DEEPEST} deep. Split it over several facts.")
        if self._next.text == "-":
            sign = self._take()
            node: Node = Negate(self._signed(), sign.column)
        else:
            node = self._atom()
        self._depth -= 1
        return node

    def _atom(self) -> Node:
        part = self._next
        if part.is_number:
            return self._number()
        if part.is_name:
            return self._name_or_call()
        if part.text != "(":
            self._refuse_missing()
        self._take()
        inside = self._sum()
        self._close(part)
        return inside

    def _number(self) -> Number:
        part = self._take()
        try:
            return Number(read_number(part.text), part.column)
        except NumberError as error:
            raise FormulaError(str(error), part.column) from None

    def _name_or_call(self) -> Node:
        name = self._take()
        opened = self._next
        if name.text not in FUNCTIONS:
            if opened.text == "(":
                self._refuse("Only min, max and round stand before a parenthesis. Write * to multiply.")
            return Name(name.text, name.column)
        if opened.text != "(":
            self._refuse(f"{quote(name.text)} needs to be told of what. Write {name.text}(...).")
        self._take()
        arguments = [self._sum()]
        while self._next.text == ",":
            self._take()
            arguments.append(self._sum())
        self._close(opened)
        call = Call(name.text, tuple(arguments), name.column)
        _check_round(call)
        return call

    def _close(self, opened: _Part) -> None:
        if not self._next.text:
            raise FormulaError("This parenthesis is never closed. Add the missing ')'.", opened.column)
        if self._next.text != ")":
            self._refuse_neighbours()
        self._take()

    def _refuse_missing(self) -> NoReturn:
        """Refuse what stands where a number, a fact or a parenthesis should."""
        found = f" before {quote(self._next.text)}" if self._next.text else " at the end"
        self._refuse(f"Something is missing{found}. Write a number, a fact or a parenthesis there.")

    def _refuse_neighbours(self) -> NoReturn:
        """Refuse what follows a complete part without a sign between them."""
        if self._next.text == ",":
            self._refuse("A comma only stands between what min, max or round takes. Write numbers like 0.5 or 1480.")
        before = self._parts[self._at - 1].text
        self._refuse(f"There is no sign between {quote(before)} and {quote(self._next.text)}. Write + - * or / there.")

    def _refuse(self, message: str) -> NoReturn:
        raise FormulaError(message, self._next.column)


def _check_round(call: Call) -> None:
    if call.function != "round" or len(call.arguments) == 1:
        return
    digits = call.arguments[1]
    if len(call.arguments) > 2:  # noqa: PLR2004 (what is rounded, and to how many decimals)
        raise FormulaError("'round' takes one thing to round. Write round(x), or round(x, 1).", call.column)
    if not isinstance(digits, Number) or digits.value not in range(MOST_DECIMALS + 1):
        message = f"After the comma 'round' takes how many decimals to keep. Write a number from 0 to {MOST_DECIMALS}."
        raise FormulaError(message, digits.column)


# Kinds.


def _kind_of_name(node: Name, kinds: Mapping[str, str]) -> Kind:
    if node.name == AS_OF:
        return "date"
    kind = kinds.get(node.name)
    if kind is None:
        raise FormulaError(unknown_fact(node, kinds), node.column)
    if kind == "number":
        return "number"
    if kind == "date":
        return "date"
    raise FormulaError(f"{quote(node.name)} is neither a number nor a date. Use facts of those types.", node.column)


def _kind_of_call(node: Call, kinds: Sequence[Kind]) -> Kind:
    if node.function == "round":
        return _all_numbers(node, "'round'", kinds)
    if len(set(kinds)) > 1:
        message = f"{quote(node.function)} has numbers and dates to compare. Give it only numbers, or only dates."
        raise FormulaError(message, node.column)
    return kinds[0]


def _kind_of_binary(node: Binary, left: Kind, right: Kind) -> Kind:
    if node.operator == "-" and left == "date":
        return "number" if right == "date" else "date"
    if node.operator == "+" and left != right:
        return "date"
    return _all_numbers(node, quote(node.operator), [left, right])


def _all_numbers(node: Node, what: str, kinds: Sequence[Kind]) -> Kind:
    if "date" in kinds:
        raise FormulaError(f"A date cannot stand beside {what} here. Use numbers, or date - date.", node.column)
    return "number"


# Values. This context never rounds: a number that does not fit is an error here, and no value to the caller.

_EXACT = Context(
    prec=EXACT_DIGITS,
    Emin=-EXACT_DIGITS,
    Emax=EXACT_DIGITS,
    traps=[Inexact, InvalidOperation, Overflow],
)


def _compute(node: Node, parts: Sequence[Value]) -> Value | None:
    match node, *parts:
        case Negate(), Decimal() as number:
            return _EXACT.minus(number)
        case Call("round"), Decimal() as number:
            return round_half_away(number)
        case Call("round"), Decimal() as number, Decimal() as digits:
            return round_half_away(number, int(digits))
        case Call("min"), *_:
            return min(parts)
        case Call("max"), *_:
            return max(parts)
        case Binary(operator), Decimal() | date() as left, Decimal() | date() as right:
            return _combine(operator, left, right)
    raise TypeError(node)


def _combine(operator: str, left: Value, right: Value) -> Value | None:
    match operator, left, right:
        case ("+", date() as day, Decimal() as days) | ("+", Decimal() as days, date() as day):
            return _moved(day, days)
        case "-", date() as day, Decimal() as days:
            return _moved(day, _EXACT.minus(days))
        case "-", date() as later, date() as earlier:
            return Decimal((later - earlier).days)
        case "+", Decimal() as one, Decimal() as other:
            return _EXACT.add(one, other)
        case "-", Decimal() as one, Decimal() as other:
            return _EXACT.subtract(one, other)
        case "*", Decimal() as one, Decimal() as other:
            return _EXACT.multiply(one, other)
        case "/", Decimal() as one, Decimal() as other:
            return _EXACT.plus(round12(Fraction(one) / Fraction(other)))
    raise TypeError(operator)


def _moved(day: date, days: Decimal) -> date | None:
    """Move a date by whole days; what part of a day means is not decided here."""
    whole = int(days)
    return day + timedelta(days=whole) if whole == days else None
