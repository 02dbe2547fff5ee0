# SPDX-License-Identifier: Apache-2.0
"""What the checks of this folder share: rows, servers that run for a while, raw requests."""

import hashlib
import http.client
import json
import subprocess
import sys
import time
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from sigv4 import Account, sign

HERE = Path(__file__).resolve().parent
ROWS: dict[str, list[tuple[str, Callable]]] = {}


def row(group: str, fact: str) -> Callable[[Callable], Callable]:
    """Marks a function as the proof of `fact`."""

    def mark(function: Callable) -> Callable:
        ROWS.setdefault(group, []).append((fact, function))
        return function

    return mark


def run_rows(group: str, *arguments: Any, note: str = "") -> int:
    """Runs the rows of a group, prints a line for each; how many failed."""
    failed = 0
    for fact, function in ROWS[group]:
        started = time.monotonic()
        try:
            function(*arguments)
            verdict = "ok"
        except Exception:
            verdict = "FAILED"
            failed += 1
            traceback.print_exc()
        print(f"{verdict:7}{group + note:20} {fact} ({time.monotonic() - started:.2f} s)", flush=True)
    return failed


def equal(found: Any, wanted: Any) -> None:
    if found != wanted:
        raise AssertionError(f"found {found!r}, wanted {wanted!r}")


class Running:
    """A program of this folder that runs: what it announced, its control port, clients for it."""

    def __init__(self, facts: dict[str, Any], account: dict[str, Any] | None = None):
        self.facts = facts
        who = account or facts
        self.account = Account(who["access_key"], who["secret_key"], who.get("session_token"))
        self.region = who["region"]

    def control(self, method: str, path: str, wish: Any = None) -> Any:
        """The JSON of an answer, or a list of JSON lines. Raises AssertionError where it is not 200."""
        answer, body = self._ask(method, path, wish)
        if answer.status != 200:
            raise AssertionError(f"{method} {path}: {answer.status} {body!r}")
        if answer.getheader("Content-Type") == "application/x-ndjson":
            return [json.loads(line) for line in body.splitlines()]
        return json.loads(body)

    def control_raw(self, method: str, path: str, wish: Any = None) -> tuple[int, bytes]:
        answer, body = self._ask(method, path, wish)
        return answer.status, body

    def _ask(self, method: str, path: str, wish: Any) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.facts["control"], timeout=60)
        connection.request(method, path, body=None if wish is None else json.dumps(wish))
        answer = connection.getresponse()
        return answer, answer.read()

    def boto(self, **settings: Any) -> Any:
        """A client of others; one attempt for each request."""
        settings = {
            "retries": {"max_attempts": 0},
            "read_timeout": 60,
            "max_pool_connections": 20,
            **settings,
        }
        return boto3.client(
            "s3",
            endpoint_url=self.facts["endpoint"],
            aws_access_key_id=self.account.access_key,
            aws_secret_access_key=self.account.secret_key,
            region_name=self.region,
            aws_session_token=self.account.session_token,
            config=Config(**settings),
        )

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.facts["port"], timeout=60)

    def signed(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        *,
        payload: str | None = None,
        ago: float = 0,
        account: Account | None = None,
        region: str | None = None,
        host: str | None = None,
    ) -> list[tuple[str, str]]:
        """The header fields of a request signed `ago` seconds ago."""
        fields = [("Host", host or f"127.0.0.1:{self.facts['port']}"), *(headers or {}).items()]
        payload = payload or hashlib.sha256(body).hexdigest()
        now = time.time() - ago
        return sign(account or self.account, region or self.region, method, target, fields, payload, now)

    def send(
        self,
        method: str,
        target: str,
        body: bytes,
        fields: list[tuple[str, str]],
        on: http.client.HTTPConnection | None = None,
    ) -> "Reply":
        """Sends a request with exactly these fields, and Content-Length where there is a body or a PUT."""
        connection = on or self.connect()
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in fields:
            connection.putheader(name, value)
        if body or method in ("PUT", "POST"):
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        return Reply(connection.getresponse())

    def raw(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        *,
        on: http.client.HTTPConnection | None = None,
        **how: Any,
    ) -> "Reply":
        return self.send(method, target, body, self.signed(method, target, body, headers, **how), on)


class Reply:
    """Status, headers and body of an answer, and the code of the error if it is one."""

    def __init__(self, answer: http.client.HTTPResponse):
        self.status = answer.status
        self.get = answer.getheader
        self.body = answer.read()
        text = self.body.decode("latin-1")
        self.code = text.partition("<Code>")[2].partition("</Code>")[0] or None

    @property
    def outcome(self) -> tuple[int, str | None]:
        return self.status, self.code


@contextmanager
def running(*command: str, account: dict[str, Any] | None = None) -> Iterator[Running]:
    """Runs a program of this folder; it must end by itself when its standard input does."""
    child = subprocess.Popen(
        [sys.executable, str(HERE / command[0]), *command[1:]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Running(json.loads(child.stdout.readline()), account)
        child.stdin.close()
        equal(child.wait(30), 0)
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def code_of(action: Callable[[], Any]) -> tuple[int, str]:
    """Status and code of the error that a call of boto3 ends with; (200, "") if none."""
    try:
        action()
        return 200, ""
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
