"""The addresses that a site listens on, and how many processes it takes."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from webui import processes


@pytest.fixture
def listen():
    """Listens as the site does, until the test ends."""
    opened = []

    def listening(*address):
        opened.extend(processes.listen(*address))
        return opened

    yield listening
    for each in opened:
        each.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "[::1]", "localhost", "*"])
def test_every_address_of_a_host_is_reached_on_one_port(listen, host):
    try:
        opened = listen(host, 0)
    except OSError as error:
        if error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
            pytest.skip("no IPv6 here")
        raise
    port = opened[0].getsockname()[1]

    assert {each.getsockname()[1] for each in opened} == {port}
    for each in opened:
        with socket.create_connection((each.getsockname()[0], port), timeout=10):
            pass


def test_a_host_with_two_addresses_gets_both_on_one_port(listen, monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in ("127.0.0.1", "127.0.0.2")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [*found, found[0]])
    addresses = [each.getsockname() for each in listen("both", 0)]

    assert [address for address, _ in addresses] == ["127.0.0.1", "127.0.0.2"]
    assert len({port for _, port in addresses}) == 1


def test_a_port_that_is_taken_is_refused(listen):
    (taken,) = listen("127.0.0.1", 0)

    with pytest.raises(OSError, match="in use") as refused:
        processes.listen("127.0.0.1", taken.getsockname()[1])
    assert refused.value.errno == errno.EADDRINUSE


def test_the_usual_number_of_processes_is_that_of_the_cores_and_one_where_there_is_no_fork(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    assert processes.usual_number() == 3
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    assert processes.usual_number() == 4
    monkeypatch.delattr(os, "fork", raising=False)
    assert processes.usual_number() == 1
