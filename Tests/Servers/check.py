#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the servers of this folder, row by row, with boto3 and with requests made by hand.

  .venv/bin/python Tests/Servers/check.py [emulator] [proxy]

All of them if none is named. The exit status is 1 where a row fails.
"""
import argparse
import sys
import tempfile

import check_emulator  # noqa: F401 (its rows)
from check_proxy import Pair
from checking import run_rows, running

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


GROUPS = {"emulator": emulator, "proxy": proxy}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("groups", nargs="*", metavar="|".join(GROUPS))
    wanted = parser.parse_args().groups or list(GROUPS)
    failed = sum(GROUPS[name]() for name in wanted)
    print(f"{failed} rows failed" if failed else "all rows hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
