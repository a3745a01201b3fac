"""The one module that touches durable-rules: Horn clauses over integers, run to their fixpoint by its C matcher.

durable_rules 2.0.28 is unmaintained C that crashes, hangs or answers wrongly outside a narrow part. Facts only asserted
and conditions that are constants are sound, and all that is used: a literal is an integer, whoever compiles a ruleset
decides what it stands for, and a changed answer is a new session.

The clauses are cut into small *parts*, each a C ruleset of its own, told each other's conclusions. A rule tests a
literal once, so a part of 128 rules stays below every limit of the C code whatever the clauses are; and since a C
session is allocated whole (about 10 kB a condition), a part is opened only when something in it could fire.

Compile before a fork. Threads may share a matcher, each with sessions of its own. Neither can be pickled: in another
process a C handle means another ruleset, or none.
"""

from __future__ import annotations

import threading
import weakref
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, count
from math import isqrt
from typing import NoReturn, Self

import durable_rules_engine as c_engine

from engine.language.errors import RegimenError

MAX_CLAUSES = 50_000  # ours: a session over so many can take a gigabyte
MAX_SESSIONS = 900  # C: the 1,025th live state of a ruleset fails half built, and using it again is a segfault
PART_RULES = 128  # C: 255 rules on one condition, 4,096 rules a ruleset, 511 tests a level
BODY_PATTERNS = 12  # C: 16 facts in one match, found out only at run time
ALIASES = "abcdefghijkl"
INIT_ID = "i"


class MatcherError(RegimenError):
    """The clauses exceed a limit, the matcher or the session is closed, or durable-rules refused something."""


@dataclass(frozen=True, slots=True)
class Clause:
    """When every literal of the body is held, the heads are concluded; without heads the firing itself is the news."""

    body: tuple[int, ...]
    heads: tuple[int, ...]


@dataclass(slots=True)
class _Rule:
    """One matcher rule, for every clause with this body of tokens: numbered literals, and links of long bodies."""

    body: tuple[int, ...]
    clauses: list[int]
    hidden: int | None = None


class _Closing:
    """What a matcher and a session share: `with` closes them, and they stand for C memory of this process alone."""

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be pickled or copied: make another where it is needed")


class Matcher(_Closing):
    """Clauses compiled for durable-rules. Close it, or drop it: both free what it holds in C."""

    def __init__(self, clauses: Sequence[Clause]) -> None:
        """Compile the clauses, or raise MatcherError: a body is empty, they are too many, or durable-rules refuses."""
        self._base = _Base(clauses)
        self._finalizer = weakref.finalize(self, self._base.close)

    def session(self) -> Session:
        """Open a session; MatcherError if this is closed, or MAX_SESSIONS are open: to wait might be for ever."""
        return Session(self, self._base)

    def close(self) -> None:
        """Close every session and free the C rulesets; a second call does nothing."""
        self._finalizer()


class Session(_Closing):
    """What is held in one run over the clauses. It only grows; open another for a changed answer."""

    def __init__(self, matcher: Matcher, base: _Base) -> None:
        self._sid = ""  # until one is lent
        self.held: set[int] = set()  #: every literal told or concluded
        self._matcher = matcher  # keeps the C rulesets alive
        self._base = base
        self._known: set[int] = set()
        self._waiting: dict[int, list[int]] = {}
        self._sid, self._states = base.lend()

    def tell(self, literals: Iterable[int]) -> list[int]:
        """Hold these literals and all that follows; return the indices of the clauses that fired, in their order.

        A clause fires at most once in a session. After an error (MatcherError: closed, or refused) it is closed.
        """
        with self._base.lock:
            if self._sid not in self._base.live:
                raise MatcherError("the session is closed")
            try:
                for literal in literals:
                    self._hold(literal)
                return self._exchange()
            except BaseException as error:
                self.close()
                if isinstance(error, c_engine.error | MemoryError):
                    raise MatcherError(f"durable-rules refused a fact: {error}") from error
                raise

    def _hold(self, literal: int) -> None:
        if literal not in self.held:
            self.held.add(literal)
            token = self._base.tokens.get(literal)
            if token is not None:
                self._learn(token)

    def _learn(self, token: int) -> None:
        """Queue a token for the open parts that test it, and for the parts that it wakes."""
        self._known.add(token)
        for number in self._base.testing[token]:
            if number in self._states or token in self._base.parts[number].wakers:
                self._waiting.setdefault(number, []).append(token)

    def _exchange(self) -> list[int]:
        """Run the parts that have news, the earliest first since rules come in order of dependence."""
        fired: list[int] = []
        while self._waiting:
            number = min(self._waiting)
            part = self._base.parts[number]
            tokens = self._waiting.pop(number)
            if number not in self._states:
                self._states[number] = 0  # being opened: see _Base.give_back
                self._states[number] = part.open(self._sid)
                tokens = sorted(self._known & part.facts.keys())
            for rule in part.run(self._sid, self._states[number], tokens):
                if rule.hidden is not None:
                    self._learn(rule.hidden)
                fired += rule.clauses
                for head in chain.from_iterable(map(self._base.heads.__getitem__, rule.clauses)):
                    self._hold(head)
        return fired

    def close(self) -> None:
        """Free the session; a second call does nothing. One that is dropped is freed when the next is opened."""
        if self._sid:
            sid, self._sid = self._sid, ""
            self._base.give_back(sid)

    def __del__(self) -> None:
        if self._sid:
            self._base.dropped.append(self._sid)


