"""ruamel's YAML scanner, made faster for plain texts, with not a different event.

A ruleset with its cases is some 400 kB, and ruamel reads it character by character. Nearly all of it is words, blanks
and comments: here each is passed by in one step. Which tokens follow, and what is refused, stays with ruamel. A text
with anything that would need more care than that (line breaks other than a newline, marks of byte order, directives)
is left to ruamel altogether.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import FileMark
from ruamel.yaml.events import Event, ScalarEvent
from ruamel.yaml.parser import Parser
from ruamel.yaml.reader import Reader
from ruamel.yaml.scanner import Scanner
from ruamel.yaml.tokens import ScalarToken, Token

_NEEDS_CARE = re.compile(r"[\r\x85\u2028\u2029\ufeff]|^%", re.MULTILINE)
_BLANKS = re.compile(r"(?: *(?:#[^\n\0]*)?\n)* *(?:#[^\n\0]*)?")
_BLANKS_IN_BRACKETS = re.compile(_BLANKS.pattern.replace(" *", "[ \t]*"))
_WORDS = re.compile(r"(?!#)W(?: +(?!#)W)*".replace("W", r"(?:[^\0 \t\n:]|:(?![\0 \t\n]))+"))
_WORDS_IN_BRACKETS = re.compile(_WORDS.pattern.replace(r"\n:]", r"\n:,\[\]{}]"))

_FETCHED = {  # what a character begins wherever it stands; a letter or digit begins a word
    "[": Scanner.fetch_flow_sequence_start,
    "]": Scanner.fetch_flow_sequence_end,
    "{": Scanner.fetch_flow_mapping_start,
    "}": Scanner.fetch_flow_mapping_end,
    ",": Scanner.fetch_flow_entry,
    "'": Scanner.fetch_single,
    '"': Scanner.fetch_double,
}


def events(text: str) -> Iterator[Event]:
    """The events of a YAML text, as ruamel gives them."""
    yaml = YAML(typ="safe", pure=True)
    if not _NEEDS_CARE.search(text):
        yaml.Reader, yaml.Scanner, yaml.Parser = _Reader, _Scanner, _Parser
    found: Iterator[Event] = yaml.parse(text)
    return found


class _Parser(Parser):
    @cached_property
    def scanner(self) -> Any:
        return self.loader.scanner

    def parse_node(self, block: bool = False, indentless_sequence: bool = False) -> Any:
        """The event of a node: at once where it is a scalar without anchor or tag, as most are."""
        token = self.scanner.peek_token()
        if not isinstance(token, ScalarToken):
            return super().parse_node(block, indentless_sequence)
        self.scanner.get_token()
        self.state = self.states.pop()
        implicit = (True, False) if token.plain else (False, True)
        return ScalarEvent(None, None, implicit, token.value, token.start_mark, token.end_mark, style=token.style)


class _Reader(Reader):
    """Reads a text that is there as a whole, whose lines end in a newline."""

    def forward(self, length: int = 1) -> None:
        start, end = self.pointer, self.pointer + length
        self.pointer = self.index = end
        newline = self.buffer.rfind("\n", start, end)
        if newline < 0:
            self.column += length
        else:
            self.line += self.buffer.count("\n", start, end)
            self.column = end - newline - 1

    def get_mark(self) -> FileMark:
        return FileMark(self.name, self.index, self.line, self.column)


class _Scanner(Scanner):
    _ready = -1  # how many tokens had been taken when the next was last found to be whole

    @cached_property
    def reader(self) -> Any:
        return self.loader.reader

    def check_token(self, *choices: type[Token]) -> bool:
        if self._ready != self.tokens_taken:
            self._look_ahead()
        return bool(self.tokens) and (not choices or isinstance(self.tokens[0], choices))

    def peek_token(self) -> Any:
        if self._ready != self.tokens_taken:
            self._look_ahead()
        return self.tokens[0] if self.tokens else None

    def get_token(self) -> Any:
        if self._ready != self.tokens_taken:
            self._look_ahead()
        if not self.tokens:
            return None
        self.tokens_taken += 1
        return self.tokens.pop(0)

    def _look_ahead(self) -> None:
        """Scan until the next token is there and cannot turn out to be a key: once, however often it is asked for."""
        while self.need_more_tokens():
            self.fetch_more_tokens()
        self._ready = self.tokens_taken

    def fetch_more_tokens(self) -> None:
        self.scan_to_next_token()
        first = self.reader.peek()
        fetch = _FETCHED.get(first)
        if first.isalnum():
            fetch = Scanner.fetch_plain
        elif first == ":" and self.check_value():
            fetch = Scanner.fetch_value
        if fetch is None:
            super().fetch_more_tokens()
            return
        self.stale_possible_simple_keys()
        self.unwind_indent(self.reader.column)
        fetch(self)

    def scan_to_next_token(self) -> None:
        reader = self.reader
        if reader.peek() not in " \t\n#":
            return
        blanks = _BLANKS_IN_BRACKETS if self.flow_context else _BLANKS
        if passed := blanks.match(reader.buffer, reader.pointer):
            reader.forward(passed.end() - reader.pointer)
            if "\n" in passed[0] and not self.flow_context:
                self.allow_simple_key = True

    def scan_plain(self) -> ScalarToken:
        reader = self.reader
        words = _WORDS_IN_BRACKETS if self.flow_context else _WORDS
        start = end = reader.get_mark()
        chunks: list[str] = []
        spaces: list[str] = []
        while found := words.match(reader.buffer, reader.pointer):
            self.allow_simple_key = False
            chunks += [*spaces, found[0]]
            reader.forward(len(found[0]))
            end = reader.get_mark()
            if reader.peek() not in " \n":
                break
            spaces = self.scan_plain_spaces(self.indent + 1, start)
            if not spaces or reader.peek() == "#" or (not self.flow_context and reader.column <= self.indent):
                break
        return ScalarToken("".join(chunks), True, start, end)
