# SPDX-License-Identifier: Apache-2.0
"""What the emulator and the proxy have in common: how they start and end, and the port that steers them.

A program listens, prints one line of JSON on standard output, and ends when its standard input does: a test
that dies takes it along. The control port speaks JSON over HTTP. Bad input is answered 400 {"error": TEXT}.
"""

import json
import os
import sys
import threading
import urllib.parse
from typing import Any, Callable

from http1 import Connection, listen, message, serve

Route = Callable[[dict[str, str], Any], Any]


class Refused(Exception):
    """A control request that makes no sense; the text says why."""


def control_port(routes: dict[tuple[str, str], Route]) -> int:
    """Serves `routes` by (method, path): each gets the query and the JSON of the body.

    A list goes out as JSON lines (application/x-ndjson), bytes as they are, anything else as JSON.
    """

    def talk(connection: Connection, _: int) -> None:
        while head := connection.head():
            method, target = head.request_line()
            path, _, query = target.partition("?")
            body = b"".join(map(bytes, connection.pieces(head.length() or 0)))
            status, kind, answer = _answer(routes, (method, path), query, body)
            fields = [("Content-Length", str(len(answer))), ("Content-Type", f"application/{kind}")]
            connection.send(
                message(f"HTTP/1.1 {status} {'OK' if status == 200 else 'Refused'}", fields) + answer
            )
            if not head.keeps_alive:
                return

    server = listen()
    serve(server, talk)
    return server.getsockname()[1]


def _answer(
    routes: dict[tuple[str, str], Route], route: tuple[str, str], query: str, body: bytes
) -> tuple[int, str, bytes]:
    """Status, kind and bytes of an answer."""
    if route not in routes:
        known = ", ".join(" ".join(key) for key in routes)
        return 404, "json", json.dumps({"error": f"no {' '.join(route)}; there are: {known}"}).encode()
    try:
        answer = routes[route](dict(urllib.parse.parse_qsl(query)), json.loads(body) if body else None)
    except (Refused, KeyError, TypeError, ValueError, LookupError) as error:
        return 400, "json", json.dumps({"error": f"{type(error).__name__}: {error}"}).encode()
    if isinstance(answer, bytes):
        return 200, "octet-stream", answer
    if isinstance(answer, list):
        return 200, "x-ndjson", b"".join(json.dumps(line).encode() + b"\n" for line in answer)
    return 200, "json", json.dumps(answer).encode()


def announce(**facts: Any) -> None:
    """Prints the one line that says that all ports listen, and where."""
    print(json.dumps(facts), flush=True)


def wait_for_the_end() -> None:
    """Returns when standard input ends."""
    while os.read(sys.stdin.fileno(), 4096):
        pass


class Journal:
    """Entries that are kept and, if a path is given, also written to a file as JSON lines.

    An entry is added when an answer is sent, and so a moment after a client has got it. Whoever reads waits
    for those that are `coming`, for a second at most.
    """

    def __init__(self, path: str | None):
        self.changed = threading.Condition()
        self.coming = 0
        self.entries: list[dict[str, Any]] = []
        self.file = open(path, "a", encoding="utf-8") if path else None

    def expect(self) -> None:
        """Says that an answer is about to be sent: `add` follows, with `expected`."""
        with self.changed:
            self.coming += 1

    def add(self, entry: dict[str, Any], expected: bool) -> None:
        with self.changed:
            self.coming -= expected
            self.entries.append(entry)
            if self.file:
                self.file.write(json.dumps(entry) + "\n")
                self.file.flush()
            self.changed.notify_all()

    def settle(self) -> None:
        with self.changed:
            self.changed.wait_for(lambda: self.coming == 0, 1)

    def since(self, query: dict[str, str], _: Any = None) -> list[dict[str, Any]]:
        """The entries from index `since` on."""
        self.settle()
        with self.changed:
            return self.entries[int(query.get("since", 0)) :]

    def clear(self, *_: Any) -> dict[str, Any]:
        self.settle()
        with self.changed:
            self.entries.clear()
        return {}
