"""The `regimen` command."""

from __future__ import annotations

from engine.cli.main import main

__all__ = ["main"]
