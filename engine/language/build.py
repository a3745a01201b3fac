"""From the shapes of a stack of layers to a `Ruleset`, every reference resolved.

Nothing stops at the first problem: each part is built as far as it can be, and only when all of it has been looked at
is the list of problems raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from engine.language import model, shapes
from engine.language.answers import read_answers, sequence_or_text
from engine.language.conditions import ConditionReader
from engine.language.errors import AnswerError, Mark, Problems, RulesetError, did_you_mean, quote
from engine.language.facts import FactBuilder, text
from engine.language.layers import KEYED, LISTED, Layer
from engine.language.leaves import NO_VALUE, iso_date
from engine.language.loops import tell_loops
from engine.language.model import Fact, Option, Rule, Ruleset
from engine.language.schedules import check_phase, spelled
from engine.language.slips import NONE
from engine.language.source import Mapping, Node, Scalar, Sequence
from engine.language.values import Quantity, Single

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
REQUIRED = ("id", "title", "version", "goals")


def build(layer: Layer, problems: Problems) -> Ruleset:
    """Build the ruleset that a stack of layers describes.

    Raises:
        RulesetError: lists `problems`, those found before and those found here.
    """
    ruleset = _Builder(layer, problems).build()
    tell_loops(ruleset, problems)
    if problems:
        raise RulesetError(problems)
    return with_one_spelling(ruleset)


class _Builder:
    def __init__(self, layer: Layer, problems: Problems) -> None:
        self.layer = layer
        self.problems = problems
        self.tell = problems.tell
        problems.none_of = {kind for kind in (*LISTED, *KEYED) if not self.items(kind)}
        self.facts: dict[str, Fact] = {}
        self.reader = ConditionReader(self.facts, self._may_be_fact, problems)

    def items(self, kind: str) -> dict[str, Any]:
        return self.layer.items.get(kind, {})

    def _may_be_fact(self, name: str) -> bool:
        return self.layer.may_declare("facts", name) or (name == "regimen" and "regimens" in self.layer.lost)

    def build(self) -> Ruleset:
        """The ruleset as far as it can be read; where that is not all of it, `problems` say so."""
        header = self.layer.header
        for key in REQUIRED:
            given = key in self.layer.header_marks or (key == "goals" and self.layer.goals)
            if not given and not self.layer.torn:
                self.tell(self.layer.mark, f"the ruleset lacks {quote(key)}. Add '{key}:' to one of its files.")
        sections = tuple(
            model.Section(name, text(shape.title) or name, text(shape.together) == "true")
            for name, shape in self.items("sections").items()
        )
        self._build_facts(sections)
        self._look_at_doubles()
        return Ruleset(
            id=text(header.get("id")) or self.layer.path.name,
            title=text(header.get("title")) or "",
            version=text(header.get("version")) or "",
            facts=self.facts,
            rules={name: self._rule(shape) for name, shape in self.items("rules").items()},
            goals=self._goals(),
            extends=_texts(header.get("extends")),
            summary=text(header.get("summary")),
            jurisdiction=text(header.get("jurisdiction")),
            authors=_texts(header.get("authors")),
            licence=text(header.get("licence")),
            reviewed=text(header.get("reviewed")),
            next_review=text(header.get("next_review")),
            not_for=_texts(header.get("not_for")),
            glossary=tuple((term, scalar.text) for term, scalar in header["glossary"].items()),
            starts=tuple(self._start(shape) for shape in self.items("starts").values()),
            sources={name: self._source(shape) for name, shape in self.items("sources").items()},
            sections=sections,
            regimens={
                name: self._regimen(name, shape, self.layer.marks["regimens", name])
                for name, shape in self.items("regimens").items()
            },
            cases=tuple(self._case(shape) for shape in self.items("cases").values()),
            properties=tuple(self._property(shape) for shape in self.items("properties").values()),
            accept=tuple(model.Accepted(a.finding.text, a.reason.text, a.finding.mark) for a in self.layer.accept),
        )

    # Facts

    def _build_facts(self, sections: tuple[model.Section, ...]) -> None:
        builder = FactBuilder(
            (section.id for section in sections),
            lambda name: self.layer.may_declare("sections", name),
            self.problems,
            may_amend=self.layer.torn and self.layer.stacked,
        )
        regimens = [Option(name, text(shape.title) or name) for name, shape in self.items("regimens").items()]
        regimens += [Option(name, name) for name in self.layer.broken_ids("regimens")]
        declared: dict[str, shapes.FactShape] = self.items("facts")
        for name, shape in declared.items():
            fact = builder.build(name, shape, self.layer.marks["facts", name], regimens)
            if fact is None or self._is_uncertain(name):
                self.layer.broken.add(("facts", name))
            else:
                self.facts[name] = fact
        if regimens and "regimen" not in declared and not self._may_be_fact("regimen"):
            self.facts["regimen"] = Fact("regimen", "choice", "Regimen", derived=True, options=tuple(regimens))
        self._check_regimen_fact(regimens)
        for kind, name, shape, mark in self.layer.doubles:
            if kind == "facts":
                builder.build(name, shape, mark, regimens)
                builder.look_at(shape, self.reader, self.facts)
        for name, shape in declared.items():
            if name in self.facts:
                self.facts[name] = builder.complete(self.facts[name], shape, self.reader, self.facts)
            else:
                builder.look_at(shape, self.reader, self.facts)

    def _is_uncertain(self, name: str) -> bool:
        """Whether what cannot be read may say more about a fact, or something else."""
        amended = self.layer.torn and self.layer.stacked
        more_options = name == "regimen" and self.layer.may_declare("regimens", "")
        return amended or more_options or ("facts", name) in self.layer.broken

    def _look_at_doubles(self) -> None:
        """Look for what else is wrong with things that have the id of another."""
        for kind, name, shape, mark in self.layer.doubles:
            match kind:
                case "rules":
                    self._rule(shape)
                case "regimens":
                    self._regimen(name, shape, mark)
                case "cases":
                    self._case(shape)
                case "properties":
                    self._property(shape)
                case "starts":
                    self._start(shape)

    def _check_regimen_fact(self, regimens: list[Option]) -> None:
        fact = self.facts.get("regimen")
        if fact and not fact.options and fact.type == "choice":
            self.tell(fact.mark, "fact 'regimen' has no options. Declare them under regimens.")
            self.layer.broken.add(("facts", "regimen"))
            del self.facts["regimen"]
        elif regimens and fact and (not fact.derived or fact.type != "choice"):
            message = (
                "fact 'regimen' must be a derived choice, for regimens are its options. Mend its type, or rename it."
            )
            self.tell(fact.mark, message)

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
            overrides=self._overrides(shape),
            mark=shape.id.mark,
        )

    def _then(self, shape: shapes.RuleShape) -> tuple[tuple[str, tuple[Single, ...]], ...]:
        node = shape.then
        if not node and "then" not in shape.gaps:
            self.tell(node.mark, "then: nothing is concluded. Write 'then: {fact: value}'.")
        found = []
        for name, value in node.items():
            fact = self.facts.get(name)
            mark = node.key_marks[name]
            if fact is None:
                if not self._may_be_fact(name):
                    hint = did_you_mean(name, self.facts)
                    message = f"then: {quote(name)} is not a fact.{hint} Declare it under facts, or mend it."
                    self.problems.tell_absent(mark, message, "facts", name)
            elif fact.is_input or self._has_formula(name):
                given = "asked for" if fact.is_input else "computed by its formula"
                self.tell(
                    mark,
                    f"then: {quote(name)} is {given}, so no rule concludes it. Name a fact with 'derived: true' here.",
                )
            else:
                found.append((name, self._concluded(fact, value, node.place_of(name))))
        return tuple(found)

    def _has_formula(self, name: str) -> bool:
        declared = self.items("facts").get(name)
        return declared is not None and declared.formula is not None

    def _concluded(self, fact: Fact, value: Node, place: Mark) -> tuple[Single, ...]:
        if isinstance(value, Scalar) and value.is_nothing:
            self.tell(place, f"then: {fact.id} {NO_VALUE}")
            return ()
        if isinstance(value, Scalar | Sequence) and (wrong := _concludes_nothing(fact, value)):
            self.tell(value.mark, f"then: {wrong}")
            return ()
        if isinstance(value, Sequence) and not fact.is_set:
            self.tell(value.mark, f"then: {fact.id} holds one value, not a list. Write one, or make its type choices.")
            return ()
        nodes = list(value) if isinstance(value, Sequence) else [value]
        found = [single for node in nodes if (single := self.reader.single(fact, node)) is not None]
        return tuple(dict.fromkeys(found))

    def _because(self, scalar: Scalar) -> str:
        for match in _PLACEHOLDER.finditer(scalar.text):
            name = match[1]
            if name not in self.facts and name != "as_of" and not self._may_be_fact(name):
                hint = did_you_mean(name, self.facts)
                message = f"because: {quote(name)} is not a fact.{hint} Name one in the braces."
                self.problems.tell_absent(scalar.at(match.start(1)), message, "facts", name)
        bare = _PLACEHOLDER.sub(lambda match: " " * len(match[0]), scalar.text)
        stray = re.search(r"[{}]", bare)
        if stray:
            cure = "Write {fact} for a fact's value, else no braces."
            self.tell(scalar.at(stray.start()), f"because: this brace has no partner. {cure}")
        return scalar.text

    def _cites(self, cites: Iterable[shapes.CitationShape] | None) -> tuple[model.Citation, ...]:
        known = self.items("sources")
        for cite in cites or ():
            name = cite.source.text
            if name not in known and not self.layer.may_declare("sources", name):
                hint = did_you_mean(name, known)
                message = f"{quote(name)} is not a source.{hint} Declare it under sources."
                self.problems.tell_absent(cite.source.mark, message, "sources", name)
        return tuple(model.Citation(cite.source.text, text(cite.section)) for cite in cites or ())

    def _overrides(self, shape: shapes.RuleShape) -> tuple[str, ...]:
        found = self._rules_named(shape.overrides, "overrides")
        if shape.id.text in found and not self.layer.may_declare("rules", shape.id.text):
            mark = next(scalar.mark for scalar in shape.overrides or () if scalar.text == shape.id.text)
            self.tell(mark, f"rule {quote(shape.id.text)} overrides itself. Delete it here.")
        return tuple(name for name in found if name != shape.id.text)

    def _rules_named(self, scalars: Iterable[Scalar] | None, where: str) -> tuple[str, ...]:
        """The rules that a list names; one that was replaced under another id goes by that."""
        known, found = self.items("rules"), []
        for scalar in scalars or ():
            name = self.layer.name_now("rules", scalar.text)
            if name in known:
                found.append(name)
            elif not self.layer.may_declare("rules", name):
                hint = did_you_mean(name, known)
                self.problems.tell_absent(
                    scalar.mark, f"{where}: {quote(name)} is not a rule.{hint} Check its id.", "rules", name
                )
        return tuple(dict.fromkeys(found))

    # The rest

    def _source(self, shape: shapes.SourceShape) -> model.Source:
        name, title = shape.id.text, text(shape.title)
        return model.Source(name, title or name, text(shape.url), text(shape.date), text(shape.read), text(shape.note))

    def _regimen(self, name: str, shape: shapes.RegimenShape, mark: Mark) -> model.Regimen:
        if shape.phases == [] and "phases" not in shape.gaps:
            self.tell(mark, f"regimen {quote(name)} has an empty list of phases. Add one, or delete 'phases'.")
        for phase in shape.phases or ():
            for problem in check_phase(phase):
                self.tell(problem.mark, problem.message)
        phases = tuple(
            model.Phase(
                text(phase.name) or f"Phase {number}", text(phase.dose), text(phase.route), spelled(phase.every),
                text(phase.until), spelled(phase.review_after), spelled(phase.for_),
            )
            for number, phase in enumerate(shape.phases or (), 1)
        )  # fmt: skip
        title, cites = text(shape.title) or name, self._cites(shape.cites)
        return model.Regimen(
            name, title, text(shape.product), phases, cites, text(shape.strength), text(shape.needs_check), mark
        )

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
        """One goal: the fact alone, or {fact: {when: condition}}."""
        if isinstance(node, Scalar) and not node.is_nothing:
            return self._goal_named(node.text, node.mark, None)
        if not isinstance(node, Mapping) or len(node) != 1:
            self.tell(node.mark, "this goal is not one fact. Write the fact, or 'fact: {when: condition}'.")
            return None
        ((name, inner),) = node.items()
        if not isinstance(inner, Mapping) or list(inner) != ["when"]:
            self.tell(
                node.mark, f"goal {quote(name)} has something else than 'when'. Write '{name}: {{when: condition}}'."
            )
            return None
        return self._goal_named(name, node.key_marks[name], inner)

    def _goal_named(self, name: str, mark: Mark, inner: Mapping | None) -> model.Goal | None:
        if name not in self.facts:
            if not self._may_be_fact(name):
                hint = did_you_mean(name, self.facts)
                message = f"goal {quote(name)} is not a fact.{hint} Declare it under facts, or mend it."
                self.problems.tell_absent(mark, message, "facts", name)
            return None
        if inner is None:
            return model.Goal(name, None, mark)
        if isinstance(inner["when"], Scalar) and inner["when"].is_nothing:
            self.tell(inner.place_of("when"), f"'when' {NO_VALUE}")
            return None
        return model.Goal(name, self.reader.read(inner["when"]), mark)

    def _answers(self, node: Mapping, what: str) -> tuple[tuple[str, object], ...]:
        try:
            read_answers(self.facts, node)
        except AnswerError as error:
            for problem in error.problems:
                if problem.fact not in self.facts and self._may_be_fact(problem.fact):
                    continue
                mark, message = problem.mark or node.mark, f"{what}: {problem.fact}: {problem.message}"
                if problem.fact in node and problem.fact not in self.facts:
                    self.problems.tell_absent(mark, message, "facts", problem.fact)
                elif (fact := self.facts.get(problem.fact)) and fact.options:
                    self.problems.tell_absent(mark, message, "values", fact.id, problem.message)
                else:
                    self.tell(mark, message)
        return tuple((name, sequence_or_text(value)) for name, value in node.items())

    def _start(self, shape: shapes.StartShape) -> model.Start:
        answers = self._answers(shape.answers, f"start {quote(shape.id.text)}") if shape.answers is not None else ()
        return model.Start(shape.id.text, text(shape.title) or shape.id.text, answers)

    def _case(self, shape: shapes.CaseShape) -> model.Case:
        name = f"case {quote(shape.id.text)}"
        return model.Case(
            id=shape.id.text,
            title=text(shape.title) or shape.id.text,
            answers=() if shape.answers is None else self._answers(shape.answers, name),
            as_of=iso_date(shape.as_of.text) if shape.as_of else None,
            expect=self.reader.read(shape.expect) if shape.expect else None,
            fires=self._rules_named(shape.fires, name),
            not_fires=self._rules_named(shape.not_fires, name),
            source=text(shape.source),
            mark=shape.id.mark,
        )

    def _property(self, shape: shapes.PropertyShape) -> model.Property:
        name = quote(shape.id.text)
        if shape.always is None and shape.never is None and not shape.gaps & {"always", "never"}:
            self.tell(shape.id.mark, f"property {name} promises nothing. Add 'always:' or 'never:'.")
        if shape.always is not None and shape.never is not None:
            self.tell(
                shape.id.mark, f"property {name} has both 'always' and 'never'. Keep one, or write two properties."
            )
        conditions = (shape.whenever, shape.always, shape.never)
        whenever, always, never = (None if node is None else self.reader.read(node) for node in conditions)
        title = text(shape.title) or shape.id.text
        return model.Property(shape.id.text, title, whenever, always, never, shape.id.mark)


def _concludes_nothing(fact: Fact, value: Scalar | Sequence) -> str | None:
    """What to tell of a conclusion that is none, an empty set or "unknown"; None where there is a value."""
    alone = value[0] if isinstance(value, Sequence) and len(value) == 1 else value
    word = alone.text.casefold() if isinstance(alone, Scalar) else ""
    if isinstance(value, Sequence) and not value:
        word = "none"
    if word in fact.option_ids:
        return None
    if word == "unknown" and fact.type in {"choice", "choices"}:
        return f"'unknown' is no option of {fact.id}, and only answers are unknown. Give it an option such as unclear."
    if word not in NONE:
        return None
    if fact.is_set:
        return f"{fact.id} is a set, empty while no rule adds to it. Leave it out here."
    return f"{fact.id} cannot be concluded to be {word}. Leave it out here, or give it an option for that."


def _texts(scalars: Iterable[Scalar] | None) -> tuple[str, ...]:
    return tuple(scalar.text for scalar in scalars or ())


def with_one_spelling(ruleset: Ruleset) -> Ruleset:
    """The ruleset with equal constants of a derived number written alike, so that 1 mg and 1000 mcg are one value."""
    numbers = [
        fact for fact in ruleset.facts.values() if fact.derived and fact.type == "number" and fact.formula is None
    ]
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
    for value in ruleset.values[fact.id]:
        if isinstance(value, Quantity) and units and units.canonical and value.unit:
            found[value] = first.setdefault(units.convert(value.number, value.unit, units.canonical), value)
    return found
