"""An independent reading of design.md section 3: signs found by iteration from nothing, over the YAML itself.

Nothing of the engine is used: it reads the plain data that a ruleset is loaded from and answers as they are typed, has
its own comparison, conversion and arithmetic, and knows no order of dependence. It holds a growing set of tuples,

    (rule, "true")     its `when` is known true        (fact, "is", value)      a derived fact holds a value
    (rule, "false")    its `when` is known false       (fact, "lacks", option)  a derived set lacks an option
    (rule, "applies")  (rule, "fails")

and applies every sentence of the section to it until none adds anything.
"""

from __future__ import annotations

import ast
import datetime
import operator
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from itertools import product

# What one of a unit is in the first unit of its number; degrees have their own line.
FACTORS = {
    "ng/L": Fraction(1), "pg/mL": Fraction(1), "pmol/L": Fraction(135537, 100000),
    "µg": Fraction(1), "mg": Fraction(1000),
    "day": Fraction(1), "week": Fraction(7), "month": Fraction(304375, 10000),
}  # fmt: skip
DIMENSIONS = {"pmol/L": "substance"}
COMPARE = {"below": operator.lt, "at_most": operator.le, "at_least": operator.ge, "above": operator.gt}
UNKNOWN = "unknown"


class Oracle:
    """All that holds of a ruleset under some answers; look into `known` for the tuples above."""

    def __init__(self, spec, answers, as_of=None):
        self.facts = dict(spec["facts"])
        if spec.get("regimens"):
            regimen = self.facts.get("regimen", {"type": "choice", "derived": "true", "options": {}})
            self.facts["regimen"] = regimen | {"options": {**regimen["options"], **spec["regimens"]}}
        self.rules = {rule["id"]: rule for rule in spec["rules"]}
        self.overriders = {
            name: [r for r in self.rules.values() if name in r.get("overrides", ())] for name in self.rules
        }
        self.answers, self.as_of = answers, as_of
        self.known = set()
        size = -1
        while size < len(self.known):
            size = len(self.known)
            self.known |= set(self.news())

    # What follows from what is known so far

    def news(self):
        for name, rule in self.rules.items():
            if self.true(rule["when"]):
                yield name, "true"
            if self.false(rule["when"]):
                yield name, "false"
            if (name, "true") in self.known and all((o["id"], "false") in self.known for o in self.overriders[name]):
                yield name, "applies"
                yield from ((fact, "is", self.value(fact, v)) for fact, vs in rule["then"].items() for v in listed(vs))
            if (name, "false") in self.known or any((o["id"], "true") in self.known for o in self.overriders[name]):
                yield name, "fails"
        for name, fact in self.facts.items():
            concluding = [rule for rule in self.rules.values() if name in rule["then"]]
            if "formula" in fact:
                yield from ((name, "is", value) for value in self.computed(name))
            elif fact["type"] == "choices" and "ask" not in fact:
                for option in fact["options"]:
                    if self.all_fail(rule for rule in concluding if option in listed(rule["then"][name])):
                        yield name, "lacks", option
            elif "otherwise" in fact and all((rule["id"], "false") in self.known for rule in concluding):
                yield name, "is", self.value(name, fact["otherwise"])

    def all_fail(self, rules):
        return all((rule["id"], "fails") in self.known for rule in rules)

    def held(self, name):
        return [known[2] for known in self.known if known[:2] == (name, "is")]

    # Conditions: known true and known false, apart

    def true(self, condition):
        return all(self.part(key, inner, True) for key, inner in pairs(condition))

    def false(self, condition):
        return any(self.part(key, inner, False) for key, inner in pairs(condition))

    def part(self, key, inner, sign):
        decide = self.true if sign else self.false
        if key == "all":
            return decide(inner)
        if key == "any":
            return (any if sign else all)(decide(each) for each in inner)
        if key == "not":
            return (self.false if sign else self.true)(inner)
        if not isinstance(inner, dict):
            return (any if sign else all)(self.test(key, words, sign) for words in alternatives(self.facts[key], inner))
        return (all if sign else any)(self.test(key, words, sign) for words in together(inner))

    def test(self, name, words, sign):
        """A single test, with the gates behind the fact."""
        gates = self.gates(name)
        if not sign and any(self.false(gate) for gate in gates):
            return True
        return all(self.true(gate) for gate in gates) and self.own(name, words, sign)

    def gates(self, name):
        fact = self.facts.get(name, {})
        parts = names_in(fact["formula"]) if "formula" in fact else []
        return [fact["ask_when"]] if "ask_when" in fact else [gate for part in parts for gate in self.gates(part)]

    def own(self, name, words, sign):
        fact = self.facts[name]
        if "ask" in fact:
            return name in self.answers and self.of_answer(fact, self.answers[name], words) is sign
        if fact["type"] == "choices":
            return self.of_set(name, words, sign)
        if words == {"is": "empty"}:
            words, sign = {"is": "not_empty"}, not sign
        if any(self.passes(fact, value, words) is sign for value in self.held(name)):
            return True
        if sign or "formula" in fact or "otherwise" in fact:
            return False
        concluding = [rule for rule in self.rules.values() if name in rule["then"]]
        return self.all_fail(r for r in concluding if self.passes(fact, self.value(name, r["then"][name]), words))

    def of_answer(self, fact, answer, words):
        if words in ({"is": "known"}, {"is": "unknown"}):
            return (answer == UNKNOWN) == (words["is"] == "unknown")
        if answer == UNKNOWN:
            return None
        if fact["type"] != "choices":
            return self.passes(fact, typed(fact, answer), words)
        if words in ({"is": "empty"}, {"is": "not_empty"}):
            return bool(answer) == (words["is"] == "not_empty")
        ((mode, options),) = words.items()
        found = [option in answer for option in listed(options)]
        return all(found) if mode == "includes_all" else any(found) == (mode == "includes_any")

    def of_set(self, name, words, sign):
        ((mode, options),) = words.items()
        if mode == "is":
            mode, options = (
                ("includes_any" if options == "not_empty" else "includes_none"),
                list(self.facts[name]["options"]),
            )
        if mode == "includes_none":
            mode, sign = "includes_any", not sign
        known = [(name, "is" if sign else "lacks", option) in self.known for option in listed(options)]
        return (all if (mode == "includes_all") == sign else any)(known)

    # Values

    def value(self, name, text):
        """A concluded constant; of several spellings of one number, 7 day and 1 week, the first stands for all."""
        fact = self.facts[name]
        if fact["type"] != "number":
            return typed(fact, text)
        texts = [text for rule in self.rules.values() for text in [rule["then"].get(name)] if text]
        written = [typed(fact, each) for each in (*texts, fact.get("otherwise", text))]
        return next(each for each in written if canonical(fact, each) == canonical(fact, typed(fact, text)))

    def passes(self, fact, value, words):
        return all(self.passes_word(fact, value, word, limits) for word, limits in words.items())

    def passes_word(self, fact, value, word, limits):
        if word == "is":
            return limits == "not_empty"
        limits = [typed(fact, each) for each in listed(limits)]
        if word in ("one_of", "is_not"):
            return any(same(fact, value, limit) for limit in limits) == (word == "one_of")
        return COMPARE[word.removesuffix(" too")](*comparable(fact, value, limits))

    def computed(self, name):
        tree = ast.parse(self.facts[name]["formula"], mode="eval").body
        names = names_in(self.facts[name]["formula"])
        for parts in product(*map(self.seen, names)):
            value = compute(tree, dict(zip(names, parts, strict=True)))
            if value is not None:
                yield (value, self.facts[name].get("unit")) if self.facts[name]["type"] == "number" else value

    def seen(self, name):
        """The values of a part of a formula, numbers in the canonical unit."""
        if name == "as_of":
            return [self.as_of] if self.as_of else []
        if not all(self.true(gate) for gate in self.gates(name)):
            return []
        fact, answer = self.facts[name], self.answers.get(name, UNKNOWN)
        values = self.held(name) if "ask" not in fact else [] if answer == UNKNOWN else [typed(fact, answer)]
        return [canonical(fact, value)[0] if fact["type"] == "number" else value for value in values]


