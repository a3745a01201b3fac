"""What somebody does who has the database in their hands: statements of their own, past every check."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager

import psycopg

from engine.ledger.chain import Head, sha256


@contextmanager
def hands_on(url):
    """A function that runs a statement, with ? for values, and gives its rows; no key or reference holds it back."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
            connection.text_factory = bytes
            yield lambda statement, *values: connection.execute(statement, values).fetchall()
        return
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")

        def run(statement, *values):
            found = connection.execute(statement.replace("?", "%s"), values)
            return found.fetchall() if found.description else []

        yield run


def flip(url, table, column, key, place, bit):
    """Flip a bit of what a column holds in a row; gives how to put it back, or None where the database refuses."""
    name, value = key
    sqlite = url.startswith("sqlite")
    kind = {} if sqlite else {"files": "JSON", "kept_at": "TIMESTAMPTZ"}  # SQLite keeps both as text
    plain = f"CAST({column} AS TEXT)" if column in kind else column
    with hands_on(url) as run:
        ((old,),) = run(f"SELECT {plain} FROM {table} WHERE {name} = ?", value)
        if old is None:
            return None
        new = _flipped(old, place, bit)
        cast = "CAST(? AS TEXT)" if sqlite and column not in NO_TEXT else "?"
        cast = f"CAST(? AS {kind[column]})" if column in kind else cast
        name_value = new if column == name else value
        try:
            run(f"UPDATE {table} SET {column} = {cast} WHERE {name} = ?", new, value)
        except psycopg.DataError:  # no text, no JSON, or no moment: PostgreSQL keeps no such thing
            return None
        if column in kind and run(f"SELECT {plain} FROM {table} WHERE {name} = ?", name_value) == [(old,)]:
            return None  # the same moment, written in another way

    def put_back():
        with hands_on(url) as run:
            there = cast if name_value is value else "?"
            where = "CAST(? AS TEXT)" if sqlite and isinstance(name_value, bytes) else "?"
            run(
                f"UPDATE {table} SET {column} = {there if there != '?' else cast} WHERE {name} = {where}",
                old,
                name_value,
            )

    return put_back


def rewritten(url, seq, data):
    """Let a record say something else, and write it and what follows it anew so that every hash fits."""
    with hands_on(url) as run:
        previous = None
        heads = "SELECT seq, kind, previous, consultation_id, release_hash, made_at, content_hash FROM record"
        for row in run(f"{heads} WHERE seq >= ? ORDER BY seq", seq):
            number, kind, before, session, release, made_at, content = (
                each.decode() if isinstance(each, bytes) else each for each in row
            )
            content = sha256(data) if number == seq else content
            before = previous or before
            previous = Head(number, kind, before, session, release, made_at, content).hash
            change = "UPDATE record SET previous = ?, content_hash = ?, hash = ? WHERE seq = ?"
            run(change, before, content, previous, number)
        run("UPDATE content SET data = ? WHERE seq = ?", data, seq)


NO_TEXT = {"data", "seq", "consultation_id"}


def _flipped(old, place, bit):
    if isinstance(old, int):
        return old ^ (1 << bit)
    if isinstance(old, str):
        at = place % len(old)
        return old[:at] + chr(ord(old[at]) ^ (1 << bit % 7)) + old[at + 1 :]
    at = place % len(old)
    return old[:at] + bytes([old[at] ^ (1 << bit)]) + old[at + 1 :]
