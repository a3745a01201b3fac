"""Users: what is kept of them, who gets in, for how long, and who is kept out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from engine.ledger import DatabaseError, LockedOut, User, UserError, WrongPassword, users
from engine.ledger.tables import attempt, sign_in, user
from engine.ledger.users import IDLE, LOCKED, TRIES
from tests.ledger.conftest import NOW, later

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A quick hash, but for the test that is about the hash."""
    monkeypatch.setattr(users, "hasher", lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def kept(ledger):
    ledger.users.add("ann", PASSWORD, ["auditor"], NOW)
    return ledger.users


def fail(kept, times, name="ann", moment=NOW, password="wrong"):
    for _ in range(times):
        with pytest.raises(WrongPassword):
            kept.sign_in(name, password, moment)


def rows(ledger, table):
    with ledger._database.reading() as connection:
        return connection.execute(select(table)).all()


def test_who_has_the_password_is_signed_in_until_signing_out(kept):
    token = kept.sign_in(" Ann ", PASSWORD, NOW)
    assert kept.signed_in(token, NOW) == User("ann", frozenset({"auditor"}))

    kept.sign_out(token)

    assert kept.signed_in(token, NOW) is None
    assert kept.signed_in("made up", NOW) is None


def test_an_admin_may_do_everything_and_others_what_their_roles_are_for():
    assert [User("a", frozenset({"admin"})).may(role) for role in users.ROLES] == [True] * 4
    assert [User("a", frozenset({"educator"})).may(role) for role in users.ROLES] == [False, True, False, False]


def test_neither_password_nor_token_nor_a_name_that_was_tried_is_kept(ledger, kept):
    token = kept.sign_in("ann", PASSWORD, NOW)
    fail(kept, 1, name="a password in the wrong field")

    everything = str([rows(ledger, table) for table in (user, sign_in, attempt)])
    assert "$argon2id$" in everything
    for secret in (PASSWORD, token, "wrong field"):
        assert secret not in everything


def test_the_hash_is_argon2id_as_rfc_9106_recommends_it(ledger, monkeypatch):
    monkeypatch.undo()
    ledger.users.add("ann", PASSWORD, ["auditor"], NOW)

    assert rows(ledger, user)[0].password.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize("change", ["roles", "password", "removed"])
def test_a_change_of_the_user_signs_out(kept, change):
    token = kept.sign_in("ann", PASSWORD, NOW)
    {
        "roles": lambda: kept.give_roles("ann", ["educator"]),
        "password": lambda: kept.give_password("ann", "another good password"),
        "removed": lambda: kept.remove("ann"),
    }[change]()

    assert kept.signed_in(token, NOW) is None


def test_who_does_nothing_for_twelve_hours_is_signed_out_and_who_does_something_is_not(kept):
    token = kept.sign_in("ann", PASSWORD, NOW)
    almost = IDLE - users.SEEN_EVERY

    assert kept.signed_in(token, NOW + almost)
    assert kept.signed_in(token, NOW + 2 * almost)
    assert kept.signed_in(token, NOW + 2 * almost + IDLE) is None


def test_a_database_that_is_busy_signs_nobody_out(kept, ledger, monkeypatch):
    token = kept.sign_in("ann", PASSWORD, NOW)

    def busy(_):
        raise DatabaseError("The database is busy.")

    monkeypatch.setattr(type(ledger._database), "writing", busy)
    assert kept.signed_in(token, NOW + 2 * users.SEEN_EVERY)


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_too_many_wrong_passwords_lock_a_name_whether_somebody_has_it_or_not(kept, name):
    fail(kept, TRIES, name)

    with pytest.raises(LockedOut) as told:
        kept.sign_in(name, PASSWORD, later(minutes=1))
    assert told.value.until == NOW + LOCKED
    with pytest.raises(LockedOut):
        kept.sign_in(name, PASSWORD, NOW + LOCKED / 2)


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_a_name_that_no_database_can_hold_is_nobodys(kept, name):
    fail(kept, 1, name)

    with pytest.raises(UserError, match="There is no user"):
        kept.remove(name)


def test_a_lock_ends_by_itself_and_with_a_new_password(kept):
    fail(kept, TRIES)
    assert kept.sign_in("ann", PASSWORD, NOW + LOCKED)

    fail(kept, TRIES, moment=NOW + LOCKED)
    kept.give_password("ann", "another good password")
    assert kept.sign_in("ann", "another good password", NOW + LOCKED)


def test_the_right_password_ends_the_count(kept):
    fail(kept, TRIES - 1)
    kept.sign_in("ann", PASSWORD, NOW)
    fail(kept, TRIES - 1)

    assert kept.sign_in("ann", PASSWORD, NOW)


def test_many_at_once_have_no_more_tries_than_one(kept):
    def attempt_one(_):
        try:
            kept.sign_in("ann", "wrong", NOW)
        except (LockedOut, WrongPassword) as error:
            return type(error)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(attempt_one, range(24), timeout=60))

    assert found.count(WrongPassword) == TRIES
    assert found.count(LockedOut) == 24 - TRIES


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_a_name_that_nobody_has_costs_the_work_of_one_password_too(kept, name, monkeypatch):
    """So the time until the answer does not tell which names there are."""
    done = []

    class Counting(PasswordHasher):
        def verify(self, hashed, password):
            done.append(hashed.split("$")[:4])
            return super().verify(hashed, password)

    quick = Counting(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(users, "hasher", lambda: quick)
    users._of_nobody.cache_clear()

    fail(kept, 1, name)

    assert done == [["", "argon2id", "v=19", "m=8,t=1,p=1"]]


def test_a_password_that_is_changed_while_it_is_verified_lets_nobody_in(kept, ledger, monkeypatch):
    class Slow(PasswordHasher):
        def verify(self, hashed, password):
            kept.give_password("ann", "another good password")
            return super().verify(hashed, password)

    slow = Slow(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(users, "hasher", lambda: slow)

    fail(kept, 1, password=PASSWORD)
    assert rows(ledger, sign_in) == []


def test_who_has_the_password_changes_it_and_is_signed_out_elsewhere(kept):
    elsewhere = kept.sign_in("ann", PASSWORD, NOW)

    here = kept.change_password("ann", PASSWORD, "another good password", NOW)

    assert kept.signed_in(here, NOW) == User("ann", frozenset({"auditor"}))
    assert kept.signed_in(elsewhere, NOW) is None
    fail(kept, 1, password=PASSWORD)
    assert kept.sign_in("ann", "another good password", NOW)


def test_changing_a_password_is_no_way_around_the_limit_of_tries(kept):
    for _ in range(TRIES):
        with pytest.raises(WrongPassword):
            kept.change_password("ann", "wrong", "another good password", NOW)

    with pytest.raises(LockedOut):
        kept.sign_in("ann", PASSWORD, NOW)


def test_a_new_password_that_cannot_be_used_changes_nothing_and_is_no_try(kept):
    for _ in range(TRIES + 1):
        with pytest.raises(UserError, match="15 to 256 characters"):
            kept.change_password("ann", PASSWORD, "short", NOW)

    assert kept.sign_in("ann", PASSWORD, NOW)


def test_of_many_who_add_the_same_name_at_once_one_does(ledger):
    def add(_):
        try:
            ledger.users.add("zoe", PASSWORD, ["auditor"], NOW)
        except UserError as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(add, range(8), timeout=60))

    assert told.count(None) == 1
    assert told.count("There is a user 'zoe' already. Choose another name.") == 7


def test_a_password_is_the_same_however_a_keyboard_puts_its_letters_together(ledger):
    ledger.users.add("zoe", "cafe\u0301 au lait, s'il vous", ["auditor"], NOW)

    assert ledger.users.sign_in("zoe", "caf\u00e9 au lait, s'il vous", NOW)


@pytest.mark.parametrize(
    ("name", "password", "roles", "told"),
    [
        ("ann", PASSWORD, ["auditor"], "There is a user 'ann' already"),
        ("ANN", PASSWORD, ["auditor"], "There is a user 'ann' already"),
        ("Ann Lee", PASSWORD, ["auditor"], "is no name for a user"),
        ("", PASSWORD, ["auditor"], "is no name for a user"),
        ("ben", "short", ["auditor"], "15 to 256 characters"),
        ("ben", "x" * 257, ["auditor"], "15 to 256 characters"),
        ("ben", PASSWORD, ["boss"], "There is no role 'boss'. Choose of: auditor"),
        ("ben", PASSWORD, [], "A user needs a role"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_cure(kept, name, password, roles, told):
    with pytest.raises(UserError, match=told):
        kept.add(name, password, roles, NOW)
    assert [each.name for each in kept.all()] == ["ann"]


def test_a_user_who_is_not_there_cannot_be_changed(kept):
    for change in (lambda: kept.remove("eve"), lambda: kept.give_roles("eve", ["admin"])):
        with pytest.raises(UserError, match=r"There is no user 'eve'. `regimen user list`"):
            change()
