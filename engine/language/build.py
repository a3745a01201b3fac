"""From the shapes of a stack of layers to a `Ruleset`: every reference resolved, every loop found.

Nothing stops at the first problem: each part is built as far as it can be, and only when all of it has been looked at
is the list of problems raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from graphlib import CycleError, TopologicalSorter
from typing import Any

from engine.language import model, shapes
from engine.language.answers import read_answers, sequence_or_text
from engine.language.conditions import ConditionReader
from engine.language.errors import AnswerError, Mark, Problem, RulesetError, did_you_mean, quote
from engine.language.facts import FactBuilder, place, text
from engine.language.layers import Layer
from engine.language.model import Fact, Rule, Ruleset
from engine.language.schedules import check_phase
from engine.language.source import Mapping, Node, Scalar, Sequence
from engine.language.values import Quantity, Single

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
REQUIRED = ("id", "title", "version", "goals")


def build(layer: Layer, problems: list[Problem]) -> Ruleset:
    """Build the ruleset that a stack of layers describes.

    Raises:
        RulesetError: lists `problems`, those found before and those found here.
    """
    builder = _Builder(layer, problems)
    ruleset = builder.build()
    if problems or ruleset is None:
        raise RulesetError(sorted(problems))
    return ruleset


class _Builder:
    def __init__(self, layer: Layer, problems: list[Problem]) -> None:
        self.layer = layer
        self.problems = problems
        self.facts: dict[str, Fact] = {}
        self.reader = ConditionReader(self.facts, layer.broken_ids("facts"), problems)

    def tell(self, mark: Mark, message: str) -> None:
        self.problems.append(Problem(mark, message))

    def items(self, kind: str) -> dict[str, Any]:
        return self.layer.items.get(kind, {})

    def mark(self, kind: str, name: str) -> Mark:
        return self.layer.marks[kind, name]

    def build(self) -> Ruleset | None:
        """The ruleset, or None when loops make it meaningless."""
        header = self.layer.header
        for key in REQUIRED:
            if key not in self.layer.header_marks and not (key == "goals" and self.layer.goals):
                self.tell(self.layer.mark, f"the ruleset lacks {quote(key)}. Add '{key}:' to one of its files.")
        sections = tuple(
            model.Section(name, shape.title.text, text(shape.together) == "true")
            for name, shape in self.items("sections").items()
        )
        self._build_facts(sections)
        rules = {name: self._rule(shape) for name, shape in self.items("rules").items()}
        self._check_overrides(rules)
        ruleset = Ruleset(
            id=text(header.get("id")) or self.layer.path.name,
            title=text(header.get("title")) or "",
            version=text(header.get("version")) or "",
            facts=self.facts,
            rules=rules,
            goals=self._goals(),
            extends=tuple(scalar.text for scalar in header.get("extends") or ()),
            summary=text(header.get("summary")),
            jurisdiction=text(header.get("jurisdiction")),
            authors=tuple(scalar.text for scalar in header.get("authors") or ()),
            licence=text(header.get("licence")),
            reviewed=text(header.get("reviewed")),
            next_review=text(header.get("next_review")),
            not_for=tuple(scalar.text for scalar in header.get("not_for") or ()),
            glossary=tuple((term, scalar.text) for term, scalar in (header.get("glossary") or {}).items()),
            starts=tuple(self._start(shape) for shape in self.items("starts").values()),
            sources={name: self._source(shape) for name, shape in self.items("sources").items()},
            sections=sections,
            regimens={name: self._regimen(name, shape) for name, shape in self.items("regimens").items()},
            cases=tuple(self._case(shape) for shape in self.items("cases").values()),
            properties=tuple(self._property(shape) for shape in self.items("properties").values()),
            accept=tuple(model.Accepted(a.finding.text, a.reason.text, a.finding.mark) for a in self.layer.accept),
        )
        self._check_references(ruleset)
        return None if self.problems else self._without_loops(ruleset)

    # Facts

    def _build_facts(self, sections: tuple[model.Section, ...]) -> None:
        builder = FactBuilder((s.id for s in sections), self.layer.broken_ids("sections"), self.problems)
        regimens = [(name, shape.title.text) for name, shape in self.items("regimens").items()]
        declared = self.items("facts")
        for name, shape in declared.items():
            fact = builder.build(name, shape, self.mark("facts", name), regimens)
            if fact is None:
                self.reader.broken |= {name}
            else:
                self.facts[name] = fact
        if regimens and "regimen" not in declared and "regimen" not in self.reader.broken:
            options = tuple(model.Option(name, title) for name, title in regimens)
            self.facts["regimen"] = Fact("regimen", "choice", "Regimen", derived=True, options=options)
        for name, fact in list(self.facts.items()):
            if name in declared:
                self.facts[name] = builder.complete(fact, declared[name], self.reader, self.facts)

    # Rules

    def _rule(self, shape: shapes.RuleShape) -> Rule:
        return Rule(
            id=shape.id.text,
            title=shape.title.text,
            when=self.reader.read(shape.when),
            then=self._then(shape),
            because=self._because(shape.because),
            kind=text(shape.kind),
            cites=self._cites(shape.cites),
            strength=text(shape.strength),
            needs_check=text(shape.needs_check),
            harm=text(shape.harm),
            remedy=text(shape.remedy),
            overrides=tuple(scalar.text for scalar in shape.overrides or ()),
            mark=shape.id.mark,
        )

    def _then(self, shape: shapes.RuleShape) -> tuple[tuple[str, tuple[Single, ...]], ...]:
        node: Node = shape.then
        if not isinstance(node, Mapping) or not node:
            self.tell(place(node, shape.mark), "then: a conclusion is expected. Write 'then: {fact: value}'.")
            return ()
        found = []
        for name, value in node.items():
            fact = self.facts.get(name)
            mark = node.key_marks[name]
            if fact is None:
                if name not in self.reader.broken:
                    self.tell(mark, f"then: {quote(name)} is not a fact.{did_you_mean(name, self.facts)} Declare it under facts.")
            elif fact.is_input or self._has_formula(name):
                given = "asked for" if fact.is_input else "computed by its formula"
                self.tell(mark, f"then: {quote(name)} is {given}; rules conclude derived facts. Conclude another fact.")
            else:
                found.append((name, self._concluded(fact, value, mark)))
        return tuple(found)

    def _has_formula(self, name: str) -> bool:
        declared = self.items("facts").get(name)
        return declared is not None and declared.formula is not None

    def _concluded(self, fact: Fact, value: Node, mark: Mark) -> tuple[Single, ...]:
        if isinstance(value, Sequence) and not fact.is_set:
            self.tell(mark, f"then: {fact.id} holds one value, not a list. Write one, or make its type choices.")
            return ()
        nodes = list(value) if isinstance(value, Sequence) else [value]
        if not nodes:
            self.tell(mark, "then: is an empty list. Write what the rule adds.")
        found = [single for node in nodes if (single := self.reader.single(fact, node)) is not None]
        return tuple(dict.fromkeys(found))

    def _because(self, scalar: Scalar) -> str:
        for name in _PLACEHOLDER.findall(scalar.text):
            if name not in self.facts and name != "as_of" and name not in self.reader.broken:
                self.tell(scalar.mark, f"because: {{{name}}} is not a fact.{did_you_mean(name, self.facts)}")
        bare = _PLACEHOLDER.sub("", scalar.text)
        if "{" in bare or "}" in bare:
            self.tell(scalar.mark, "because: a brace has no partner. Write {fact} for a fact's value, else no braces.")
        return scalar.text

    def _cites(self, cites: Iterable[shapes.CitationShape] | None) -> tuple[model.Citation, ...]:
        known = (*self.items("sources"), *self.layer.broken_ids("sources"))
        for cite in cites or ():
            if cite.source.text not in known:
                hint = did_you_mean(cite.source.text, known)
                self.tell(cite.source.mark, f"{quote(cite.source.text)} is not a source.{hint} Declare it under sources.")
        return tuple(model.Citation(cite.source.text, text(cite.section)) for cite in cites or ())

    def _check_overrides(self, rules: dict[str, Rule]) -> None:
        known = (*rules, *self.layer.broken_ids("rules"))
        for shape in self.items("rules").values():
            for scalar in shape.overrides or ():
                if scalar.text not in known:
                    hint = did_you_mean(scalar.text, known)
                    self.tell(scalar.mark, f"overrides: {quote(scalar.text)} is not a rule.{hint} Check its id.")

    # The rest

    def _source(self, shape: shapes.SourceShape) -> model.Source:
        return model.Source(
            shape.id.text, shape.title.text, text(shape.url), text(shape.date), text(shape.read), text(shape.note)
        )

    def _regimen(self, name: str, shape: shapes.RegimenShape) -> model.Regimen:
        if not shape.phases:
            self.tell(shape.title.mark, f"regimen {quote(name)} has no phases. Add at least one, with its name.")
        for phase in shape.phases:
            self.problems.extend(check_phase(phase))
        phases = tuple(
            model.Phase(
                phase.name.text, text(phase.dose), text(phase.route), text(phase.every), text(phase.until),
                text(phase.review_after), text(phase.for_),
            )
            for phase in shape.phases
        )  # fmt: skip
        return model.Regimen(
            name, shape.title.text, text(shape.product), phases, self._cites(shape.cites), text(shape.strength),
            text(shape.needs_check), self.mark("regimens", name),
        )  # fmt: skip

    def _goals(self) -> tuple[model.Goal, ...]:
        found: dict[str, model.Goal] = {}
        for node in self.layer.goals or ():
            goal = self._goal(node)
            if goal and goal.fact in found:
                self.tell(goal.mark, f"goal {quote(goal.fact)} stands twice. Delete one.")
            elif goal:
                found[goal.fact] = goal
        return tuple(found.values())

    def _goal(self, node: Node) -> model.Goal | None:
        name, mark, when = "", node.mark, None
        if isinstance(node, Scalar):
            name = node.text
        elif isinstance(node, Mapping) and len(node) == 1:
            ((name, inner),) = node.items()
            mark = node.key_marks[name]
            if not isinstance(inner, Mapping) or list(inner) != ["when"]:
                self.tell(mark, f"goal {quote(name)}: write '{name}: {{when: condition}}', or the fact alone.")
                return None
            when = self.reader.read(inner["when"])
        if name in self.facts:
            return model.Goal(name, when, mark)
        if name not in self.reader.broken:
            self.tell(mark, f"goal {quote(name)} is not a fact.{did_you_mean(name, self.facts)} Declare it under facts.")
        return None

    def _answers(self, node: Node | None, mark: Mark, what: str) -> tuple[tuple[str, object], ...]:
        if node is None:
            return ()
        if not isinstance(node, Mapping):
            self.tell(getattr(node, "mark", mark), f"{what}: answers are lines of 'fact: answer'. Write them so.")
            return ()
        try:
            read_answers(self.facts, node)
        except AnswerError as error:
            for problem in error.problems:
                if problem.fact not in self.reader.broken:
                    self.tell(problem.mark or mark, f"{what}: {problem.fact}: {problem.message}")
        return tuple((name, sequence_or_text(value)) for name, value in node.items())

    def _start(self, shape: shapes.StartShape) -> model.Start:
        answers = self._answers(shape.answers, shape.mark, f"start {quote(shape.id.text)}")
        return model.Start(shape.id.text, shape.title.text, answers)

    def _case(self, shape: shapes.CaseShape) -> model.Case:
        name = f"case {quote(shape.id.text)}"
        known = (*self.items("rules"), *self.layer.broken_ids("rules"))
        for scalar in (*(shape.fires or ()), *(shape.not_fires or ())):
            if scalar.text not in known:
                self.tell(scalar.mark, f"{name}: {quote(scalar.text)} is not a rule.{did_you_mean(scalar.text, known)}")
        if shape.expect is None and not shape.fires and not shape.not_fires:
            self.tell(shape.id.mark, f"{name} expects nothing. Add 'expect:', 'fires:' or 'not_fires:'.")
        return model.Case(
            id=shape.id.text,
            title=shape.title.text,
            answers=self._answers(shape.answers, shape.mark, name),
            as_of=date.fromisoformat(shape.as_of.text) if shape.as_of else None,
            expect=None if shape.expect is None else self.reader.read(shape.expect),
            fires=tuple(scalar.text for scalar in shape.fires or ()),
            not_fires=tuple(scalar.text for scalar in shape.not_fires or ()),
            source=text(shape.source),
            mark=shape.id.mark,
        )

    def _property(self, shape: shapes.PropertyShape) -> model.Property:
        if (shape.always is None) == (shape.never is None):
            self.tell(shape.id.mark, f"property {quote(shape.id.text)} needs either 'always' or 'never'. Write one of them.")
        conditions = (
            None if node is None else self.reader.read(node) for node in (shape.whenever, shape.always, shape.never)
        )
        whenever, always, never = conditions
        return model.Property(shape.id.text, shape.title.text, whenever, always, never, shape.id.mark)

    def _check_references(self, ruleset: Ruleset) -> None:
        fact = ruleset.facts.get("regimen")
        if ruleset.regimens and fact and (not fact.derived or fact.type != "choice"):
            self.tell(fact.mark, "fact 'regimen' must be a derived choice: regimens are its options. Mend its type.")

    # Loops

    def _without_loops(self, ruleset: Ruleset) -> Ruleset | None:
        parts = {name: fact.formula.names for name, fact in self.facts.items() if fact.formula}
        rules = {rule.id: rule.overrides for rule in ruleset.rules.values()}
        if self._tell_loop(parts, "formulas", self.facts) | self._tell_loop(rules, "overrides", ruleset.rules):
            return None
        if self._tell_loop(ruleset.depends_on, "facts", self.facts):
            return None
        return with_one_spelling(ruleset)

    def _tell_loop(self, graph: Any, what: str, things: Any) -> bool:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            loop = list(reversed(error.args[1]))
            cure = {
                "formulas": "a formula cannot use its own result. Break the loop.",
                "overrides": "rules override each other in a ring. Take one 'overrides' out.",
                "facts": "a fact cannot depend on itself. Break the loop, for example with a second derived fact.",
            }[what]
            self.tell(things[loop[0]].mark, f"loop: {' → '.join(loop)}: {cure}")
            return True
        return False


def with_one_spelling(ruleset: Ruleset) -> Ruleset:
    """The ruleset with equal constants of a derived number written alike, so that 1 mg and 1000 mcg are one value."""
    numbers = [fact for fact in ruleset.facts.values() if fact.derived and fact.type == "number" and fact.formula is None]
    spelled = {fact.id: _spellings(ruleset, fact) for fact in numbers if fact.units and fact.units.required}
    if not any(spelled.values()):
        return ruleset
    rules = {
        rule.id: replace(
            rule,
            then=tuple((name, tuple(spelled.get(name, {}).get(v, v) for v in values)) for name, values in rule.then),
        )
        for rule in ruleset.rules.values()
    }
    facts = {
        fact.id: replace(fact, otherwise=spelled.get(fact.id, {}).get(fact.otherwise, fact.otherwise))
        for fact in ruleset.facts.values()
    }
    return replace(ruleset, rules=rules, facts=facts)


def _spellings(ruleset: Ruleset, fact: Fact) -> dict[Single | None, Single]:
    units = fact.units
    first: dict[Any, Single] = {}
    found: dict[Single | None, Single] = {}
    for value in model.values_of(ruleset, fact):
        if isinstance(value, Quantity) and units and units.canonical and value.unit:
            found[value] = first.setdefault(units.convert(value.number, value.unit, units.canonical), value)
    return found