class _Base:
    """What a matcher holds in C, apart from the Matcher itself, so that it can be freed when the Matcher is gone."""

    def __init__(self, clauses: Sequence[Clause]) -> None:
        _warm_allocator()
        self.heads = [clause.heads for clause in clauses]
        self.tokens, rules = _rules(clauses)
        self.lock = threading.RLock()
        self.free = deque(_ids()[0])
        self.dropped: deque[str] = deque()  # sessions never closed: the collector can run anywhere, so it takes no lock
        self.live: dict[str, dict[int, int]] = {}  # session id: the parts opened for it, each with its C state's offset
        self.closed = False
        self.parts: list[_Part] = []
        try:
            self.parts.extend(_Part(chosen, wakers) for chosen, wakers in _cut(rules))
        except (c_engine.error, MemoryError) as error:
            self.close()
            raise MatcherError(f"durable-rules refused the clauses: {error}") from error
        self.testing: dict[int, list[int]] = defaultdict(list)
        for number, part in enumerate(self.parts):
            for token in part.facts:
                self.testing[token].append(number)

    def lend(self) -> tuple[str, dict[int, int]]:
        """Take a session id from the pool, and start the record of the parts opened for it."""
        with self.lock:
            if self.closed:
                raise MatcherError("the matcher is closed")
            while self.dropped:
                self.give_back(self.dropped.popleft())
            if not self.free:
                raise MatcherError(f"{MAX_SESSIONS} sessions are open, the most this matcher has: close one first")
            sid = self.free.popleft()
            self.live[sid] = {}
            return sid, self.live[sid]

    def give_back(self, sid: str) -> None:
        """Delete a session's C states and return its id to the pool.

        A state still marked 0 was interrupted while it was opened, and to delete it as it is could be a segfault.
        """
        with self.lock:
            for number, offset in self.live.pop(sid, {}).items():
                part = self.parts[number]
                if not offset:
                    part.open(sid)
                c_engine.delete_state(part.handle, sid)
            self.free.append(sid)

    def close(self) -> None:
        """Delete every C state, then every C ruleset."""
        with self.lock:
            self.closed = True
            for sid in list(self.live):
                self.give_back(sid)
            while self.parts:
                c_engine.delete_ruleset(self.parts.pop().handle)


