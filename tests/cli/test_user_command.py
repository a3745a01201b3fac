"""`regimen user`: adding, listing, changing and removing those who sign in."""

from __future__ import annotations

import sys

import pexpect
import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.ledger import Ledger, WrongPassword

PASSWORD = "four words of a test"


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'regimen.db'}"


@pytest.fixture
def user(url):
    """Runs a command on users; the password comes down a pipe."""
    return lambda *words, password=PASSWORD: CliRunner().invoke(
        main, ["user", *words, "--database", url], input=f"{password}\n"
    )


def signs_in(url, password=PASSWORD):
    ledger = Ledger.open(url)
    try:
        return bool(ledger.users.sign_in("ann", password, ledger.now()))
    except WrongPassword:
        return False
    finally:
        ledger.close()


def test_a_user_is_added_listed_changed_and_removed(user, url):
    assert "There is no user yet." in user("list").output
    assert user("add", "Ann", "--role", "educator", "--role", "auditor").output == "ann is added: auditor, educator.\n"
    assert signs_in(url)

    assert user("roles", "ann", "--role", "admin").output == "ann is now: admin.\n"
    assert user("list").output == "ann: admin\n"
    assert user("password", "ann", password="quite another one").output == "ann has a new password.\n"
    assert (signs_in(url), signs_in(url, "quite another one")) == (False, True)
    assert user("remove", "ann").output == "ann is removed.\n"
    assert "There is no user yet." in user("list").output


@pytest.mark.parametrize(
    ("words", "password", "told"),
    [
        (["add", "ann", "--role", "auditor"], "", "There is no password on standard input."),
        (["add", "ann", "--role", "auditor"], "short", "A password has 15 to 256 characters"),
        (
            ["add", "ann", "--role", "boss"],
            PASSWORD,
            "'boss' is not one of 'auditor', 'educator', 'publisher', 'admin'",
        ),
        (["add", "ann"], PASSWORD, "Missing option '--role'"),
        (["add", "Ann Lee", "--role", "auditor"], PASSWORD, "'Ann Lee' is no name for a user."),
        (["remove", "eve"], PASSWORD, "There is no user 'eve'. `regimen user list` shows them."),
        (["password", "eve"], PASSWORD, "There is no user 'eve'."),
    ],
)
def test_what_cannot_be_done_is_told(user, words, password, told):
    found = user(*words, password=password)

    assert found.exit_code == 2
    assert told in found.output
    assert "There is no user yet." in user("list").output


def test_in_a_terminal_the_password_is_asked_for_twice_and_never_shown(url):
    words = ["user", "add", "ann", "--role", "auditor", "--database", url]
    command = ["-c", "from engine.cli import main; main()", *words]
    terminal = pexpect.spawn(sys.executable, command, timeout=30, encoding="utf-8")
    shown = []
    twice = ["Password:", "The same again:"]
    for prompt, typed in zip(twice * 2, [PASSWORD, "another", PASSWORD, PASSWORD], strict=True):
        terminal.expect_exact(prompt)
        shown.append(terminal.before)
        terminal.waitnoecho(10)
        terminal.sendline(typed)
    terminal.expect(pexpect.EOF)
    terminal.close()

    assert terminal.exitstatus == 0
    assert PASSWORD not in "".join([*shown, terminal.before])
    assert signs_in(url)
