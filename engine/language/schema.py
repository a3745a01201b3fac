"""The JSON Schema of a ruleset file, for editors that complete and check while somebody writes.

It comes from the shapes that loading uses, so the two cannot part. It knows one file, not what the words in it refer
to: loading is what decides.
"""

from __future__ import annotations

from typing import Any, cast

from engine.language.conditions import COMPARISONS, INCLUDES
from engine.language.leaves import DEFINED, NAME_PATTERN
from engine.language.shapes import FileShape, OptionShape

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
CONDITION = {"$ref": "#/$defs/Condition"}
VALUE = {"$ref": "#/$defs/Value"}
NAME = f"^{NAME_PATTERN}$"


def json_schema() -> Schema:
    """The JSON Schema (2020-12) of a ruleset file."""
    schema = FileShape.model_json_schema()
    definitions = cast("Schema", schema.pop("$defs"))
    definitions["OptionShape"] = OptionShape.model_json_schema()
    definitions |= _definitions()
    whole = {"$schema": DIALECT, "title": "A ruleset file", **schema, "$defs": definitions}
    return cast("Schema", _without_nothing(whole))


def _definitions() -> dict[str, Schema]:
    """What the shapes leave to the parts of the language that know the facts."""
    option = {"anyOf": [{"type": "string", "minLength": 1}, {"$ref": "#/$defs/OptionShape"}]}
    answer = {"anyOf": [VALUE, {"type": "array", "items": {"type": "string"}}]}
    return {
        "Value": {"description": "An option, a number with its unit, a date.", "type": ["string", "number"]},
        "Condition": _condition(),
        "Not": _not(),
        "Test": _test(),
        "Answers": _keyed("{fact: answer}", answer),
        "Conclusions": {**_keyed("{fact: value}, a list for a set.", _one_or_more(VALUE)), "minProperties": 1},
        "Options": _keyed("{its_id: its label}", option),
        "Goal": {"anyOf": [{"type": "string", "pattern": NAME}, _goal_with_condition()]},
    }


def _condition() -> Schema:
    parts = {"type": "array", "items": CONDITION, "minItems": 1}
    return {
        "description": "Tests on facts: a mapping or list holds when all of it does.",
        "anyOf": [
            {
                "type": "object",
                "properties": {"all": parts, "any": parts, "not": {"$ref": "#/$defs/Not"}},
                "patternProperties": {f"^(?!(?:all|any|not)$){NAME_PATTERN}$": {"$ref": "#/$defs/Test"}},
                "additionalProperties": False,
            },
            parts,
        ],
    }


def _not() -> Schema:
    return {
        "description": "Exactly one test, one all or one any.",
        "allOf": [CONDITION],
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "not": {"required": ["not"]},
    }


def _test() -> Schema:
    pair = {"type": "array", "items": VALUE, "minItems": 2, "maxItems": 2}
    words: dict[str, Schema] = {word: _one_or_more(VALUE) for word in (*COMPARISONS, "is_not", *INCLUDES)}
    words["between"] = {"anyOf": [pair, {"type": "array", "items": pair, "minItems": 1}]}
    words["is"] = {"enum": ["known", "unknown", "empty", "not_empty"]}
    return {
        "description": "A value, a list of values (any of them), or words such as {at_least: 18, below: 65}.",
        "anyOf": [
            _one_or_more(VALUE),
            {"type": "object", "properties": words, "additionalProperties": False, "minProperties": 1},
        ],
    }


def _goal_with_condition() -> Schema:
    when = {"type": "object", "properties": {"when": CONDITION}, "required": ["when"], "additionalProperties": False}
    return {**_keyed("{fact: {when: condition}}", when), "minProperties": 1, "maxProperties": 1}


def _keyed(description: str, item: Schema) -> Schema:
    keyed = {"type": "object", "patternProperties": {NAME: item}, "additionalProperties": False}
    return {"description": description, **keyed}


def _one_or_more(item: Schema) -> Schema:
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}


def _without_nothing(node: Any) -> Any:
    """The schema as people meet it: no key has no value, and no title repeats the name of a key."""
    if isinstance(node, list):
        return [_without_nothing(part) for part in node if part != {"type": "null"}]
    if not isinstance(node, dict):
        return node
    kept = {key: _without_nothing(value) for key, value in node.items() if not _says_nothing(key, value)}
    only = kept.get("anyOf")
    if DEFINED in kept:
        kept["$ref"] = f"#/$defs/{kept.pop(DEFINED)}"
    if isinstance(only, list) and len(only) == 1:
        kept = {**{key: value for key, value in kept.items() if key != "anyOf"}, **only[0]}
    return kept


def _says_nothing(key: str, value: object) -> bool:
    return (key == "default" and value is None) or (
        key == "title" and isinstance(value, str) and value != "A ruleset file"
    )
