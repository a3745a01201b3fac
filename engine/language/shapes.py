"""The shape of ruleset files: which keys there are, which are needed, what kind of value each takes.

These models are the border: they check shape only and keep every leaf as the located scalar it was. What the words
refer to (facts, options, sources) is checked in `build`. The JSON Schema of the files comes from the same models, and
an editor shows the descriptions while somebody writes.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    PrivateAttr,
    WithJsonSchema,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic.json_schema import SkipJsonSchema

from engine.language.errors import Mark
from engine.language.leaves import (
    NAME_PATTERN,
    AnswersNode,
    ConditionNode,
    Date,
    Flag,
    GoalNode,
    Kind,
    Leaf,
    LongName,
    Name,
    OptionsNode,
    Strength,
    Text,
    ThenNode,
    Type,
    iso_date,
    one_or_more,
)
from engine.language.source import Mapping

__all__ = ["iso_date"]  # where the command line looks for it

IDS: JsonDict = {"propertyNames": {"pattern": f"^{NAME_PATTERN}$"}}
MARK = "\0mark"  # no YAML key can hold this character
Texts = Annotated[
    list[Text],
    BeforeValidator(one_or_more),
    WithJsonSchema({"type": ["string", "array"], "items": {"type": "string", "minLength": 1}}),
]


def _as_given(mark: Mark) -> Mark:
    return mark


class Shape(BaseModel):
    """A mapping in a ruleset file; `mark` is where it begins."""

    model_config = ConfigDict(extra="forbid")
    mark: SkipJsonSchema[Annotated[Mark, PlainValidator(_as_given)]] = Field(
        default=Mark("", 1, 1), alias="\0mark", exclude=True
    )
    _gaps: frozenset[str] = PrivateAttr(default=frozenset())

    @property
    def gaps(self) -> frozenset[str]:
        """The keys that are written but cannot be read, which has been told: they are absent, or hold a stand-in."""
        return self._gaps

    @gaps.setter
    def gaps(self, keys: frozenset[str]) -> None:
        self._gaps = keys

    @model_validator(mode="before")
    @classmethod
    def _keep_mark(cls, data: object) -> object:
        return {**data, MARK: data.mark} if isinstance(data, Mapping) else data


class CitationShape(Shape):
    """A place in a source."""

    source: LongName = Field(description="The id of a source declared under sources.")
    section: Leaf | None = Field(None, description="The heading, table or page in it.")


class OptionShape(Shape):
    """An option with more than a label."""

    label: Text = Field(description="What people read.")
    help: Text | None = Field(None, description="One line under the option.")


class FactShape(Shape):
    """Something that can be known: an input is asked for, a derived fact is concluded by rules or computed."""

    section: LongName | None = Field(None, description="The section whose heading the question stands under.")
    label: Text | None = Field(None, description="The name of the fact in sentences and tables.")
    ask: Text | None = Field(None, description="The question. Every fact needs it that is not derived.")
    help: Text | None = Field(None, description="One line under the question, plain enough for a patient.")
    clinician_note: Text | None = Field(None, description="More for a clinician.")
    why: Text | None = Field(None, description="Why this is asked, for the person answering.")
    type: Type | None = Field(None, description="yes_no, choice (one option), choices (a set), number or date.")
    unit: Leaf | None = Field(None, description="The unit of a number, in which it is compared and shown.")
    units: list[Leaf] | None = Field(None, description="Other units that answers and cut-offs may name.")
    molar_mass: Leaf | None = Field(None, description="Such as 1355.37 g/mol, to convert between mass and mol.")
    range: list[Leaf] | None = Field(None, description="[lowest, highest] possible; other answers are refused.")
    plausible: list[Leaf] | None = Field(None, description="[lowest, highest] usual; other answers are questioned.")
    required: Flag | None = Field(None, description="true: 'I do not know' is not offered.")
    codes: dict[str, list[Text]] | None = Field(None, description="Codes of other systems, such as {loinc: [2132-9]}.")
    options: OptionsNode | None = Field(None, description="What a choice can be: {its_id: its label}.")
    none: Text | None = Field(None, description="The words for the explicit empty answer to a set.")
    ask_when: ConditionNode | None = Field(None, description="The gate: the fact takes part only while this holds.")
    formula: Leaf | None = Field(None, description="Arithmetic over number and date facts: + - * / ( ) min max round.")
    derived: Flag | None = Field(None, description="true: rules conclude it, nobody is asked.")
    otherwise: Leaf | None = Field(None, description="The value that holds when no rule can conclude one.")


class RuleShape(Shape):
    """When something holds, conclude something, because of something."""

    id: LongName = Field(description="Small letters, digits, _ and -, beginning with a letter.")
    title: Text = Field(description="What the rule says, in one line.")
    kind: Kind | None = Field(None, description="What the rule is for.")
    when: ConditionNode = Field(description="The condition. {} always holds.")
    then: ThenNode = Field(description="What follows: {fact: value}.")
    because: Text = Field(description="The reason, for people; {fact} stands for a fact's value.")
    cites: list[CitationShape] | None = Field(None, description="Where this comes from.")
    strength: Strength | None = Field(None, description="Of the recommendation in the cited source.")
    needs_check: Text | None = Field(None, description="Why a clinician must check this before it is relied on.")
    harm: Text | None = Field(None, description="Of a mistake: what it does.")
    remedy: Text | None = Field(None, description="Of a mistake: how to put it right.")
    overrides: list[LongName] | None = Field(None, description="The rules that are silent where this one applies.")
    replaces: LongName | None = Field(None, description="The rule of a base whose place this one takes.")


class PhaseShape(Shape):
    """One stretch of a regimen; what is absent is as the local protocol says."""

    name: Text | None = Field(None, description="Such as Repletion.")
    dose: Leaf | None = Field(None, description="An amount with its unit, such as 1000 mcg.")
    route: Text | None = Field(None, description="Such as IM.")
    every: Leaf | None = Field(None, description="A duration or range of them, such as 2 days, 1 to 2 weeks.")
    until: Leaf | None = Field(None, description="What ends the phase.")
    review_after: Leaf | None = Field(None, description="A duration, such as 3 weeks.")
    for_: Leaf | None = Field(None, alias="for", description="A duration, or words such as ongoing.")


class RegimenShape(Shape):
    """A schedule that a rule can suggest."""

    title: Text | None = Field(None, description="The name that people read; without it the id.")
    product: Text | None = Field(None, description="What is given.")
    phases: list[PhaseShape] | None = Field(None, description="Its stretches, in order.")
    cites: list[CitationShape] | None = Field(None, description="Where this comes from.")
    strength: Strength | None = Field(None, description="Of the recommendation in the cited source.")
    needs_check: Text | None = Field(None, description="Why a clinician must check this before it is relied on.")
    replaces: Name | None = Field(None, description="The regimen of a base whose place this one takes.")


class SectionShape(Shape):
    """A heading over questions."""

    id: LongName = Field(description="What facts name as their section.")
    title: Text | None = Field(None, description="The heading; without it the id.")
    together: Flag | None = Field(None, description="true: its open questions share one page.")


class SourceShape(Shape):
    """Where clinical statements come from."""

    id: LongName = Field(description="What cites name.")
    title: Text | None = Field(None, description="Its title; without it the id.")
    url: Text | None = Field(None, description="Where it can be read.")
    date: Date | None = Field(None, description="When it was published.")
    read: Date | None = Field(None, description="When the authors of the ruleset read it.")
    note: Text | None = Field(None, description="What else there is to say about it.")


class StartShape(Shape):
    """A situation on the home page, with answers filled in."""

    id: LongName = Field(description="Small letters, digits, _ and -, beginning with a letter.")
    title: Text | None = Field(None, description="What people choose; without it the id.")
    answers: AnswersNode | None = Field(None, description="The answers that are filled in.")


class CaseShape(Shape):
    """An example: answers, and what must come of them."""

    id: LongName = Field(description="Small letters, digits, _ and -, beginning with a letter.")
    title: Text | None = Field(None, description="Who this is, in one line.")
    answers: AnswersNode | None = Field(None, description="{fact: answer}")
    as_of: Date | None = Field(None, description="The day of the case.")
    expect: ConditionNode | None = Field(None, description="A condition on derived facts that must hold.")
    fires: list[LongName] | None = Field(None, description="Rules that must apply.")
    not_fires: list[LongName] | None = Field(None, description="Rules that must not apply.")
    source: Text | None = Field(None, description="Where the example comes from.")


class PropertyShape(Shape):
    """A promise about every complete set of answers: always, or never."""

    id: LongName = Field(description="Small letters, digits, _ and -, beginning with a letter.")
    title: Text | None = Field(None, description="The promise, in one line.")
    whenever: ConditionNode | None = Field(None, description="Which answers it is about; absent: all.")
    always: ConditionNode | None = Field(None, description="What must hold for them.")
    never: ConditionNode | None = Field(None, description="What must not hold for them.")
    replaces: LongName | None = Field(None, description="The property of a base whose place this one takes.")


class AcceptedShape(Shape):
    """A finding of `regimen check` that the authors accept."""

    finding: Text = Field(description="The finding, as `regimen check` names it.")
    reason: Text = Field(description="Why it is accepted.")


class FileShape(Shape):
    """A ruleset file: a folder's files are read in order of name and joined."""

    id: LongName | None = Field(None, description="The id of the ruleset.")
    title: Text | None = Field(None, description="What people read as its name.")
    version: Text | None = Field(None, description='In quotes, such as "1.0".')
    extends: list[LongName] | None = Field(None, description="Rulesets that are included in this one.")
    summary: Text | None = Field(None, description="Shown before the first question.")
    jurisdiction: Text | None = Field(None, description="Where its rules are meant to hold.")
    authors: Texts | None = Field(None, description="Who wrote it.")
    licence: Text | None = Field(None, description="What others may do with it.")
    reviewed: Date | None = Field(None, description="When it was last reviewed.")
    next_review: Date | None = Field(None, description="When it is to be reviewed next.")
    not_for: Texts | None = Field(None, description="Whom or what it is not meant for.")
    glossary: dict[str, Text] | None = Field(None, description="{term: what it means}")
    starts: list[StartShape] | None = Field(None, description="Situations on the home page.")
    sources: list[SourceShape] | None = Field(None, description="Where clinical statements come from.")
    goals: list[GoalNode] | None = Field(None, description="The facts that a session has to settle, in order.")
    sections: list[SectionShape] | None = Field(None, description="The headings of the questions, in order.")
    facts: dict[str, FactShape] | None = Field(None, description="{its_id: what can be known}", json_schema_extra=IDS)
    rules: list[RuleShape] | None = Field(None, description="What follows from what.")
    regimens: dict[str, RegimenShape] | None = Field(
        None, description="{its_id: a schedule that rules can suggest}", json_schema_extra=IDS
    )
    cases: list[CaseShape] | None = Field(None, description="Examples that are run as tests.")
    properties: list[PropertyShape] | None = Field(None, description="Promises that are proved.")
    accept: list[AcceptedShape] | None = Field(None, description="Findings that the authors accept.")
