"""Signing in to a site under test."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from engine.ledger import users
from webui.consult_visit import ledger, now
from webui.signin import TOKEN

PASSWORD = "four words of a test"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # tests of hundreds of pages need no good hash


def sign_in(client, role="auditor", name=None):
    """Sign a client in with a role, as a user of this name, who is added if need be; gives the client."""
    name = name or role
    with client.application.app_context(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(users, "hasher", lambda: QUICK)
        found, at = ledger().users, now()
        if name not in [each.name for each in found.all()]:
            found.add(name, PASSWORD, [role], at)
        token = found.sign_in(name, PASSWORD, at)
    with client.session_transaction() as cookie:
        cookie[TOKEN] = token
    return client


def sign_browser_in(page, app, address, role="auditor"):
    """The same for a browser that looks at the site at an address."""
    cookie = sign_in(app.test_client(), role).get_cookie("session")
    page.context.add_cookies([{"name": "session", "value": cookie.value, "url": address}])
