"""Asking in a terminal, or down a pipe: questions on standard output, replies on standard input."""

from __future__ import annotations

import contextlib
import sys

from rich.text import Text

from engine.cli.page import Page

LONGEST_REPLY = 10_000


class Terminal(Page):
    """A page that also reads replies. Where they are piped in they are printed too, so that the output reads whole."""

    def __init__(self) -> None:
        super().__init__()
        self.typed = sys.stdin.isatty()
        if self.typed:
            with contextlib.suppress(ImportError):  # where there is one, the line can be edited with the arrow keys
                import readline  # noqa: F401
        elif hasattr(sys.stdin, "reconfigure"):
            sys.stdin.reconfigure(encoding="utf-8", errors="replace")

    def say(self, text: str) -> None:
        """Print a message set apart."""
        self.line(text, 0, style="bold")

    def read(self, prompt: str) -> str:
        """Read one reply.

        Raises:
            EOFError: there is no more input.
        """
        if self.typed and sys.stdout.isatty():
            return input(prompt).strip()
        self.console.print(Text(prompt), end="")
        sys.stdout.flush()
        line = sys.stdin.readline(LONGEST_REPLY)
        if not line:
            self.console.print()
            raise EOFError
        rest = line
        while len(rest) >= LONGEST_REPLY and not rest.endswith("\n"):
            rest = sys.stdin.readline(LONGEST_REPLY)
        reply = line.lstrip("\ufeff").strip()
        if not self.typed:
            self.console.print(Text(reply))
        return reply
