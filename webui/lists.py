"""Long lists: the page of one that an address asks for, and the whole of it as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask import Response, request
from werkzeug.exceptions import NotFound

from engine.language.errors import quote

Item = TypeVar("Item")


@dataclass(frozen=True)
class Part(Generic[Item]):
    """One page of a long list."""

    items: Sequence[Item]
    number: int
    last: int
    total: int


def part_of(total: int, size: int, items: Callable[[int, int], Sequence[Item]]) -> Part[Item]:
    """The page of a list that the address asks for.

    Args:
        total: how many items the list has.
        size: how many a page has.
        items: gives so many of them at most, from a place on that counts from 0: `items(first, most)`.

    Raises:
        NotFound: the list has no such page; its description says which is the last.
    """
    last = max(1, -(-total // size))
    text = request.args.get("page", "1")
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(last)) else 0
    if not 1 <= number <= last:
        raise NotFound(f"This list has no page {quote(text)}. Its last is page {last}.")
    return Part(items((number - 1) * size, size), number, last, total)


def csv_lines(columns: Sequence[str], rows: Iterable[Iterable[object]], between: str) -> Iterator[str]:
    """A table as CSV, line by line; what a cell has several of stands with `between` between."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(value, between) for value in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _cell(value: object, between: str) -> str:
    """A value, or several, as one cell, never one that a spreadsheet would take for a formula."""
    text = between.join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def file_of(lines: Iterable[str], name: str, kind: str) -> Response:
    """A file that is sent as it is read: a list may have 100,000 items."""
    response = Response(lines, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
