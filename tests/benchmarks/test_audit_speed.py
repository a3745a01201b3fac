"""How fast the list of 100,000 decisions is, by filter: nothing here can fail for being slow.

python -m pytest -m benchmark --benchmark-enable -n 0 -s tests/benchmarks/test_audit_speed.py

What the decisions say is left out, since no list reads it; the index has what those of the cases of b12-general have,
over and over. A page is timed as the site serves it, with its count, its choices and its rows.
"""

from __future__ import annotations

import datetime as dt
import logging
import random
import statistics
import time

import pytest
from sqlalchemy import insert, text

from engine import consult, load_ruleset
from engine.ledger import Ledger, chain, index
from engine.ledger.chain import FIRST, Head
from engine.ledger.decisions import Decision, decision_data
from engine.ledger.releases import keep_release
from engine.ledger.tables import content, record
from tests.conftest import ON_POSTGRES
from tests.ledger.conftest import NOW
from tests.webui.conftest import made
from tests.webui.signing import sign_in

pytestmark = pytest.mark.benchmark

DECISIONS = 100_000
AT_ONCE = 1000
DIFFERENT = 150
TIMES = 15

QUERIES = {
    "no filter": {},
    "the last page": {"page": "last"},
    "ruleset": {"ruleset": "b12-general"},
    "release": {"release": "most"},
    "regimen": {"regimen": "most"},
    "how it ended": {"ending": "settled"},
    "rule, frequent": {"rule": "most"},
    "rule, frequent, the last page": {"rule": "most", "page": "last"},
    "rule, rare": {"rule": "least"},
    "rule, decisive": {"rule": "most", "decisive": "yes"},
    "mistake": {"mistake": "most"},
    "dates": {"since": "2026-12-01", "until": "2026-12-31"},
    "something else done": {"overridden": "yes"},
    "nothing else done, by regimen": {"overridden": "no", "sort": "regimen"},
    "rule, by regimen": {"rule": "most", "sort": "-regimen"},
    "rule, mistake, dates, by overrides": {
        "rule": "most", "mistake": "most", "since": "2026-12-01", "overridden": "no", "sort": "-overrides",
    },
}  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", ON_POSTGRES])
def ledger(request, tmp_path_factory):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('ledger')}/regimen.db"
    else:
        from tests.postgres import new_database

        url = new_database(request.getfixturevalue("postgres"))
    ledger = Ledger.open(url)
    start = time.perf_counter()
    fill(ledger)
    print(f"\n{request.param}: {DECISIONS:,} decisions filled in {time.perf_counter() - start:.0f} s")
    yield ledger, url
    ledger.close()


def fill(ledger):
    """Fill the chain, and the index as the cases of b12-general have it."""
    ruleset = load_ruleset("b12-general")
    entries = [entry_of(ruleset, dict(case.answers)) for case in ruleset.cases[:DIFFERENT]]
    chosen = random.Random(1)
    with ledger._database.writing() as connection:
        keep_release(connection, ruleset, NOW)
        previous = connection.execute(chain.NEWEST).one().hash
        for first in range(2, DECISIONS + 2, AT_ONCE):
            heads = []
            for seq in range(first, first + AT_ONCE):
                moment = chain.instant(NOW + dt.timedelta(minutes=seq))
                head = Head(seq, "decision", previous, seq, ruleset.digest, moment, chain.sha256(b"%d" % seq))
                heads.append(head)
                previous = head.hash
            connection.execute(insert(record), [row_of(head) for head in heads])
            connection.execute(insert(content), [{"seq": head.seq, "data": b"%d" % head.seq} for head in heads])
            index._insert(connection, [like(chosen.choice(entries), head) for head in heads])
    if ledger._database.engine.dialect.name == "postgresql":
        with ledger._database.engine.connect() as connection:  # as its own housekeeping does within a minute
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))


def entry_of(ruleset, answers):
    said = chain.read(chain.written(decision_data(consult(ruleset, answers, NOW.date()), [], answers)))
    head = Head(1, "decision", FIRST, 1, ruleset.digest, chain.instant(NOW), FIRST)
    return index.Entry.of(Decision(head, said))


def row_of(head):
    named = {"consultation_id": head.session, "release_hash": head.release, "content_hash": head.content}
    return named | {
        "seq": head.seq, "kind": head.kind, "previous": head.previous, "made_at": head.made_at, "hash": head.hash,
    }  # fmt: skip


def like(entry, head):
    """The same for another decision: every twentieth is overridden, every seventh of another ruleset."""
    made_at = dt.datetime.fromisoformat(head.made_at)
    ruleset = "b12-core" if head.seq % 7 == 0 else entry.row["ruleset_id"]
    row = {**entry.row, "seq": head.seq, "made_at": made_at, "ruleset_id": ruleset}
    return index.Entry(row | {"overrides": int(head.seq % 20 == 0)}, entry.rules, entry.mistakes)


def most_and_least(ledger):
    """The value that most decisions have, and the one that fewest have, by filter."""
    columns = {
        "rule": ("decision_rule", "rule"),
        "mistake": ("decision_mistake", "mistake"),
        "regimen": ("decision_index", "regimen"),
        "release": ("decision_index", "release_hash"),
    }
    found = {}
    with ledger._database.reading() as connection:
        for name, (table, column) in columns.items():
            counting = f"SELECT {column} FROM {table} WHERE {column} <> '' GROUP BY {column} ORDER BY count(*)"
            values = connection.execute(text(counting)).scalars().all()
            found[name] = {"most": values[-1], "least": values[0]}
    return found


def test_the_list(ledger, benchmark):
    ledger, url = ledger
    logging.disable(logging.INFO)  # a line for each page
    app = made(DATABASE=url, RULESETS=("rulesets",))
    client, values = sign_in(app.test_client()), most_and_least(ledger)
    client.get("/audits")
    print(f"p95 of {TIMES} pages in ms, under 200 aimed at:")
    for name, query in QUERIES.items():
        asked = {key: values.get(key, {}).get(value, value) for key, value in query.items()}
        if asked.get("page") == "last":
            asked["page"] = last_page(client, asked)
        spans = sorted(timed(client, asked) for _ in range(TIMES))
        print(
            f"  {name:36} {statistics.quantiles(spans, n=20)[-1] * 1000:6.0f} (median {spans[TIMES // 2] * 1000:.0f})"
        )
    app.extensions["keeper"].ledger.close()
    logging.disable(logging.NOTSET)
    benchmark.pedantic(lambda: None, rounds=1)


def last_page(client, asked):
    rows = client.get("/audits", query_string={**asked, "page": "1"}).text
    return rows.partition("Page 1 of ")[2].partition(".")[0]


def timed(client, asked):
    start = time.perf_counter()
    page = client.get("/audits", query_string=asked)
    assert page.status_code == 200
    return time.perf_counter() - start
