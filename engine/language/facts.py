"""Turning declared facts into typed ones: first what they are, then their gates, formulas and `otherwise`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from engine.language import formula
from engine.language.conditions import ConditionReader
from engine.language.errors import Mark, Problem, did_you_mean, quote
from engine.language.model import Fact, Formula, Option
from engine.language.shapes import RESERVED, FactShape, OptionShape, read_shape
from engine.language.source import Mapping, Scalar
from engine.language.typed import Misfit, read_amount, read_single
from engine.language.units import UnitError, Units

# Which keys make sense on which facts; anything else is told, so that nothing written is silently without effect.
ONLY_INPUTS = ("ask", "ask_when", "required", "range", "plausible")
ONLY_TYPES = {
    "unit": ("number",),
    "units": ("number",),
    "molar_mass": ("number",),
    "range": ("number", "date"),
    "plausible": ("number", "date"),
    "options": ("choice", "choices"),
    "none": ("choices",),
    "formula": ("number", "date"),
}


class FactBuilder:
    """Builds facts one by one, reporting what is wrong with each."""

    def __init__(self, sections: Iterable[str], broken_sections: frozenset[str], problems: list[Problem]) -> None:
        self.sections = tuple(sections)
        self.broken_sections = broken_sections
        self.problems = problems

    def tell(self, mark: Mark, message: str) -> None:
        self.problems.append(Problem(mark, message))

    def build(self, name: str, shape: FactShape, mark: Mark, regimens: Iterable[tuple[str, str]]) -> Fact | None:
        """What a fact is, without what refers to other facts; None when too little of it can be read."""
        if not self._has_needed(name, shape, mark):
            return None
        self._refuse_misplaced(name, shape)
        options = self._options(name, shape)
        if name == "regimen":
            options = (*options, *(Option(each, title) for each, title in regimens))
        elif shape.type.text in {"choice", "choices"} and not options:
            self.tell(shape.type.mark, f"fact {quote(name)} is a {shape.type.text} without options. Add 'options:'.")
        fact = Fact(
            id=name,
            type=shape.type.text,
            label=shape.label.text,
            section=self._section(shape.section),
            ask=text(shape.ask),
            help=text(shape.help),
            clinician_note=text(shape.clinician_note),
            why=text(shape.why),
            units=self._units(name, shape),
            required=text(shape.required) == "true",
            codes=tuple((system, tuple(code.text for code in codes)) for system, codes in (shape.codes or {}).items()),
            options=options,
            none=text(shape.none) or ("None of these" if shape.type.text == "choices" else None),
            derived=is_derived(shape),
            mark=mark,
        )
        return self._with_spans(fact, shape)

    def _has_needed(self, name: str, shape: FactShape, mark: Mark) -> bool:
        needed = ["type", "label"] + ([] if is_derived(shape) else ["ask"])
        for key in needed:
            if getattr(shape, key) is None:
                cure = f"Add '{key}:'." if key != "ask" else "Add 'ask:', or 'derived: true' if rules conclude it."
                self.tell(mark, f"fact {quote(name)} lacks {quote(key)}. {cure}")
        return shape.type is not None and shape.label is not None

    def _refuse_misplaced(self, name: str, shape: FactShape) -> None:
        for key in ONLY_INPUTS:
            if getattr(shape, key) is not None and is_derived(shape):
                self.tell(place(getattr(shape, key)), f"{quote(name)} is derived, nobody is asked: delete {quote(key)}.")
        for key, types in ONLY_TYPES.items():
            if getattr(shape, key) is not None and shape.type.text not in types:
                kinds = " or ".join(types)
                self.tell(place(getattr(shape, key), shape.mark), f"{quote(key)} belongs to a {kinds}. Delete it, or change the type.")
        if shape.molar_mass is not None and shape.units is None:
            self.tell(shape.molar_mass.mark, "'molar_mass' is of use only with several units. Add 'units:' or delete it.")
        if shape.units is not None and shape.unit is None:
            self.tell(place(shape.units, shape.mark), "'units' are accepted besides 'unit', which is missing. Add 'unit:'.")

    def _section(self, scalar: Scalar | None) -> str | None:
        if scalar is None:
            return None
        if scalar.text not in (*self.sections, *self.broken_sections):
            hint = did_you_mean(scalar.text, self.sections)
            self.tell(scalar.mark, f"{quote(scalar.text)} is not a section.{hint} Declare it under sections.")
        return scalar.text

    def _options(self, name: str, shape: FactShape) -> tuple[Option, ...]:
        found = []
        for key, node in (shape.options or {}).items():
            mark = getattr(node, "mark", shape.mark)
            if key in RESERVED:
                self.tell(mark, f"option {quote(key)} of {name} is a word of the language. Choose another id for it.")
            elif not _is_name(key):
                self.tell(mark, f"option {quote(key)} of {name}: write small letters, digits and _, beginning with a letter.")
            elif isinstance(node, Mapping):
                option = read_shape(OptionShape, node, mark, f"option {quote(key)}", self.problems)
                found.append(Option(key, option.label.text if option else key, text(option.help) if option else None))
            else:
                found.append(self._plain_option(key, node, mark))
        return tuple(found)

    def _plain_option(self, key: str, node: Any, mark: Mark) -> Option:
        if not isinstance(node, Scalar) or node.looks_like == "nothing" or not node.text.strip():
            self.tell(mark, f"option {quote(key)} has no label. Write '{key}: its label'.")
            return Option(key, key)
        return Option(key, node.text)

    def _units(self, name: str, shape: FactShape) -> Units | None:
        if shape.unit is None:
            return None
        others = tuple(unit.text for unit in shape.units or ())
        try:
            return Units.build(shape.unit.text, others, text(shape.molar_mass))
        except UnitError as error:
            self.tell(shape.unit.mark, f"fact {quote(name)}: {error}")
            return Units(shape.unit.text)

    def _with_spans(self, fact: Fact, shape: FactShape) -> Fact:
        if fact.type not in {"number", "date"}:
            return fact
        spans = {key: self._span(fact, key, getattr(shape, key), shape.mark) for key in ("range", "plausible")}
        return replace(fact, **spans)

    def _span(self, fact: Fact, key: str, nodes: list[Scalar] | None, mark: Mark) -> tuple[Any, Any] | None:
        if nodes is None:
            return None
        if len(nodes) != 2:  # noqa: PLR2004 (two ends)
            self.tell(place(nodes, mark), f"{quote(key)} takes two ends, [lowest, highest].")
            return None
        try:
            ends = [
                read_amount(fact, node.text, bare=True) if fact.type == "number" else read_single(fact, node.text)
                for node in nodes
            ]
            low, high = ends
            if type(low) is type(high) and _key(low) > _key(high) and getattr(low, "unit", 0) == getattr(high, "unit", 0):
                raise Misfit(f"{quote(key)} ends before it begins. Swap its two ends.")
        except ValueError as error:
            self.tell(nodes[0].mark, str(error))
            return None
        return low, high

    def complete(self, fact: Fact, shape: FactShape, reader: ConditionReader, facts: dict[str, Fact]) -> Fact:
        """The fact with its gate, its formula and its `otherwise`, which refer to other facts."""
        if shape.ask_when is not None and fact.is_input:
            fact = replace(fact, gate=reader.read(shape.ask_when))
        if shape.formula is not None:
            fact = replace(fact, formula=self._formula(fact, shape, reader, facts))
        if shape.otherwise is not None:
            fact = replace(fact, otherwise=self._otherwise(fact, shape, reader))
        return fact

    def _otherwise(self, fact: Fact, shape: FactShape, reader: ConditionReader) -> Any:
        mark = place(shape.otherwise)
        if fact.is_input:
            self.tell(mark, f"{fact.id} is asked for; 'otherwise' is for derived facts. Delete it, or add 'derived: true'.")
        elif fact.is_set:
            self.tell(mark, f"{fact.id} is a set, which is empty when nothing is added. Delete 'otherwise'.")
        elif shape.formula is not None:
            self.tell(mark, f"{fact.id} has a formula, which alone gives its value. Delete 'otherwise'.")
        else:
            return reader.single(fact, shape.otherwise)
        return None

    def _formula(self, fact: Fact, shape: FactShape, reader: ConditionReader, facts: dict[str, Fact]) -> Formula | None:
        scalar: Scalar = shape.formula
        try:
            tree = formula.parse(scalar.text)
            unknown = [name for name in formula.names(tree) if name != "as_of" and name not in facts]
            for name in unknown:
                if name not in reader.broken:
                    self.tell(scalar.mark, f"formula: {quote(name)} is not a fact.{did_you_mean(name, facts)}")
            if unknown:
                return None
            kinds = {name: facts[name].type for name in formula.names(tree) if name != "as_of"}
            kind = formula.kind_of(tree, {**kinds, "as_of": "date"})
        except formula.FormulaError as error:
            self.tell(scalar.mark._replace(column=scalar.mark.column + error.column * scalar.plain), f"formula: {error}")
            return None
        if kind != fact.type:
            self.tell(scalar.mark, f"formula: gives a {kind}, but {fact.id} is a {fact.type}. Change its type or the formula.")
        return Formula(scalar.text, tree)


def _is_name(word: str) -> bool:
    return word.isascii() and word[:1].islower() and word.replace("_", "a").isalnum() and word == word.lower()


def _key(value: Any) -> Any:
    return getattr(value, "number", value)


def is_derived(shape: FactShape) -> bool:
    """Whether rules or a formula give the fact its value."""
    return shape.formula is not None or text(shape.derived) == "true"


def text(scalar: Scalar | None) -> str | None:
    """What a scalar says, or None where there is none."""
    return None if scalar is None else scalar.text


def place(node: Any, default: Mark | None = None) -> Mark:
    """Where a node, or the first item of a list or mapping of nodes, stands."""
    if hasattr(node, "mark"):
        found: Mark = node.mark
        return found
    items = list(node.values()) if isinstance(node, dict) else list(node)
    return place(items[0], default) if items else default or Mark("", 1, 1)
