# SPDX-License-Identifier: Apache-2.0
"""reg and what it is measured against: each stores versions of a file or directory, with its defaults."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from measuring import Usage, run_again

LIBRARIES = Path(__file__).parent / "libraries.py"


@dataclass(frozen=True)
class Tools:
    """reg's binary, and where the programs of PyPI are."""

    reg: Path
    programs: Path


class Peer:
    """One program with a store, a place where its user keeps the data, and a home, all below `directory`."""

    name: str

    def __init__(self, tools: Tools, directory: Path):
        self.tools, self.directory = tools, directory
        self.project, self.store = directory / "project", directory / "store"
        self.version = 0
        self.project.mkdir(parents=True)
        self.prepare()

    def prepare(self) -> None:
        """Makes the store; not measured."""

    def put(self, data: Path) -> Usage:
        """Stores the data, a file or directory of the project, as the next version."""
        raise NotImplementedError

    def get(self, output: Path) -> tuple[Usage, Path] | None:
        """Writes the last version below a new directory; gives where, or nothing where a peer has no such thing."""
        raise NotImplementedError

    def run(self, *command: str | Path) -> Usage:
        return run_again(*command, directory=self.directory, environment=self.environment)

    @property
    def environment(self) -> dict[str, str]:
        who = ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL")
        identity = {f"GIT_{key}": "bench@example.org" for key in who}
        return {"PATH": os.environ["PATH"], "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"} | identity

    def take(self, version: Path) -> Path:
        """Puts what is in a folder into the project as hard links, and leaves alone what is there already."""
        (source,) = version.iterdir()
        target = self.project / source.name
        link(source, target)
        self.version += 1
        return target

    @property
    def stored(self) -> int:
        """The bytes of the store, all that is in it."""
        paths = (os.path.join(folder, name) for folder, _, names in os.walk(self.store) for name in names)
        return sum(os.lstat(path).st_size for path in paths)


class Reg(Peer):
    """Straight into the registry, from a directory that is no project."""

    name = "reg push PATH"

    def put(self, data: Path) -> Usage:
        return self.run(self.tools.reg, "push", data, "--as", "data", "--json", "--registry", self.store)

    def get(self, output: Path) -> tuple[Usage, Path]:
        command = [self.tools.reg, "pull", "data@latest", "-o", output, "--json", "--registry", self.store]
        usage = self.run(*command)
        files = list(output.iterdir())
        return usage, files[0] if len(files) == 1 and files[0].is_file() else output


class RegProject(Reg):
    """By way of a project and its own store."""

    name = "reg add + push"

    def prepare(self) -> None:
        self.run("git", "init", "--quiet", self.project)
        self.within("init", "--registry", self.store)

    def within(self, *words: str | Path) -> Usage:
        return self.run("env", "-C", self.project, self.tools.reg, *words)

    def put(self, data: Path) -> Usage:
        return self.within("add", data, "--as", "data", "--quiet") + self.within("push", "--quiet")


class Xet(Peer):
    name = "hf-xet"

    def put(self, data: Path) -> Usage:
        return self.library("xet-put", self.store, data, self.directory / "files.json")

    def get(self, output: Path) -> tuple[Usage, Path]:
        usage = self.library("xet-get", self.store, self.directory / "files.json", output)
        return usage, output / json.loads((self.directory / "files.json").read_text())["name"]

    def library(self, *words: str | Path) -> Usage:
        return self.run(self.tools.programs / "python", "-B", LIBRARIES, *words)


class Oxen(Peer):
    """Its package has no remote: what it keeps in the project is the store."""

    name = "oxen"

    def prepare(self) -> None:
        self.store = self.project / ".oxen"
        self.library("oxen-init", self.project)

    def put(self, data: Path) -> Usage:
        return self.library("oxen-put", self.project, data)

    def get(self, output: Path) -> None:
        return None

    def library(self, *words: str | Path) -> Usage:
        return self.run(self.tools.programs / "python", "-B", LIBRARIES, *words)


