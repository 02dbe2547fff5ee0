# SPDX-License-Identifier: Apache-2.0
"""Reads a registry with nothing but docs/format.md and Python's standard library (and libzstd, for RFC 8878), and
checks all it reads.

    restore.py REGISTRY_DIR NAME VERSION OUT_DIR     writes the files of one version into a new directory
    restore.py --verify-pack PACK...                 checks packs by their own index
    restore.py --decode CODEC SIZE FILE [BASE]       writes what an entry decodes to

Prints one JSON document. The exit status is 4 where something is damaged or breaks a rule, 5 where something is
missing, 13 where a newer reader is needed.
"""
import ctypes
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
STORED, LZ4, CODED_LZ4, LANES, DIFFERENCE, PARTS, ZSTD = 0, 1, 2, 3, 4, 5, 6
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
        shared = self.varint()
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

    def __init__(self, reader, packs, depth=4):
        self.reader, self.packs, self.ends, self.order = reader, packs, {}, []
        self.bases, self.depth = [], depth

    def next(self, depth=None):
        """(pack, offset, stored length, codec, base); a base is (raw length, copy), or None."""
        depth = self.depth if depth is None else depth
        reader = self.reader
        index = reader.varint()
        check(index < len(self.packs), "%s: no such pack in its table" % reader.what)
        if index not in self.ends:
            self.order.append(index)
        offset = self.ends.get(index, 8) + reader.zigzag()
        stored, codec = reader.varint(), reader.byte()
        check(offset >= 8, "%s: a copy begins before its pack" % reader.what)
        self.ends[index] = offset + stored
        base = self.base(reader.varint(), depth)
        check((base is not None) == (codec in (DIFFERENCE, PARTS)),
              "%s: a copy has a base, or lacks one" % reader.what)
        return self.packs[index], offset, stored, codec, base

    def base(self, number, depth):
        if number == 0:
            return None
        if depth == 0:
            raise TooNew("%s: a base too many" % self.reader.what)
        if number == 1:
            raw = self.reader.varint()
            base = raw, self.next(depth - 1)
            check(raw <= CHUNK_LIMIT and base not in self.bases, "%s: a base twice" % self.reader.what)
            self.bases.append(base)
            return base
        check(number - 2 < len(self.bases), "%s: no such base" % self.reader.what)
        base = self.bases[number - 2]
        if chain(base) > depth:
            raise TooNew("%s: a base too many" % self.reader.what)
        return base


def chain(base):
    """How many bases there are, with those below."""
    return 0 if base is None else 1 + chain(base[1][4])


# Codecs and packs.


def decode_lz4(data, size, dictionary=b""):
    """One LZ4 block."""
    out, place, end = bytearray(dictionary), 0, len(data)
    size += len(dictionary)

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
    return bytes(out[len(dictionary):])


LONGEST_CODE, TILE, UNIT, STREAMS, LONGEST_CODED_MAP = 13, 32768, 8, 4, 16384


class Code:
    """A canonical code, and how its streams are read."""

    def __init__(self, lengths):
        """`lengths` in bits by symbol."""
        codes = sorted((length, symbol) for symbol, length in lengths.items() if length)
        check(all(length <= LONGEST_CODE for length, _ in codes), "a code is too long")
        check(sum(1 << LONGEST_CODE - length for length, _ in codes) == 1 << LONGEST_CODE, "no complete code")
        self.entries, code, before = [None] * (1 << LONGEST_CODE), 0, 0
        for length, symbol in codes:
            code <<= length - before
            before = length
            start = int(format(code, "0%db" % length)[::-1], 2)
            for index in range(start, 1 << LONGEST_CODE, 1 << length):
                self.entries[index] = (symbol, length)
            code += 1


