"""Signing in, and the table of who may use which page."""

from __future__ import annotations

import pytest

from engine.ledger import REASONS, ROLES, DatabaseError, users
from engine.ledger.users import IDLE, LOCKED, TRIES
from tests.webui.conftest import made
from tests.webui.guided import Controls, make_site, read_token
from tests.webui.page_text import said
from tests.webui.signing import PASSWORD, QUICK, sign_in
from webui.permissions import ANYONE, PERMISSIONS
from webui.signin import TOKEN

NOBODY = None


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(users, "hasher", lambda: QUICK)


@pytest.fixture
def site(tmp_path):
    """The application, with a user “ann” who is an auditor, and its clock."""
    app, clock = make_site(tmp_path)
    with app.app_context():
        app.extensions["keeper"].ledger.users.add("ann", PASSWORD, ["auditor"], clock())
    yield app, clock
    app.extensions["keeper"].ledger.close()


@pytest.fixture
def client(site):
    return site[0].test_client()


def send(client, name="ann", password=PASSWORD, onward="/audits"):
    token = read_token(client.get("/sign-in"))
    return client.post("/sign-in", data={"csrf_token": token, "name": name, "password": password, "next": onward})


def gone(*_):
    raise DatabaseError("The database cannot be reached.")


# Signing in and out


def test_an_auditor_signs_in_and_comes_to_the_page_that_was_asked_for(client):
    refused = client.get("/audits?regimen=standard")
    assert (refused.status_code, refused.location) == (303, "/sign-in?next=/audits?regimen%3Dstandard")
    asked = client.get(refused.location)
    assert ("next", "/audits?regimen=standard") in Controls(asked).hidden

    found = send(client, onward="/audits?regimen=standard")

    assert (found.status_code, found.location) == (303, "/audits?regimen=standard")
    page = client.get(found.location)
    assert page.status_code == 200
    assert "Name ann Role auditor" in said(client.get("/account"))


def test_the_wrong_password_is_told_in_words_that_tell_no_names(client):
    told = [send(client, name, "wrong") for name in ("ann", "nobody")]

    assert [each.status_code for each in told] == [403, 403]
    assert "Name and password do not belong together." in said(told[0])
    assert said(told[0]) == said(told[1])
    assert [Controls(each).texts["name"] for each in told] == ["ann", "nobody"]


@pytest.mark.parametrize(("name", "password"), [("", ""), ("ann", ""), (" ", PASSWORD)])
def test_what_is_missing_is_told_and_counts_as_no_try(client, name, password):
    for _ in range(TRIES + 1):
        told = send(client, name, password)
        assert told.status_code == 422
        assert "Name or password is missing. Fill in both." in said(told)
    assert send(client).location == "/audits"


def test_under_a_path_everything_stays_under_it(client):
    under = {"environ_overrides": {"SCRIPT_NAME": "/b12"}}
    assert client.get("/audits", **under).location == "/b12/sign-in?next=/audits"
    form = client.get("/sign-in?next=/audits/find", **under)
    assert 'action="/b12/sign-in"' in form.text
    data = {"csrf_token": read_token(form), "name": "ann", "password": PASSWORD, "next": "/audits/find"}
    assert client.post("/sign-in", data=data, **under).location == "/b12/audits/find"


def test_neither_name_nor_password_nor_token_is_logged(client, capsys):
    send(client, password="wrong horse")
    send(client)
    with client.session_transaction() as cookie:
        token = cookie[TOKEN]
    logged = capsys.readouterr().err

    assert '"endpoint": "/sign-in"' in logged
    assert [secret for secret in ('"ann"', "horse", PASSWORD, token) if secret in logged] == []


def test_a_locked_name_is_told_when_to_try_again(client):
    for _ in range(TRIES):
        send(client, password="wrong")

    told = send(client)

    assert told.status_code == 429
    assert 0 < int(told.headers["Retry-After"]) <= LOCKED.total_seconds()
    assert "Try again in 15 minutes, or ask whoever runs this site." in said(told)
    assert client.get("/audits").status_code == 303


def test_signing_out_ends_every_copy_of_the_cookie(site, client):
    send(client)
    copy = site[0].test_client()
    copy.set_cookie("session", client.get_cookie("session").value)
    assert copy.get("/audits").status_code == 200

    out = client.post("/sign-out", data={"csrf_token": read_token(client.get("/account"))})

    assert (out.status_code, out.location) == (303, "/")
    assert client.get("/audits").status_code == copy.get("/audits").status_code == 303
    assert "Sign in" in said(client.get("/"))


