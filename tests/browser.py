"""Chromium for the tests marked `browser`: the one that the system has, since Playwright's own is a large download."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

FLAGS = (
    "--no-sandbox",  # root has none, and CI runs as root
    "--disable-dev-shm-usage",  # containers give /dev/shm 64 MB
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
)


def chromium_path() -> str:
    """Find Chromium, or skip the test; with REGIMEN_REQUIRE_BROWSER=1 fail it, so that CI cannot pass without."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    reason = "there is no Chromium here (on Debian: sudo apt install chromium)"
    if os.environ.get("REGIMEN_REQUIRE_BROWSER") == "1":
        pytest.fail(f"REGIMEN_REQUIRE_BROWSER is set, and {reason}")
    pytest.skip(reason)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium for as long as the block lasts."""
    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=list(FLAGS))
        yield browser
        browser.close()
