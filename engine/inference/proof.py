"""The trail of a run, read off the clauses that fired.

For every literal the first of its clauses that fired, in the order of the ruleset, is what it rests on. So the trail
says what durable-rules did, and says the same whatever order it did it in.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain

from engine.inference.literals import Seen, Value
from engine.inference.run import Computation, Run
from engine.language.model import Rule
from engine.language.values import Single
from engine.logic.evaluate import passes
from engine.logic.outcome import FORMULA, OTHERWISE, RULE, Results
from engine.logic.signs import FALSE, TRUE, known
from engine.logic.trail import Draft, Given, Held, Leaf, Trail, conclude, conclusions_of

Node = int | tuple[str, Single]


def explain(run: Run) -> tuple[Trail, Results]:
    """The trail and the results of a run."""
    proof = Proof(run)
    return conclude(run, proof.drafts(), proof.goal_leaves())


class Proof:
    """What each literal of a run rests on."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.ruleset = run.ruleset
        self.program = run.program
        self._leaves: dict[int, tuple[Leaf, ...]] = {}

    # Leaves

    def leaves(self, number: int) -> tuple[Leaf, ...]:
        """The answers and held values that a literal rests on, once each, in order.

        What is still to be found waits in a list: a refutation can rest on a thousand others in a row.
        """
        known, waiting = self._leaves, [number]
        while waiting:
            each = waiting[-1]
            body = () if each in known else self._body(each)
            unknown = [part for part in body if part not in known]
            if unknown:
                waiting.extend(unknown)
                continue
            known.setdefault(each, tuple(dict.fromkeys(leaf for part in body for leaf in known[part])))
            waiting.pop()
        return known[number]

    def _body(self, number: int) -> tuple[int, ...]:
        """The literals that a literal rests on: those of the first of its ways that fired; none for a leaf."""
        literal = self.program.literals[number]
        if isinstance(literal, Seen):
            self._leaves[number] = (self._seen(literal),)
        elif isinstance(literal, Value):
            self._leaves[number] = (Held(literal.fact, literal.value),)
        ways = self.program.ways.get(number, ()) if number not in self._leaves else ()
        first = next((way for way in ways if way in self.run.fired), None)
        return () if first is None else self.program.clauses[first].body

    def _of_body(self, body: Iterable[int]) -> Iterator[Leaf]:
        for number in body:
            yield from self.leaves(number)

    def _seen(self, literal: Seen) -> Leaf:
        """The answer; of a formula the first value that passes the test, or does not."""
        fact = self.ruleset.facts[literal.test.fact]
        if fact.is_input:
            return Given(fact.id)
        values = self.run.held[fact.id]
        return Held(fact.id, next(v for v in values if passes(literal.test, fact, v) == (literal.sign == TRUE)))

    def of(self, numbers: Iterable[int]) -> tuple[Leaf, ...]:
        """What several literals rest on together."""
        return tuple(dict.fromkeys(self._of_body(numbers)))

    # Steps

    def drafts(self) -> list[Draft]:
        """Every step: rules whose `when` is known true, `otherwise` that holds, formulas that have a value."""
        whens = self.run.whens
        found = [self._rule_draft(rule) for rule in self.ruleset.rules.values() if whens[rule.id] & TRUE]
        found.extend(self._computation_draft(each) for each in self.run.computed.values())
        for name, fact in self.ruleset.facts.items():
            if fact.otherwise is not None:
                refuted = [self.program.rules[rule.id].false for rule in self.ruleset.concluders[name]]
                if self.run.held_literals.issuperset(refuted):
                    found.append(Draft((OTHERWISE, name), self.of(refuted), (Held(name, fact.otherwise),)))
        weigher = _Weigher(self)
        return [
            Draft(draft.key, draft.used, draft.concludes, weigher.is_spare(draft)) if draft.concludes else draft
            for draft in found
        ]

    def _rule_draft(self, rule: Rule) -> Draft:
        numbers = self.program.rules[rule.id]
        if rule.id not in self.run.applies:
            return Draft((RULE, rule.id), self.leaves(numbers.true), ())
        return Draft((RULE, rule.id), self.leaves(numbers.applies), conclusions_of(rule))

    def _computation_draft(self, each: Computation) -> Draft:
        fact = self.ruleset.facts[each.fact]
        leaves: list[Leaf] = []
        for name, part in zip(fact.formula.names if fact.formula else (), each.parts, strict=True):
            derived = name in self.ruleset.facts and self.ruleset.facts[name].derived
            leaves.append(Held(name, part) if derived else Given(name))
        leaves.extend(self._of_body(self.program.gates.get(each.fact, ())))
        return Draft((FORMULA, each.fact), tuple(dict.fromkeys(leaves)), (Held(each.fact, each.value),))

    # Goals

    def goal_leaves(self) -> dict[str, tuple[Leaf, ...]]:
        """For each goal that is a result, the values it holds and what its `when` rests on."""
        found: dict[str, tuple[Leaf, ...]] = {}
        for goal in self.ruleset.goals:
            leaves = [Held(goal.fact, value) for value in self._goal_values(goal.fact)]
            if leaves and self.run.is_result(goal):
                when = self.leaves(self.program.goal_whens[goal.fact][0]) if goal.when else ()
                found[goal.fact] = tuple(dict.fromkeys([*leaves, *when]))
        return found

    def _goal_values(self, name: str) -> Iterable[Single]:
        if name in self.run.options:
            return (option for option, sign in self.run.options[name].items() if sign & TRUE)
        return self.run.held.get(name, ())


