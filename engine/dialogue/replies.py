"""Reading what a person typed at a question: options by number, by id or by their words; several by comma."""

from __future__ import annotations

from engine.language.errors import nearest, quote
from engine.language.model import Fact
from engine.language.typed import Misfit

UNKNOWN_WORDS = {"unknown", "i do not know", "not known"}
SHORT_FORMS = {"y": "yes", "n": "no"}


def read_reply(fact: Fact, text: str) -> object:
    """What a typed reply means, as `read_answers` takes it.

    Raises:
        Misfit: it names an option that is not there; the message says what to write.
    """
    written = " ".join(text.split())
    if written.casefold() in UNKNOWN_WORDS and not _match(fact, written):
        return "unknown"
    if fact.is_set:
        return [] if _is_none(fact, written) else _several(fact, written)
    return _option(fact, written) if fact.option_ids else written


def _is_none(fact: Fact, written: str) -> bool:
    return written.casefold() in {"none", "[]", (fact.none or "none").casefold()}


def _several(fact: Fact, written: str) -> list[str]:
    """Options set apart by commas; the words of an option may hold commas themselves, so the longest match wins."""
    parts = [part.strip() for part in written.strip("[]").split(",")]
    found: list[str] = []
    while parts:
        ends = range(len(parts), 0, -1)
        end = next((end for end in ends if _match(fact, ", ".join(parts[:end]))), 1)
        found.append(_option(fact, ", ".join(parts[:end])))
        parts = parts[end:]
    return found


def _option(fact: Fact, written: str) -> str:
    found = _match(fact, written)
    if found:
        return found
    if written.lstrip("-").isdigit():
        raise Misfit(f"{quote(written)} is no number of an option here. Write one from 1 to {len(fact.option_ids)}.")
    many = ", or several with commas between, or none" if fact.is_set else ""
    near = nearest(written, [*fact.option_ids, *fact.labels.values()])
    hint = " Did you mean " + " or ".join(map(quote, near)) + "?" if near else ""
    raise Misfit(f"{quote(written)} is no option here.{hint} Write the number of one{many}.")


def _match(fact: Fact, written: str) -> str | None:
    """The option that a number, an id or words stand for."""
    if written.isascii() and written.isdigit():
        place = int(written) if len(written) < 4 else 0  # noqa: PLR2004 (no question has a thousand options)
        return fact.option_ids[place - 1] if 0 < place <= len(fact.option_ids) else None
    folded = written.casefold()
    if fact.type == "yes_no":
        folded = SHORT_FORMS.get(folded, folded)
    if folded in fact.option_ids:
        return folded
    return next((option for option, label in fact.labels.items() if label.casefold() == folded), None)
