"""A decision that was confirmed stays, whoever is killed, however many write, and replays wherever it is read."""

from __future__ import annotations

import random
import signal
import threading

import pytest

from engine import load_ruleset
from engine.language.load import shipped_ids
from engine.ledger.replay import replay

WRITERS = 8


def confirmed_by(process):
    return [line.split() for line in process.stdout.read().splitlines()]


@pytest.mark.parametrize("number", [pytest.param(60, id="60"), pytest.param(1000, id="1000", marks=pytest.mark.slow)])
def test_killed_at_random_moments_the_ledger_keeps_every_decision_that_was_confirmed(url, start, open_ledger, number):
    chance, confirmed, kills = random.Random(number), [], 0
    while len(confirmed) < number:
        process = start("deciding", url)
        confirmed.append(process.stdout.readline().split())
        threading.Timer(chance.uniform(0, number / 1000), process.kill).start()
        confirmed += confirmed_by(process)
        assert process.wait() == -signal.SIGKILL, process.stderr.read()
        kills += 1

    ledger = open_ledger(url)
    found = ledger.verify()

    assert found.trouble is None
    assert kills > 1
    # of those that were under way nobody knows
    assert 0 <= found.counts["decision"] - len(confirmed) <= kills
    assert found.counts["release"] == 1
    decisions = [ledger.decision(int(number)) for number, _ in confirmed]
    assert [decision.hash for decision in decisions] == [digest for _, digest in confirmed]
    assert all(replay(decision.said, ledger.release(decision.head.release)).identical for decision in decisions[-20:])


@pytest.mark.parametrize(
    "each", [pytest.param(10, id="10-each"), pytest.param(125, id="125-each", marks=pytest.mark.slow)]
)
def test_eight_processes_that_decide_at_once_make_one_chain_and_lose_no_decision(url, start, open_ledger, each):
    processes = [start("decisions", url, str(each)) for _ in range(WRITERS)]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * WRITERS
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    confirmed = [line for process in processes for line in confirmed_by(process)]
    assert [(process.wait(60), process.stderr.read()) for process in processes] == [(0, "")] * WRITERS

    ledger = open_ledger(url)
    found = ledger.verify()

    assert found.trouble is None
    assert dict(found.counts) == {"release": 1, "decision": WRITERS * each}
    assert sorted(int(number) for number, _ in confirmed) == list(range(2, 2 + WRITERS * each))
    assert all(ledger.decision(int(number)).hash == digest for number, digest in confirmed)


@pytest.mark.parametrize("every", [pytest.param(15, id="some"), pytest.param(1, id="all", marks=pytest.mark.slow)])
def test_the_cases_of_all_rulesets_replay_in_another_process(url, start, open_ledger, monkeypatch, every):
    monkeypatch.setenv("PYTHONHASHSEED", str(every + 7))
    process = start("cases", url, str(every))
    told = confirmed_by(process)
    assert (process.wait(60), process.stderr.read()) == (0, "")
    ledger = open_ledger(url)

    otherwise = []
    for name, case, number in told:
        decision = ledger.decision(int(number))
        again = replay(decision.said, ledger.release(decision.head.release))
        if not again.identical:
            otherwise.append((name, case))

    assert otherwise == []
    assert {name for name, _, _ in told} == {name for name in shipped_ids() if load_ruleset(name).cases}
    assert ledger.verify().trouble is None