class _Weigher:
    """Finds whether a goal would change if the conclusion of a step were struck.

    Every clause that could fire has fired, and dependence has no loops, so it is enough to take a conclusion away and
    follow what loses its last support. Nodes are the numbers of literals, and values of formulas.
    """

    def __init__(self, proof: Proof) -> None:
        self.run = proof.run
        self.program = proof.program
        self.heads: dict[int, tuple[Node, ...]] = {way: self.program.clauses[way].heads for way in self.run.fired}
        self.supports: Counter[Node] = Counter(chain.from_iterable(self.heads.values()))
        self.computing: defaultdict[Node, list[int]] = defaultdict(list)
        for each in self.run.combinations:
            self._link_computation(each)
        self.goals = set(self._goal_nodes())

    def _link(self, body: Iterable[Node], heads: tuple[Node, ...]) -> None:
        """Link a computation, as if it were one more clause that fired."""
        link = len(self.program.clauses) + len(self.heads)
        for node in body:
            self.computing[node].append(link)
        self.heads[link] = heads
        self.supports.update(heads)

    def _link_computation(self, each: Computation) -> None:
        fact = self.program.ruleset.facts[each.fact]
        body: list[Node] = list(self.program.gates.get(each.fact, ()))
        for name, part in zip(fact.formula.names if fact.formula else (), each.parts, strict=True):
            node = self._node(name, part)
            if node is not None:
                body.append(node)
        value: Node = (each.fact, each.value)
        if value not in self.supports:
            seen = self.program.seen.get(each.fact, {})
            signs = ((signs, known(passes(test, fact, each.value))) for test, signs in seen.items())
            self._link([value], tuple(signs[sign] for signs, sign in signs if sign in signs))
        self._link(body, (value,))

    def _node(self, name: str, value: Single) -> Node | None:
        """What stands for a held value; None for an answer, which nothing can take away."""
        fact = self.program.ruleset.facts.get(name)
        if fact is None or fact.is_input:
            return None
        return (name, value) if fact.formula else self.program.numbers[Value(name, value)]

    def _goal_nodes(self) -> Iterator[Node]:
        for goal in self.program.ruleset.goals:
            if goal.when:
                yield from self.program.goal_whens[goal.fact]
            if self.run.goal_whens[goal.fact] & FALSE:
                continue
            if self.program.ruleset.facts[goal.fact].is_input and self.run.value(goal.fact) is not None:
                yield from self.program.gates.get(goal.fact, ())  # an answer is a value only while its gate is open
            yield from chain.from_iterable(self.program.options.get(goal.fact, {}).values())
            for value in self.run.held.get(goal.fact, ()):
                node = self._node(goal.fact, value)
                if node is not None:
                    yield node

    def is_spare(self, draft: Draft) -> bool:
        """Whether striking what a step concludes leaves every goal as it is."""
        lost: Counter[Node] = Counter()
        broken: set[int] = set()
        waiting = list(self._struck(draft))
        while waiting:
            node = waiting.pop()
            lost[node] += 1
            if lost[node] != max(self.supports[node], 1):
                continue
            if node in self.goals:
                return False
            for link in self._users(node):
                if link in self.heads and link not in broken:
                    broken.add(link)
                    waiting.extend(self.heads[link])
        return True

    def _users(self, node: Node) -> Iterable[int]:
        """What rests on a node: clauses, whether or not they fired, and computations."""
        clauses = self.program.users.get(node, ()) if isinstance(node, int) else ()
        return chain(clauses, self.computing.get(node, ()))

    def _struck(self, draft: Draft) -> Iterator[Node]:
        """The supports that go when a step's conclusion is struck, a node as often as it loses one."""
        kind, name = draft.key
        (first, *_) = draft.concludes
        if kind == FORMULA:
            yield from [(name, first.value)] * self.supports[name, first.value]
        elif kind == OTHERWISE:
            yield self.program.numbers[Value(name, first.value)]
        else:
            for way in self.program.ways[self.program.rules[name].applies]:
                if way in self.run.fired:
                    yield from self.program.clauses[way].heads[1:]
