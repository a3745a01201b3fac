"""`regimen ledger`: looking after the sessions that are kept, and after what they came to."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import click

from engine.cli.frame import FINDING, telling
from engine.cli.given import AS_JSON, print_json
from engine.cli.impact import impact_report, show_impact
from engine.cli.page import Page
from engine.language.errors import RegimenError, RulesetError, quote
from engine.language.load import load_ruleset
from engine.language.model import Ruleset
from engine.language.wording import counted
from engine.ledger import REASONS, DatabaseError, Ledger, Verified
from engine.ledger.capsule import capsule_data

DATABASE = click.option(
    "--database",
    metavar="URL",
    help="Where sessions are kept: sqlite:////path/to/file.db or postgresql://user@host/name. Without it"
    " $REGIMEN_DATABASE_URL, which keeps a password out of the list of processes; else a file of one's own.",
)
KINDS = ("release", "decision", "override", "comment", "deletion")
SHOWS = (
    "This shows that no record was altered, taken out or moved. A chain that was written anew, or cut off at its end,"
    " it shows only beside a hash that was noted elsewhere: `--head` with that of a visit sheet, of a capsule, or of"
    " `regimen ledger head`."
)


@contextmanager
def opened(database: str | None) -> Iterator[Ledger]:
    """The ledger; what is wrong with its database is told by name."""
    try:
        found = Ledger.open(database)
        try:
            yield found
        finally:
            found.close()
    except DatabaseError as error:
        raise error.named() from None


@click.group()
def ledger() -> None:
    """Look after the sessions that are kept, and after what they came to."""


@ledger.command()
@DATABASE
@telling
def purge(database: str | None) -> int:
    """Delete the sessions that have expired, with all of their answers and what their decisions say."""
    with opened(database) as kept:
        number = kept.purge(kept.now())  # a command reads no clock either: what time it is the database knows
    click.echo(f"{counted(number, 'expired session')} deleted.")
    return 0


@ledger.command()
@DATABASE
@telling
def head(database: str | None) -> int:
    """Print the hash of the newest record, to be noted elsewhere."""
    with opened(database) as kept:
        newest = kept.head()
    if newest is None:
        raise RegimenError("There is no record yet, so there is no hash to note.")
    click.echo(newest.hash)
    return 0


@ledger.command()
@click.option("--head", "known", metavar="HASH", help="A hash that was noted: its record has to be there still.")
@click.option("--index", is_flag=True, help="Compare the index of the audit pages with what the decisions say too.")
@DATABASE
@AS_JSON
@telling
def verify(known: str | None, database: str | None, *, index: bool, as_json: bool) -> int:
    """Recompute every hash, and name the first record that is not as it was recorded.

    Exit status 1 when there is one, or when the index has something else than the decisions say.
    """
    known = None if known is None else known.strip().lower()
    if known is not None and not re.fullmatch("[0-9a-f]{64}", known):
        raise RegimenError(f"{quote(known)} is no hash. Give all of its 64 letters and digits.")
    with opened(database) as kept, progress("Verifying") as told:
        found = kept.verify(known, told)
        stale = kept.audits.stale() if index else None
    if as_json:
        print_json(_verified_report(found, stale))
    else:
        _show_verified(found, known)
        _show_stale(stale)
    return FINDING if found.trouble or stale else 0


@ledger.command()
@DATABASE
@telling
def reindex(database: str | None) -> int:
    """Make the index that the audit pages list decisions from anew; it is no part of the chain."""
    with opened(database) as kept:
        number = kept.audits.reindex()
    click.echo(f"{counted(number, 'decision')} entered.")
    return 0


@ledger.command()
@click.argument("decision", metavar="ID")
@DATABASE
@telling
def capsule(decision: str, database: str | None) -> int:
    """Print a decision with its ruleset as one JSON file, to be replayed anywhere.

    ID is the number of the decision, or the beginning of its hash, as the visit sheet has them. A capsule holds the
    answers of a person: hand it on as you would hand on a medical record.
    """
    with opened(database) as kept:
        found = kept.decision(decision)
        print_json(capsule_data(found, kept.release(found.head.release or "")))
    return 0


@ledger.command()
@click.argument("decision", metavar="ID")
@click.option("--reason", required=True, type=click.Choice(tuple(REASONS)), help="Why, from a list.")
@click.option("--done", required=True, metavar="TEXT", help="What was done instead.")
@click.option("--text", default="", metavar="TEXT", help="Why, in words.")
@click.option("--by", metavar="NAME", help="Who says so. Never a patient.")
@DATABASE
@telling
def override(decision: str, reason: str, done: str, text: str, by: str | None, database: str | None) -> int:
    """Record what was done instead of what a decision suggested, and why.

    ID is the number of the decision, or the beginning of its hash. Write no name and nothing that tells who a patient
    is: what is recorded cannot be edited.
    """
    with opened(database) as kept:
        found = kept.override(kept.decision(decision), reason, kept.now(), done=done, text=text, by=by)
    click.echo(f"Recorded as number {found.head.seq}, after decision {found.decision}.")
    return 0


@ledger.command()
@DATABASE
@AS_JSON
@telling
def overrides(database: str | None, *, as_json: bool) -> int:
    """Count the overrides by rule and by reason: which rules suggest what is not done."""
    with opened(database) as kept:
        found = kept.overrides()
    rules = Counter(rule for each in found for rule in each.rules)
    reasons = Counter(each.reason for each in found)
    if as_json:
        print_json({"overrides": len(found), "rules": dict(rules.most_common()), "reasons": dict(reasons)})
        return 0
    page = Page()
    page.line(f"{counted(len(found), 'override')}.", 0)
    for heading, counts, words in (("By reason", reasons, REASONS), ("By rule", rules, {})):
        if counts:
            page.heading(heading)
        for name, number in counts.most_common():
            page.line(f"{number} {words.get(name, name)}")
    return 0


@ledger.command()
@click.argument("ruleset", required=False)
@DATABASE
@AS_JSON
@telling
def impact(ruleset: str | None, database: str | None, *, as_json: bool) -> int:
    """Say which stored decisions would end otherwise under RULESET as it is now, grouped by from what to what.

    Without RULESET: under each ruleset that decisions were made under, as it is found under rulesets/.
    """
    with opened(database) as kept:
        found = []
        for each in [load_ruleset(ruleset)] if ruleset else _loadable(kept.rulesets()):
            with progress(each.id) as told:
                found.append(kept.impact(each, told))
    if as_json:
        print_json({"impacts": [impact_report(each) for each in found]})
    else:
        for one in found:
            show_impact(one)
    return 0


def _loadable(names: Iterable[str]) -> Iterator[Ruleset]:
    for name in names:
        try:
            yield load_ruleset(name)
        except RulesetError as error:  # it is another's, or is being edited: the others are told nonetheless
            click.echo(str(error), err=True)


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None] | None]:
    """What to call with how much is done, and of how much; nothing where nobody looks at a terminal."""
    if not (sys.stderr and sys.stderr.isatty()):
        yield None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def told(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield told
        bar.update((bar.length or 0) - bar.pos)


def _verified_report(found: Verified, stale: Sequence[int] | None) -> dict[str, object]:
    """What `regimen ledger verify --json` prints.

    {"records": {kind: how many}, "deleted": of how many only the hash is left, "head": hash | null,
     "trouble": {"record": number | null, "message"} | null, and with --index
     "stale": [the decisions of which the index has something else]}
    """
    trouble = {"record": found.trouble.seq or None, "message": found.trouble.message} if found.trouble else None
    more = {} if stale is None else {"stale": list(stale)}
    return {"records": dict(found.counts), "deleted": found.deleted, "head": found.head, "trouble": trouble} | more


def _show_verified(found: Verified, known: str | None) -> None:
    page = Page()
    kinds = ", ".join(counted(found.counts[kind], kind) for kind in KINDS if kind in found.counts)
    page.line(f"{counted(found.records, 'record')}{f': {kinds}' if kinds else ''}.", 0)
    if found.deleted:
        page.line(
            f"Of {found.deleted} of them only the hash is left: their sessions were forgotten or have expired.", 0
        )
    if found.trouble:
        page.line(found.trouble.message, 0, style="bold red")
        before = "Records before it are as they were recorded. " if found.trouble.seq else ""
        page.line(f"{before}Compare with a copy of the database.", 0)
        return
    page.line("Every record is as it was recorded.", 0, style="bold")
    if known:
        page.line("The record with the hash that you noted is there.", 0)
    elif found.head:
        page.line(SHOWS, 0)
    if found.head:
        page.console.print(f"Head: {found.head}", markup=False)


def _show_stale(stale: Sequence[int] | None) -> None:
    page = Page()
    if stale:
        say = f"{counted(len(stale), 'decision')} {'says' if len(stale) == 1 else 'say'}"
        said = f"The index has something else than {say}, the first number {stale[0]}."
        page.line(said, 0, style="bold red")
        page.line("The records are not touched by that. Make it anew: `regimen ledger reindex`.", 0)
    elif stale is not None:
        page.line("The index has what the decisions say.", 0)
