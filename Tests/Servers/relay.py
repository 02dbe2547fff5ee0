# SPDX-License-Identifier: Apache-2.0
"""The proxy's way of a request to the server and of the answer back, with the fault of a rule."""

import itertools
import select
import socket
import threading
import time
from contextlib import suppress
from typing import Any, Iterator

from answers import S3Error
from control import Journal
from faults import Cut, Pieces, Rules, chunked, cut, flip, stall, throttle
from http1 import PIECE, Closed, Connection, Head, Malformed, message


class Proxy:
    """The state that all connections share."""

    def __init__(self, upstream: tuple[str, int], seed: int, log: str | None):
        self.upstream = upstream
        self.rules = Rules(seed)
        self.journal = Journal(log)
        self.numbers = itertools.count(1)
        # Guards what follows, and tells of its changes.
        self.changed = threading.Condition()
        self.counts: dict[str, dict[str, int]] = {}
        self.held: dict[int, dict[str, Any]] = {}
        self.running = self.peak = self.connections = 0
        self.bytes_left: int | None = None

    def talk(self, client: Connection, number: int) -> None:
        with self.changed:
            self.connections = number
        server = Upstream(self.upstream)
        try:
            while True:
                head = client.head()
                if head is None or not Exchange(self, client, server, number, head).run():
                    return
        finally:
            server.close()

    def allowed(self, count: int) -> int:
        """How many of `count` bytes still pass before the cut of POST /cut, which is over then."""
        with self.changed:
            if self.bytes_left is None:
                return count
            if count <= self.bytes_left:
                self.bytes_left -= count
                return count
            passing, self.bytes_left = self.bytes_left, None
            return passing

    def begin(self) -> None:
        with self.changed:
            self.running += 1
            self.peak = max(self.peak, self.running)

    def finish(self, entry: dict[str, Any], answered: bool) -> None:
        """Counts and logs what is over; `answered` where the client may have all of the answer."""
        if "duplicate_of" not in entry:
            self.count(entry)
        self.journal.add(entry, answered)
        with self.changed:
            self.running -= 1
            self.changed.notify_all()

    def count(self, entry: dict[str, Any]) -> None:
        with self.changed:
            path, _, query = entry["target"].partition("?")
            names = "&".join(sorted(item.partition("=")[0] for item in query.split("&")))
            fresh = {"requests": 0, "request_bytes": 0, "response_bytes": 0}
            sums = self.counts.setdefault(f"{entry['method']} {path}{'?' if names else ''}{names}", fresh)
            sums["requests"] += 1
            sums["request_bytes"] += entry["request_bytes"]
            sums["response_bytes"] += entry["response_bytes"]


class Upstream:
    """A connection to the server, made again where the server closed the last one."""

    def __init__(self, address: tuple[str, int]):
        self.address = address
        self.connection: Connection | None = None

    def fresh(self) -> Connection:
        """A connection on which nothing waits."""
        if self.connection and readable(self.connection):
            self.close()
        if not self.connection:
            try:
                self.connection = Connection(socket.create_connection(self.address))
            except OSError as error:
                raise Closed(str(error)) from error
        return self.connection

    def close(self) -> None:
        if self.connection:
            self.connection.close()
        self.connection = None


