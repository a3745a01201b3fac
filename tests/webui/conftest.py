"""The site under test: two made-up rulesets, one of them broken, and a date that stands still."""

from __future__ import annotations

import datetime
import re
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from waitress import create_server
from waitress.wasyncore import close_all
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from engine import consult, load_ruleset
from tests.browser import NARROW, WIDE, chromium, new_page
from tests.webui import failing
from webui import create_app
from webui.result import Ways

MADE_UP = Path(__file__).parent / "rulesets"
TODAY = datetime.date(2026, 11, 22)


@pytest.fixture
def app():
    return made()


def made(**settings):
    """An application for tests: on the made-up rulesets, on one day, as often as a test likes.

    Sessions are kept in the file of `home_of_its_own`, unless `DATABASE` names another.
    """
    return create_app(
        {"TESTING": True, "RULESETS": (MADE_UP,), "TODAY": lambda: TODAY, "RATELIMIT_ENABLED": False} | settings
    )


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture(name="made")
def made_with_clock(tmp_path):
    """A site with a database of its own, and its clock."""
    from tests.webui.guided import make_site

    return make_site(tmp_path)


@pytest.fixture
def guided(made):
    """A session under the first made-up ruleset, at its first question."""
    from tests.webui.guided import Guided

    return Guided(made[0].test_client())


@pytest.fixture
def numb():
    """An adult with a low level and numbness, whom the made-up ruleset suggests a regimen for."""
    ruleset = load_ruleset(MADE_UP / "injections")
    return consult(ruleset, dict(ruleset.cases[0].answers), TODAY)


@pytest.fixture
def evaluate(client):
    """Sends the form of the site as a browser does, its token included."""
    return Evaluate(client)


WAYS = Ways(
    back=("/s/key/check", "Check your answers"),
    here="/s/key/result",
    sheet="/s/key/sheet",
    pdf="/s/key/sheet.pdf",
    calendar="/s/key/schedule.ics",
    json="/s/key/result.json",
    change="/s/key/check",
    again="/",
    answer=lambda fact: f"/s/key/questions/{fact}?change=1",
)


def render(app, view, ways=WAYS):
    """What a view of another blueprint would give, for a consultation that has an address of its own."""
    with app.test_request_context("/s/key/result"):
        return view(ways)


class Evaluate:
    def __init__(self, client, ruleset="injections"):
        self.client = client
        self.address = f"/rulesets/{ruleset}/evaluate"

    def __call__(self, answers="", *, address=None, **fields):
        form = {"csrf_token": fields.get("csrf_token") or self.token(), "answers": answers, **fields}
        form = {name: FileStorage(*value) if isinstance(value, tuple) else value for name, value in form.items()}
        # by hand: the client would spool a large body to a file, and leave it open
        boundary, body = encode_multipart(form)
        content_type = f'multipart/form-data; boundary="{boundary}"'
        return self.client.post(address or self.address, data=body, content_type=content_type)

    def token(self):
        return re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(self.address).text)[1]


@contextmanager
def running(app):
    """Serve the site as it is served to users, on waitress; gives its address."""
    server = create_server(app, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.trigger.pull_trigger(lambda: close_all(server._map, ignore_all=True))  # run() ends when nothing is open
    thread.join()
    server.task_dispatcher.shutdown()


@pytest.fixture(scope="session")
def site():
    """The address of a site that runs as it does for users."""
    app = made(TESTING=False)
    failing.register(app)
    with running(app) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(params=["wide", "narrow"])
def page(request, browser):
    """A page in a wide window, then one in a window as narrow as WCAG asks for."""
    with new_page(browser, {"wide": WIDE, "narrow": NARROW}[request.param]) as page:
        yield page
