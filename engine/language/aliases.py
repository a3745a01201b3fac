"""Other people's words for ours: the one table behind "did you mean" for keys and for the words of tests.

Spelling alone would take `question` for `section`; a person means `ask`. A word leads to those of its meanings that
are keys where it stands, so `name` is a fact's label and a rule's title.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from engine.language.errors import did_you_mean, nearest, quote

_MEANT = {
    "ask": "question text prompt query",
    "label": "name title display display_name caption",
    "title": "name label heading headline",
    "when": "if condition conditions where criteria trigger requires premise",
    "then": "conclude concludes conclusion conclusions result results consequence action outcome",
    "because": "reason rationale explanation justification why evidence",
    "otherwise": "default else fallback",
    "options": "values choices answers allowed enum",
    "cites": "source sources cite citation citations reference references ref refs",
    "source": "id ref reference cite citation",
    "section": "page heading chapter table group",
    "ask_when": "only_when asked_when show_when ask_if show_if asked_if only_if visible_when when if gate condition "
    "conditions depends_on",
    "every": "interval frequency freq schedule period how_often",
    "for": "duration length lasts how_long",
    "dose": "dosage amount quantity strength",
    "route": "via by",
    "review_after": "review recheck follow_up check_after",
    "until": "stop stop_when end ends till",
    "product": "drug medicine medication substance",
    "phases": "steps stages schedule",
    "overrides": "override overrule overrules outranks beats supersedes",
    "replaces": "replace instead_of",
    "needs_check": "check needs_review unverified caution to_check",
    "strength": "grade level recommendation",
    "help": "hint description info",
    "clinician_note": "note notes comment",
    "note": "notes comment comments description",
    "why": "reason rationale because",
    "type": "kind datatype data_type",
    "kind": "type category",
    "formula": "calculation calc compute computed equation expression",
    "derived": "computed calculated concluded",
    "required": "mandatory must",
    "range": "limits bounds possible min max",
    "plausible": "usual normal normal_range expected",
    "none": "none_label no_option none_of_these",
    "unit": "measured_in",
    "units": "other_units accepted_units",
    "harm": "danger consequence risk",
    "remedy": "fix correction solution",
    "answers": "given input inputs facts values",
    "expect": "expected expects then result outcome conclusions",
    "fires": "rules applies fired",
    "as_of": "date day today",
    "whenever": "when if",
    "always": "then must holds",
    "never": "must_not not",
    "url": "link href address web",
    "date": "year published datetime day",
    "read": "accessed retrieved",
    "reason": "because why",
    "finding": "id name code",
    "id": "key identifier code",
    "summary": "description about intro abstract",
    "jurisdiction": "country region place",
    "authors": "author by written_by",
    "licence": "license copyright",
    "extends": "extend base bases include includes import imports inherits",
    "goals": "goal targets outcomes",
    "facts": "variables questions inputs data parameters",
    "rules": "logic statements",
    "regimens": "schedules treatments protocols",
    "cases": "tests examples test_cases",
    "properties": "promises invariants",
    "sections": "pages groups headings",
    "starts": "situations scenarios",
    "reviewed": "last_review review_date",
    "next_review": "review_due",
    "not_for": "exclusions excludes contraindications",
    "glossary": "terms definitions",
    "accept": "accepted ignore",
    # types, kinds and strengths
    "yes_no": "bool boolean flag binary yes/no y/n",
    "choice": "select enum string text radio category categorical option dropdown",
    "choices": "set multi multiple multiselect multi_select list checkbox checkboxes options multiple_choice",
    "number": "int integer float numeric numerical decimal quantity amount measurement",
    "mistake": "error",
    "advice": "recommendation information",
    "monitoring": "follow_up monitor",
    "safety": "warning contraindication caution",
    "scope": "eligibility exclusion",
    "regimen": "dose dosing treatment",
    "weak": "conditional",
    "custom": "expert consensus practice",
    # the words of tests
    "at_least": "min minimum ge gte >= => ≥ from since no_less_than",
    "at_most": "max maximum le lte <= =< ≤ up_to no_more_than",
    "above": "> gt greater greater_than more_than over older_than after exceeds higher_than",
    "below": "< lt less less_than under younger_than before lower_than fewer_than",
    "between": "range within from_to",
    "is_not": "not != <> ne neq not_in isnt is_not_in not_equal not_equals",
    "includes_any": "contains includes include contain has have any any_of one_of in includes_some",
    "includes_all": "all all_of contains_all has_all",
    "includes_none": "excludes exclude none none_of not_contains lacks not_includes without not",
    # the words that join tests
    "all": "and every both all_of",
    "any": "or either one_of any_of some",
    "not": "none no neither nor none_of",
}


def _turned() -> dict[str, list[str]]:
    meanings: dict[str, list[str]] = {}
    for meant, words in _MEANT.items():
        for word in words.split():
            meanings.setdefault(word, []).append(meant)
    return meanings


_MEANINGS = _turned()
LANGUAGE = frozenset(_MEANT)  # our own words, as far as others have another for them


def meant_by(word: str, known: Iterable[str], taken: Collection[str] = ()) -> list[str]:
    """The known words that this one stands for: one that is not taken yet by its meaning, else by its spelling."""
    known = list(known)
    plain = "_".join(word.lower().replace("-", " ").split())
    if plain in known:
        return [plain]
    same = [each for each in _MEANINGS.get(plain, ()) if each in known and each not in taken]
    return same[:1] or nearest(word, known)


def offer(word: str, known: Iterable[str], taken: Collection[str] = ()) -> str:
    """A sentence that offers what the word stands for, or lists the known words when they are few, or nothing."""
    known = list(known)
    meant = meant_by(word, known, taken)
    if meant:
        return " Did you mean " + " or ".join(map(quote, meant)) + "?"
    return did_you_mean("", known)
