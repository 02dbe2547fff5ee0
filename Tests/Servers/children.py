# SPDX-License-Identifier: Apache-2.0
"""Programs of others that run for a while: with a log, and never longer than this program."""

import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class Children:
    """Started programs, with their logs in `directory`."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.running: list[tuple[subprocess.Popen, Path]] = []

    def start(self, name: str, command: list[str], environment: dict[str, str] | None = None) -> Path:
        """Starts a program, which gets killed by the kernel if this one is; gives the path of its log."""
        log = self.directory / f"{name}.log"
        with open(log, "wb") as file:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=environment,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        self.running.append((child, log))
        return log

    def wait_for(self, log: Path, pattern: str, seconds: float = 60) -> re.Match:
        """Waits until the log of a running program says something. Ends this program if it does not."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if match := re.search(pattern, log.read_text(errors="replace")):
                return match
            self.check()
            time.sleep(0.02)
        self.fail(log, f"did not say {pattern!r} within {seconds} s")

    def check(self) -> None:
        """Ends this program if one of the others did."""
        for child, log in self.running:
            if child.poll() is not None:
                self.fail(log, f"ended with {child.returncode}")

    def watch(self) -> None:
        """Goes on checking, in a thread."""

        def look() -> None:
            while True:
                self.check()
                time.sleep(0.2)

        threading.Thread(target=look, daemon=True).start()

    def fail(self, log: Path, text: str) -> None:
        print(f"error: {log.stem} {text}; the end of its log:", file=sys.stderr)
        print(log.read_text(errors="replace")[-4000:], file=sys.stderr, flush=True)
        self.stop()
        os._exit(1)

    def stop(self) -> None:
        """Kills them all, the last one first: nothing here outlives a run, so nothing needs to be written."""
        while self.running:
            child, _ = self.running.pop()
            child.kill()
            child.wait()


def die_with_parent() -> None:
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
