# SPDX-License-Identifier: Apache-2.0
"""What the proxy does to messages: which rule meets which request, and the faults in a stream of pieces."""

import random
import re
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Iterator

from control import Refused

Pieces = Iterator[bytes | memoryview]

# What each fault takes beside "do"; True: it must be there.
PARAMETERS: dict[str, dict[str, bool]] = {
    "answer": {
        "status": True,
        "code": False,
        "headers": False,
        "body": False,
        "early": False,
        "forward": False,
    },
    "delay": {"seconds": True, "when": False},
    "hang": {"when": False},
    "hold": {"when": False},
    "reset": {"when": False},
    "cut": {"of": False, "bytes": True, "how": False},
    "stall": {"of": False, "bytes": True},
    "throttle": {"of": False, "rate": True},
    "flip": {"of": False, "byte": False, "mask": False},
    "pad": {"append": True},
    "header": {"set": False, "remove": False},
    "no-length": {"bytes": False},
    "unended": {},
    "duplicate": {"seconds": True},
}


class Cut(Exception):
    """The connection ends here; `reset` says how."""

    def __init__(self, reset: bool):
        super().__init__("cut by a rule")
        self.reset = reset


@dataclass
class Rule:
    """When to do what. The conditions that are there must all be met; `count` limits how often it is done."""

    id: int
    do: str
    parameters: dict[str, Any]
    method: str = ".*"
    path: str = ""
    connection: int | None = None
    nth: int | list[int] | None = None
    probability: float = 1.0
    count: int | None = None
    matched: int = 0
    fired: int = 0
    chance: random.Random = field(default_factory=random.Random, repr=False)

    @staticmethod
    def parse(id: int, wish: dict[str, Any], seed: int) -> "Rule":
        """Raises Refused."""
        conditions = ("method", "path", "connection", "nth", "probability", "count")
        do = wish.get("do")
        if do not in PARAMETERS:
            raise Refused(f'"do" is one of {", ".join(PARAMETERS)}')
        parameters = {name: value for name, value in wish.items() if name not in conditions and name != "do"}
        missing = [name for name, needed in PARAMETERS[do].items() if needed and name not in parameters]
        unknown = parameters.keys() - PARAMETERS[do].keys()
        if missing or unknown:
            raise Refused(f"{do}: missing {missing}, unknown {sorted(unknown)}")
        given = {name: wish[name] for name in conditions if name in wish}
        re.compile(given.get("method", "")), re.compile(given.get("path", ""))
        return Rule(id, do, parameters, chance=random.Random(f"{seed}/{id}"), **given)

    def fires(self, method: str, target: str, connection: int) -> bool:
        """Whether this request gets the fault; counts it."""
        if not re.fullmatch(self.method, method) or not re.search(self.path, target):
            return False
        if self.connection is not None and self.connection != connection:
            return False
        self.matched += 1
        chosen = self.chance.random() < self.probability
        wanted = self.nth is None or self.matched in (self.nth if isinstance(self.nth, list) else [self.nth])
        if not (chosen and wanted) or self.fired == self.count:
            return False
        self.fired += 1
        return True

    def seconds(self) -> float:
        """A number, or one drawn from [LOW, HIGH]."""
        value = self.parameters["seconds"]
        return self.chance.uniform(*value) if isinstance(value, list) else value

    def has(self, do: str, **wanted: Any) -> bool:
        """Whether it does this, with these parameters or, where they are left out, the first choices."""
        first = {"when": "before", "of": "response", "forward": False}
        return self.do == do and all(
            self.parameters.get(name, first.get(name)) == value for name, value in wanted.items()
        )

    def shown(self) -> dict[str, Any]:
        conditions = {
            "method": self.method,
            "path": self.path,
            "connection": self.connection,
            "nth": self.nth,
            "probability": self.probability,
            "count": self.count,
        }
        return {
            "id": self.id,
            "do": self.do,
            **self.parameters,
            **conditions,
            "matched": self.matched,
            "fired": self.fired,
        }


class Rules:
    """The rules in force. Of those that a request meets, the first one counts."""

    def __init__(self, seed: int):
        self.seed = seed
        self.lock = threading.Lock()
        self.rules: list[Rule] = []
        self.last = 0

    def add(self, wishes: list[dict[str, Any]]) -> list[int]:
        with self.lock:
            made = [Rule.parse(self.last + number, wish, self.seed) for number, wish in enumerate(wishes, 1)]
            self.last += len(made)
            self.rules += made
            return [rule.id for rule in made]

    def remove(self, id: int | None) -> None:
        """Removes one rule, or all."""
        with self.lock:
            self.rules = [rule for rule in self.rules if id is not None and rule.id != id]

    def pick(self, method: str, target: str, connection: int) -> Rule | None:
        """The fault of a request."""
        with self.lock:
            return next((rule for rule in self.rules if rule.fires(method, target, connection)), None)


def cut(pieces: Pieces, count: int, reset: bool) -> Pieces:
    """Ends the connection after `count` bytes."""
    for piece in pieces:
        if len(piece) >= count:
            yield piece[:count]
            raise Cut(reset)
        count -= len(piece)
        yield piece
    raise Cut(reset)


def stall(pieces: Pieces, count: int, forever: Callable[[], None]) -> Pieces:
    """Goes on with nothing after `count` bytes."""
    for piece in pieces:
        if len(piece) >= count:
            yield piece[:count]
            forever()
            return
        count -= len(piece)
        yield piece


def throttle(pieces: Pieces, rate: int) -> Pieces:
    """At most `rate` bytes a second, in 20 steps or a byte at a time."""
    step = max(1, rate // 20)
    for piece in pieces:
        for at in range(0, len(piece), step):
            time.sleep(len(piece[at : at + step]) / rate)
            yield piece[at : at + step]


def flip(pieces: Pieces, offset: int, mask: int) -> Pieces:
    """Flips the bits of `mask` in the byte at `offset`."""
    for piece in pieces:
        if 0 <= offset < len(piece):
            changed = bytearray(piece)
            changed[offset] ^= mask
            piece = bytes(changed)
        offset -= len(piece)
        yield piece


def chunked(pieces: Pieces) -> Pieces:
    """In chunks, without the one that says that they end."""
    for piece in pieces:
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