class Restic(Peer):
    name = "restic"

    def restic(self, *words: str | Path) -> Usage:
        return self.run("restic", "--quiet", "-r", self.store, "--password-command", "echo password", *words)

    def prepare(self) -> None:
        self.restic("init")

    def put(self, data: Path) -> Usage:
        return self.restic("backup", data)

    def get(self, output: Path) -> tuple[Usage, Path]:
        usage = self.restic("restore", "latest", "--target", output)
        return usage, only(output / self.project.relative_to("/"))


class Borg(Peer):
    name = "borg"

    def prepare(self) -> None:
        self.run("borg", "init", "--encryption", "none", self.store)

    def put(self, data: Path) -> Usage:
        return self.run("borg", "create", f"{self.store}::v{self.version}", data)

    def get(self, output: Path) -> tuple[Usage, Path]:
        output.mkdir()
        usage = self.run("env", "-C", output, "borg", "extract", f"{self.store}::v{self.version}")
        return usage, only(output / self.project.relative_to("/"))


class Casync(Peer):
    name = "casync"

    def index(self, is_directory: bool) -> Path:
        return self.store / f"v{self.version}.{'caidx' if is_directory else 'caibx'}"

    def prepare(self) -> None:
        self.store.mkdir()

    def put(self, data: Path) -> Usage:
        return self.run("casync", "make", f"--store={self.store}/chunks", self.index(data.is_dir()), data)

    def get(self, output: Path) -> tuple[Usage, Path]:
        index = self.index(self.index(True).exists())
        return self.run("casync", "extract", f"--store={self.store}/chunks", index, output), output


class Dvc(Peer):
    name = "dvc"

    def dvc(self, directory: Path, *words: str | Path) -> Usage:
        return self.run(self.tools.programs / "dvc", "--cd", directory, *words, "--quiet")

    def prepare(self) -> None:
        self.dvc(self.project, "init", "--no-scm")
        self.dvc(self.project, "remote", "add", "-d", "store", self.store)

    def put(self, data: Path) -> Usage:
        return self.dvc(self.project, "add", data) + self.dvc(self.project, "push")

    def get(self, output: Path) -> tuple[Usage, Path]:
        (pointer,) = self.project.glob("?*.dvc")
        (output / ".dvc").mkdir(parents=True)
        shutil.copy(self.project / ".dvc/config", output / ".dvc")
        shutil.copy(pointer, output)
        return self.dvc(output, "pull"), output / pointer.stem


class GitLfs(Peer):
    name = "git-lfs"

    def git(self, *words: str | Path) -> Usage:
        return self.run("git", "-C", self.project, *words)

    def prepare(self) -> None:
        self.run("git", "lfs", "install", "--skip-repo")
        self.run("git", "init", "--quiet", "--bare", self.store)
        self.git("init", "--quiet")
        self.git("remote", "add", "origin", f"file://{self.store}")

    def put(self, data: Path) -> Usage:
        pattern = f"{data.name}/**" if data.is_dir() else data.name
        return (
            self.git("lfs", "track", pattern)
            + self.git("add", "--all")
            + self.git("commit", "--quiet", "-m", "version")
            + self.git("push", "--quiet", "origin", "HEAD")
        )

    def get(self, output: Path) -> tuple[Usage, Path]:
        usage = self.run("git", "clone", "--quiet", f"file://{self.store}", output)
        return usage, output / only(self.project, besides=(".git", ".gitattributes")).name


PEERS: tuple[type[Peer], ...] = (RegProject, Reg, Xet, Restic, Borg, Casync, Dvc, GitLfs, Oxen)


def only(directory: Path, besides: tuple[str, ...] = ()) -> Path:
    """The one thing in a directory."""
    (found,) = (path for path in directory.iterdir() if path.name not in besides)
    return found


def link(source: Path, target: Path) -> None:
    """Makes the target the same as the source with hard links; what is the same already stays untouched."""
    if source.is_dir():
        target.mkdir(exist_ok=True)
        wanted = {path.name for path in source.iterdir()}
        for path in target.iterdir():
            if path.name not in wanted:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name in wanted:
            link(source / name, target / name)
    elif not (target.exists() and target.samefile(source)):
        target.unlink(missing_ok=True)
        os.link(source, target)
