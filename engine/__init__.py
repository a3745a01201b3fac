"""Regimen: a rule-engine expert system.

    ruleset = engine.load_ruleset("rulesets/b12-general")
    consultation = engine.consult(ruleset, {"age": 54, "serum_b12": "140 ng/L"})

Names are resolved when they are first used, so that `engine.bootstrap` runs before anything is installed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.dialogue.consultation import Consultation, Question, consult
    from engine.language.errors import AnswerError, RegimenError, RulesetError
    from engine.language.load import load_ruleset
    from engine.language.model import Ruleset
    from engine.logic.trail import Step, Trail

_HOMES = {
    "AnswerError": "engine.language.errors",
    "Consultation": "engine.dialogue.consultation",
    "Question": "engine.dialogue.consultation",
    "RegimenError": "engine.language.errors",
    "Ruleset": "engine.language.model",
    "RulesetError": "engine.language.errors",
    "Step": "engine.logic.trail",
    "Trail": "engine.logic.trail",
    "consult": "engine.dialogue.consultation",
    "load_ruleset": "engine.language.load",
}

__all__ = [
    "AnswerError",
    "Consultation",
    "Question",
    "RegimenError",
    "Ruleset",
    "RulesetError",
    "Step",
    "Trail",
    "consult",
    "load_ruleset",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