class Exchange:
    """One request of a client."""

    def __init__(self, proxy: Proxy, client: Connection, server: Upstream, number: int, head: Head):
        self.proxy, self.client, self.upstream, self.head = proxy, client, server, head
        self.method, self.target = head.request_line()
        # The body, where it is read before it is forwarded.
        self.kept: bytes | None = None
        self.answering = False
        self.rule = proxy.rules.pick(self.method, self.target, number)
        self.entry: dict[str, Any] = {
            "id": next(proxy.numbers),
            "connection": number,
            "start": time.monotonic(),
            "end": None,
            "method": self.method,
            "target": self.target,
            "range": head.get("range"),
            "rule": self.rule and self.rule.id,
            "do": self.rule and self.rule.do,
            "status": None,
            "server_status": None,
            "request_head_bytes": len(head.raw),
            "request_bytes": 0,
            "response_head_bytes": 0,
            "response_bytes": 0,
            "outcome": "answered",
        }

    def run(self) -> bool:
        """Serves it; whether the connection can take another request."""
        self.proxy.begin()
        try:
            return self.relay()
        except Cut as end:
            self.entry["outcome"] = "cut"
            self.upstream.close()
            self.client.reset() if end.reset else self.client.close()
            return False
        except (Closed, Malformed) as error:
            self.entry["outcome"] = f"broken: {error}"
            self.upstream.close()
            self.client.reset()
            return False
        finally:
            self.entry["end"] = time.monotonic()
            self.proxy.finish(self.entry, self.answering)

    def does(self, do: str, **wanted: Any) -> bool:
        return self.rule is not None and self.rule.has(do, **wanted)

    def parameter(self, name: str, default: Any = None) -> Any:
        return self.rule.parameters.get(name, default) if self.rule else default

    # The request

    def relay(self) -> bool:
        if self.proxy.allowed(len(self.head.raw)) < len(self.head.raw):
            raise Cut(reset=True)
        body = self.request_body()
        if self.does("answer", forward=False):
            return self.answer(body)
        # A request that is late reaches the server whole, even if the client gave up in the meantime.
        if self.does("delay", when="before") or self.does("hold", when="before") or self.does("duplicate"):
            body = iter([self.whole(body)])
        self.pause("before")
        server = self.upstream.fresh()
        server.send(self.head.raw)
        answer, is_early = self.forward(server, body)
        self.entry["server_status"] = answer.status()
        if self.does("duplicate"):
            self.deliver_again()
        if self.does("answer") or self.does("reset", when="after"):
            for _ in wire_body(server, answer, self.method):
                pass
        if self.does("answer"):
            return self.answer(iter(())) and not is_early
        self.pause("after")
        framed = answer.chunked or answer.length() is not None or bodiless(answer, self.method)
        keeps_alive = framed and answer.keeps_alive and not is_early
        if not keeps_alive:
            self.upstream.connection = None
        try:
            return self.send_back(server, answer, keeps_alive and self.head.keeps_alive)
        finally:
            if not keeps_alive:
                server.close()

    def whole(self, body: Pieces) -> bytes:
        """The body, all of it, which is kept."""
        if self.head.get("expect"):
            self.client.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.kept = b"".join(map(bytes, body))
        return self.kept

    def request_body(self) -> Pieces:
        """What the client sends after the head, with the fault of the rule; counted."""
        pieces = self.passing(wire_body(self.client, self.head))
        if self.does("cut", of="request"):
            return cut(pieces, self.parameter("bytes"), self.parameter("how", "reset") == "reset")
        if self.does("stall", of="request"):
            return stall(pieces, self.parameter("bytes"), self.hang)
        if self.does("throttle", of="request"):
            return throttle(pieces, self.parameter("rate"))
        if self.does("flip", of="request"):
            return flip(pieces, *self.spot(self.head))
        return pieces

    def passing(self, pieces: Pieces) -> Pieces:
        for piece in pieces:
            passing = self.proxy.allowed(len(piece))
            self.entry["request_bytes"] += passing
            yield piece[:passing]
            if passing < len(piece):
                raise Cut(reset=True)

    def forward(self, server: Connection, body: Pieces) -> tuple[Head, bool]:
        """Sends the body and takes the head of the answer; True where that came before the body was sent."""
        if self.head.get("expect") and self.kept is None:
            # The one speaks first who is ready: the server with what it thinks of the head, or the client.
            wait_for_one(server, self.client)
            if readable(server) and (answer := self.next_head(server)).status() >= 200:
                return answer, True
        for piece in body:
            if readable(server) and (answer := self.next_head(server)).status() >= 200:
                return answer, True
            with suppress(Closed):
                server.send(piece)
        while (answer := self.next_head(server)).status() < 200:
            pass
        return answer, False

    def next_head(self, server: Connection) -> Head:
        """The next head from the server; one of those that go before the answer is handed on."""
        answer = server.head()
        if answer is None:
            raise Closed("the server closed in a request")
        if answer.status() < 200 and self.kept is None:
            self.client.send(answer.raw)
        return answer

    def deliver_again(self) -> None:
        """Sends the same request once more, later, on another connection; nobody sees the answer."""
        seconds, body = self.rule.seconds(), self.kept or b""
        entry = {
            **self.entry,
            "id": next(self.proxy.numbers),
            "duplicate_of": self.entry["id"],
            "status": None,
            "server_status": None,
        }

        def deliver() -> None:
            time.sleep(seconds)
            entry["start"] = time.monotonic()
            server = Upstream(self.proxy.upstream)
            try:
                connection = server.fresh()
                connection.send(self.head.raw, body)
                while (answer := connection.head()) is not None and answer.status() < 200:
                    pass
                entry["server_status"] = answer and answer.status()
                for _ in wire_body(connection, answer, self.method) if answer else ():
                    pass
            except (Closed, Malformed) as error:
                entry["outcome"] = f"broken: {error}"
            finally:
                server.close()
                entry["end"] = time.monotonic()
                self.proxy.finish(entry, False)

        self.proxy.begin()
        threading.Thread(target=deliver, daemon=True).start()

    # Between request and answer

    def pause(self, when: str) -> None:
        """What holds a message up, or ends it, before it is forwarded or after."""
        if self.does("reset", when=when):
            raise Cut(reset=True)
        if self.does("hang", when=when):
            self.hang()
        if self.does("delay", when=when):
            time.sleep(self.rule.seconds())
        if self.does("hold", when=when):
            self.hold()

    def hang(self) -> None:
        """Takes all and says nothing until the client closes."""
        for _ in self.client.rest():
            pass
        raise Closed("the client gave up")

    def hold(self) -> None:
        """Waits for POST /release."""
        released = threading.Event()
        facts = {"id": self.entry["id"], "rule": self.rule.id, "method": self.method, "target": self.target}
        with self.proxy.changed:
            self.proxy.held[self.entry["id"]] = {**facts, "released": released}
            self.proxy.changed.notify_all()
        released.wait()

    # The answer

    def answer(self, body: Pieces) -> bool:
        """Answers in place of the server."""
        status, text = self.parameter("status"), self.parameter("body", "").encode()
        if code := self.parameter("code"):
            text = S3Error(status, code, "said by the proxy").xml(self.target, "0" * 16)
        early = self.parameter("early", False)
        is_read = not self.head.get("expect")
        if is_read and not early:
            for _ in body:
                pass
        keeps_alive = is_read and not early and self.head.keeps_alive
        fields = [*self.parameter("headers", {}).items(), ("Content-Length", str(len(text)))]
        if not keeps_alive:
            fields.append(("Connection", "close"))
        self.entry["status"] = status
        self.send_head(message(f"HTTP/1.1 {status} Fault", fields))
        if self.method != "HEAD":
            self.send_body(iter([text]))
        if not keeps_alive:
            self.client.end()
        return keeps_alive

    def send_back(self, server: Connection, answer: Head, keeps_alive: bool) -> bool:
        """Sends the server's answer to the client, with the fault of the rule."""
        self.entry["status"] = answer.status()
        pieces, fields = wire_body(server, answer, self.method), answer.fields
        if self.does("header"):
            new = self.parameter("set", {})
            fields = without(fields, *self.parameter("remove", []), *new) + list(new.items())
        elif self.does("no-length") or self.does("unended"):
            keeps_alive = False
            fields = without(fields, "content-length", "connection") + [("Connection", "close")]
            if self.does("unended"):
                fields.append(("Transfer-Encoding", "chunked"))
                pieces = chunked(pieces)
            elif (count := self.parameter("bytes")) is not None:
                pieces = cut(pieces, count, reset=False)
        elif self.does("pad"):
            extra = self.parameter("append").encode()
            size = (answer.length() or 0) + len(extra)
            fields = without(fields, "content-length") + [("Content-Length", str(size))]
            pieces = itertools.chain(pieces, [extra])
        self.send_head(answer.raw if fields is answer.fields else message(answer.first, fields))
        self.send_body(self.damaged(pieces, answer))
        if not keeps_alive:
            self.client.end()
        return keeps_alive

    def damaged(self, pieces: Pieces, answer: Head) -> Pieces:
        if self.does("cut", of="response"):
            return cut(pieces, self.parameter("bytes"), self.parameter("how", "reset") == "reset")
        if self.does("stall", of="response"):
            return stall(pieces, self.parameter("bytes"), self.hang)
        if self.does("throttle", of="response"):
            return throttle(pieces, self.parameter("rate"))
        if self.does("flip", of="response"):
            return flip(pieces, *self.spot(answer))
        return pieces

    def spot(self, head: Head) -> tuple[int, int]:
        """The byte and the bits to flip: drawn where the rule does not say."""
        size = max(1, head.length() or 1)
        offset = self.parameter("byte", self.rule.chance.randrange(size))
        return offset, self.parameter("mask", 1 << self.rule.chance.randrange(8))

    def send_head(self, raw: bytes) -> None:
        self.answering = True
        self.proxy.journal.expect()
        passing = self.proxy.allowed(len(raw))
        self.client.send(raw[:passing])
        self.entry["response_head_bytes"] += passing
        if passing < len(raw):
            raise Cut(reset=True)

    def send_body(self, pieces: Pieces) -> None:
        for piece in pieces:
            passing = self.proxy.allowed(len(piece))
            self.client.send(piece[:passing])
            self.entry["response_bytes"] += passing
            if passing < len(piece):
                raise Cut(reset=True)


