# SPDX-License-Identifier: Apache-2.0
"""Names, records, and the log, folded. All values are immutable."""
from typing import NamedTuple, Optional, Union

from rules import Rules


class Pack(NamedTuple):
    """The name of a pack, which holds one chunk here; `upload` counts the names that `owner` gave to it."""

    chunk: str
    owner: str
    upload: int

    def __str__(self) -> str:
        return f"pack {self.chunk}/{self.owner}.{self.upload}"


class Manifest(NamedTuple):
    """The id of a manifest object: as good as a hash over its bytes, so it says what is in them."""

    tree: str
    owner: str
    upload: int
    packs: tuple

    def __str__(self) -> str:
        return f"manifest {self.tree}/{self.owner}.{self.upload}"


Name = Union[Pack, Manifest]


class Push(NamedTuple):
    change: str  # whose wish this is; it may come true once
    tree: str
    manifest: Manifest
    attempt: int = 0  # stands for the random id of a record

    def __str__(self) -> str:
        return f"push of {self.tree} with {self.manifest} for {self.change}"


class Retract(NamedTuple):
    tree: str

    def __str__(self) -> str:
        return f"retract of {self.tree}"


class Delete(NamedTuple):
    names: tuple

    def __str__(self) -> str:
        return f"gc-delete of {listed(self.names)}"


Record = Union[Push, Retract, Delete]


def listed(names) -> str:
    return ", ".join(map(str, sorted(names))) or "nothing"


class Log:
    """Records 1 to `number`, and what they fold to. There is one object for equal logs."""

    def __init__(self, before: Optional["Log"] = None, record: Optional[Record] = None):
        self.before, self.record = before, record
        self.number = before.number + 1 if before else 0
        self.live: dict[str, Manifest] = dict(before.live) if before else {}
        self.deleted: frozenset = before.deleted if before else frozenset()
        self.applied: tuple = before.applied if before else ()
        self.has_gap: bool = before is not None and (before.has_gap or record is None)
        self._next: dict[Optional[Record], Log] = {}
        self._fold(record)

    def _fold(self, record: Optional[Record]) -> None:
        if isinstance(record, Push) and record.manifest not in self.deleted:  # else it is void
            self.live[record.tree] = record.manifest
            self.applied += (record.change,)
        elif isinstance(record, Retract):
            self.live.pop(record.tree, None)
        elif isinstance(record, Delete):
            self.deleted = self.deleted.union(record.names)

    def append(self, record: Optional[Record]) -> "Log":
        if record not in self._next:
            self._next[record] = Log(self, record)
        return self._next[record]

    def upto(self, number: int) -> "Log":
        log = self
        while log.number > number:
            log = log.before
        return log

    def at(self, number: int) -> Optional[Record]:
        """The record of that number; None where there is none."""
        return self.upto(number).record if 0 < number <= self.number else None

    def create(self, number: int, record: Record, rules: Rules) -> "Log":
        """The log once `record` was sent: a taken number stays as it is, one past the end leaves a gap."""
        if number > self.number:
            log = self
            while log.number < number - 1:
                log = log.append(None)
            return log.append(record)
        if rules.create_only:
            return self
        log = self.upto(number - 1).append(record)
        for later in range(number + 1, self.number + 1):
            log = log.append(self.at(later))
        return log
