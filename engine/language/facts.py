"""Turning declared facts into typed ones: first what they are, then their gates, formulas and `otherwise`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from engine.language import formula
from engine.language.conditions import ConditionReader, sort_key
from engine.language.errors import Mark, Problems, did_you_mean, quote
from engine.language.leaves import refusal_of_name
from engine.language.misfits import read_shape
from engine.language.model import Fact, Formula, Option
from engine.language.shapes import FactShape, OptionShape
from engine.language.slips import without_decimal_commas
from engine.language.source import Mapping as MappingNode
from engine.language.source import Scalar, Sequence
from engine.language.typed import TYPE_IN_WORDS, read_amount, read_single
from engine.language.units import UnitError, Units
from engine.language.values import Quantity, Single

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

# Without one of these a fact is too little known to judge what is said of it.
NEEDED = frozenset({"type", "derived", "options", "unit", "units", "molar_mass"})

Span = tuple[Quantity | dt.date, Quantity | dt.date]


class FactBuilder:
    """Builds facts one by one, reporting what is wrong with each.

    Args:
        sections: the ids of the sections.
        may_declare: whether an unknown section is declared but could not be read.
        may_amend: whether facts may amend those of a base that cannot be read.
        problems: gets everything that is wrong.
    """

    def __init__(
        self, sections: Iterable[str], may_declare: Callable[[str], bool], problems: Problems, *, may_amend: bool
    ) -> None:
        self.sections = tuple(sections)
        self.may_declare = may_declare
        self.may_amend = may_amend
        self.problems = problems
        self.tell = problems.tell

    def build(self, name: str, shape: FactShape, mark: Mark, regimens: Iterable[Option]) -> Fact | None:
        """What a fact is, without what refers to other facts; None when too little of it can be read."""
        self._refuse_missing(name, shape, mark)
        options, section = self._options(name, shape), self._section(shape.section)
        if shape.type is None:
            return None
        kind = shape.type.text
        self._refuse_misplaced(name, kind, shape)
        if name == "regimen":
            options = (*options, *regimens)
        if kind in {"choice", "choices"} and not options:
            if not shape.gaps & {"options"}:
                message = f"fact {quote(name)} is {TYPE_IN_WORDS[kind]} without options. Add 'options:'."
                self.tell(shape.type.mark, message)
            return None
        try:
            units = self._units(name, shape)
        except ValueError:
            return None
        if shape.gaps & NEEDED:
            return None
        fact = Fact(
            id=name,
            type=kind,  # type: ignore[arg-type]  # its leaf lets nothing else through
            label=text(shape.label) or name,
            section=section,
            ask=text(shape.ask),
            help=text(shape.help),
            clinician_note=text(shape.clinician_note),
            why=text(shape.why),
            units=units,
            required=text(shape.required) == "true",
            codes=tuple((system, tuple(code.text for code in codes)) for system, codes in (shape.codes or {}).items()),
            options=options,
            none=text(shape.none) or ("None of these" if kind == "choices" else None),
            derived=is_derived(shape),
            mark=mark,
        )
        return replace(fact, range=self._span(fact, "range", shape), plausible=self._span(fact, "plausible", shape))

    def _refuse_missing(self, name: str, shape: FactShape, mark: Mark) -> None:
        for key in ("type", "label"):
            if getattr(shape, key) is None and key not in shape.gaps and not self.may_amend:
                self.tell(mark, f"fact {quote(name)} lacks {quote(key)}. Add '{key}:'.")
        if shape.ask is None and not shape.gaps & {"ask", "derived"} and not is_derived(shape) and not self.may_amend:
            self.tell(mark, f"fact {quote(name)} lacks 'ask'. Add 'ask:', or 'derived: true' if rules conclude it.")

    def _refuse_misplaced(self, name: str, kind: str, shape: FactShape) -> None:
        for key in ONLY_INPUTS:
            if getattr(shape, key) is not None and is_derived(shape):
                self.tell(_place(shape, key), f"{quote(name)} is derived, so nobody is asked. Delete {quote(key)}.")
        for key, types in ONLY_TYPES.items():
            if getattr(shape, key) is not None and kind not in types and not (key in ONLY_INPUTS and is_derived(shape)):
                kinds = " or ".join(TYPE_IN_WORDS[each] for each in types)
                message = f"{quote(key)} belongs to {kinds}, and {quote(name)} is {TYPE_IN_WORDS[kind]}. "
                self.tell(_place(shape, key), f"{message}Delete it, or change the type.")
        if shape.gaps & {"unit", "units"} or self.may_amend:
            return
        if shape.molar_mass is not None and shape.units is None and kind == "number":
            self.tell(
                shape.molar_mass.mark, "'molar_mass' is of use only with several units. Add 'units:' or delete it."
            )
        if shape.units is not None and shape.unit is None and kind == "number":
            self.tell(_place(shape, "units"), "'units' are accepted besides 'unit', which is missing. Add 'unit:'.")

    def _section(self, scalar: Scalar | None) -> str | None:
        if scalar is None:
            return None
        if scalar.text not in self.sections and not self.may_declare(scalar.text):
            hint = did_you_mean(scalar.text, self.sections)
            message = f"{quote(scalar.text)} is not a section.{hint} Declare it under sections."
            self.problems.tell_absent(scalar.mark, message, "sections", scalar.text)
        return scalar.text

    def _options(self, name: str, shape: FactShape) -> tuple[Option, ...]:
        nodes = shape.options if shape.options is not None else MappingNode(shape.mark)
        found = []
        for key, node in nodes.items():
            wrong = refusal_of_name(key, dashes=False)
            if wrong:
                self.tell(nodes.key_marks[key], f"option {quote(key)} of {name}: this {wrong}")
            found.append(self._option(key, node, nodes.place_of(key)))
        return tuple(found)

    def _option(self, key: str, node: object, mark: Mark) -> Option:
        what = f"option {quote(key)}"
        if isinstance(node, MappingNode):
            shape = read_shape(OptionShape, node, mark, what, self.problems)
            return Option(key, shape.label.text, text(shape.help)) if shape else Option(key, key)
        if not isinstance(node, Scalar) or node.is_nothing or not node.text.strip():
            self.tell(mark, f"{what} has no label. Write '{key}: its label'.")
        elif node.looks_like:
            label = quote(node.text)
            self.tell(mark, f'{what}: {label} would be read as {node.looks_like}. Write it in quotes: "{label[1:-1]}".')
        else:
            return Option(key, node.text)
        return Option(key, key)

    def _units(self, name: str, shape: FactShape) -> Units | None:
        """The units of a number, tried one after another so that the first wrong one is pointed at.

        Raises:
            UnitError: one of them will not do, which has been told.
        """
        if shape.unit is None:
            return None
        units, molar_mass, mark = None, text(shape.molar_mass), shape.unit.mark
        others = [each.text for each in shape.units or ()]
        try:
            units = Units.build(shape.unit.text)
            if shape.molar_mass is not None:
                mark = shape.molar_mass.mark
                units = Units.build(shape.unit.text, (), molar_mass)
            for at, other in enumerate(shape.units or (), 1):
                mark = other.mark
                units = Units.build(shape.unit.text, others[:at], molar_mass)
        except UnitError as error:
            self.tell(mark, f"fact {quote(name)}: {error}")
            raise
        return units

    def _span(self, fact: Fact, key: str, shape: FactShape) -> Span | None:
        nodes: list[Scalar] | None = getattr(shape, key)
        if nodes is None or fact.type not in {"number", "date"}:
            return None
        if len(nodes) > 2:  # noqa: PLR2004 (two ends)
            joined, slips = without_decimal_commas(nodes)
            nodes = [node for node in joined if isinstance(node, Scalar)]
            self.problems.extend(slips)
        if len(nodes) != 2:  # noqa: PLR2004 (two ends)
            self.tell(_place(shape, key), f"{quote(key)} takes two ends. Write [lowest, highest].")
            return None
        low, high = (self._end(fact, node) for node in nodes)
        if low is None or high is None:
            return None
        if getattr(low, "unit", None) != getattr(high, "unit", None):
            self.tell(nodes[1].mark, f"{quote(key)} has {low} and {high}. Write both ends in the same unit.")
        elif sort_key(low) > sort_key(high):
            self.tell(nodes[0].mark, f"{quote(key)} ends before it begins: {low} is more than {high}. Swap them.")
        return low, high

    def _end(self, fact: Fact, node: Scalar) -> Quantity | dt.date | None:
        try:
            found = read_amount(fact, node.text, bare=True) if fact.type == "number" else read_single(fact, node.text)
        except ValueError as error:
            self.tell(node.mark, str(error))
            return None
        return None if isinstance(found, str) else found

    def complete(self, fact: Fact, shape: FactShape, reader: ConditionReader, facts: Mapping[str, Fact]) -> Fact:
        """The fact with its gate, its formula and its `otherwise`, which refer to other facts."""
        if shape.ask_when is not None and fact.is_input:
            fact = replace(fact, gate=reader.read(shape.ask_when))
        if shape.otherwise is not None:
            fact = replace(fact, otherwise=self._otherwise(fact, shape.otherwise, shape, reader))
        if shape.formula is not None and fact.type in {"number", "date"}:
            fact = replace(fact, formula=self._formula(fact, shape.formula, reader, facts))
        return fact

    def look_at(self, shape: FactShape, reader: ConditionReader, facts: Mapping[str, Fact]) -> None:
        """Look for what is wrong with the gate and the formula of a fact that is too little known for `complete`."""
        if shape.ask_when is not None and not is_derived(shape):
            reader.read(shape.ask_when)
        if shape.formula is not None:
            self._read_formula(shape.formula, reader, facts)

    def _otherwise(self, fact: Fact, node: Scalar, shape: FactShape, reader: ConditionReader) -> Single | None:
        if fact.is_input:
            cure = "Delete it, or add 'derived: true'."
            self.tell(node.mark, f"{fact.id} is asked for, and 'otherwise' is for what rules conclude. {cure}")
        elif fact.is_set:
            self.tell(node.mark, f"{fact.id} is a set, which is empty when nothing is added. Delete 'otherwise'.")
        elif shape.formula is not None:
            self.tell(node.mark, f"{fact.id} has a formula, which alone gives its value. Delete 'otherwise'.")
        else:
            return reader.single(fact, node)
        return None

    def _formula(self, fact: Fact, node: Scalar, reader: ConditionReader, facts: Mapping[str, Fact]) -> Formula | None:
        found = self._read_formula(node, reader, facts)
        if found is None:
            return None
        tree, kind = found
        if kind != fact.type:
            gives, wants = TYPE_IN_WORDS[kind], TYPE_IN_WORDS[fact.type]
            self.tell(
                node.mark, f"formula: it gives {gives}, but {fact.id} is {wants}. Change the type or the formula."
            )
        return Formula(node.text, tree)

    def _read_formula(
        self, node: Scalar, reader: ConditionReader, facts: Mapping[str, Fact]
    ) -> tuple[formula.Node, formula.Kind] | None:
        """A formula and what it gives; None where that cannot be said."""
        kinds = {name: each.type for name, each in facts.items()}
        try:
            tree = formula.parse(node.text)
            unknown = [each for each in formula.named(tree) if each.name not in facts and each.name != "as_of"]
            for each in unknown:
                if not reader.may_declare(each.name):
                    message = f"formula: {formula.unknown_fact(each, kinds)}"
                    self.problems.tell_absent(node.at(each.column), message, "facts", each.name)
            return None if unknown else (tree, formula.kind_of(tree, kinds))
        except formula.FormulaError as error:
            self.tell(node.at(error.column), f"formula: {error}")
            return None


def _place(shape: FactShape, key: str) -> Mark:
    """Where the value of a key stands, as near as the shape knows."""
    value = getattr(shape, key)
    if isinstance(value, list) and not isinstance(value, Sequence) and value:
        value = value[0]
    place: Mark = getattr(value, "mark", shape.mark)
    return place


def is_derived(shape: FactShape) -> bool:
    """Whether rules or a formula give the fact its value."""
    return shape.formula is not None or "formula" in shape.gaps or text(shape.derived) == "true"


def text(scalar: Scalar | None) -> str | None:
    """What a scalar says, or None where there is none."""
    return None if scalar is None else scalar.text