def pairs(condition):
    parts = condition if isinstance(condition, list) else [condition]
    return (
        [item for part in parts for item in part.items()]
        if all(isinstance(p, dict) for p in parts)
        else [("all", part) for part in parts]
    )


def listed(value):
    return value if isinstance(value, list) else [value]


def alternatives(fact, inner):
    """`[red, blue, unknown]` is any of two tests: one of red and blue, and unknown."""
    values = [text for text in listed(inner) if text != UNKNOWN]
    if values:
        yield {"includes_any" if fact["type"] == "choices" else "one_of": values}
    if UNKNOWN in listed(inner):
        yield {"is": "unknown"}


def together(words):
    """Words that compare the one value are one test; `is` and what a set includes are tests beside it."""
    apart = [word for word in words if word == "is" or word.startswith("includes")]
    yield from ({word: words[word]} for word in apart)
    compared = {}
    for word, limits in words.items():
        if word == "between":
            ends = limits if isinstance(limits[0], list) else [limits]
            compared |= {"at_least too": [low for low, _ in ends], "at_most too": [high for _, high in ends]}
        elif word not in apart:
            compared[word] = limits
    if compared:
        yield compared


def typed(fact, text):
    if fact["type"] == "number":
        number, _, unit = text.partition(" ")
        return Fraction(number), unit or None
    return datetime.date.fromisoformat(text) if fact["type"] == "date" else text


