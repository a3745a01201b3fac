"""Options and fixtures of the whole suite."""

from __future__ import annotations

import pytest

ON_POSTGRES = pytest.param("postgresql", marks=pytest.mark.xdist_group("postgres"))


def pytest_addoption(parser):
    parser.addoption("--screenshots", metavar="DIR", default=None, help="write a picture of each page state to DIR")


@pytest.fixture(scope="session", autouse=True)
def home_of_its_own(tmp_path_factory):
    """No test reads or writes what the person who runs it keeps; processes that tests start inherit this."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data-home")))
        patch.delenv("REGIMEN_DATABASE_URL", raising=False)
        patch.delenv("REGIMEN_SECRET_KEY", raising=False)
        yield


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL cluster. Mark its tests with xdist_group("postgres"), so that they share one."""
    from tests.postgres import cluster

    with cluster() as folder:
        yield folder


@pytest.fixture
def postgres_url(postgres):
    """The URL of an empty PostgreSQL database."""
    from tests.postgres import new_database

    return new_database(postgres)


@pytest.fixture(params=["sqlite", ON_POSTGRES])
def url(request, tmp_path):
    """The URL of an empty database: first of a SQLite file, then on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'regimen.db'}"
    return request.getfixturevalue("postgres_url")
