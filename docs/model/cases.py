# SPDX-License-Identifier: Apache-2.0
"""What is searched: who takes part, what happened before, and how much may go wrong."""
from typing import NamedTuple

from collector import Collector
from log import Log, Manifest, Pack, Push, Retract
from pusher import CHUNKS, Pusher
from search import Kind
from world import Budget, StoredManifest, World


class Case(NamedTuple):
    """Pushers as tree and clone, "B1" for tree B from clone 1. History: see `apply`."""

    pushers: tuple
    collectors: int
    history: tuple
    budget: Budget
    rounds: int = 1

    def __str__(self) -> str:
        gcs = f"{self.collectors} gc" + (f" of {self.rounds} rounds" if self.rounds > 1 else "")
        return f"{'+'.join(self.pushers)} + {gcs}, after {', '.join(self.history) or 'nothing'}"

    def world(self) -> World:
        pushers = [Pusher(f"p{i}", f"c{clone}", tree) for i, (tree, clone) in enumerate(self.pushers, 1)]
        actors = (*pushers, *(Collector(self.rounds) for _ in range(self.collectors)))
        nothing: frozenset = frozenset()
        world = World(Log(), nothing, nothing, nothing, nothing, actors, self.budget)
        for event in self.history:
            world = apply(event, world)
        return world


def apply(event: str, world: World) -> World:
    """What happened before: "push A", "retract A", or "upload A" for a push that never wrote its record."""
    verb, tree = event.split()
    if verb == "retract":
        return world._replace(log=world.log.append(Retract(tree)))
    packs = tuple(Pack(chunk, "old", 0) for chunk in CHUNKS[tree])
    manifest = Manifest(tree, "old", 0, packs)
    stored = world.manifests | {StoredManifest(manifest, packs)}
    log = world.log.append(Push(f"old {tree}", tree, manifest)) if verb == "push" else world.log
    return world._replace(packs=world.packs.union(packs), manifests=stored, log=log)


OLD_A = ("push A", "retract A")

#: With all rules: no state may break an invariant. Budgets: crashes, unanswered writes, retracts.
CASES = (
    Case(("B1",), 1, ("push A",), Budget(1, 1, 1)),
    Case(("B1",), 1, ("push A", "upload B"), Budget(1, 1, 1)),
    Case(("A1",), 1, ("push A", "push B"), Budget(1, 1, 2)),
    Case(("A1",), 1, OLD_A, Budget(1, 1, 1), rounds=2),
    Case(("A1", "A2"), 1, OLD_A, Budget(1, 0, 1)),
    Case(("A1", "A2"), 1, OLD_A, Budget(0, 1, 1)),
    Case(("A1", "A1"), 1, OLD_A, Budget(1, 1, 0)),
    Case(("A1", "A1"), 1, OLD_A, Budget(0, 0, 1)),
    Case(("B1", "A2"), 1, OLD_A, Budget(0, 1, 0)),
    Case(("A1",), 2, OLD_A, Budget(1, 0, 1)),
    Case(("A1",), 2, OLD_A, Budget(0, 1, 1)),
    Case(("B1",), 2, OLD_A, Budget(0, 0, 1)),
)

#: What takes too long for every day.
SOAK = CASES + (
    Case(("B1",), 1, ("push A",), Budget(1, 1, 2)),
    Case(("B1",), 1, ("push A",), Budget(2, 0, 1)),
    Case(("B1",), 1, ("push A",), Budget(0, 2, 1)),
    Case(("B1", "A2"), 1, OLD_A, Budget(1, 0, 0)),
    Case(("B1", "A2"), 1, OLD_A, Budget(0, 1, 1)),
    Case(("A1",), 2, OLD_A, Budget(1, 1, 0)),
    Case(("B1",), 2, OLD_A, Budget(1, 0, 0)),
    Case(("B1",), 2, OLD_A, Budget(0, 1, 0)),
    Case(("A1", "A2"), 1, OLD_A, Budget(1, 1, 0)),
)


class Drop(NamedTuple):
    """A rule that is dropped, and the breach that this must lead to."""

    rule: str
    kind: Kind
    case: Case


SHARED = Case(("B1",), 1, ("push A",), Budget(1, 1, 1))
AGAIN = Case(("A1",), 1, ("push A", "push B"), Budget(1, 1, 1))

DROPS = (
    Drop("check_again", Kind.DANGLING, SHARED),
    Drop("check_manifest", Kind.LOST, AGAIN),
    Drop("mark_again", Kind.DANGLING, SHARED),
    Drop("record_first", Kind.DANGLING, SHARED),
    Drop("ask_before_removing", Kind.DANGLING, SHARED),
    Drop("fresh_names", Kind.DANGLING, SHARED),
    Drop("settle_same_number", Kind.TWICE, SHARED),
    Drop("no_blind_number", Kind.GAP, SHARED),
    Drop("journal_first", Kind.TWICE, SHARED),
    Drop("create_only", Kind.LOST, SHARED),
    Drop("fresh_manifests", Kind.DANGLING, Case(("A1", "A2"), 1, (), Budget(0, 0, 0))),
)
