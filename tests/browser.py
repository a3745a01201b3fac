"""Chromium for the tests marked `browser`: the one that the system has, since Playwright's own is a large download."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 320, "height": 640}

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


@contextmanager
def new_page(browser: Browser, viewport=WIDE, **settings) -> Iterator[Page]:
    """Open a page with cookies of its own; no tab of it breaks a content-security policy or raises an error."""
    context = browser.new_context(viewport=viewport, **settings)
    context.set_default_timeout(20_000)
    errors = []
    context.on("weberror", lambda raised: errors.append(raised.error))
    context.on("console", lambda message: errors.append(message.text) if "Content Security" in message.text else None)
    yield context.new_page()
    context.close()
    assert errors == []


def look_at(page: Page, folder: str | None, name: str) -> None:
    """Unfold what is folded, see that the page does not scroll sideways, and let axe read it.

    With a folder its picture, folded as it comes, is written there.
    """
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}-{page.viewport_size['width']}.png", full_page=True)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")  # axe skips the hidden
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    found = Axe().run(page)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"


def press(page: Page, name: str) -> None:
    """Press a button that leads to another page, and wait for that page with its styles."""
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def follow(page: Page, name: str) -> None:
    """Follow a link to another page: the first, where several of this name stand on the page."""
    with page.expect_navigation():
        page.get_by_role("link", name=name, exact=True).first.click()


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the control of this name has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()").startswith(name):
            return
    pytest.fail(f"Tab does not lead to {name!r}")