def readable(connection: Connection) -> bool:
    return bool(connection.waiting or select.select([connection.socket], [], [], 0)[0])


def wait_for_one(*connections: Connection) -> None:
    """Waits until there is something to read from one of them."""
    if not any(one.waiting for one in connections):
        select.select([one.socket for one in connections], [], [])


def without(fields: list[tuple[str, str]], *names: str) -> list[tuple[str, str]]:
    unwanted = [name.lower() for name in names]
    return [(name, value) for name, value in fields if name.lower() not in unwanted]


def bodiless(answer: Head, method: str) -> bool:
    return method == "HEAD" or answer.status() in (204, 304)


def wire_body(
    connection: Connection, head: Head, answer_to: str | None = None
) -> Iterator[bytes | memoryview]:
    """The body of a message as it is on the wire, with the marks of chunks.

    `answer_to`: the method of the request, if the message is an answer.
    """
    is_answer = answer_to is not None
    if is_answer and bodiless(head, answer_to):
        return
    if head.chunked:
        while True:
            line = connection.line()
            yield line
            try:
                size = int(line.partition(b";")[0], 16)
            except ValueError:
                raise Malformed(f"chunk size {line[:20]!r}") from None
            if size == 0:
                break
            yield from connection.pieces(size + 2)
        while (line := connection.line()).strip():
            yield line
        yield line
    elif (length := head.length()) is not None:
        yield from connection.pieces(length, PIECE)
    elif is_answer:
        yield from connection.rest()
