# SPDX-License-Identifier: Apache-2.0
"""Programs that are run and measured as a whole, and a server for them."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Usage:
    """What one run took, its children included: seconds, and the largest resident set in bytes."""

    cpu: float
    wall: float
    peak: int
    output: str

    @property
    def report(self) -> dict:
        """What reg says with --json."""
        return json.loads(self.output)

    def __add__(self, other: "Usage") -> "Usage":
        """Of one run after the other."""
        return Usage(
            self.cpu + other.cpu, self.wall + other.wall, max(self.peak, other.peak), self.output + other.output
        )


def run(*command: str | Path, directory: Path, environment: dict[str, str]) -> Usage:
    """Runs a program with a home of its own, that is empty, and in no repository; ends this program if it fails."""
    shutil.rmtree(directory / "home", ignore_errors=True)
    return run_again(*command, directory=directory, environment=environment)


def run_again(*command: str | Path, directory: Path, environment: dict[str, str]) -> Usage:
    """The same with what an earlier run left in its home."""
    home = directory / "home"
    home.mkdir(exist_ok=True)
    words = [str(word) for word in command]
    own = {
        "HOME": str(home),
        "TMPDIR": str(home),
        "GIT_CEILING_DIRECTORIES": str(directory.parent),
        "DVC_SITE_CACHE_DIR": str(home),
        "DVC_NO_ANALYTICS": "1",
    }
    output = directory / "output"
    os.sync()  # what was written before is not this run's
    with open(output, "wb") as file:
        start = time.monotonic()
        child = subprocess.Popen(words, cwd=directory, env=environment | own, stdin=subprocess.DEVNULL, stdout=file)
        _, status, used = os.wait4(child.pid, 0)
        wall = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    text = output.read_text(errors="replace")
    if child.returncode != 0:
        sys.exit(f"error: {' '.join(words)} ended with {child.returncode}: {text[-2000:]}")
    return Usage(used.ru_utime + used.ru_stime, wall, used.ru_maxrss << 10, text)


class Server:
    """rclone as an S3 server (Tests/Servers), its objects below `directory`, gone when it ends."""

    def __init__(self, directory: Path):
        self.process = subprocess.Popen(
            [sys.executable, "-B", ROOT / "Tests/Servers/serve", "rclone"],
            env=os.environ | {"TMPDIR": str(directory)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        line = self.process.stdout.readline()
        if not line:
            sys.exit("error: the server did not start")
        self.facts = json.loads(line)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait()

    @property
    def bucket(self) -> str:
        return f"s3://{self.facts['bucket']}"

    @property
    def environment(self) -> dict[str, str]:
        """For reg and its peers."""
        return {
            "PATH": os.environ["PATH"],
            "AWS_ACCESS_KEY_ID": self.facts["access_key"],
            "AWS_SECRET_ACCESS_KEY": self.facts["secret_key"],
            "AWS_REGION": self.facts["region"],
            "AWS_ENDPOINT_URL": self.facts["endpoint"],
            "S3_ENDPOINT_URL": self.facts["endpoint"],
            # rclone replaces objects that it is to create.
            "REG_S3_SINGLE_WRITER": os.uname().nodename,
        }


class Table:
    """Runs by what they were, a row for each kind."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Usage]] = {}

    def add(self, name: str, usage: Usage) -> Usage:
        self.rows.setdefault(name, []).append(usage)
        print(f"{name}: {usage.cpu:.2f} CPU s, {usage.wall:.2f} s", file=sys.stderr, flush=True)
        return usage

    def cpu(self, name: str) -> float:
        return statistics.median(usage.cpu for usage in self.rows[name])

    def wall(self, name: str) -> float:
        return statistics.median(usage.wall for usage in self.rows[name])

    def peak(self, prefix: str) -> int:
        """The largest resident set of any run of that name, in bytes."""
        return max(usage.peak for name, runs in self.rows.items() if name.startswith(prefix) for usage in runs)

    def print(self, title: str) -> None:
        print(f"\n## {title}\n\n| what | CPU s | wall s | peak MiB |\n|---|---|---|---|")
        for name in self.rows:
            print(f"| {name} | {self.cpu(name):.2f} | {self.wall(name):.2f} | {self.peak(name) >> 20} |")


@dataclass(frozen=True)
class Requirement:
    """Something that is to be at most, or at least, a limit."""

    text: str
    value: float
    limit: float
    is_least: bool = False

    @property
    def holds(self) -> bool:
        return self.value >= self.limit if self.is_least else self.value <= self.limit


def print_requirements(requirements: list[Requirement]) -> None:
    print("\n## Requirements\n\n| what | measured | required | |\n|---|---|---|---|")
    for one in requirements:
        sign = ">=" if one.is_least else "<="
        verdict = "PASS" if one.holds else "FAIL"
        print(f"| {one.text} | {one.value:.4g} | {sign} {one.limit:.4g} | {verdict} |")
