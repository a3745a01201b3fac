"""Going through a session as a browser does: following redirects, sending the form of the page with its token."""

from __future__ import annotations

import datetime
import re
from html.parser import HTMLParser

from tests.webui.conftest import MADE_UP, made

START = datetime.datetime(2026, 11, 22, 9, 0, tzinfo=datetime.UTC)


class Clock:
    """A clock that moves on by a second each time it is read, and further when told."""

    def __init__(self):
        self.at = START

    def __call__(self):
        self.at += datetime.timedelta(seconds=1)
        return self.at


def make_site(folder, *roots):
    """A site with a clock and a database of its own."""
    clock = Clock()
    return made(RULESETS=roots or (MADE_UP,), NOW=clock, DATABASE=f"sqlite:///{folder}/regimen.db"), clock


class Guided:
    """One session; `page` is what the browser shows."""

    def __init__(self, client, ruleset="injections", start=None):
        self.client = client
        self.token = read_token(client.get(f"/rulesets/{ruleset}/evaluate"))
        begun = client.post(f"/rulesets/{ruleset}/sessions", data={"csrf_token": self.token, "start": start or ""})
        assert begun.status_code == 303, begun.text
        self.key = begun.location.split("/")[2]
        self.page = client.get(begun.location)

    def path(self, rest=""):
        return f"/sessions/{self.key}{'/' if rest else ''}{rest}"

    def see(self, rest=""):
        self.page = self.client.get(self.path(rest), follow_redirects=True)
        return self.page

    @property
    def here(self):
        """The end of the address, without the key."""
        return self.page.request.path.removeprefix(self.path()).removeprefix("/")

    def send(self, *, to=None, token=None, **form):
        """Post a form, with names such as serum_unit for those of a page with several questions."""
        at = self.path(to) if to else self.page.request.full_path.removesuffix("?")
        data = {"csrf_token": token or self.token, **form}
        self.page = self.client.post(at, data=data, follow_redirects=True)
        return self.page

    def answer(self, fact, **form):
        return self.send(to=f"questions/{fact}", **form)

    def answers(self, **given):
        """Give answers by fact: an option, a list, a number, a number with its unit or a date."""
        for fact, raw in given.items():
            self.answer(fact, **as_form(raw))


def as_form(raw):
    if isinstance(raw, datetime.date):
        return {"day": raw.day, "month": raw.month, "year": raw.year}
    if isinstance(raw, tuple):
        return {"answer": raw[0], "unit": raw[1]}
    return {"answer": ["none"] if raw == [] else raw}


def read_token(page):
    return re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]


class Controls(HTMLParser):
    """The controls of a page: those that are on, what stands in the text fields, what is hidden."""

    def __init__(self, page):
        super().__init__()
        self.on, self.off, self.texts, self.hidden = [], [], {}, []
        self.feed(page.text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        kind = found.get("type") if tag == "input" else None
        if kind in {"radio", "checkbox"}:
            (self.on if "checked" in found else self.off).append((found["name"], found["value"]))
        elif kind == "text":
            self.texts[found["name"]] = found["value"]
        elif kind == "hidden" and found["name"] != "csrf_token":
            self.hidden.append((found["name"], found["value"]))