class Stream:
    def __init__(self, data, code):
        self.data, self.code, self.place, self.bits, self.count = data, code, 0, 0, 0

    def read(self, count):
        out, entries = bytearray(), self.code.entries
        bits, available = self.bits, self.count
        for _ in range(count):
            if available < LONGEST_CODE:
                more = self.data[self.place:self.place + 32]
                bits |= int.from_bytes(more, "little") << available
                available += 8 * len(more)
                self.place += len(more)
            symbol, length = entries[bits & (1 << LONGEST_CODE) - 1]
            check(length <= available, "a stream ends too early")
            bits >>= length
            available -= length
            out.append(symbol)
        self.bits, self.count = bits, available
        return bytes(out)

    def end(self):
        check(self.place == len(self.data) and self.count < 8 and not self.bits, "a stream ends too late")


def read_streams(reader):
    low, high = reader.byte(), reader.byte()
    check(low < high, "the lowest symbol is not below the highest")
    span = high - low + 1
    halves = [half for byte in reader.take((span + 1) // 2) for half in (byte & 15, byte >> 4)]
    check(halves[0] and halves[span - 1] and not any(halves[span:]), "a table of lengths is not canonical")
    code = Code({low + index: length for index, length in enumerate(halves[:span])})
    lengths = [int.from_bytes(reader.take(4), "little") for _ in range(STREAMS)]
    return [Stream(reader.take(length), code) for length in lengths]


def read_tile(streams, count):
    share = -(-count // STREAMS)
    return b"".join(stream.read(max(0, min(share, count - index * share))) for index, stream in enumerate(streams))


def read_map(reader, count, is_coded):
    if not is_coded:
        return reader.take(count)
    check(count <= LONGEST_CODED_MAP, "a map too long to be coded")
    streams = read_streams(reader)
    data = read_tile(streams, count)
    for stream in streams:
        stream.end()
    return data


class Lane:
    """The symbols of a lane, tile by tile."""

    def __init__(self, reader, count):
        kind = reader.byte()
        check(kind <= 5, "a lane of kind %d" % kind)
        self.constant, self.map, self.streams, self.plain = None, None, None, None
        if kind == 1:
            self.constant = reader.take(1)
            return
        if kind >= 3:
            units = count // UNIT
            map_bytes = read_map(reader, (units + 7) // 8, kind == 5)
            bits = int.from_bytes(map_bytes, "little")
            check(bits >> units == 0, "a map has bits for units that are not there")
            self.map = [bits >> unit & 1 for unit in range(units)]
            count = UNIT * sum(self.map) + count % UNIT
        if kind in (0, 3):
            self.plain = Reader(reader.take(count), "a lane")
            return
        self.streams = read_streams(reader)

    def stored(self, count):
        return self.plain.take(count) if self.plain else read_tile(self.streams, count)

    def tile(self, first, count):
        if self.constant:
            return self.constant * count
        if self.map is None:
            return self.stored(count)
        stays = self.map[first // UNIT:(first + count) // UNIT]
        kept = Reader(self.stored(UNIT * sum(stays) + count % UNIT), "a sparse lane")
        out = bytearray()
        for is_there in stays:
            unit = kept.take(UNIT) if is_there else bytes(UNIT)
            check(not is_there or any(unit), "a unit stays that is zero")
            out += unit
        return bytes(out + kept.take(count % UNIT))

    def end(self):
        for stream in self.streams or []:
            stream.end()


def decode_lanes(data, size, element=None, base=None):
    reader = Reader(data, "lanes")
    width = reader.byte()
    check(width in (1, 2, 4, 8) and width == (element or width), "elements of %d bytes" % width)
    count = size // width
    check(count > 0, "lanes without an element")
    lanes = [Lane(reader, count) for _ in range(width)]
    rest = reader.take(size % width)
    reader.end()
    out, top = bytearray(count * width), 8 * width - 1
    for first in range(0, count, TILE // width):
        symbols = [lane.tile(first, min(TILE // width, count - first)) for lane in lanes]
        for index, element_bytes in enumerate(zip(*symbols), first):
            value = int.from_bytes(bytes(element_bytes), "little")
            if base is None:
                value = value >> 1 | (value & 1) << top
            else:
                before = int.from_bytes(base[index * width:(index + 1) * width], "little")
                value = before + (value >> 1 ^ -(value & 1)) & (2 << top) - 1
            out[index * width:(index + 1) * width] = value.to_bytes(width, "little")
    for lane in lanes:
        lane.end()
    return bytes(out) + rest


def decode_zstd(data, size):
    zstd = ctypes.CDLL("libzstd.so.1")
    for function in (zstd.ZSTD_getFrameContentSize, zstd.ZSTD_findFrameCompressedSize, zstd.ZSTD_decompress):
        function.restype = ctypes.c_ulonglong
    length, out = ctypes.c_size_t(len(data)), ctypes.create_string_buffer(size)
    check(zstd.ZSTD_getFrameContentSize(data, length) == size, "a frame of another length")
    check(zstd.ZSTD_findFrameCompressedSize(data, length) == len(data), "bytes after a frame")
    check(zstd.ZSTD_decompress(out, ctypes.c_size_t(size), data, length) == size, "a frame that does not decode")
    return out.raw


def decode_parts(data, size, base):
    head = Reader(data, "parts of a base")
    codec, length = head.byte(), head.varint()
    check(codec not in (DIFFERENCE, PARTS) and length < size, "a body that is coded against a base, or too long")
    body = Reader(decode(data[head.place:], codec, length, CHUNK_LIMIT), "parts of a base")
    commands = Reader(body.take(body.varint()), "commands")
    out, known = bytearray(), 0
    while len(out) < size:
        literals = commands.varint()
        out += body.take(literals)
        if len(out) >= size:
            break
        count, start = commands.varint(), known + literals + commands.zigzag()
        check(count > 0 and 0 <= start and start + count <= len(base), "a part outside the base")
        out += base[start:start + count]
        known = start + count
    check(len(out) == size, "parts do not fill an entry")
    commands.end()
    body.end()
    return bytes(out)


def decode_with_base(data, codec, size, base):
    check(0 < len(data) < size, "a coded entry is not shorter than its bytes")
    if codec == PARTS:
        return decode_parts(data, size, base)
    check(codec == DIFFERENCE and len(base) == size, "no difference to this base")
    return decode_lanes(data, size, base=base)


def decode(data, codec, size, limit):
    check(0 < size <= limit, "an entry of %d bytes" % size)
    if codec == STORED:
        check(len(data) == size, "a stored entry with two lengths")
        return data
    if codec in (CODED_LZ4, LANES, ZSTD):
        check(len(data) < size, "a coded entry is not shorter than its bytes")
    if codec == LANES:
        return decode_lanes(data, size)
    if codec == ZSTD:
        return decode_zstd(data, size)
    if codec == CODED_LZ4:
        length = int.from_bytes(data[:4], "little")
        check(len(data) > 4 and length < size, "a block that is not shorter than its bytes")
        data, codec = decode_lanes(data[4:], length, element=1), LZ4
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
        check(count <= ENTRY_LIMIT and start + 44 * count + 52 == len(data), path + ": a misplaced index")
        index = data[start:-52]
        check(sha256(index) == data[-40:-8], path + ": its index is damaged")
        self.path, self.size, self.entries, self.encoded = path, len(data), {}, {}
        self.raw_bytes = dict.fromkeys(range(ZSTD + 1), 0)
        offset = 8
        for row in range(0, len(index), 44):
            identity = index[row:row + 32]
            stored = int.from_bytes(index[row + 32:row + 36], "little")
            raw = int.from_bytes(index[row + 36:row + 40], "little")
            kind, codec = index[row + 40], index[row + 41]
            if index[row + 42:row + 44] not in (b"\0\0", b"\1\0"):
                raise TooNew(path + ": flags of an entry")
            based = index[row + 42] == 1
            check(kind in (CHUNK, PAGE), path + ": an entry of kind %d" % kind)
            check(offset + stored <= start, path + ": an entry runs into the index")
            limit = CHUNK_LIMIT if kind == CHUNK else PAGE_LIMIT
            check(raw <= limit, path + ": an entry of %d bytes" % raw)
            self.entries[offset] = kind, identity, stored, codec, raw, based
            self.encoded[offset] = data[offset:offset + stored]
            if not based:
                self.entry(kind, identity, raw, offset, stored, codec, None)
            self.raw_bytes[codec] += raw
            offset += stored
        check(offset == start, path + ": a gap before the index")

    def entry(self, kind, identity, raw, offset, stored, codec, base):
        """The raw bytes of one entry; what a page or a manifest says of it must be what the pack says.

        `base` is the base's raw bytes; `identity` is None for an entry that itself is a base.
        """
        found = self.entries.get(offset)
        identity = found[1] if found and identity is None else identity
        check(found == (kind, identity, stored, codec, raw, base is not None),
              "%s: not the entry that was asked for at %d" % (self.path, offset))
        data = self.encoded[offset]
        if base is None:
            bytes_ = decode(data, codec, raw, CHUNK_LIMIT if kind == CHUNK else PAGE_LIMIT)
        else:
            bytes_ = decode_with_base(data, codec, raw, base)
        prefix = b"" if kind == CHUNK else b"reg:page:v1\0"
        check(sha256(prefix + bytes_) == identity, self.path + ": an entry is damaged")
        return bytes_


# Names.

IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")


def check_path(path):
    check(1 <= len(path) <= 4095 and path.count(b"/") < 255, "a path is empty, long or deep")
    check(b"\0" not in path and b"\\" not in path, "a path holds NUL or a backslash: %r" % path)
    parts = path.split(b"/")
    check(not re.fullmatch(rb"[A-Za-z]:", parts[0]), "a path begins with a drive: %r" % path)
    for part in parts:
        check(1 <= len(part) <= 255 and part not in (b".", b".."), "a path is unsafe: %r" % path)
        plain = IGNORED.sub("", part.decode("utf-8", "surrogateescape")).rstrip(". ")
        check(plain.translate({n: n + 32 for n in range(65, 91)}) not in (".git", ".reg"),
              "a path is reserved: %r" % path)


def check_target(path, target):
    check(1 <= len(target) <= 4095 and b"\0" not in target and target[:1] != b"/", "a symlink is unsafe")
    depth = path.count(b"/")
    names = 0
    for part in target.split(b"/"):
        depth -= part == b".."
        names += part not in (b"", b".", b"..")
        check(depth >= 0 and not (names and part == b".."), "a symlink leaves the artifact: %r" % path)


# Manifests and pages.


class Row:
    def __init__(self, kind, path):
        self.kind, self.path = kind, path
        self.size, self.hash, self.target, self.chunks = 0, sha256(b""), None, []

    def encoded(self):
        kind = {FILE: b"f\0", EXECUTABLE: b"f\1", DIRECTORY: b"d\0", SYMLINK: b"l\0"}[self.kind]
        return (kind + self.size.to_bytes(8, "little") + self.hash
                + len(self.path).to_bytes(4, "little") + self.path)


def read_page(data, pending):
    """The content rows of a page with their chunks: (id, raw length, copy).

    `pending` is the path of the part that the page before ended with, or None.
    """
    reader = Reader(data, "a page")
    check(reader.take(4) == b"RPG1", "no page, or one of another version")
    packs = [reader.take(16) for _ in range(reader.count(16))]
    check(len(set(packs)) == len(packs), "a page names a pack twice")
    rows = []
    row_count = reader.count(3)
    check(row_count > 0, "a page without rows")
    for index in range(row_count):
        rows.append(read_row(reader, rows[-1].path if rows else None))
    if reader.varint() != 0:
        raise TooNew("what version 1 reserves in a page")
    copies = Copies(reader, packs)
    for row in rows:
        check(pending is None or (row.path == pending and row.kind in (FILE, EXECUTABLE, PART)),
              "a part without its file: %r" % pending)
        if row.kind in (FILE, EXECUTABLE, PART):
            row.chunks = [read_chunk(reader, copies, row) for _ in range(reader.count(6))]
        pending = row.path if row.kind == PART else None
    reader.end()
    check(copies.order == list(range(len(packs))), "a page's packs are not in order of first use")
    return rows, packs, pending


def read_row(reader, previous):
    kind = reader.byte()
    check(FILE <= kind <= PART, "a row of kind %d" % kind)
    row = Row(kind, reader.path(previous or b"", previous is None))
    if kind in (FILE, EXECUTABLE):
        row.size, row.hash = reader.varint(), reader.take(32)
    elif kind == SYMLINK:
        row.target = reader.take(reader.varint())
        row.size, row.hash = len(row.target), sha256(row.target)
    return row


def read_chunk(reader, copies, row):
    raw = reader.varint()
    check(1 <= raw <= CHUNK_LIMIT, "a chunk of %d bytes" % raw)
    identity = row.hash if row.kind != PART and raw == row.size else reader.take(32)
    return identity, raw, copies.next()


class Manifest:
    def __init__(self, data, identity):
        check(sha256(data).hex() == identity, "manifest %s is damaged" % identity)
        reader = Reader(data, "manifest " + identity)
        check(reader.take(4) == b"RMF1", "no manifest, or one of another version")
        reader.take(16)
        self.digest = reader.take(32)
        self.files, self.row_count, self.bytes = reader.varint(), reader.varint(), reader.varint()
        check(self.row_count <= ROW_LIMIT, "too many rows")
        features = [reader.take(reader.varint()) for _ in range(reader.count(1))]
        for feature in features:
            if feature != b"bases":
                raise TooNew("the manifest needs %r" % feature)
        check(len(features) < 2, "the manifest needs a feature twice")
        self.has_bases = bool(features)
        self.packs = [(reader.take(16), reader.varint()) for _ in range(reader.count(17))]
        names = [name for name, _ in self.packs]
        check(all(a < b for a, b in zip(names, names[1:])), "the manifest's packs are not in order")
        copies, separator, self.pages = Copies(reader, names, depth=0), b"", []
        for index in range(reader.count(39)):
            separator = reader.path(separator, index == 0)
            check((separator == b"") == (index == 0), "only the first separator is empty")
            identity = reader.take(32)
            self.pages.append((separator, identity, reader.varint(), copies.next()))
        for _ in range(reader.count(2)):
            reader.take(reader.varint())
            reader.take(reader.varint())
        reader.end()


class Registry:
    def __init__(self, root):
        self.root, self.packs = root, {}
        self.log = Log(root)

    def manifest(self, digest, first):
        """A manifest of that digest whose packs are there, the named one before others."""
        folder = os.path.join(self.root, "manifests", digest[:2], digest)
        names = [name for name in os.listdir(folder) if re.fullmatch("[0-9a-f]{64}", name)]
        for name in sorted(names, key=lambda name: (name != first, name)):
            manifest = Manifest(content(os.path.join(folder, name), MANIFEST_LIMIT), name)
            check(manifest.digest.hex() == digest, "manifest %s is of another tree" % name)
            if all(os.path.exists(self.pack_path(pack)) for pack, _ in manifest.packs):
                return manifest
        raise Missing("no manifest of %s has all its packs" % digest)

    def pack_path(self, name):
        return os.path.join(self.root, "packs", name.hex()[:2], name.hex() + ".pack")

    def pack(self, name):
        if name not in self.packs:
            self.packs[name] = Pack(self.pack_path(name))
        return self.packs[name]

    def entry(self, kind, identity, raw, copy):
        name, offset, stored, codec, base = copy
        below = None if base is None else self.entry(CHUNK, None, *base)
        return self.pack(name).entry(kind, identity, raw, offset, stored, codec, below)

    def tree(self, manifest):
        """All rows, each file's chunks together; checked against the manifest and against each other."""
        rows, used, pending, previous, parts = [], set(), None, b"", []
        for index, (separator, identity, raw, copy) in enumerate(manifest.pages):
            page = self.entry(PAGE, identity, raw, copy)
            page_rows, packs, pending_after = read_page(page, pending)
            first = page_rows[0].path
            check(separator <= first, "a row before its page's separator")
            check(index == 0 or previous < separator or (pending is not None and previous == separator),
                  "a page's separator is not after the rows of earlier pages")
            used |= set(packs) | {copy[0]}
            for row in page_rows:
                check(not previous or previous < row.path or (pending is not None and pending == row.path),
                      "rows are not in order")
                previous, pending = row.path, row.path if row.kind == PART else None
                parts += row.chunks
                check(manifest.has_bases or all(copy[4] is None for _, _, copy in row.chunks),
                      "a base that the manifest does not tell of")
                if row.kind != PART:
                    row.chunks, parts = parts, []
                    rows.append(row)
            check(pending == pending_after, "a part without its file")
        check(pending is None, "a part without its file")
        check(used == {name for name, _ in manifest.packs}, "the manifest's packs are not those in use")
        for name, size in manifest.packs:
            check(self.pack(name).size == size, "a pack is not as large as the manifest says")
        check_tree(rows, manifest)
        return rows

    def bytes(self, row):
        parts = []
        for identity, raw, copy in row.chunks:
            parts.append(self.entry(CHUNK, identity, raw, copy))
        data = b"".join(parts)
        check(len(data) == row.size and sha256(data) == row.hash, "not the bytes of %r" % row.path)
        return data


def check_tree(rows, manifest):
    names, folders, digest, files, size = set(), set(), hashlib.sha256(b"reg:tree:v1\0"), 0, 0
    for row in rows:
        check_path(row.path)
        names.add(row.path)
        parts = row.path.split(b"/")
        folders.update(b"/".join(parts[:end]) for end in range(1, len(parts)))
        if row.kind == SYMLINK:
            check_target(row.path, row.target)
        elif row.kind != DIRECTORY:
            files, size = files + 1, size + row.size
            check(sum(raw for _, raw, _ in row.chunks) == row.size, "chunks do not add up: %r" % row.path)
        digest.update(row.encoded())
    check(not names & folders, "a path is both a file and a directory")
    check(digest.digest() == manifest.digest, "the rows are not those of the tree digest")
    check((files, len(rows), size) == (manifest.files, manifest.row_count, manifest.bytes),
          "the manifest's sums are wrong")


# The log.

NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


class Void(Exception):
    """Why a record changes nothing."""


def need(condition, reason):
    if not condition:
        raise Void(reason)


def strict_json(data):
    def members(pairs):
        need(len({key for key, _ in pairs}) == len(pairs), "a key twice")
        return dict(pairs)

    def integer(text):
        need(text != "-0" and abs(int(text)) < 1 << 63, "the number " + text)
        return int(text)

    def number(text):
        need(abs(float(text)) < float("inf"), "the number " + text)
        return float(text)

    def refuse(text):
        raise Void("the number " + text)

    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=members, parse_constant=refuse,
                           parse_int=integer, parse_float=number)
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # fails on lone surrogates
        return value
    except (ValueError, RecursionError) as error:
        raise Void("no JSON: %s" % error) from None


def is_integer(value, least):
    return type(value) is int and least <= value < 1 << 63


def is_digest(value):
    return isinstance(value, str) and re.fullmatch("sha256:[0-9a-f]{64}", value) is not None


class Log:
    """The log, folded."""

    def __init__(self, root):
        self.versions, self.makers, self.bindings, self.deleted = {}, {}, {}, set()
        self.void, self.beyond, self.tip = [], None, 0
        self.root = root
        data = content(os.path.join(root, "registry.json"), MIB)
        try:
            info = strict_json(data)
            need(isinstance(info, dict) and data.endswith(b"\n"), "no object and newline")
        except Void as reason:
            raise Failure("registry.json: %s" % reason) from None
        if info.get("reg_registry") != 1:
            raise TooNew("the registry's format is %r" % info.get("reg_registry"))
        check(re.fullmatch("[0-9a-f]{32}", info.get("id", "")), "registry.json has no id")
        previous = data
        while True:
            path = os.path.join(root, "log", "%020d.json" % (self.tip + 1))
            if not os.path.exists(path):
                return
            self.tip += 1
            data = content(path, 2 * RECORD_LIMIT)
            self.read(data, "sha256:" + sha256(previous).hex())
            previous = data

    def read(self, data, prev):
        line, _, rest = data.partition(b"\n")
        sealed = rest == b"sha256:" + sha256(line).hex().encode() + b"\n"
        looks_sealed = re.search(rb"(?:\A|\n)sha256:[0-9a-f]{64}\n\Z", data)
        if not sealed:
            opening = b'{"reg_record":'
            check(not data.startswith(opening) and not opening.startswith(data) and not looks_sealed,
                  "record %d is damaged" % self.tip)
            self.void.append((self.tip, "no record"))
            return
        try:
            record = strict_json(line)
            need(isinstance(record, dict) and line.startswith(b'{"reg_record":'), "no record")
            if record["reg_record"] != 1:
                raise TooNew("record %d has version %r" % (self.tip, record["reg_record"]))
            need(is_digest(record.get("prev")), "no prev")
            check(record["prev"] == prev, "record %d does not follow the one before" % self.tip)
            self.apply(record)
        except Void as reason:
            self.void.append((self.tip, str(reason)))

    def apply(self, record):
        need(record.get("number") == self.tip, "its number is not its place")
        need(re.fullmatch("[0-9a-f]{32}", str(record.get("id"))), "no id")
        project, operations = record.get("project"), record.get("operations")
        need(project is None or re.fullmatch("[0-9a-f]{32}", str(project)), "no project")
        need(isinstance(operations, list) and isinstance(record.get("requires"), list), "no lists")
        kinds = [operation.get("op") for operation in operations]
        if record["requires"] or not set(kinds) <= {"push", "bind", "gc-delete"}:
            self.beyond = self.beyond or self.tip
            return
        before = (dict(self.versions), dict(self.makers), dict(self.bindings), set(self.deleted))
        try:
            for kind, operation in zip(kinds, operations):
                getattr(self, kind.replace("-", "_"))(operation, project)
        except Void:
            self.versions, self.makers, self.bindings, self.deleted = before
            raise

    def push(self, operation, project):
        name, version = operation.get("name"), operation.get("version")
        need(isinstance(name, str) and NAME.fullmatch(name), "no name")
        need(operation.get("type") in TYPES, "no type")
        need(is_digest(operation.get("digest")) and is_digest(operation.get("manifest")), "no digest")
        need(is_integer(operation.get("bytes"), 0) and is_integer(operation.get("files"), 0), "no sizes")
        versions = self.versions.get(name, [])
        need(is_integer(version, 1) and version == len(versions) + 1, "not the next version")
        need(not versions or self.makers[name] == project or operation.get("shared") is True,
             "a name of another project")
        need(operation["manifest"][7:] not in self.deleted, "its manifest is deleted")
        self.versions[name] = versions + [operation]
        self.makers.setdefault(name, project)

    def bind(self, operation, project):
        need(project is not None, "a binding without a project")
        width = {"sha1": 40, "sha256": 64}.get(operation.get("object_format"))
        commit, lock = operation.get("commit"), operation.get("lock")
        need(width and re.fullmatch("[0-9a-f]{%d}" % width, str(commit)), "no commit")
        need(isinstance(lock, str) and lock.isascii(), "no lock")
        digest = "sha256:" + sha256(b"reg:set:v1\0" + lock.encode()).hex()
        need(operation.get("set") == digest, "not the digest of its lock")
        for name, entry in read_lock(lock).items():
            pushed = [version["digest"] for version in self.versions.get(name, [])]
            need(entry[3] in pushed, "%s has no such version" % name)
        key = (project, operation["object_format"], commit)
        need(self.bindings.setdefault(key, digest) == digest, "the commit is bound to another set")

    def gc_delete(self, operation, _):
        need(all(isinstance(operation.get(key), list) for key in ("packs", "manifests")), "no lists")
        self.deleted |= set(operation["manifests"])

    def version(self, name, number):
        if self.beyond:
            raise TooNew("record %d" % self.beyond)
        versions = self.versions.get(name, [])
        if not 1 <= number <= len(versions):
            raise Missing("%s has no version %d" % (name, number))
        return versions[number - 1]


def read_lock(text):
    """The artifacts of a canonical lock by name: name, type, path, digest, bytes, files."""
    head, *rest = text.split("\n")
    need(head == "reg-lock 1" and rest[-1:] == [""] and len(rest) % 2 == 1, "no canonical lock")
    need(not any(rest[0:-1:2]), "a line that should be empty")
    artifacts = {}
    for line in rest[1::2]:
        fields = line.split(" ")
        need(len(fields) == 6 and NAME.fullmatch(fields[0]) and fields[1] in TYPES, "no line of a lock")
        need(is_digest(fields[3]) and all(re.fullmatch("0|[1-9][0-9]*", n) for n in fields[4:]), "no sums")
        need(all(fields[0] > name for name in artifacts), "the lock is not sorted")
        artifacts[fields[0]] = fields
    return artifacts


# Commands.


def restore(root, name, version, target):
    registry = Registry(root)
    record = registry.log.version(name, int(version))
    manifest = registry.manifest(record["digest"][7:], record["manifest"][7:])
    check((manifest.files, manifest.bytes) == (record["files"], record["bytes"]), "not the record's sums")
    rows = registry.tree(manifest)
    target = os.fsencode(target)
    os.mkdir(target)
    for row in rows:
        path = os.path.join(target, row.path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if row.kind == DIRECTORY:
            os.mkdir(path)
        elif row.kind != SYMLINK:
            data = registry.bytes(row)
            mode = 0o755 if row.kind == EXECUTABLE else 0o644
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(data)
    for row in rows:
        if row.kind == SYMLINK:
            os.symlink(row.target, os.path.join(target, row.path))
    packs = registry.packs.values()
    return {
        "digest": record["digest"], "type": record["type"], "records": registry.log.tip,
        "bindings": [[commit, lock] for (_, _, commit), lock in registry.log.bindings.items()],
        "void": registry.log.void, "files": manifest.files, "rows": len(rows), "bytes": manifest.bytes,
        "pages": len(manifest.pages), "chunks": sum(len(row.chunks) for row in rows), "packs": len(packs),
        "stored_bytes": sum(pack.raw_bytes[STORED] for pack in packs),
        "lz4_bytes": sum(pack.raw_bytes[LZ4] for pack in packs),
        "zstd_bytes": sum(pack.raw_bytes[ZSTD] for pack in packs),
        "lanes_bytes": sum(pack.raw_bytes[LANES] for pack in packs),
    }


def main(arguments):
    try:
        if arguments[:1] == ["--verify-pack"] and len(arguments) > 1:
            answer = {path: len(Pack(path).entries) for path in arguments[1:]}
        elif arguments[:1] == ["--decode"] and len(arguments) in (4, 5):
            codec, size = int(arguments[1]), int(arguments[2])
            entry, *base = [content(path, CHUNK_LIMIT) for path in arguments[3:]]
            raw = decode_with_base(entry, codec, size, *base) if base else decode(entry, codec, size, CHUNK_LIMIT)
            sys.stdout.buffer.write(raw)
            return
        elif len(arguments) == 4:
            answer = restore(*arguments)
        else:
            sys.exit(__doc__)
    except Failure as failure:
        print("error: %s" % failure, file=sys.stderr)
        sys.exit(failure.status)
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1:])