def test_a_cookie_from_before_signing_in_signs_nobody_in(site, client):
    """Session fixation: whoever planted the cookie knows it, and its form token, and gains nothing by that."""
    planted_token = read_token(client.get("/sign-in"))
    planted = client.get_cookie("session").value
    send(client)

    thief = site[0].test_client()
    thief.set_cookie("session", planted)
    assert thief.get("/audits").status_code == 303
    assert read_token(client.get("/account")) != planted_token
    stale = client.post("/sign-out", data={"csrf_token": planted_token})
    assert stale.status_code == 400
    assert client.get("/audits").status_code == 200


def test_signing_in_again_ends_the_sign_in_before(site, client):
    send(client)
    copy = site[0].test_client()
    copy.set_cookie("session", client.get_cookie("session").value)
    token = read_token(client.get("/account"))
    client.post("/sign-in", data={"csrf_token": token, "name": "ann", "password": PASSWORD})

    assert client.get("/audits").status_code == 200
    assert copy.get("/audits").status_code == 303


def test_a_sign_in_ends_after_twelve_idle_hours_and_what_was_written_is_not_lost(site, client):
    _, clock = site
    send(client)
    token = read_token(client.get("/account"))
    clock.at += IDLE

    told = client.post("/audits/2/comments", data={"csrf_token": token, "comment": "Seen by two."})

    assert told.status_code == 401
    assert "that ends after twelve hours" in said(told)
    assert "Your comment Seen by two." in said(told)
    assert 'href="/sign-in" target="_blank"' in told.text  # else the text is gone from sight


def test_what_was_written_is_named_as_its_form_does(client):
    typed = {"reason": "not_wanted", "done": "Waited", "text": ""}
    token = read_token(client.get("/sign-in"))

    told = said(client.post("/audits/2/overrides", data={"csrf_token": token, **typed}))

    assert f"Why something else was done {REASONS['not_wanted']} What was done instead Waited" in told
    assert "Why, in words" not in told


def test_a_stale_form_sends_no_password_back(client):
    send(client)
    typed = {"password": PASSWORD, "new": "another good password", "again": "another good password"}

    told = client.post("/account/password", data={"csrf_token": "old", **typed})

    assert told.status_code == 400
    assert [each for each in typed.values() if each in told.text] == []


@pytest.mark.parametrize("path", ["/audits.json", "/audits/2/capsule.json"])
def test_a_browser_that_follows_a_link_to_a_file_is_led_to_sign_in_and_a_program_is_told_to(client, path):
    browser = client.get(path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    program = client.get(path, headers={"Accept": "*/*"})

    assert (browser.status_code, browser.location) == (303, f"/sign-in?next={path}")
    assert program.status_code == 401
    assert program.json["error"].startswith("Sign in to go on. You are not signed in.")
    assert "below" not in program.json["error"]


def test_who_is_not_signed_in_and_wrote_nothing_is_shown_nothing_to_copy(client):
    told = client.post("/audits/verify", data={"csrf_token": read_token(client.get("/sign-in")), "head": " "})

    assert told.status_code == 401
    assert "below" not in said(told)
    assert "to copy" not in said(told)


def test_a_form_of_before_a_sign_out_in_another_tab_says_so_and_loses_nothing(site, client):
    send(client)
    token = read_token(client.get("/account"))
    client.post("/sign-out", data={"csrf_token": token})

    told = client.post("/audits/2/comments", data={"csrf_token": token, "comment": "Seen by two."})

    assert told.status_code == 400
    assert "somebody signed in or out" in said(told)
    assert "Seen by two." in told.text


@pytest.mark.parametrize(
    "onward",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/made-up",
        "/sign-out",
        "audits",
        "/sign-in",
        "/\n/x",
    ],
)
def test_nobody_is_led_elsewhere(client, onward):
    assert send(client, onward=onward).location == "/account"


def test_the_password_is_never_sent_back(client, monkeypatch):
    token = read_token(client.get("/sign-in"))
    monkeypatch.setattr(users.Users, "sign_in", gone)
    told = client.post("/sign-in", data={"csrf_token": token, "name": "ann", "password": PASSWORD})

    assert told.status_code == 503
    assert "The database cannot be reached." in said(told)
    assert Controls(told).texts == {"name": "ann"}
    assert PASSWORD not in told.text


def change(client, old=PASSWORD, new="another good password", again=None):
    token = read_token(client.get("/account/password"))
    data = {"csrf_token": token, "password": old, "new": new, "again": new if again is None else again}
    return client.post("/account/password", data=data)


def test_somebody_who_is_signed_in_changes_the_password(site, client):
    send(client)
    elsewhere = site[0].test_client()
    send(elsewhere)

    changed = change(client)

    assert (changed.status_code, changed.location) == (303, "/account?changed=")
    assert "Your password is changed." in said(client.get(changed.location))
    assert client.get("/audits").status_code == 200
    assert elsewhere.get("/audits").status_code == 303
    assert send(elsewhere, password="another good password").status_code == 303


