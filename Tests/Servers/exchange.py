# SPDX-License-Identifier: Apache-2.0
"""The emulator's side of a connection: a request is checked, its body taken in and digested, and answered."""

import base64
import hashlib
import itertools
import os
import secrets
import time
import zlib
from dataclasses import dataclass
from typing import Any

from answers import Answer, S3Error, http_date
from calls import Call
from control import Journal
from http1 import Connection, Head, message
from objects import Body, Bucket, Store
from operations import Operations
from sigv4 import Account, check, decoded
from vices import Vices

OBJECT_LIMIT = 5 << 30
XML_LIMIT = 2 << 20
EMPTY = Body()
REASONS = {
    200: "OK",
    204: "No Content",
    206: "Partial Content",
    304: "Not Modified",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    411: "Length Required",
    412: "Precondition Failed",
    416: "Range Not Satisfiable",
    429: "Too Many Requests",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}


class Clock:
    """The time of the server, in seconds since 1970."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> float:
        return time.time() + self.offset

    def change(self, wish: dict[str, float]) -> None:
        if "now" in wish:
            self.offset = wish["now"] - time.time()
        else:
            self.offset = wish["offset"] if "offset" in wish else self.offset + wish["advance"]


class Digests:
    """The digests that a body is checked against, made while it comes in."""

    def __init__(self, head: Head, with_md5: bool):
        self.claims = [
            (name.lower(), value)
            for name, value in head.fields
            if name.lower().startswith("x-amz-checksum-")
            and name.lower() not in ("x-amz-checksum-algorithm", "x-amz-checksum-type", "x-amz-checksum-mode")
        ]
        self.sha256, self.sha1, self.md5, self.crc32 = hashlib.sha256(), hashlib.sha1(), hashlib.md5(), 0
        self.content_md5 = head.get("content-md5")
        self.payload = head.get("x-amz-content-sha256")
        names = {name for name, _ in self.claims}
        self.with_sha1, self.with_crc32 = "x-amz-checksum-sha1" in names, "x-amz-checksum-crc32" in names
        self.with_md5 = with_md5 or self.content_md5 is not None

    def check_claims(self, algorithm: str | None) -> None:
        """Raises what is wrong with the headers, before the body has come."""
        if len(self.claims) > 1:
            raise S3Error(400, "InvalidRequest", "Expecting a single x-amz-checksum- header")
        sizes = {"x-amz-checksum-sha256": 32, "x-amz-checksum-sha1": 20, "x-amz-checksum-crc32": 4}
        for name, value in self.claims:
            if name not in sizes:
                raise S3Error(501, "NotImplemented", f"{name} is not known here")
            if len(from_base64(value)) != sizes[name]:
                raise S3Error(400, "InvalidRequest", f"Value for {name} header is invalid.")
        if algorithm and [f"x-amz-checksum-{algorithm.lower()}"] != [name for name, _ in self.claims]:
            raise S3Error(
                400, "InvalidRequest", "x-amz-sdk-checksum-algorithm specified, but no such checksum came"
            )
        if self.content_md5 is not None and len(from_base64(self.content_md5)) != 16:
            raise S3Error(400, "InvalidDigest", "The Content-MD5 you specified is not valid.")

    def update(self, piece: memoryview) -> None:
        self.sha256.update(piece)
        if self.with_md5:
            self.md5.update(piece)
        if self.with_sha1:
            self.sha1.update(piece)
        if self.with_crc32:
            self.crc32 = zlib.crc32(piece, self.crc32)

    def check_body(self) -> None:
        """Raises where the body is not what the headers say."""
        found = self.sha256.hexdigest()
        if self.payload not in ("UNSIGNED-PAYLOAD", found):
            raise S3Error(
                400,
                "XAmzContentSHA256Mismatch",
                "x-amz-content-sha256 does not match what was computed.",
                ClientComputedContentSHA256=str(self.payload),
                S3ComputedContentSHA256=found,
            )
        if self.content_md5 is not None and from_base64(self.content_md5) != self.md5.digest():
            raise S3Error(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
        found_ones = {
            "x-amz-checksum-sha256": self.sha256.digest(),
            "x-amz-checksum-sha1": self.sha1.digest(),
            "x-amz-checksum-crc32": self.crc32.to_bytes(4, "big"),
        }
        for name, value in self.claims:
            if from_base64(value) != found_ones[name]:
                algorithm = name.removeprefix("x-amz-checksum-").upper()
                raise S3Error(
                    400, "BadDigest", f"The {algorithm} you specified did not match the calculated checksum."
                )


def from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


@dataclass(frozen=True)
class Settings:
    """What stays as it is while a server runs. Sizes are in bytes."""

    region: str
    domains: tuple[str, ...]
    directory: str | None
    history: str | None
    min_part_size: int
    allow_unsigned_payload: bool


class Emulator:
    """The server: takes requests from connections, keeps the history."""

    def __init__(self, settings: Settings, vices: Vices):
        self.settings, self.vices = settings, vices
        self.clock = Clock()
        self.store = Store(settings.directory)
        self.operations = Operations(self.store, vices, settings.region, settings.min_part_size)
        self.accounts: dict[str, Account] = {}
        self.journal = Journal(settings.history)
        self.counts: dict[str, dict[str, Any]] = {}
        self.numbers = itertools.count(1)

    def make_bucket(self, name: str) -> None:
        self.store.buckets[name] = Bucket(self.clock.now())

    def talk(self, connection: Connection, number: int) -> None:
        while head := connection.head():
            if not Exchange(self, connection, number, head).run():
                connection.end()
                return

    def count(self, entry: dict[str, Any]) -> None:
        names = "&".join(sorted(entry["query"]))
        name = f"{entry['method']} /{entry['bucket']}/{entry['key']}{'?' if names else ''}{names}"
        with self.store.lock:
            fresh = {"requests": 0, "request_bytes": 0, "response_bytes": 0, "status": {}}
            sums = self.counts.setdefault(name, fresh)
            sums["requests"] += 1
            sums["request_bytes"] += entry["request_bytes"]
            sums["response_bytes"] += entry["response_bytes"]
            status = str(entry["status"])
            sums["status"][status] = sums["status"].get(status, 0) + 1


class Exchange:
    """One request and its answer."""

    def __init__(self, server: Emulator, connection: Connection, number: int, head: Head):
        self.server, self.connection, self.head = server, connection, head
        self.method, self.target = head.request_line()
        self.id = secrets.token_hex(8).upper()
        self.body_is_read = self.sending = False
        self.bucket = self.key = ""
        hidden = ("authorization", "x-amz-security-token", "host")
        self.entry: dict[str, Any] = {
            "id": next(server.numbers),
            "connection": number,
            "invoke": time.monotonic(),
            "return": None,
            "order": None,
            "method": self.method,
            "host": head.get("host"),
            "bucket": "",
            "key": "",
            "query": {},
            "status": None,
            "error": None,
            "request_bytes": 0,
            "response_bytes": 0,
            "sha256": None,
            "request": {name.lower(): value for name, value in head.fields if name.lower() not in hidden},
            "response": {},
            "answered": False,
        }

    def run(self) -> bool:
        """Answers; whether the connection can take another request."""
        try:
            try:
                answer = self.answer()
            except S3Error as error:
                self.entry["error"] = error.code
                body = error.xml(f"/{self.bucket}/{self.key}", self.id)
                answer = Answer(error.status, [("Content-Type", "application/xml"), *error.fields], body)
                self.drain()
            keeps_alive = self.head.keeps_alive and self.body_is_read
            self.send(answer, keeps_alive)
            self.entry["answered"] = True
            return keeps_alive
        finally:
            self.entry["return"] = self.entry["return"] or time.monotonic()
            self.server.count(self.entry)
            self.server.journal.add(self.entry, self.sending)

    def answer(self) -> Answer:
        """Checks the request, takes its body and does it."""
        self.locate()
        head, server = self.head, self.server
        if head.chunked:
            raise S3Error(501, "NotImplemented", "Transfer-Encoding: chunked is not known here")
        check(head, server.accounts, server.settings.region, server.clock.now())
        self.check_payload_name()
        length = head.length()
        if length is None and self.method == "PUT" and self.key:
            raise S3Error(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
        call = Call(self.method, head, self.bucket, self.key, self.entry["query"], 0, EMPTY, b"", None)
        operation = server.operations.find(call)
        digests = Digests(head, server.vices.etags == "md5")
        digests.check_claims(head.get("x-amz-sdk-checksum-algorithm"))
        call.body = self.receive(length or 0, digests)
        digests.check_body()
        call.md5, call.checksum = digests.md5.digest(), next(iter(digests.claims), None)
        with server.store.lock:
            self.entry["order"] = next(server.store.sequence)
            call.now = server.clock.now()
            conditional = head.get("if-match") is not None or head.get("if-none-match") is not None
            if refusal := server.vices.refusal(self.method, self.key, conditional):
                raise refusal
            return operation(call)

    def locate(self) -> None:
        """Finds bucket, key and query."""
        path, _, query = self.target.partition("?")
        host = (self.head.get("host") or "").rpartition(":")[0] or self.head.get("host") or ""
        domains = ("localhost", *self.server.settings.domains)
        bucket = next((host[: -len(name) - 1] for name in domains if host.endswith("." + name)), "")
        if not path.startswith("/"):
            raise S3Error(400, "InvalidURI", "Couldn't parse the specified URI.")
        try:
            place = decoded(path[1:]).decode()
            pairs = [
                tuple(decoded(part.replace("+", " ")).decode() for part in item.partition("=")[::2])
                for item in filter(None, query.split("&"))
            ]
        except UnicodeDecodeError:
            raise S3Error(400, "InvalidURI", "Couldn't parse the specified URI.") from None
        if len(dict(pairs)) != len(pairs):
            raise S3Error(400, "InvalidArgument", "A parameter is there twice")
        self.bucket, self.key = (bucket, place) if bucket else place.partition("/")[::2]
        self.entry |= {"bucket": self.bucket, "key": self.key, "query": dict(pairs)}
        if len(self.key.encode()) > 1024:
            raise S3Error(400, "KeyTooLongError", "Your key is too long", MaxSizeAllowed="1024")

    def check_payload_name(self) -> None:
        payload = self.head.get("x-amz-content-sha256") or ""
        if payload.startswith("STREAMING-"):
            raise S3Error(501, "NotImplemented", f"{payload} is not known here")
        is_digest = len(payload) == 64 and set(payload) <= set("0123456789abcdef")
        if not is_digest and (
            payload != "UNSIGNED-PAYLOAD" or not self.server.settings.allow_unsigned_payload
        ):
            raise S3Error(
                400,
                "InvalidRequest",
                "x-amz-content-sha256 must be a digest in hex, of the body",
                ArgumentName="x-amz-content-sha256",
                ArgumentValue=payload,
            )

    def receive(self, length: int, digests: Digests) -> Body:
        """Takes the body in."""
        is_object = self.method == "PUT" and self.key
        if length > (OBJECT_LIMIT if is_object else XML_LIMIT):
            raise S3Error(
                400,
                "EntityTooLarge",
                "Your proposed upload exceeds the maximum allowed size",
                ProposedSize=str(length),
            )
        if (self.head.get("expect") or "").lower() == "100-continue":
            self.connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        blob = self.server.store.blobs.make(length)
        for piece in blob.fill(self.connection):
            digests.update(piece)
            self.entry["request_bytes"] += len(piece)
        self.body_is_read = True
        self.entry["sha256"] = digests.sha256.hexdigest()
        return Body.whole(blob)

    def drain(self) -> None:
        """Reads a body that is not wanted, unless the client waits to be asked for it."""
        if self.body_is_read or self.head.get("expect") or self.head.chunked:
            return
        for piece in self.connection.pieces(self.head.length() or 0):
            self.entry["request_bytes"] += len(piece)
        self.body_is_read = True

    def send(self, answer: Answer, keeps_alive: bool) -> None:
        fields = [
            ("Date", http_date(self.server.clock.now())),
            ("Server", "AmazonS3"),
            ("x-amz-request-id", self.id),
            ("x-amz-id-2", base64.b64encode(os.urandom(24)).decode()),
            *answer.fields,
        ]
        if answer.status not in (204, 304):
            fields.append(("Content-Length", str(len(answer.body))))
        if not keeps_alive:
            fields.append(("Connection", "close"))
        # Before the client can know: requests made one after the other never overlap in the history.
        self.entry["return"] = time.monotonic()
        self.sending = True
        self.server.journal.expect()
        self.entry["status"] = answer.status
        self.entry["response"] = {name.lower(): value for name, value in fields}
        head = message(f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Unknown')}", fields)
        if self.method == "HEAD" or answer.status in (204, 304):
            self.connection.send(head)
        elif isinstance(answer.body, Body):
            self.connection.send(head)
            answer.body.send(self.connection)
            self.entry["response_bytes"] = len(answer.body)
        else:
            self.connection.send(head + answer.body)
            self.entry["response_bytes"] = len(answer.body)
