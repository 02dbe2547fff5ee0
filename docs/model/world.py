# SPDX-License-Identifier: Apache-2.0
"""A state of the search: a registry, what is under way to it, and what processes remember.

A state is a value and shares most of itself with the one before it.
"""
from typing import Iterator, NamedTuple, Union

from log import Log, Manifest, Name, Pack, Record
from rules import Rules


class StoredManifest(NamedTuple):
    """A manifest object in the store. Its packs are those of its id, unless ids may be used again."""

    id: Manifest
    packs: tuple


class CreateRecord(NamedTuple):
    number: int
    record: Record

    def __str__(self) -> str:
        return f"record {self.number}, {self.record}"


class Put(NamedTuple):
    name: Name
    packs: tuple = ()

    def __str__(self) -> str:
        return f"the upload of {self.name}"


class Remove(NamedTuple):
    name: Name

    def __str__(self) -> str:
        return f"the removal of {self.name}"


Write = Union[CreateRecord, Put, Remove]


class Journaled(NamedTuple):
    """A record that a clone is about to send, or sent without hearing what became of it."""

    clone: str
    write: CreateRecord


class Budget(NamedTuple):
    """How much may still go wrong; what a configuration allows is all that makes its states finitely many."""

    crashes: int = 0
    unanswered: int = 0
    retracts: int = 0


class World(NamedTuple):
    """All that is durable, all that is under way, and all that processes remember."""

    log: Log
    packs: frozenset
    manifests: frozenset
    journal: frozenset
    flight: frozenset  # writes nobody had an answer for and that may still take effect, or never
    actors: tuple
    budget: Budget

    def visible(self) -> frozenset:
        """The names of all objects."""
        return self.packs | {manifest.id for manifest in self.manifests}

    def needed(self, log: Log) -> frozenset:
        """The names that the live versions of `log` rely on, as the manifests in the store tell."""
        ids = frozenset(log.live.values())
        return ids.union(*(manifest.packs for manifest in self.manifests if manifest.id in ids))

    def after(self, write: Write, rules: Rules) -> "World":
        """The world once `write` took effect."""
        if isinstance(write, CreateRecord):
            return self._replace(log=self.log.create(write.number, write.record, rules))
        others = frozenset(manifest for manifest in self.manifests if manifest.id != write.name)
        if isinstance(write, Remove):
            return self._replace(packs=self.packs - {write.name}, manifests=others)
        if isinstance(write.name, Pack):
            return self._replace(packs=self.packs | {write.name})
        return self._replace(manifests=others | {StoredManifest(write.name, write.packs)})

    def unanswered(self, write: Write) -> "World":
        """The world once `write` was sent and nobody waits for it: it takes effect at any time, or never."""
        budget = self.budget._replace(unanswered=self.budget.unanswered - 1)
        return self._replace(flight=self.flight | {write}, budget=budget)

    def with_actor(self, index: int, actor) -> "World":
        return self._replace(actors=self.actors[:index] + (actor,) + self.actors[index + 1 :])


class Step(NamedTuple):
    label: str
    world: World


Steps = Iterator[Step]
