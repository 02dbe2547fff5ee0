# SPDX-License-Identifier: Apache-2.0
"""All states that can be reached from one, the nearest first, and the invariants that each must keep."""
import operator
from enum import Enum
from typing import NamedTuple, Optional

from collector import Collector
from log import Retract
from pusher import Pusher
from rules import ALL, Rules
from world import Budget, CreateRecord, Step, Steps, World


class Kind(Enum):
    GAP = "gap"  # the log has a gap
    TWICE = "twice"  # a change was applied twice
    LOST = "lost"  # a push that ended with success is not in the log
    DANGLING = "dangling"  # a live version lacks a pack or its manifest


class Breach(NamedTuple):
    kind: Kind
    text: str


class Outcome(NamedTuple):
    states: int
    breach: Optional[Breach] = None
    trace: tuple = ()  # the steps that lead there, as few as can be


def breach(world: World) -> Optional[Breach]:
    """What is wrong in a state; None where all is well."""
    log = world.log
    if log.has_gap:
        return Breach(Kind.GAP, "the log has a gap")
    if len(set(log.applied)) < len(log.applied):
        return Breach(Kind.TWICE, f"a change was applied twice: {', '.join(log.applied)}")
    for actor in world.actors:
        if isinstance(actor, Pusher) and actor.step == "pushed" and actor.name not in log.applied:
            text = f"{actor.name} ended with success, but its push of {actor.tree} has no effect"
            return Breach(Kind.LOST, text)
    stored = {manifest.id: manifest.packs for manifest in world.manifests}
    for tree, manifest in log.live.items():
        if manifest not in stored:
            return Breach(Kind.DANGLING, f"{tree} is live, but its {manifest} is missing")
        for pack in stored[manifest]:
            if pack not in world.packs:
                return Breach(Kind.DANGLING, f"{tree} is live, but {pack} of its {manifest} is missing")
    return None


class Search:
    """One search. It leaves out states that add nothing; README.md says which and why."""

    def __init__(self, start: World, rules: Rules):
        self.rules = rules
        self.start = start
        self.came_from: dict[World, Optional[World]] = {start: None}
        self.budgets: dict[World, list[Budget]] = {}
        self.ranks: dict[Collector, int] = {}

    def run(self, wanted: Optional[Kind] = None) -> Outcome:
        """Looks for the nearest breach, of the `wanted` kind alone where one is given."""
        frontier = [self.start]
        while frontier:
            reached = []
            for world in frontier:
                for after in self.successors(world):
                    if self.is_covered(after):
                        continue
                    self.came_from[after] = world
                    reached.append(after)
                    found = breach(after)
                    if found and wanted in (None, found.kind):
                        return Outcome(len(self.came_from), found, self.trace(after))
            frontier = reached
        return Outcome(len(self.came_from))

    def successors(self, world: World):
        return (self.canonical(step.world) for step in self.steps(world))

    def steps(self, world: World) -> Steps:
        """Everything that may happen next."""
        decided = next((i for i, actor in enumerate(world.actors) if self.is_decided(actor, world)), None)
        if decided is not None:
            yield next(world.actors[decided].steps(world, decided, self.rules))
            return
        for index, actor in enumerate(world.actors):
            yield from actor.steps(world, index, self.rules)
            yield from self.crash(world, index)
        for write in sorted(world.flight, key=repr):
            landed = world.after(write, self.rules)
            yield Step(f"late effect: {write}", landed._replace(flight=world.flight - {write}))
        yield from self.retracts(world)

    def is_decided(self, actor, world: World) -> bool:
        """Whether the number it writes is taken: what it hears is certain, and nothing to others."""
        return self.rules == ALL and actor.write is not None and actor.write.number <= world.log.number

    def crash(self, world: World, index: int) -> Steps:
        actor = world.actors[index]
        if world.budget.crashes and (again := actor.crashed()):
            budget = world.budget._replace(crashes=world.budget.crashes - 1)
            name = actor.name if isinstance(actor, Pusher) else "a gc"
            after = world.with_actor(index, again)._replace(budget=budget)
            yield Step(f"{name} crashes and is started again", after)

    def retracts(self, world: World) -> Steps:
        """Somebody makes a version garbage. No objects are brought: reading and writing are one step."""
        if world.budget.retracts and not all(actor.is_over for actor in world.actors):
            budget = world.budget._replace(retracts=world.budget.retracts - 1)
            for tree in world.log.live:
                log = world.log.append(Retract(tree))
                after = world._replace(log=log, budget=budget)
                yield Step(f"somebody creates record {log.number}, {log.record}", after)

    def canonical(self, world: World) -> World:
        """One state for those that differ in nothing that may matter later.

        A late record whose number is taken has no effect any more. Collectors are alike.
        """
        if world.flight and self.rules.create_only:
            number = world.log.number
            late = {w for w in world.flight if not (isinstance(w, CreateRecord) and w.number <= number)}
            world = world._replace(flight=frozenset(late))
        collectors = [actor for actor in world.actors if isinstance(actor, Collector)]
        if len(collectors) > 1:
            collectors.sort(key=lambda actor: self.ranks.setdefault(actor, len(self.ranks)))
            pushers = world.actors[: -len(collectors)]
            world = world._replace(actors=pushers + tuple(collectors))
        return world

    def is_covered(self, world: World) -> bool:
        """Whether the state was seen with as much left to go wrong: what may follow followed there."""
        seen = self.budgets.setdefault(world._replace(budget=NOTHING), [])
        if any(all(map(operator.ge, budget, world.budget)) for budget in seen):
            return True
        seen.append(world.budget)
        return False

    def trace(self, end: World) -> tuple:
        """The labels of the steps to `end`, found again from the states on the way."""
        labels: list[str] = []
        while (before := self.came_from[end]) is not None:
            steps = self.steps(before)
            labels.append(next(step.label for step in steps if self.canonical(step.world) == end))
            end = before
        return tuple(reversed(labels))


NOTHING = Budget()
