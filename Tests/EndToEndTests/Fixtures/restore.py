# SPDX-License-Identifier: Apache-2.0
"""Reads a registry with nothing but docs/format.md and Python's standard library, and checks all it reads.

    restore.py REGISTRY_DIR NAME VERSION OUT_DIR     writes the files of one version into a new directory
    restore.py --verify-pack PACK...                 checks packs by their own index

Prints one JSON document. The exit status is 4 where something is damaged or breaks a rule of the format, 5 where
something is missing, 13 where a newer reader is needed.
"""
import hashlib
import json
import os
import re
import sys

MIB = 1 << 20
PACK_LIMIT, ENTRY_LIMIT, CHUNK_LIMIT, PAGE_LIMIT = 128 * MIB, 65536, 8 * MIB, MIB
MANIFEST_LIMIT, ROW_LIMIT, RECORD_LIMIT = 64 * MIB, 10_000_000, MIB
CHUNK, PAGE = 1, 2
FILE, EXECUTABLE, DIRECTORY, SYMLINK, PART = 1, 2, 3, 4, 5
STORED, LZ4 = 0, 1
TYPES = {"dataset", "annotations", "config", "weights", "metrics", "other"}
RESERVED = {"pin", "run", "promote", "retract", "sign", "upgrade", "hold", "repack", "takeover", "moved"}


class Failure(Exception):
    status = 4


class Missing(Failure):
    status = 5


class TooNew(Failure):
    status = 13


def check(condition, message):
    if not condition:
        raise Failure(message)


def sha256(data):
    return hashlib.sha256(data).digest()


def content(path, limit):
    try:
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise Missing("%s is not there" % path) from None
    check(len(data) <= limit, "%s is larger than %d bytes" % (path, limit))
    return data


# Bytes.


class Reader:
    """The fields of an object, in order; nothing may be left at the end."""

    def __init__(self, data, what):
        self.data, self.place, self.what = data, 0, what

    def take(self, count):
        check(0 <= count <= len(self.data) - self.place, "%s is cut short" % self.what)
        self.place += count
        return self.data[self.place - count:self.place]

    def byte(self):
        return self.take(1)[0]

    def varint(self):
        value = 0
        for index in range(10):
            byte = self.byte()
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                check(byte or not index, "%s: a varint is longer than it need be" % self.what)
                check(value < 1 << 64, "%s: a varint has more than 64 bits" % self.what)
                return value
        raise Failure("%s: a varint of more than ten bytes" % self.what)

    def zigzag(self):
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def count(self, least):
        """A number of elements of at least `least` bytes each, which must all be there."""
        count = self.varint()
        check(count * least <= len(self.data) - self.place, "%s: too many elements" % self.what)
        return count

    def path(self, previous, first):
        """A path coded against the one before."""
        shared, rest = self.varint(), None
        rest = self.take(self.varint())
        check(shared <= len(previous) and (shared == 0 or not first), "%s: shares too much" % self.what)
        path = previous[:shared] + rest
        longest = 0 if first else len(os.path.commonprefix([previous, path]))
        check(shared == longest, "%s: a path shares less than it could" % self.what)
        return path

    def end(self):
        check(self.place == len(self.data), "%s: bytes left at the end" % self.what)


class Copies:
    """The copies of one page or manifest: offsets are coded against the last one in the same pack."""

    def __init__(self, reader, packs):
        self.reader, self.packs, self.ends, self.order = reader, packs, {}, []

    def next(self):
        reader = self.reader
        index = reader.varint()
        check(index < len(self.packs), "%s: no such pack in its table" % reader.what)
        if index not in self.ends:
            self.order.append(index)
        offset = self.ends.get(index, 8) + reader.zigzag()
        stored, codec, base = reader.varint(), reader.byte(), reader.varint()
        check(offset >= 8, "%s: a copy begins before its pack" % reader.what)
        check(base == 0, "%s: a copy has a base" % reader.what)
        self.ends[index] = offset + stored
        return self.packs[index], offset, stored, codec


# Codecs and packs.