@pytest.mark.parametrize(
    ("typed", "code", "told"),
    [
        (("", "another good password", None), 422, "Your present password is missing."),
        (("wrong horse", "another good password", None), 403, "This is not your present password."),
        ((PASSWORD, "short", None), 422, "A password has 15 to 256 characters"),
        ((PASSWORD, "another good password", "another god password"), 422, "is not the same twice"),
    ],
)
def test_a_password_that_cannot_be_changed_stays_and_no_field_is_sent_back(site, client, typed, code, told):
    send(client)

    answer = change(client, *typed)

    assert answer.status_code == code
    assert told in said(answer)
    assert not any(f'value="{each}"' in answer.text for each in typed if each)
    assert send(site[0].test_client()).location == "/audits"


def test_who_tries_passwords_of_somebody_signed_in_is_locked_out_too(client):
    send(client)
    for _ in range(TRIES):
        assert change(client, "wrong").status_code == 403

    told = change(client)

    assert told.status_code == 429
    assert "Try again in 15 minutes" in said(told)


def test_nobody_changes_a_password_without_being_signed_in(client):
    assert client.get("/account/password").location == "/sign-in?next=/account"


def test_too_many_tries_from_one_address_are_refused_whatever_the_names(tmp_path):
    app = made(RATELIMIT_ENABLED=True, LIMIT_SIGN_IN="3 per minute", DATABASE=f"sqlite:///{tmp_path}/regimen.db")
    client = app.test_client()

    told = [send(client, f"name{number}", "wrong") for number in range(4)]
    app.extensions["keeper"].ledger.close()

    assert [each.status_code for each in told] == [403, 403, 403, 429]
    assert "Try again in" in said(told[-1])
    assert "wrong" not in Controls(told[-1]).texts.values()


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(tmp_path):
    for public, secure in ((None, False), ("https://b12.example.org", True)):
        app = made(PUBLIC_URL=public, DATABASE=f"sqlite:///{tmp_path}/regimen.db")
        cookie = app.test_client().get("/sign-in").headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert ("Secure" in cookie) == secure


def test_what_somebody_signed_in_sees_is_in_no_cache(site, client):
    assert client.get("/help").headers["Cache-Control"] == "no-cache"
    send(client)

    assert client.get("/help").headers["Cache-Control"] == "no-store"
    assert ">Account</a>" not in (site[0].test_client().get("/help").text)


def test_a_header_is_no_reason_to_fail_when_the_database_is_gone(client, monkeypatch):
    send(client)
    monkeypatch.setattr(users.Users, "signed_in", gone)

    assert client.get("/help").status_code == 200
    assert client.get("/audits").status_code == 503


# The table


def addresses(app):
    """One address and method of each endpoint, with values made up."""
    values = {"name": "injections", "key": "made-up", "fact": "age", "rule": "level-is-low", "filename": "site.css"}
    with app.test_request_context():
        adapter = app.create_url_adapter(None) or app.url_map.bind("localhost")
        for rule in app.url_map.iter_rules():
            given = {each: values.get(each, 1) for each in rule.arguments}
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                yield rule.endpoint, method, adapter.build(rule.endpoint, given, method)


def test_every_endpoint_has_a_row_and_every_row_an_endpoint():
    assert set(PERMISSIONS) == {rule.endpoint for rule in made().url_map.iter_rules()}


@pytest.mark.parametrize("role", [NOBODY, *ROLES])
def test_every_endpoint_is_open_to_those_of_its_row_and_to_nobody_else(site, role):
    app, _ = site
    app.config["WTF_CSRF_ENABLED"] = False
    walked = set()
    for endpoint, method, address in addresses(app):
        client = app.test_client() if role is NOBODY else sign_in(app.test_client(), role)
        answer = client.open(address, method=method, buffered=True)
        needed = PERMISSIONS[endpoint]
        if needed == ANYONE or role in (needed, "admin"):
            assert answer.status_code not in (401, 403) or endpoint == "signin.sign_in", (endpoint, method)
            assert endpoint.startswith("signin") or "/sign-in" not in (answer.location or ""), (endpoint, method)
        elif role is not NOBODY:
            assert answer.status_code == 403, (endpoint, method)
            assert f"This page takes the role {needed}." in said(answer) or address.endswith(".json")
        elif method == "GET" and not address.endswith(".json"):
            assert answer.location.startswith("/sign-in?next="), (endpoint, method)
        else:
            assert answer.status_code == 401, (endpoint, method)
        walked.add(endpoint)
    assert walked == set(PERMISSIONS)


def test_a_page_without_a_row_is_open_to_nobody(site):
    app, _ = site
    del app.extensions["permissions"]["pages.help_page"]

    assert app.test_client().get("/help").status_code == 303
    refused = sign_in(app.test_client(), "admin").get("/help")
    assert refused.status_code == 403
