"""Putting a ruleset on the bases that it extends.

Goals and sections given again replace the base's, a fact declared again is amended, a rule, regimen or property says
`replaces`, and anything else repeated is a mistake to tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from engine.language import shapes
from engine.language.errors import Problems, did_you_mean, quote
from engine.language.layers import KEYED, LISTED, NOUN, Layer, read_layer
from engine.language.source import Mapping, Scalar

FIXED = ("type", "unit", "formula")
REPLACEABLE = ("rules", "regimens", "properties")
INHERITED = ("summary", "jurisdiction", "authors", "licence", "not_for")  # a review of the base is not one of all

Find = Callable[[str, Path], Path | None]


def read_stack(path: Path, find: Find, problems: Problems) -> list[Layer]:
    """The layers of a ruleset, each base before what extends it, none twice."""
    done: dict[Path, Layer] = {}
    _collect(path, find, problems, done, ())
    return list(done.values())


def _collect(path: Path, find: Find, problems: Problems, done: dict[Path, Layer], above: tuple[Path, ...]) -> None:
    here = path.resolve()
    if here in done:
        return
    layer = read_layer(path, problems)
    for scalar in layer.header.get("extends") or []:
        base = find(scalar.text, path)
        if base is None:
            message = f"{quote(scalar.text)} is found neither beside this ruleset nor under rulesets/. Check the name."
            problems.tell(scalar.mark, message, cause=True)
            layer.torn = True
        elif base.resolve() in (*above, here):
            loop = [*above, here, base.resolve()]
            names = " → ".join(each.name for each in loop[loop.index(base.resolve()) :])
            problems.tell(scalar.mark, f"rulesets extend each other in a loop: {names}. Take one out.", cause=True)
            layer.torn = True
        else:
            _collect(base, find, problems, done, (*above, here))
    done[here] = layer


def stack(layers: list[Layer], problems: Problems) -> Layer:
    """Put layers on each other, the base first; the result speaks for the last."""
    top = layers[-1]
    joined = Layer(top.path, top.mark, dict(top.header), dict(top.header_marks))
    joined.stacked = any("extends" in layer.header_marks for layer in layers)
    for layer in layers:
        joined.broken |= layer.broken
        joined.lost |= layer.lost
        joined.doubles.extend(layer.doubles)
        joined.torn = joined.torn or layer.torn
        joined.accept.extend(layer.accept)
        joined.goals = layer.goals or joined.goals
        for kind in (*LISTED, *KEYED):
            _put(joined, layer, kind, problems)
    for key in INHERITED:
        given = [layer.header[key] for layer in layers if layer.header.get(key)]
        joined.header.update({key: given[-1]} if given else {})
    joined.header["glossary"] = _joined(layer.header.get("glossary") or {} for layer in layers)
    return joined


def _joined(glossaries: Iterable[dict[str, Scalar]]) -> dict[str, Scalar]:
    """One glossary, the later word for a term in the place of the earlier."""
    return {term: words for glossary in glossaries for term, words in glossary.items()}


def _put(joined: Layer, layer: Layer, kind: str, problems: Problems) -> None:
    items = layer.items.get(kind, {})
    if kind == "sections" and items:
        joined.items[kind] = {}
    below = joined.items.setdefault(kind, {})
    base = frozenset(below)
    for name, shape in items.items():
        mark = layer.marks[kind, name]
        if kind == "facts" and name in base:
            below[name] = _amended(below[name], shape, name, problems)
            continue
        if getattr(shape, "replaces", None) is not None:
            joined.items[kind] = below = _replaced(joined, base, name, shape, kind, problems)
        elif name in base:
            cure = f"Write 'replaces: {name}' in it" if kind in REPLACEABLE else "Rename it"
            problems.tell(mark, f"{NOUN[kind]} {quote(name)} is in a base already. {cure}, or delete it.")
        else:
            below[name] = shape
        joined.marks[kind, name] = mark


def _replaced(
    joined: Layer, base: frozenset[str], name: str, shape: Any, kind: str, problems: Problems
) -> dict[str, Any]:
    """The items with one of the base's replaced in its place; what names the old one means the new one from now on."""
    below, old = joined.items[kind], shape.replaces
    if old.text not in base:
        if not joined.may_declare(kind, old.text):
            now = joined.name_now(kind, old.text)
            hint = did_you_mean(old.text, base) if now == old.text else f" It was replaced by {quote(now)}."
            message = f"{quote(old.text)} is no {NOUN[kind]} of a base.{hint} Mend the id, or delete it."
            problems.tell(old.mark, message)
        return {**below, name: shape}
    if name != old.text and kind == "regimens":
        problems.tell(old.mark, f"a regimen keeps its id, because rules name it. Rename this one to {quote(old.text)}.")
        return below
    if name != old.text and name in below:
        problems.tell(old.mark, f"{NOUN[kind]} {quote(name)} is in a base already. Rename it.")
        return below
    joined.renamed.pop((kind, name), None)
    if name != old.text:
        joined.renamed[kind, old.text] = name
    return {(name if key == old.text else key): (shape if key == old.text else item) for key, item in below.items()}


def _amended(old: shapes.FactShape, new: shapes.FactShape, name: str, problems: Problems) -> shapes.FactShape:
    """A base fact with the keys of a later declaration; options are added to."""
    given = {key: getattr(new, key) for key in new.model_fields_set if getattr(new, key) is not None and key != "mark"}
    for key in FIXED:
        was = getattr(old, key)
        if key in given and (was is None or was.text != given[key].text):
            message = f"fact {quote(name)} is a base's: its {key} cannot be changed. Delete this key, or use a new id."
            problems.tell(given.pop(key).mark, message)
    if "options" in given and old.options is not None:
        given["options"] = _with_options(old.options, given["options"])
    amended = old.model_copy(update=given)
    amended.gaps = old.gaps | new.gaps
    return amended


def _with_options(old: Mapping, new: Mapping) -> Mapping:
    options = Mapping(old.mark)
    options.update({**old, **new})
    options.key_marks = {**old.key_marks, **new.key_marks}
    return options
