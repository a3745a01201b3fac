"""The JSON Schema accepts every sound file, and refuses what editors should underline."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from engine.language.load import SHIPPED
from engine.language.schema import json_schema

CORPORA = Path(__file__).resolve().parent.parent / "corpora"
SOUND = [*sorted((CORPORA / "good").rglob("*.yaml")), *sorted(SHIPPED.rglob("*.yaml"))]
UNDERLINED = [
    *("key_unknown_top", "key_unknown_fact", "key_unknown_rule", "key_unknown_phase", "key_unknown_option"),
    *(
        "key_unknown_case",
        "id_capital",
        "id_dash_in_fact",
        "id_rule_spaces",
        "value_version_number",
        "value_title_true",
    ),
    *("value_kind", "value_strength", "value_type", "value_required", "value_title_number", "value_empty_text"),
    *("missing_rule_when", "missing_rule_because", "shape_facts"),
    *("shape_rules", "shape_then_text", "shape_then_empty", "shape_options_list", "shape_any_mapping", "shape_goals"),
    *(
        "cond_not_two_keys",
        "cond_not_list",
        "cond_not_nested",
        "cond_any_empty",
        "cond_unknown_word",
        "cond_test_empty",
    ),
    *("cond_is_value", "cond_between_one", "cond_values_empty", "yaml_null_test", "yaml_tilde", "value_source_date"),
]


@pytest.fixture(scope="module")
def validator():
    return Draft202012Validator(json_schema())


def as_json(path):
    """A YAML file as an editor sees it, where a bare date is a text."""
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(path.read_text("utf-8")), default=dt.date.isoformat))


def test_the_schema_is_one():
    Draft202012Validator.check_schema(json_schema())
    assert json_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "Condition" in json_schema()["$defs"]
    json.dumps(json_schema())


def test_every_key_is_described():
    shapes = [json_schema(), *(each for name, each in json_schema()["$defs"].items() if name.endswith("Shape"))]

    assert len(shapes) > 10
    for shape in shapes:
        assert [key for key, value in shape["properties"].items() if "description" not in value] == []
        assert "mark" not in shape["properties"]


@pytest.mark.parametrize("shape", ["RuleShape", "RegimenShape"])
@pytest.mark.parametrize("key", ["needs_check", "strength"])
def test_rules_and_regimens_say_how_sure_they_are(shape, key):
    assert json_schema()["$defs"][shape]["properties"][key]["description"]


@pytest.mark.parametrize("path", SOUND, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_sound_file_is_accepted(validator, path):
    assert [error.message for error in validator.iter_errors(as_json(path))] == []


@pytest.mark.parametrize("name", UNDERLINED)
def test_a_broken_file_is_refused(validator, name):
    assert list(validator.iter_errors(as_json(CORPORA / "broken" / f"{name}.yaml")))
