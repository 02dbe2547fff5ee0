# SPDX-License-Identifier: Apache-2.0
"""`reg gc` as it is to be, one request a step."""
from typing import NamedTuple, Optional

from log import Delete, listed
from rules import Rules
from world import CreateRecord, Remove, Step, Steps, World


class Collector(NamedTuple):
    rounds: int = 1
    step: str = "mark"
    garbage: frozenset = frozenset()  # what the first mark found
    doomed: tuple = ()  # what is to be removed, in order
    write: Optional[CreateRecord] = None

    def steps(self, world: World, index: int, rules: Rules) -> Steps:
        return iter(()) if self.is_over else Turn(self, world, index, rules).steps()

    @property
    def is_over(self) -> bool:
        return self.step == "done"

    def crashed(self) -> Optional["Collector"]:
        """It keeps nothing: whoever collects next finds all it needs in the log and the store."""
        return None if self.is_over or self.step == "mark" else Collector(self.rounds)


class Turn(NamedTuple):
    """What a collector may do next in a world."""

    me: Collector
    world: World
    index: int
    rules: Rules

    def steps(self) -> Steps:
        return getattr(self, "_" + self.me.step)()

    def _becomes(self, label: str, me: Collector, world: Optional[World] = None) -> Step:
        number = 1 + sum(isinstance(actor, Collector) for actor in self.world.actors[: self.index])
        return Step(f"gc{number} {label}", (world or self.world).with_actor(self.index, me))

    def _leftovers(self) -> frozenset:
        """What is there although a gc-delete named it, whoever was to remove it."""
        return self.world.visible() & self.world.log.deleted

    def _mark(self) -> Steps:
        log = self.world.log
        garbage = self.world.visible() - self.world.needed(log) - log.deleted
        if garbage:
            me = self.me._replace(step="mark_again", garbage=garbage)
            yield self._becomes(f"marks against record {log.number}: garbage is {listed(garbage)}", me)
        elif leftovers := self._leftovers():
            label = f"marks against record {log.number}: {listed(leftovers)} was not removed yet"
            yield self._becomes(label, self._doom(leftovers))

    def _mark_again(self) -> Steps:
        log = self.world.log
        garbage = self.me.garbage
        if self.rules.mark_again:
            garbage = garbage - self.world.needed(log) - log.deleted
        me = self._doom(garbage | self._leftovers())
        if garbage:
            step = "send" if self.rules.record_first else "sweep"
            me = me._replace(step=step, write=CreateRecord(log.number + 1, Delete(tuple(sorted(garbage)))))
        label = f"marks again against record {log.number}" if self.rules.mark_again else "does not mark again"
        yield self._becomes(f"{label}: garbage is {listed(garbage)}", me if me.doomed else self._over())

    def _doom(self, names: frozenset) -> Collector:
        return self.me._replace(step="sweep", doomed=tuple(sorted(names)))

    def _send(self) -> Steps:
        write = self.me.write
        if self.world.log.number < write.number or not self.rules.create_only:
            yield self._won(f"creates {write}", self.world.after(write, self.rules))
        elif self.world.log.at(write.number) == write.record:
            yield self._won(f"reads its own record {write.number}", self.world)
        else:
            yield self._lost(f"finds number {write.number} taken")
        if self.world.budget.unanswered:
            me = self.me._replace(step="ask")
            yield self._becomes(f"hears nothing of {write}", me, self.world.unanswered(write))

    def _ask(self) -> Steps:
        write = self.me.write
        if not self.rules.ask_before_removing:
            yield self._won(f"takes record {write.number} for written", self.world)
        elif self.world.log.at(write.number) == write.record:
            yield self._won(f"reads its own record {write.number}", self.world)
        else:
            yield self._lost(f"does not find its record {write.number}")

    def _won(self, label: str, world: World) -> Step:
        me = self.me._replace(step="sweep", garbage=frozenset(), write=None)
        return self._becomes(label, me if me.doomed else self._over(), world)

    def _lost(self, label: str) -> Step:
        return self._becomes(label, self.me._replace(step="mark_again", doomed=(), write=None))

    def _sweep(self) -> Steps:
        name, *rest = self.me.doomed
        remove = Remove(name)
        me = self.me._replace(doomed=tuple(rest))
        if not rest:
            me = me._replace(step="send") if me.write else self._over()
        yield self._becomes(f"removes {name}", me, self.world.after(remove, self.rules))
        if self.world.budget.unanswered:
            world = self.world.unanswered(remove)
            yield self._becomes(f"hears nothing of the removal of {name}", self.me, world)

    def _over(self) -> Collector:
        return Collector(self.me.rounds - 1) if self.me.rounds > 1 else Collector(0, "done")
