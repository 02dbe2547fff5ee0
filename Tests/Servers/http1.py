# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 on a socket, from either side: heads, bodies, and a server with one thread for each connection.

Made by hand so that nothing is corrected or hidden on the way: a head is kept as the bytes that came.
"""

import contextlib
import os
import socket
import struct
import threading
from dataclasses import dataclass
from typing import Callable, Iterator

HEAD_LIMIT = 64 << 10
PIECE = 1 << 20


class Closed(Exception):
    """The other side is gone, or ended in the middle of a message."""


class Malformed(Exception):
    """What came is not HTTP/1.1."""


@dataclass
class Head:
    """The first line and the header fields of a message; `raw` is as it came, with the empty line."""

    first: str
    fields: list[tuple[str, str]]
    raw: bytes

    @staticmethod
    def parse(raw: bytes) -> "Head":
        first, *lines = raw[:-4].decode("latin-1").split("\r\n")
        fields = []
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                raise Malformed(f"header field {line!r}")
            fields.append((name, value.strip(" \t")))
        return Head(first, fields, raw)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key.lower() == name]

    def get(self, name: str) -> str | None:
        """The value of a field (name in lower case); that of a repeated one joined by commas."""
        values = self.all(name)
        return ",".join(values) if values else None

    def length(self) -> int | None:
        """Content-Length, in bytes."""
        values = set(self.all("content-length"))
        if not values:
            return None
        value = values.pop()
        if values or not (value.isascii() and value.isdigit() and len(value) < 19):
            raise Malformed("Content-Length")
        return int(value)

    @property
    def chunked(self) -> bool:
        return (self.get("transfer-encoding") or "").lower().endswith("chunked")

    @property
    def keeps_alive(self) -> bool:
        wishes = (self.get("connection") or "").lower()
        version = self.first if self.first.startswith("HTTP/") else self.first.rpartition(" ")[2]
        return "close" not in wishes and (version.startswith("HTTP/1.1") or "keep-alive" in wishes)

    def request_line(self) -> tuple[str, str]:
        """Method and target of a request."""
        words = self.first.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise Malformed(f"request line {self.first[:200]!r}")
        return words[0], words[1]

    def status(self) -> int:
        """The status of an answer."""
        words = self.first.split(" ")
        if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
            raise Malformed(f"status line {self.first[:200]!r}")
        return int(words[1])


class Connection:
    """A TCP connection with what was read of it and not yet used."""

    def __init__(self, peer: socket.socket):
        self.socket = peer
        self.waiting = bytearray()
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def head(self) -> Head | None:
        """The next head; None where the other side closed between two messages."""
        searched = 0
        while (end := self.waiting.find(b"\r\n\r\n", searched)) < 0:
            searched = max(0, len(self.waiting) - 3)
            if searched > HEAD_LIMIT:
                raise Malformed("a head of more than 64 KiB")
            if not (more := self._receive()):
                if self.waiting:
                    raise Closed("in a head")
                return None
            self.waiting += more
        raw = bytes(self.waiting[: end + 4])
        del self.waiting[: end + 4]
        return Head.parse(raw)

    def line(self) -> bytes:
        """The next line, with its end."""
        while (end := self.waiting.find(b"\n")) < 0:
            if len(self.waiting) > HEAD_LIMIT or not (more := self._receive()):
                raise Closed("in a line")
            self.waiting += more
        line = bytes(self.waiting[: end + 1])
        del self.waiting[: end + 1]
        return line

    def read_into(self, view: memoryview) -> int:
        """Fills the front of `view` with what is there; at least one byte."""
        if self.waiting:
            count = min(len(view), len(self.waiting))
            view[:count] = self.waiting[:count]
            del self.waiting[:count]
            return count
        try:
            count = self.socket.recv_into(view)
        except OSError as error:
            raise Closed(str(error)) from error
        if count == 0:
            raise Closed("in a body")
        return count

    def pieces(self, count: int, piece: int = PIECE) -> Iterator[memoryview]:
        """The next `count` bytes, at most `piece` at a time, in a buffer that is used again."""
        buffer = memoryview(bytearray(min(count, piece)))
        while count > 0:
            got = self.read_into(buffer[: min(count, piece)])
            count -= got
            yield buffer[:got]

    def rest(self) -> Iterator[bytes]:
        """All that comes until the other side closes."""
        if self.waiting:
            yield bytes(self.waiting)
            self.waiting.clear()
        while more := self._receive():
            yield more

    def send(self, *parts: bytes | memoryview) -> None:
        """Sends all of it."""
        try:
            for part in parts:
                self.socket.sendall(part)
        except OSError as error:
            raise Closed(str(error)) from error

    def send_file(self, file: int, offset: int, count: int) -> None:
        """Sends `count` bytes of an open file."""
        try:
            while count > 0:
                sent = os.sendfile(self.socket.fileno(), file, offset, min(count, 64 << 20))
                if sent == 0:
                    raise Closed("the file is too short")
                offset, count = offset + sent, count - sent
        except OSError as error:
            raise Closed(str(error)) from error

    def end(self) -> None:
        """Closes so that the other side still gets all that was sent, even if it is sending itself."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
            self.socket.settimeout(2)
            while self.socket.recv(PIECE):
                pass
        self.close()

    def reset(self) -> None:
        """Closes with a TCP reset."""
        with contextlib.suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _receive(self) -> bytes:
        try:
            return self.socket.recv(HEAD_LIMIT)
        except OSError as error:
            raise Closed(str(error)) from error


def message(first: str, fields: list[tuple[str, str]]) -> bytes:
    """The bytes of a head."""
    lines = [first, *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def listen(port: int = 0) -> socket.socket:
    """A socket that listens on the loopback interface; port 0 takes a free one."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
    server.listen(256)
    return server


def serve(server: socket.socket, talk: Callable[[Connection, int], None]) -> None:
    """Calls `talk(connection, number)` in a thread for each connection (numbered from 1), and goes on."""

    def run(connection: Connection, number: int) -> None:
        try:
            talk(connection, number)
        except (Closed, Malformed):
            pass
        finally:
            connection.close()

    def accept() -> None:
        number = 0
        while True:
            peer, _ = server.accept()
            number += 1
            threading.Thread(target=run, args=(Connection(peer), number), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
