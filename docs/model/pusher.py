# SPDX-License-Identifier: Apache-2.0
"""`reg push`, one request a step: between any two steps others go on, for as long as they like."""
from typing import NamedTuple, Optional

from log import Log, Manifest, Pack, Push
from rules import Rules
from world import CreateRecord, Journaled, Put, Step, Steps, World

#: The chunks of each tree. B shares one with A, so it may rely on a pack that A's versions brought.
CHUNKS = {"A": ("x",), "B": ("x", "y")}


class Pusher(NamedTuple):
    name: str
    clone: str  # whose journal and store it uses
    tree: str
    step: str = "start"
    deleted: frozenset = frozenset()  # what gc-deletes named when it read the log before the upload
    packs: tuple = ()  # what it relies on
    manifest: Optional[Manifest] = None
    write: Optional[CreateRecord] = None  # the record it is sending
    attempt: int = 0

    def steps(self, world: World, index: int, rules: Rules) -> Steps:
        return iter(()) if self.is_over else Turn(self, world, index, rules).steps()

    @property
    def is_over(self) -> bool:
        return self.step in ("pushed", "unchanged")

    def crashed(self) -> Optional["Pusher"]:
        """The same command, run again: it remembers nothing. None where there is nothing to lose."""
        return None if self.is_over or self.step == "start" else self._fresh("start")

    def _fresh(self, step: str) -> "Pusher":
        return Pusher(self.name, self.clone, self.tree, step, attempt=self.attempt)


