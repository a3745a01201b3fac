"""What makes a text no YAML, for people who do not know the words of the YAML standard.

The parser stops where it can read no further, which is rarely where the slip is: far the likeliest is a text that needs
quotes and has none, because it holds a colon, begins with a brace, or goes on behind its quotes. So the line is looked
at as its author does, and the beginning of the text is pointed at.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from engine.language.aliases import LANGUAGE
from engine.language.errors import Mark, Problem, quote, shorten

QUOTES = "Put the whole text in quotes."
# What holds conditions, lists or further keys, so that quotes are not the cure.
STRUCTURED = frozenset({
    "when", "then", "all", "any", "not", "ask_when", "expect", "whenever", "always", "never", "answers", "options",
    "facts", "rules", "regimens", "cites", "phases", "range", "plausible", "units", "codes", "goals", "extends",
    "overrides", "fires", "not_fires", "starts", "sources", "sections", "cases", "properties", "accept", "glossary",
    "between", "is_not", "includes_any", "includes_all", "includes_none",
})  # fmt: skip
FAR = 30  # lines in which a quote that was left open is looked for
COMPARED = {">=": "at_least", ">": "above", "<=": "at_most", "<": "below", "!=": "is_not"}
TEXTS = frozenset({
    "title", "label", "ask", "help", "why", "because", "summary", "harm", "remedy", "needs_check", "clinician_note",
    "note", "product", "name", "jurisdiction", "reason", "until",
})  # fmt: skip
_ENTRY = re.compile(r"(?P<before>\s*(?:- +)*)(?P<key>[\w-]+):[ ]+(?P<value>\S.*)")
_INNER = re.compile(r"(?:[{\[,]|^\s*-)\s*(?P<key>[\w-]+):\s+(?=\S)")
_GLUED = re.compile(r"\s*(?:- +)*(?P<key>[\w-]+):(?P<value>\S.*)")
_COMPARISON = re.compile(r"(?P<sign>>=|>|<=|<|!=)\s*:?\s*(?P<limit>-?[0-9][0-9.,]*(?: ?[a-zµ%][\w/%^]*)?)?")
_CLOSING = {"{": "}", "[": "]"}


class _Text(NamedTuple):
    """The value of a key as it begins in one line, which is counted from 0, as is the column."""

    key: str
    value: str
    line: int
    column: int


def syntax_problem(error: MarkedYAMLError | ReaderError, shown: str, text: str) -> Problem:
    """What to tell about a text that the parser refuses."""
    if isinstance(error, ReaderError):
        before = text[: error.position] if isinstance(error.position, int) else ""
        mark = Mark(shown, before.count("\n") + 1, len(before) - before.rfind("\n"))
        return Problem(mark, "this character is not allowed in YAML. Delete it.")
    place = error.problem_mark or error.context_mark
    mark = Mark(shown, place.line + 1, place.column + 1) if place else Mark(shown, 1, 1)
    lines = text.splitlines()
    line = lines[mark.line - 1] if mark.line <= len(lines) else ""
    if "\t" in line[: mark.column]:
        mark = mark._replace(column=line.index("\t") + 1)
        return Problem(mark, "a tab stands where YAML wants spaces. Indent with spaces.")
    begun = error.context_mark
    opened = Mark(shown, begun.line + 1, begun.column + 1) if begun else mark
    problem, context = error.problem or "", error.context or ""
    if "escape" in problem:
        return Problem(mark, "a backslash has a meaning between double quotes. Use single quotes, or take it out.")
    if "quoted" in context:
        return Problem(opened, "the quote that opens here is never closed. Add the closing quote.")
    return _slip(lines, mark, opened, problem, context) or _in_our_words(problem, context, mark, opened)


def _in_our_words(problem: str, context: str, mark: Mark, opened: Mark) -> Problem:
    """What the parser found, where the lines say nothing clearer."""
    if "flow" in context:
        return Problem(opened, f"what opens here breaks off in line {mark.line}. Add the missing bracket or comma.")
    if "mapping values are not allowed" in problem:
        message = "a colon makes no sense here. Indent this line like the one above it, or put its text in quotes."
        return Problem(mark, message)
    if "block" in context:
        return Problem(mark, f"does not fit what begins in line {opened.line}. Indent it like the lines around it.")
    said = shorten(", ".join(filter(None, [problem, context])), 100)
    return Problem(mark, f"is not YAML as written ({said}). Check indentation, colons, brackets and quotes near here.")


def _slip(lines: list[str], mark: Mark, opened: Mark, problem: str, context: str) -> Problem | None:
    line, column = mark.line - 1, mark.column - 1
    if "scanning a simple key" in context:
        return _without_colon(lines, opened)
    if line >= len(lines):
        return None
    here = lines[line]
    if (compared := _comparison(here[column:])) and not here[:column].strip().endswith('"'):
        return Problem(mark, compared)
    if "flow" in context:
        opening = _inside(lines[opened.line - 1], opened.line - 1, opened.column - 1)
        if opening and opening.column == opened.column - 1 and opening.key in TEXTS:
            return Problem(opened, f"a text cannot begin with {opening.value[0]} here. {QUOTES}")
        inside = _inside(here, line, column)
        return _in_brackets(inside, mark, here[column:]) if inside else None
    for text in (_whole(here, line, column), _above(lines, line), _left_open(lines, line, column)):
        if text and (message := _diagnosed(text, mark, problem)):
            return Problem(Mark(mark.path, text.line + 1, text.column + 1), message)
    return None


def _without_colon(lines: list[str], opened: Mark) -> Problem:
    line = lines[opened.line - 1] if opened.line <= len(lines) else ""
    glued = _GLUED.fullmatch(line)
    if glued:
        key, value = glued["key"], shorten(glued["value"])
        return Problem(opened, f"a colon takes a space behind it. Write '{key}: {value}'.")
    message = "this line has no colon. Write 'key: value', or indent it further if it goes on with the text above."
    return Problem(opened, message)


def _comparison(rest: str) -> str | None:
    """What to write for a comparison in signs, which YAML takes for signs of its own."""
    found = _COMPARISON.match(rest)
    if not found or (not found["limit"] and found["sign"] in "<>"):
        return None
    word, limit = COMPARED[found["sign"]], (found["limit"] or "value").strip()
    return f"comparisons are written in words. Write {{{word}: {limit}}}."


def _whole(here: str, line: int, column: int) -> _Text | None:
    """The value that a line holds, if it begins before a place."""
    entry = _ENTRY.match(here)
    if not entry or entry.start("value") > column:
        return None
    return _Text(entry["key"], entry["value"].rstrip(), line, entry.start("value"))


def _inside(here: str, line: int, column: int) -> _Text | None:
    """The last value that begins before a place in its line, between brackets or not."""
    before = [each for each in _INNER.finditer(here) if each.end() <= column]
    if not before:
        return _whole(here, line, column)
    return _Text(before[-1]["key"], here[before[-1].end() :].rstrip(), line, before[-1].end())


def _above(lines: list[str], line: int) -> _Text | None:
    """The plain value that a line which does not fit goes on with; a line that begins with a word of ours does not."""
    entries = ((at, found) for at in range(line - 1, -1, -1) if (found := _ENTRY.fullmatch(lines[at])))
    at, entry = next(entries, (0, None))
    if entry is None or entry["value"][0] in "\"'":
        return None
    goes_on = len(lines[line]) - len(lines[line].lstrip()) > len(entry["before"])
    first = re.match(r"\s*(?:- +)*([\w-]+):(?: |$)", lines[line])
    if not goes_on or (first and first[1] in LANGUAGE):
        return None
    return _Text(entry["key"], entry["value"].rstrip(), at, entry.start("value"))


def _left_open(lines: list[str], line: int, column: int) -> _Text | None:
    """The value above whose quote was left open, so that it was closed by the next one that opens, just here."""
    for at in range(line - 1, max(line - FAR, -1), -1):
        entry = _ENTRY.fullmatch(lines[at])
        if entry and entry["value"][0] in "\"'":
            whole = "\n".join([entry["value"], *lines[at + 1 : line], lines[line][:column].rstrip()])
            closed = _end_of_quoted(whole) == len(whole)
            return _Text(entry["key"], entry["value"][0], at, entry.start("value")) if closed else None
    return None


def _diagnosed(text: _Text, mark: Mark, problem: str) -> str | None:
    """What is wrong with a value that the parser could not read to its end, or None."""
    value, sign = text.value, text.value[0]
    if value in ('"', "'"):
        return "the quote that opens here is never closed in its text. Add the closing quote."
    if sign in "\"'":
        rest = value[_end_of_quoted(value) :].strip()
        more = "this text goes on behind its closing quote. Put the whole text in quotes, other quotes within it."
        return more if rest and not rest.startswith("#") else None
    if sign in _CLOSING:
        return _behind_bracket(text)
    if compared := _comparison(value):
        return compared
    if sign in "@`%,]}*&!|>?-":
        return f"a text cannot begin with {sign} here. {QUOTES}"
    if mark.line - 1 != text.line:
        cut = " #" in value
        return f"this text {'is cut off at its #' if cut else 'goes on in a way that YAML misreads'}. {QUOTES}"
    if "mapping values" not in problem:
        return None
    if text.key in STRUCTURED:
        return f"a second colon stands in one line. Write {text.key}: {{{shorten(value)}}}."
    return f"a colon cuts this text in two. {QUOTES}"


def _behind_bracket(text: _Text) -> str | None:
    end = _end_of_bracket(text.value)
    rest = text.value[end:].strip()
    if not rest or rest.startswith("#"):
        return None
    if text.key in STRUCTURED:
        return f"{quote(rest)} stands behind the closing bracket. Take it out, or move it inside."
    return f"a text that begins with {text.value[0]} is read only to its {_CLOSING[text.value[0]]}. {QUOTES}"


def _in_brackets(text: _Text, mark: Mark, rest: str) -> Problem | None:
    """The same for a value between brackets, where a comma may be missing as well."""
    place = Mark(mark.path, text.line + 1, text.column + 1)
    value = text.value[: mark.column - 1 - text.column]
    if rest.startswith(":"):
        before = value.rsplit(None, 1)
        if len(before) > 1 and re.fullmatch("[a-z][a-z0-9_]*", before[1]):
            last = quote(before[1])
            return Problem(place, f"a colon cuts this in two. Add a comma before {last}, or quotes around the text.")
        return Problem(place, f"a colon cuts this text in two. {QUOTES}")
    if text.key in STRUCTURED or not rest[:1].isalnum():
        return None
    if text.value[0] in _CLOSING and _end_of_bracket(value.rstrip()) == len(value.rstrip()):
        return Problem(place, f"a text that begins with {text.value[0]} is read only so far. {QUOTES}")
    if text.value[0] in "\"'" and _end_of_quoted(value.rstrip()) == len(value.rstrip()):
        return Problem(place, f"this text goes on behind its closing quote. {QUOTES}")
    return None


def _end_of_quoted(value: str) -> int:
    """Where a quoted text ends, the closing quote included; its length if it does not."""
    pattern = r'"(?:\\.|[^"\\])*"' if value[0] == '"' else r"'(?:''|[^'])*'"
    found = re.match(pattern, value, re.DOTALL)
    return found.end() if found else len(value) + 1


def _end_of_bracket(value: str) -> int:
    """Where what a bracket opens is closed; its length if it is not."""
    depth = 0
    for at, sign in enumerate(value):
        depth += (sign in "{[") - (sign in "}]")
        if not depth:
            return at + 1
    return len(value) + 1