def decode_lz4(data, size):
    """One LZ4 block."""
    out, place, end = bytearray(), 0, len(data)

    def length(nibble):
        nonlocal place
        if nibble < 15:
            return nibble
        while True:
            check(place < end, "an LZ4 block is cut short")
            nibble += data[place]
            place += 1
            if data[place - 1] != 255:
                return nibble

    while True:
        check(place < end, "an LZ4 block is cut short")
        token = data[place]
        place += 1
        literals = length(token >> 4)
        check(literals <= end - place and len(out) + literals <= size, "LZ4 literals run over the end")
        out += data[place:place + literals]
        place += literals
        if place == end:
            break
        check(place + 2 <= end, "an LZ4 block is cut short")
        distance = data[place] | data[place + 1] << 8
        place += 2
        match = length(token & 15) + 4
        check(0 < distance <= len(out) and len(out) + match <= size, "an LZ4 match lies outside")
        if distance >= match:
            start = len(out) - distance
            out += out[start:start + match]
        else:
            pattern = bytes(out[-distance:])
            out += (pattern * (match // distance + 1))[:match]
    check(len(out) == size, "an LZ4 block does not fill its length")
    return bytes(out)


def decode(data, codec, size, limit):
    check(0 < size <= limit, "an entry of %d bytes" % size)
    if codec == STORED:
        check(len(data) == size, "a stored entry with two lengths")
        return data
    if codec != LZ4:
        raise TooNew("codec %d" % codec)
    check(size <= 255 * len(data) + 64, "an LZ4 entry says more than it can hold")
    return decode_lz4(data, size)


class Pack:
    """A pack, checked as a whole when it is opened: its index, its entries, their ids."""

    def __init__(self, path):
        data = content(path, PACK_LIMIT)
        check(len(data) >= 60 and data[:8] == b"REGPACK1" and data[-8:] == b"REGPEND1", path + " is no pack")
        start = int.from_bytes(data[-52:-44], "little")
        count = int.from_bytes(data[-44:-40], "little")
        check(count <= ENTRY_LIMIT and start + 44 * count + 52 == len(data), path + ": its index is misplaced")
        index = data[start:-52]
        check(sha256(index) == data[-40:-8], path + ": its index is damaged")
        self.path, self.size, self.entries = path, len(data), {}
        self.stored_raw = {STORED: 0, LZ4: 0}
        offset = 8
        for row in range(0, len(index), 44):
            identity = index[row:row + 32]
            stored = int.from_bytes(index[row + 32:row + 36], "little")
            raw = int.from_bytes(index[row + 36:row + 40], "little")
            kind, codec = index[row + 40], index[row + 41]
            if index[row + 42:row + 44] != b"\0\0":
                raise TooNew(path + ": flags of an entry")
            check(kind in (CHUNK, PAGE), path + ": an entry of kind %d" % kind)
            check(offset + stored <= start, path + ": an entry runs into the index")
            limit = CHUNK_LIMIT if kind == CHUNK else PAGE_LIMIT
            bytes_ = decode(data[offset:offset + stored], codec, raw, limit)
            prefix = b"" if kind == CHUNK else b"reg:page:v1\0"
            check(sha256(prefix + bytes_) == identity, path + ": an entry is damaged")
            self.entries[offset] = (kind, identity, stored, codec, bytes_)
            self.stored_raw[codec] += len(bytes_)
            offset += stored
        check(offset == start, path + ": a gap before the index")

    def entry(self, kind, identity, raw, offset, stored, codec):
        """The raw bytes of one entry; what a page or a manifest says of it must be what the pack says."""
        found = self.entries.get(offset)
        check(found is not None and found[:4] == (kind, identity, stored, codec) and len(found[4]) == raw,
              "%s: not the entry that was asked for at %d" % (self.path, offset))
        return found[4]


# Names.

IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")


def check_path(path):
    check(1 <= len(path) <= 4095 and path.count(b"/") < 255, "a path is empty, long or deep")
    check(b"\0" not in path and b"\\" not in path, "a path holds NUL or a backslash: %r" % path)
    parts = path.split(b"/")
    check(not re.fullmatch(rb"[A-Za-z]:.*", parts[0], re.S), "a path begins with a drive: %r" % path)
    for part in parts:
        check(1 <= len(part) <= 255 and part not in (b".", b".."), "a path is unsafe: %r" % path)
        plain = IGNORED.sub("", part.decode("utf-8", "surrogateescape")).rstrip(". ")
        check(plain.translate({n: n + 32 for n in range(65, 91)}) not in (".git", ".reg"),
              "a path is reserved: %r" % path)


def check_target(path, target):
    check(1 <= len(target) <= 4095 and b"\0" not in target and target[:1] != b"/", "a symlink is unsafe")
    depth = path.count(b"/")
    for part in target.split(b"/"):
        depth += -1 if part == b".." else part not in (b"", b".")
        check(depth >= 0, "a symlink leaves the artifact: %r" % path)


# Manifests and pages.


class Row:
    def __init__(self, kind, path):
        self.kind, self.path = kind, path
        self.size, self.hash, self.target, self.chunks = 0, sha256(b""), None, []

    def encoded(self):
        kind = {FILE: b"f\0", EXECUTABLE: b"f\1", DIRECTORY: b"d\0", SYMLINK: b"l\0"}[self.kind]
        return (kind + self.size.to_bytes(8, "little") + self.hash
                + len(self.path).to_bytes(4, "little") + self.path)


def read_page(data):
    """The content rows of a page with their chunks: (id or None, raw length, copy)."""
    reader = Reader(data, "a page")
    check(reader.take(4) == b"RPG1", "no page, or one of another version")
    packs = [reader.take(16) for _ in range(reader.count(16))]
    check(len(set(packs)) == len(packs), "a page names a pack twice")
    rows, path = [], b""
    row_count = reader.count(3)
    check(row_count > 0, "a page without rows")
    for index in range(row_count):
        kind = reader.byte()
        check(FILE <= kind <= PART, "a row of kind %d" % kind)
        path = reader.path(path, index == 0)
        row = Row(kind, path)
        if kind in (FILE, EXECUTABLE):
            row.size, row.hash = reader.varint(), reader.take(32)
        elif kind == SYMLINK:
            row.target = reader.take(reader.varint())
            row.size, row.hash = len(row.target), sha256(row.target)
        rows.append(row)
    check(reader.varint() == 0, "base copies, which no codec of this version has")
    copies = Copies(reader, packs)
    for index, row in enumerate(rows):
        if row.kind in (DIRECTORY, SYMLINK):
            continue
        count = reader.count(6)
        # Parts come right before their file, so only the first row of a page can have them elsewhere.
        after_part = index > 0 and rows[index - 1].kind == PART
        row.needs_ids = row.kind == PART or after_part or count != 1
        row.chunk_count, row.first_place = count, reader.place
        for _ in range(count):
            row.chunks.append(read_chunk(reader, copies, row, index))
    reader.end()
    check(copies.order == list(range(len(packs))), "a page's packs are not in order of first use")
    return rows


def read_chunk(reader, copies, row, index):
    identity = reader.take(32) if row.needs_ids or row.continues(index) else None
    raw = reader.varint()
    check(1 <= raw <= CHUNK_LIMIT, "a chunk of %d bytes" % raw)
    return identity, raw, copies.next()
