#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures reg on S3 against itself on a directory, and against s5cmd, restic and dvc, all on one server.

  s3.py REG VENV DIRECTORY [MEBIBYTES]

REG is the binary, VENV has what requirements.txt says, and MEBIBYTES is how much there is of weights (2048). It works
in a new directory below DIRECTORY, which needs eight times that. Runs are interleaved, and each stands in the tables
with its median. The first pulls do not count: when rclone is first asked for any part of an object, it reads all of
it for its ETag, once for each request that comes meanwhile. No run has a repository or anything in its HOME, so that each is that of a fresh machine.
"""

import math
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from measuring import Requirement, Server, Table, Usage, print_requirements, run

ROUNDS = 3
PACK = 64 << 20
RANGE = 4 << 20
# By what a push and a pull report of the bytes they moved: how many one request moves.
MOVED = {"push": ("uploaded_bytes", PACK), "pull": ("fetched_bytes", RANGE)}
MEMORY = 256
SEED = 1


class Bench:
    def __init__(self, reg: Path, venv: Path, directory: Path, mebibytes: int):
        self.reg, self.programs, self.directory, self.mebibytes = reg, venv / "bin", directory, mebibytes
        self.requirements: list[Requirement] = []

    def run(self, server: Server, *command: str | Path) -> Usage:
        return run(*command, directory=self.directory, environment=server.environment)

    def require(self, text: str, value: float, limit: float, is_least: bool = False) -> None:
        self.requirements.append(Requirement(text, value, limit, is_least))

    # Weights

    def weights(self) -> None:
        source = self.directory / "model.safetensors"
        python = self.programs / "python"
        subprocess.run([python, Path(__file__).parent / "weights.py", source, str(self.mebibytes)], check=True)
        pushes, pulls = Table(), Table()
        for number in range(ROUNDS):
            with Server(self.directory) as server:
                local = self.push(server, source, pushes)
                if number == ROUNDS - 1:
                    self.pull(server, source, local, Table())
                    for _ in range(ROUNDS):
                        self.pull(server, source, local, pulls)
            shutil.rmtree(local)
        source.unlink()
        for verb, table in (("push", pushes), ("pull", pulls)):
            table.print(f"{verb} of {self.mebibytes} MiB of weights (medians of {ROUNDS} interleaved rounds)")
            more = table.cpu("reg, S3") - table.cpu("reg, directory")
            slower = max(table.wall("s5cmd"), table.wall("reg, directory"))
            self.require(f"{verb}: CPU that S3 adds / CPU of s5cmd", more / table.cpu("s5cmd"), 1.5)
            self.require(
                f"{verb}: wall on S3 / the longer of s5cmd and directory", table.wall("reg, S3") / slower, 1.25
            )
            usage, (amount, unit) = table.rows["reg, S3"][-1], MOVED[verb]
            self.require_few_requests(verb, usage, amount, unit)
            self.require(f"{verb}: peak of reg, MiB", table.peak("reg") / 2**20, MEMORY)

    def push(self, server: Server, source: Path, table: Table) -> Path:
        """Pushes to both registries; gives that in a directory."""
        local = self.directory / "registry"
        command = [self.reg, "push", source, "--as", "w", "--json", "--registry"]
        table.add("reg, directory", self.run(server, *command, local))
        table.add("reg, S3", self.run(server, *command, f"{server.bucket}/reg"))
        command = [self.programs / "s5cmd", "cp", local / "packs", f"{server.bucket}/s5cmd/"]
        table.add("s5cmd", self.run(server, *command))
        return local

    def pull(self, server: Server, source: Path, local: Path, table: Table) -> None:
        output = self.directory / "pulled"
        for name, registry in (("reg, directory", local), ("reg, S3", f"{server.bucket}/reg")):
            command = [self.reg, "pull", "w@latest", "-o", output, "--json", "--registry", registry]
            table.add(name, self.run(server, *command))
            subprocess.run(["cmp", source, output / source.name], check=True)
            shutil.rmtree(output)
        command = [self.programs / "s5cmd", "cp", f"{server.bucket}/s5cmd/*", f"{output}/"]
        table.add("s5cmd", self.run(server, *command))
        shutil.rmtree(output)

    def require_few_requests(self, what: str, usage: Usage, amount: str, unit: int) -> None:
        """A request for each `unit` of bytes of the `amount` that reg reports, a fifth more, and 8."""
        bytes_moved = sum(artifact[amount] for artifact in usage.report["artifacts"])
        limit = math.floor(1.2 * math.ceil(bytes_moved / unit) + 8)
        self.require(f"{what}: requests", usage.report["requests"], limit)

    # Small files

    def small_files(self) -> None:
        source = self.directory / "project" / "files"
        write_files(source)
        table = Table()
        with Server(self.directory) as server:
            registry = f"{server.bucket}/reg"
            self.run(server, self.reg, "push", source, "--as", "f", "--quiet", "--registry", registry)
            self.run(server, *restic(server), "init")
            self.run(server, *restic(server), "backup", source)
            self.push_with_dvc(server, source)
            self.pull_small_files(server, source, "first", Table())
            for number in range(ROUNDS):
                usage = self.pull_small_files(server, source, str(number), table)
        table.print(f"pull of 5,000 files of 4 to 40 KiB (medians of {ROUNDS} interleaved rounds)")
        self.require_few_requests("small files", usage, "fetched_bytes", RANGE)
        self.require("small files: wall of restic / reg", table.wall("restic") / table.wall("reg"), 3, True)
        self.require("small files: wall of dvc / reg", table.wall("dvc") / table.wall("reg"), 10, True)
        self.require("small files: peak of reg, MiB", table.peak("reg") / 2**20, MEMORY)

    def pull_small_files(self, server: Server, source: Path, name: str, table: Table) -> Usage:
        """Pulls with each program; gives what it took reg.

        Nothing is removed in between: ext4 is slow to use inodes again that were freed a moment ago.
        """
        output = self.directory / f"reg-{name}"
        command = [self.reg, "pull", "f@latest", "-o", output, "--json", "--registry", f"{server.bucket}/reg"]
        usage = table.add("reg", self.run(server, *command))
        check_same(source, output)
        output = self.directory / f"restic-{name}"
        table.add("restic", self.run(server, *restic(server), "restore", "latest", "--target", output))
        check_same(source, output / source.relative_to("/"))
        output = self.directory / f"dvc-{name}"
        shutil.copytree(source.parent, output, ignore=shutil.ignore_patterns("files", "cache", "tmp"))
        table.add("dvc", self.run(server, self.programs / "dvc", "--cd", output, "pull", "--quiet"))
        check_same(source, output / source.name)
        return usage

    def push_with_dvc(self, server: Server, source: Path) -> None:
        for words in (
            ("init", "--no-scm"),
            ("remote", "add", "-d", "bucket", f"{server.bucket}/dvc"),
            ("remote", "modify", "bucket", "endpointurl", server.facts["endpoint"]),
            ("add", source.name),
            ("push",),
        ):
            self.run(server, self.programs / "dvc", "--cd", source.parent, *words, "--quiet")


def restic(server: Server) -> list[str]:
    """The beginning of its commands."""
    repository = f"s3:{server.facts['endpoint']}/{server.facts['bucket']}/restic"
    return ["restic", "--quiet", "-r", repository, "--password-command", "echo password"]


def write_files(directory: Path) -> None:
    """5,000 files of noise in 50 folders, the same every time."""
    noise = random.Random(SEED)
    for folder in range(50):
        place = directory / f"{folder:02}"
        place.mkdir(parents=True)
        for file in range(100):
            (place / f"{file:02}.bin").write_bytes(noise.randbytes(noise.randint(4 << 10, 40 << 10)))


def check_same(source: Path, pulled: Path) -> None:
    subprocess.run(["diff", "-rq", source, pulled], check=True)


def main() -> None:
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    reg, venv, base = (Path(word).absolute() for word in sys.argv[1:4])
    with tempfile.TemporaryDirectory(dir=base) as directory:
        bench = Bench(reg, venv, Path(directory), int(sys.argv[4]) if len(sys.argv) == 5 else 2048)
        bench.weights()
        bench.small_files()
    print_requirements(bench.requirements)
    sys.exit(0 if all(one.holds for one in bench.requirements) else 1)


if __name__ == "__main__":
    main()
