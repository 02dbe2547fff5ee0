# SPDX-License-Identifier: Apache-2.0
"""What the emulator holds: bytes in memory or in files, objects, buckets and uploads in parts."""

import bisect
import itertools
import os
import threading
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Iterator

from http1 import PIECE, Connection


class MemoryBlob:
    """Bytes in memory."""

    def __init__(self, size: int):
        self.size = size
        self.view = memoryview(bytearray(size))

    def fill(self, connection: Connection) -> Iterator[memoryview]:
        """Reads the whole content from a connection; gives each piece to the caller, for digests."""
        at = 0
        while at < self.size:
            got = connection.read_into(self.view[at : min(at + PIECE, self.size)])
            yield self.view[at : at + got]
            at += got

    def send(self, connection: Connection, start: int, end: int) -> None:
        connection.send(self.view[start:end])

    def read(self, start: int, end: int) -> bytes:
        return bytes(self.view[start:end])

    def write(self, start: int, data: bytes) -> None:
        self.view[start : start + len(data)] = data


class FileBlob:
    """Bytes in a file of their own, which goes when nothing refers to them any more."""

    def __init__(self, path: Path, size: int):
        self.size = size
        self.path = path
        path.touch()

    def __del__(self) -> None:
        self.path.unlink(missing_ok=True)

    def fill(self, connection: Connection) -> Iterator[memoryview]:
        with open(self.path, "wb", buffering=0) as file:
            for piece in connection.pieces(self.size):
                file.write(piece)
                yield piece

    def send(self, connection: Connection, start: int, end: int) -> None:
        with open(self.path, "rb") as file:
            connection.send_file(file.fileno(), start, end - start)

    def read(self, start: int, end: int) -> bytes:
        with open(self.path, "rb") as file:
            return os.pread(file.fileno(), end - start, start)

    def write(self, start: int, data: bytes) -> None:
        with open(self.path, "rb+") as file:
            os.pwrite(file.fileno(), data, start)


Blob = MemoryBlob | FileBlob


class Blobs:
    """Makes blobs: in memory, or in files of `directory`."""

    def __init__(self, directory: str | None):
        self.directory = Path(directory) if directory else None
        self.numbers = itertools.count(1)
        if self.directory:
            self.directory.mkdir(parents=True, exist_ok=True)

    def make(self, size: int) -> Blob:
        if not self.directory or size == 0:
            return MemoryBlob(size)
        return FileBlob(self.directory / f"{os.getpid()}-{next(self.numbers)}.blob", size)

    def remove_all(self) -> None:
        """Removes the files; for the end of the program."""
        for path in self.directory.glob(f"{os.getpid()}-*.blob") if self.directory else ():
            path.unlink(missing_ok=True)

    def holding(self, data: bytes) -> "Body":
        blob = self.make(len(data))
        blob.write(0, data)
        return Body.whole(blob)


@dataclass(frozen=True)
class Body:
    """The content of an object: slices (blob, start, end) in their order."""

    slices: tuple[tuple[Blob, int, int], ...] = ()

    @staticmethod
    def whole(blob: Blob) -> "Body":
        return Body(((blob, 0, blob.size),))

    def __len__(self) -> int:
        return sum(end - start for _, start, end in self.slices)

    def __add__(self, other: "Body") -> "Body":
        return Body(self.slices + other.slices)

    def between(self, first: int, end: int) -> "Body":
        """The bytes `first..<end`."""
        found = []
        for blob, start, stop in self.slices:
            size = stop - start
            low, high = max(first, 0), min(end, size)
            if low < high:
                found.append((blob, start + low, start + high))
            first, end = first - size, end - size
        return Body(tuple(found))

    def send(self, connection: Connection) -> None:
        for blob, start, end in self.slices:
            blob.send(connection, start, end)

    def read(self) -> bytes:
        return b"".join(blob.read(start, end) for blob, start, end in self.slices)

    def flip(self, offset: int, mask: int) -> None:
        """Flips the bits of `mask` in the byte at `offset`, in place."""
        ((blob, start, end),) = self.between(offset, offset + 1).slices
        blob.write(start, bytes([blob.read(start, end)[0] ^ mask]))


@dataclass(frozen=True)
class Object:
    """One version of an object. `etag` is as the ETag header shows it; `fields` are headers to give back."""

    key: str
    size: int
    etag: str
    modified: float
    fields: tuple[tuple[str, str], ...] = ()
    checksum: tuple[str, str] | None = None
    storage_class: str = "STANDARD"
    body: Body | None = None


@dataclass
class Part:
    number: int
    size: int
    etag: str
    md5: bytes
    modified: float
    checksum: tuple[str, str] | None
    body: Body


@dataclass
class Upload:
    id: str
    key: str
    started: float
    fields: tuple[tuple[str, str], ...]
    storage_class: str
    algorithm: str | None
    parts: dict[int, Part] = field(default_factory=dict)


class Bucket:
    """Objects by key, the keys in the order of their UTF-8, and what changed lately."""

    def __init__(self, created: float):
        self.created = created
        self.objects: dict[str, Object] = {}
        self.keys: list[str] = []
        self.uploads: dict[str, Upload] = {}
        self.changes: deque[tuple[float, str, Object | None]] = deque(maxlen=100_000)

    def put(self, key: str, value: Object | None, now: float, keep_bodies: bool) -> None:
        """Stores an object or, as None, removes it. `keep_bodies`: for reads of the past."""
        old = self.objects.get(key)
        past = old if old is None or keep_bodies else replace(old, body=None)
        self.changes.append((now, key, past))
        if value is None:
            if old is not None:
                del self.objects[key]
                del self.keys[bisect.bisect_left(self.keys, key)]
            return
        if old is None:
            bisect.insort(self.keys, key)
        self.objects[key] = value

    def as_of(self, moment: float) -> "Bucket":
        """The bucket as it was at a time; itself if nothing changed since."""
        recent = list(itertools.takewhile(lambda change: change[0] > moment, reversed(self.changes)))
        if not recent:
            return self
        past = Bucket(self.created)
        past.objects = dict(self.objects)
        for _, key, value in recent:
            if value is None:
                past.objects.pop(key, None)
            else:
                past.objects[key] = value
        past.keys = sorted(past.objects)
        return past


class Store:
    """All buckets. Whoever reads or changes them holds `lock`: every operation takes effect at one moment."""

    def __init__(self, directory: str | None):
        self.lock = threading.RLock()
        self.blobs = Blobs(directory)
        self.buckets: dict[str, Bucket] = {}
        self.sequence = itertools.count(1)
