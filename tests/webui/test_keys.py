"""The key that signs cookies: made once, kept from others, the same for every process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from webui import create_app
from webui.keys import KeyFileError, secret_key

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path


def test_the_key_is_made_on_first_start_for_oneself_alone(home):
    key = secret_key()

    file = home / "regimen" / "secret-key"
    assert file.read_text() == key
    assert len(key) == 64
    assert [oct(path.stat().st_mode & 0o777) for path in (file.parent, file)] == ["0o700", "0o600"]
    assert [path.name for path in file.parent.iterdir()] == ["secret-key"]


def test_the_key_stays_the_same(home):
    assert secret_key() == secret_key()


def test_no_two_keys_are_alike(monkeypatch, tmp_path):
    keys = set()
    for number in range(5):
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / str(number)))
        keys.add(secret_key())

    assert len(keys) == 5


def test_processes_that_start_at_once_get_the_same_key(home):
    program = "import sys; from webui.keys import secret_key; sys.stdin.readline(); print(secret_key())"
    pipe = subprocess.PIPE
    processes = [
        subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        for _ in range(6)
    ]

    keys = {each.communicate("go\n")[0] for each in processes}

    assert keys == {(home / "regimen" / "secret-key").read_text() + "\n"}


def test_the_one_who_comes_second_takes_the_key_of_the_first(home):
    from webui.keys import _make

    first = secret_key()
    _make(home / "regimen" / "secret-key")  # between looking for the file and making it, another process made it

    assert secret_key() == first
    assert [path.name for path in (home / "regimen").iterdir()] == ["secret-key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o666])
def test_a_key_that_others_can_get_at_is_refused(home, mode):
    secret_key()
    file = home / "regimen" / "secret-key"
    file.chmod(mode)

    with pytest.raises(KeyFileError) as told:
        secret_key()

    assert str(told.value) == (
        f"Others can read or change the secret key in {file}. Delete it, and a new one is made;"
        f" if nobody has done so, chmod 600 {file}."
    )


@pytest.mark.parametrize("content", ["", "\n", "short", " " * 64])
def test_a_key_that_is_too_short_is_refused(home, content):
    secret_key()
    (home / "regimen" / "secret-key").write_text(content)

    with pytest.raises(KeyFileError, match="is shorter than 32 characters"):
        secret_key()


def test_the_environment_goes_before_the_file(home, monkeypatch):
    monkeypatch.setenv("REGIMEN_SECRET_KEY", "k" * 32)

    assert secret_key() == "k" * 32
    assert list(home.iterdir()) == []

    monkeypatch.setenv("REGIMEN_SECRET_KEY", "hunter2")
    with pytest.raises(KeyFileError, match="shorter than 32") as told:
        secret_key()
    assert "hunter2" not in str(told.value)


def test_a_folder_that_cannot_be_had_is_told(home, monkeypatch):
    (home / "a-file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "a-file"))

    with pytest.raises(KeyFileError, match=r"cannot be kept \(.*Not a directory\). Mend that, or set REGIMEN_SECRET_"):
        secret_key()


def test_the_site_signs_with_the_key_unless_it_is_given_one(home):
    assert create_app().config["SECRET_KEY"] == secret_key()
    assert create_app({"SECRET_KEY": "given"}).config["SECRET_KEY"] == "given"
