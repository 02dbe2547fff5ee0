# SPDX-License-Identifier: Apache-2.0
"""How fast the emulator is: figures, not a check."""

import hashlib
import os
import time
from typing import Callable

from checking import Running

SIZE = 64 << 20
SPAN = 8 << 20


def measure(server: Running, note: str) -> None:
    body, connection = os.urandom(SIZE), server.connect()
    digest = hashlib.sha256(body).hexdigest()
    buffer = memoryview(bytearray(SPAN))

    def put(number: int) -> int:
        server.raw("PUT", f"/reg/speed-{number % 3}", body, payload=digest, on=connection)
        return SIZE

    def get(number: int, size: int = SPAN) -> int:
        start = number % (SIZE // SPAN) * SPAN
        fields = server.signed("GET", "/reg/speed-0", headers={"Range": f"bytes={start}-{start + size - 1}"})
        connection.putrequest("GET", "/reg/speed-0", skip_host=True, skip_accept_encoding=True)
        for name, value in fields:
            connection.putheader(name, value)
        connection.endheaders()
        answer, at = connection.getresponse(), 0
        while got := answer.readinto(buffer[at:size]):
            at += got
        answer.read()
        return at

    def rate(times: int, action: Callable[[int], int]) -> tuple[float, float]:
        """Megabytes and requests a second."""
        started = time.monotonic()
        total = sum(action(number) for number in range(times))
        seconds = time.monotonic() - started
        return total / 1e6 / seconds, times / seconds

    put(0)
    print(
        f"speed {note}: PUT of 64 MiB {rate(8, put)[0]:.0f} MB/s, "
        f"GET of ranges of 8 MiB {rate(64, get)[0]:.0f} MB/s, "
        f"GET of 4 bytes {rate(500, lambda number: get(number, 4))[1]:.0f} a second"
    )