class _Part:
    """A C ruleset of at most PART_RULES rules.

    A pattern tests a bucket, then a name in it. C tries all tests of a level on every fact, so two levels of twenty
    cost less than one of four hundred; and of each level exactly one test is true, where 64 would be an error.
    """

    __slots__ = ("facts", "handle", "rules", "wakers")

    def __init__(self, rules: Sequence[_Rule], wakers: frozenset[int]) -> None:
        tokens = sorted({token for rule in rules for token in rule.body})
        width = isqrt(len(tokens)) + 1
        place = {token: (i // width, _ids()[1][i]) for i, token in enumerate(tokens)}
        self.rules = {str(i): rule for i, rule in enumerate(rules)}
        #: Each token's fact as JSON, up to the session id; with an id of ours, since C's (a hash) two facts can share.
        self.facts = {t: f'{{"b":"{bucket}","n":"{name}","id":"{name}","sid":"' for t, (bucket, name) in place.items()}
        self.wakers = wakers  # each rule has one of these in its body: while none is held, nothing can fire
        patterns = {t: f'{{"$and":[{{"b":"{bucket}"}},{{"n":"{name}"}}]}}' for t, (bucket, name) in place.items()}
        self.handle: int = c_engine.create_ruleset("regimen", _ruleset_json(self.rules, patterns))

    def open(self, sid: str) -> int:
        """Create the C state of a session and return its offset; harmless if it was done before.

        `delete_state` frees pointers that are uninitialised until a state has started an action, so every state runs
        that of the rule `$init` before anything else.
        """
        _, offset = c_engine.assert_fact(self.handle, f'{{"$init":1,"id":"{INIT_ID}","sid":"{sid}"}}')
        if c_engine.start_action_for_state(self.handle, offset):
            c_engine.complete_and_start_action(self.handle, offset)
        return int(offset)

    def run(self, sid: str, offset: int, tokens: Sequence[int]) -> list[_Rule]:
        """Assert tokens new to this state (at least one: an empty list is a segfault); return the rules that fired."""
        texts = [self.facts[token] for token in tokens]
        end = f'{sid}"}}'
        code, _ = c_engine.assert_facts(self.handle, f"[{f'{end},'.join(texts)}{end}]")
        if code:
            raise MatcherError(f"durable-rules did not take every fact (code {code})")
        fired = []
        _, message = c_engine.start_action_for_state(self.handle, offset) or (None, None)
        while message:
            fired.append(self._rule(message))
            message = c_engine.complete_and_start_action(self.handle, offset)
        return fired

    def _rule(self, message: str) -> _Rule:
        """Return the rule that a message names, `{"17":{"a":{…}}}`; the facts matched are known from its body."""
        name, found, _ = message.partition('":{')
        if not found or name[:2] != '{"' or name[2:] not in self.rules:
            raise MatcherError(f"durable-rules sent a message of unknown form: {message[:80]}")
        return self.rules[name[2:]]


def _rules(clauses: Sequence[Clause]) -> tuple[dict[int, int], list[_Rule]]:
    """Number the literals that bodies test; make one rule of each body, and a chain of rules of a long one."""
    if len(clauses) > MAX_CLAUSES:
        found = f"{len(clauses):,} clauses are more than the {MAX_CLAUSES:,} that the matcher takes"
        raise MatcherError(f"{found}: divide the ruleset into several")
    tokens: dict[int, int] = {}
    for i, clause in enumerate(clauses):
        if not clause.body:
            raise MatcherError(f"clause {i} has an empty body: let it test a literal that is always told")
        for literal in clause.body:
            tokens.setdefault(literal, len(tokens))
    hidden = count(len(tokens))
    rules: dict[tuple[int, ...], _Rule] = {}
    for i, clause in enumerate(clauses):
        body = tuple(sorted({tokens[literal] for literal in clause.body}))
        while len(body) > BODY_PATTERNS:
            start = body[:BODY_PATTERNS]
            link = rules.setdefault(start, _Rule(start, []))
            if link.hidden is None:
                link.hidden = next(hidden)
            body = (link.hidden, *body[BODY_PATTERNS:])
        rules.setdefault(body, _Rule(body, [])).clauses.append(i)
    several = list(rules.values())
    heads = [{tokens[h] for i in rule.clauses for h in clauses[i].heads if h in tokens} for rule in several]
    return tokens, [several[at] for at in _by_dependence(several, heads)]


def _by_dependence(rules: Sequence[_Rule], heads: Sequence[set[int]]) -> Iterator[int]:
    """Number the rules so that each comes after those that conclude what it tests: then a part has news but once.

    Those in a loop of such rules come last, as they stood.
    """
    told = [each if rule.hidden is None else each | {rule.hidden} for rule, each in zip(rules, heads, strict=True)]
    tellers = Counter(chain.from_iterable(told))
    users: dict[int, list[int]] = defaultdict(list)
    for at, rule in enumerate(rules):
        for token in tellers.keys() & rule.body:
            users[token].append(at)
    waits = [len(tellers.keys() & rule.body) for rule in rules]
    ready = deque(at for at, amount in enumerate(waits) if not amount)
    while ready:
        at = ready.popleft()
        yield at
        for token in told[at]:
            tellers[token] -= 1
            for user in users[token] if not tellers[token] else ():
                waits[user] -= 1
                if not waits[user]:
                    ready.append(user)
    yield from (at for at, amount in enumerate(waits) if amount)


def _cut(rules: Sequence[_Rule]) -> Iterator[tuple[Sequence[_Rule], frozenset[int]]]:
    """Cut the rules into parts, each with the tokens that wake it: of every rule the token that the fewest test."""
    uses = Counter(token for rule in rules for token in rule.body)
    for start in range(0, len(rules), PART_RULES):
        chosen = rules[start : start + PART_RULES]
        yield chosen, frozenset(min(rule.body, key=lambda token: (uses[token], -token)) for rule in chosen)


def _ruleset_json(rules: Mapping[str, _Rule], patterns: Mapping[int, str]) -> str:
    texts = ['"$init":{"all":[{"a":{"$ex":{"$init":1}}}]}']
    for name, rule in rules.items():
        body = ",".join(f'{{"{alias}":{patterns[t]}}}' for alias, t in zip(ALIASES, rule.body, strict=False))
        texts.append(f'"{name}":{{"all":[{body}]}}')
    return f"{{{','.join(texts)}}}"


@cache
def _warm_allocator() -> None:
    """Let glibc keep the memory of a closed session for the next one: sessions are then two to three times as fast.

    Freeing one large block raises, once and for all, the size from which free memory goes back to the system, here to
    62 MB. The block is never written to, so it costs no memory; other C libraries take no notice.
    """
    bytes(31 << 20)


def _hash(text: str) -> int:
    """Return the 32-bit FNV-1a hash, all that C compares when it looks for a session or a fact by its id."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value


@cache
def _ids() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return session ids, and ids for as many facts as a part can test, such that C cannot confuse any two.

    C stores one fact of its own for each session, called `sid-` and the session id.
    """
    sids = _distinct("s", MAX_SESSIONS, set())
    return sids, _distinct("", PART_RULES * BODY_PATTERNS, {_hash(INIT_ID), *(_hash(f"sid-{sid}") for sid in sids)})


def _distinct(prefix: str, amount: int, taken: set[int]) -> tuple[str, ...]:
    found = dict.fromkeys(taken, "")
    names = (f"{prefix}{i}" for i in count())
    while len(found) < len(taken) + amount:
        found.setdefault(_hash(name := next(names)), name)
    return tuple(filter(None, found.values()))
