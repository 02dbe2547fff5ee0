#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the servers of this folder, row by row, with boto3 and with requests made by hand.

  .venv/bin/python Tests/Servers/check.py [emulator] [proxy] [moto] [rclone] [ceph] [speed]

The first four if none is named; ceph needs `.ci/install-packages s3`. The exit status is 1 where a row fails.
"""

import argparse
import sys
import tempfile
import time
from functools import partial

import check_emulator  # noqa: F401 (its rows)
import check_others  # noqa: F401
import check_vices  # noqa: F401
from check_proxy import Pair
from checking import run_rows, running
from measure import measure

SMALL_PARTS = ("--min-part-size", "1024", "--domain", "s3.test")


def emulator() -> int:
    failed = 0
    with running("serve", "emulator", *SMALL_PARTS) as server:
        failed += run_rows("emulator", server, note=" in memory")
    with tempfile.TemporaryDirectory() as directory:
        with running("serve", "emulator", *SMALL_PARTS, "--directory", directory) as server:
            failed += run_rows("emulator", server, note=" on disk")
    return failed


def proxy() -> int:
    with running("serve", "emulator") as server:
        with running("faultproxy.py", server.facts["endpoint"], account=server.facts) as front:
            print(f"seed {front.facts['seed']}")
            return run_rows("proxy", Pair(front, server))


def other(name: str) -> int:
    started = time.monotonic()
    with running("serve", name) as server:
        print(f"{name} runs after {time.monotonic() - started:.1f} s")
        return run_rows("others", server, note=f": {name}") + run_rows(name, server)


def speed() -> int:
    with running("serve", "emulator") as server:
        measure(server, "in memory")
    with tempfile.TemporaryDirectory() as directory:
        with running("serve", "emulator", "--directory", directory) as server:
            measure(server, "on disk")
    return 0


GROUPS = {
    "emulator": emulator,
    "proxy": proxy,
    "moto": partial(other, "moto"),
    "rclone": partial(other, "rclone"),
    "ceph": partial(other, "ceph"),
    "speed": speed,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "groups", nargs="*", metavar="|".join(GROUPS), default=["emulator", "proxy", "moto", "rclone"]
    )
    failed = sum(GROUPS[name]() for name in parser.parse_args().groups)
    print(f"{failed} rows failed" if failed else "all rows hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