def convert(number, unit, target):
    if unit == target:
        return number
    if target == "°C":
        return round12((number - 32) * Fraction(5, 9))
    if target == "°F":
        return round12(number * Fraction(9, 5) + 32)
    return round12(number * FACTORS[unit] / FACTORS[target])


def canonical(fact, value):
    return convert(value[0], value[1], fact.get("unit")), fact.get("unit")


def same(fact, value, other):
    if fact["type"] != "number":
        return value == other
    return convert(value[0], value[1], other[1]) == other[0]


def comparable(fact, value, cutoffs):
    """The value and the cut-off in the unit to compare in: the reported, else one of its dimension, else the first."""
    if fact["type"] == "date":
        return value, cutoffs[0]
    number, unit = value
    alike = [c for c in cutoffs if DIMENSIONS.get(c[1]) == DIMENSIONS.get(unit)]
    limit, target = ([c for c in cutoffs if c[1] == unit] + alike + cutoffs)[0]
    return convert(number, unit, target), limit


def round12(number):
    return Fraction(
        Context(prec=12, rounding=ROUND_HALF_UP).divide(Decimal(number.numerator), Decimal(number.denominator))
    )


def names_in(formula):
    named = (node for node in ast.walk(ast.parse(formula)) if isinstance(node, ast.Name))
    return sorted({node.id for node in named} - {"min", "max", "round"})


def compute(node, values):
    """A formula over fractions and dates; None where it has no value."""
    if isinstance(node, ast.Constant):
        return Fraction(str(node.value))
    if isinstance(node, ast.Name):
        return values[node.id]
    parts = (
        [node.operand]
        if isinstance(node, ast.UnaryOp)
        else [node.left, node.right]
        if isinstance(node, ast.BinOp)
        else node.args
    )
    parts = [compute(part, values) for part in parts]
    if None in parts:
        return None
    if isinstance(node, ast.UnaryOp):
        return -parts[0]
    if isinstance(node, ast.Call):
        return rounded(*parts) if node.func.id == "round" else {"min": min, "max": max}[node.func.id](parts)
    return combine(type(node.op), *parts)


def rounded(number, digits=0):
    scaled = abs(number) * 10 ** int(digits)
    whole = (scaled + Fraction(1, 2)).__floor__()
    return Fraction(whole if number >= 0 else -whole, 10 ** int(digits))


def combine(sign, left, right):
    if isinstance(left, datetime.date) and isinstance(right, datetime.date):
        return Fraction((left - right).days)
    if isinstance(right, datetime.date):
        left, right = right, left
    if isinstance(left, datetime.date):
        try:
            days = datetime.timedelta(int(right))
            return None if right.denominator > 1 else left + days if sign is ast.Add else left - days
        except OverflowError:
            return None
    if sign is ast.Div:
        return round12(left / right) if right else None
    return {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}[sign](left, right)