class Turn(NamedTuple):
    """What a pusher may do next in a world."""

    me: Pusher
    world: World
    index: int
    rules: Rules

    def steps(self) -> Steps:
        return getattr(self, "_" + self.me.step)()

    def _becomes(self, label: str, me: Pusher, world: Optional[World] = None) -> Step:
        return Step(f"{self.me.name} {label}", (world or self.world).with_actor(self.index, me))

    # What an earlier run left in the journal comes first; then the log is read.

    def _start(self) -> Steps:
        pending = [entry.write for entry in self.world.journal if entry.clone == self.me.clone]
        if pending:
            yield from self._create(min(pending))
            return
        log = self.world.log
        if self.me.tree in log.live:
            yield self._becomes(f"finds {self.me.tree} live: nothing to do", self.me._fresh("unchanged"))
        else:
            label = f"reads the log to record {log.number}"
            yield self._becomes(label, self.me._replace(step="upload", deleted=log.deleted))

    # A manifest that is there is taken. Else, chunk by chunk, a pack that is there is relied on or one is
    # brought, and a manifest written.

    def _upload(self) -> Steps:
        done = len(self.me.packs)
        chunks = CHUNKS[self.me.tree]
        manifests = [] if done else self._usable_manifests()
        packs = [] if done == len(chunks) else self._usable_packs(chunks[done])
        for stored in manifests:
            me = self.me._replace(packs=stored.packs, manifest=stored.id, step="check")
            yield self._becomes(f"takes the existing {stored.id}", me)
        if done == len(chunks):
            yield from self._put_manifest()
        elif packs and not manifests:
            for pack in packs:
                yield self._becomes(f"relies on {pack}", self._with_pack(pack))
        elif not manifests:
            first = Pack(chunks[done], self.me.clone, 0)
            fresh = self._fresh_name(lambda upload: first._replace(upload=upload))
            pack = fresh if self.rules.fresh_names else first
            yield from self._put(Put(pack), self._with_pack(pack))

    def _usable_manifests(self) -> list:
        """Those of the tree whose packs are there; nothing of it may be known to be deleted."""
        return [
            stored
            for stored in sorted(self.world.manifests)
            if stored.id.tree == self.me.tree
            and self.world.packs.issuperset(stored.packs)
            and not any(map(self._known_deleted, (stored.id, *stored.packs)))
        ]

    def _usable_packs(self, chunk: str) -> list:
        return [p for p in sorted(self.world.packs) if p.chunk == chunk and not self._known_deleted(p)]

    def _with_pack(self, pack: Pack) -> Pusher:
        return self.me._replace(packs=self.me.packs + (pack,))

    def _put_manifest(self) -> Steps:
        if self.rules.fresh_manifests:
            packs = self.me.packs
            id = self._fresh_name(lambda upload: Manifest(self.me.tree, self.me.clone, upload, packs))
        else:
            id = Manifest(self.me.tree, "anybody", 0, ())
        yield from self._put(Put(id, self.me.packs), self.me._replace(manifest=id, step="check"))

    def _put(self, put: Put, me: Pusher) -> Steps:
        """Uploads an object, again and again until there is an answer."""
        yield self._becomes(f"uploads {put.name}", me, self.world.after(put, self.rules))
        if self.world.budget.unanswered:
            world = self.world.unanswered(put)
            yield self._becomes(f"hears nothing of the upload of {put.name}", self.me, world)

    def _known_deleted(self, name) -> bool:
        return name in self.me.deleted

    def _fresh_name(self, name):
        """The first name of its kind that no gc-delete is known to name; a crash does not change it."""
        upload = 0
        while self._known_deleted(name(upload)):
            upload += 1
        return name(upload)

    # The record: preconditions, journal, number.

    def _check(self) -> Steps:
        log = self.world.log
        if self.me.tree in log.live:
            yield self._becomes(f"finds {self.me.tree} live: nothing to do", self.me._fresh("unchanged"))
        elif lost := self._lost(log):
            yield self._becomes(f"reads that {lost} is deleted: begins anew", self.me._fresh("start"))
        else:
            yield self._draft(log, f"checks against record {log.number}")

    def _lost(self, log: Log):
        """What it relies on and a gc-delete names."""
        if self.rules.check_manifest and self.me.manifest in log.deleted:
            return self.me.manifest
        # A name that may be used again is good again once it was uploaded again.
        deleted = log.deleted if self.rules.fresh_names else log.deleted - self.me.deleted
        return next((pack for pack in self.me.packs if pack in deleted), None)

    def _draft(self, log: Log, label: str) -> Step:
        push = Push(self.me.name, self.me.tree, self.me.manifest, self.me.attempt)
        write = CreateRecord(log.number + 1, push)
        world = self._journal(write) if self.rules.journal_first else self.world
        me = self.me._replace(step="send", write=write)
        return self._becomes(f"{label}, will send record {write.number}", me, world)

    def _send(self) -> Steps:
        yield from self._create(self.me.write)

    def _create(self, write: CreateRecord) -> Steps:
        if self.world.log.number < write.number or not self.rules.create_only:
            yield self._won(f"creates {write}", write, self.world.after(write, self.rules))
        elif self.world.log.at(write.number) == write.record:
            yield self._won(f"finds its own record {write.number}", write, self.world)
        else:
            yield self._taken(write)
        if self.world.budget.unanswered:
            me = self.me._replace(step="ask", write=write)
            yield self._becomes(f"hears nothing of {write}", me, self.world.unanswered(write))

    def _ask(self) -> Steps:
        """A record without an answer: what its number holds says what became of it."""
        write = self.me.write
        found = self.world.log.at(write.number)
        if not (self.rules.settle_same_number and self.rules.no_blind_number):
            yield self._move_on(write)
        elif found == write.record:
            yield self._won(f"reads its own record {write.number}", write, self.world)
        elif found:
            yield self._taken(write)
        else:
            label = f"reads that number {write.number} is free: outcome unknown, to be run again"
            yield self._becomes(label, self.me._fresh("start"), self._journal(write))

    def _move_on(self, write: CreateRecord) -> Step:
        """What must not be: it takes a record without an answer for one that is not there."""
        world = self._settled(write)
        if not self.rules.no_blind_number:
            me = self.me._replace(step="send", write=write._replace(number=write.number + 1))
            return self._becomes(f"goes on to number {write.number + 1} unread", me, world)
        step = "check" if self.me.manifest else "start"
        me = self.me._replace(step=step, write=None, attempt=self.me.attempt + 1)
        return self._becomes(f"gives record {write.number} up unread", me, world)

    def _won(self, label: str, write: CreateRecord, world: World) -> Step:
        is_mine = write.record.change == self.me.name
        me = self.me._fresh("pushed" if is_mine else "start")
        return self._becomes(label, me, self._settled(write, world))

    def _taken(self, write: CreateRecord) -> Step:
        label = f"finds number {write.number} taken"
        world = self._settled(write)
        if not self.me.manifest:  # the record came from the journal of an earlier run
            return self._becomes(label, self.me._fresh("start"), world)
        if self.rules.check_again:
            return self._becomes(label, self.me._replace(step="check", write=None), world)
        return self._replace(world=world)._draft(world.log, f"{label}, does not check again")

    def _journal(self, write: CreateRecord) -> World:
        return self.world._replace(journal=self.world.journal | {Journaled(self.me.clone, write)})

    def _settled(self, write: CreateRecord, world: Optional[World] = None) -> World:
        world = world or self.world
        return world._replace(journal=world.journal - {Journaled(self.me.clone, write)})
