#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what reg and its peers store, and what storing it takes: bytes, CPU, wall time and memory.

  storage.py REG VENV DIRECTORY [--scale S] [--only CASES] [--peers NAMES] [--resume] [--plot FILE]

REG is the binary, VENV has what requirements.txt says, and DIRECTORY/minilm has what finetune.py makes. Input is made
once below DIRECTORY, and stays; work goes on in a new directory there, which needs 30 GiB. CASES and NAMES are lists
with commas; S makes all input but the real weights larger or smaller. --resume takes cases from DIRECTORY/results.json
where an earlier run measured them.

Each peer has a home and a project of its own. Cases come one after the other, and in each the peers; of the large
weights, where times are compared, there are three rounds. The bytes are those of the whole store, and what comes out
of it is compared with what went in.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import plot
from measuring import Requirement, Usage, print_requirements
from peers import PEERS, Peer, Reg, RegProject, Tools, only

COMPARED = "weights"
ROUNDS = 3
WAYS = (RegProject.name, Reg.name)
IN_ALL_ROUNDS = (*WAYS, "hf-xet", "borg")
# Stays until the end, and comes first: ext4 is slow to make files where as many were removed a moment ago.
KEPT = "files"
PULLED_FROM_ALL = (COMPARED, "files")
LEFT_OUT = {
    ("files", "git-lfs"): "takes minutes",
    ("files", "oxen"): "takes minutes",
}
PULLS_LEFT_OUT = {
    ("files", "hf-xet"): "not done after 200 s",
    ("files", "dvc"): "takes minutes",
}
MEMORY = 256


@dataclass(frozen=True)
class Workload:
    """What workloads.py says of one."""

    name: str
    title: str
    versions: list[Path]
    part: Path | None

    @classmethod
    def parsed(cls, value: dict) -> "Workload":
        versions = [Path(path) for path in value["versions"]]
        return cls(value["name"], value["title"], versions, Path(value["part"]) if value["part"] else None)


@dataclass
class Result:
    """Of one peer in one case: bytes as they are and as they are stored, and what the runs of each kind took."""

    raw: int
    last_raw: int
    stored: int
    added: int
    first: list[Usage] = field(default_factory=list)
    last: list[Usage] = field(default_factory=list)
    pulls: list[Usage] = field(default_factory=list)

    @property
    def peak(self) -> int:
        return max(usage.peak for usage in self.first + self.last + self.pulls)

    @classmethod
    def parsed(cls, value: dict) -> "Result":
        runs = {kind: [Usage(**usage, output="") for usage in value[kind]] for kind in ("first", "last", "pulls")}
        return cls(**{**value, **runs})

    @property
    def document(self) -> dict:
        runs = {
            kind: [{"cpu": one.cpu, "wall": one.wall, "peak": one.peak} for one in getattr(self, kind)]
            for kind in ("first", "last", "pulls")
        }
        return asdict(self) | runs


@dataclass
class Case:
    """What was measured of one workload, by name of the peer; of `part` by itself what reg stored."""

    title: str
    results: dict[str, Result]
    part_stored: int | None

    @classmethod
    def parsed(cls, value: dict) -> "Case":
        results = {name: Result.parsed(one) for name, one in value["results"].items()}
        return cls(value["title"], results, value["part_stored"])

    @property
    def document(self) -> dict:
        results = {name: one.document for name, one in self.results.items()}
        return {"title": self.title, "results": results, "part_stored": self.part_stored}


class Bench:
    def __init__(self, tools: Tools, directory: Path, peers: list[type[Peer]]):
        self.tools, self.directory, self.peers = tools, directory, peers

    def measure(self, workload: Workload) -> Case:
        for version in workload.versions:
            read(version)
        results: dict[str, Result] = {}
        for number in range(ROUNDS if workload.name == COMPARED else 1):
            for kind in self.peers:
                if number > 0 and kind.name not in IN_ALL_ROUNDS or (workload.name, kind.name) in LEFT_OUT:
                    continue
                self.round(workload, kind, results)
        part = None
        if workload.part:
            reg = Reg(self.tools, self.directory / f"{workload.name}-part")
            reg.put(reg.take(workload.part))
            part = reg.stored
        return Case(workload.title, results, part)

    def round(self, workload: Workload, kind: type[Peer], results: dict[str, Result]) -> None:
        """Stores every version with a new peer, and pulls the last."""
        start = time.monotonic()
        directory = self.directory / f"{workload.name}-{kind.__name__}"
        peer = kind(self.tools, directory)
        stored, usages = [peer.stored if peer.store.exists() else 0], []
        for version in workload.versions:
            usages.append(peer.put(peer.take(version)))
            stored.append(peer.stored)
        sizes = [size(version) for version in workload.versions]
        result = results.setdefault(kind.name, Result(sizes[0], sizes[-1], stored[1], stored[-1] - stored[-2]))
        result.first.append(usages[0])
        if len(usages) > 1:
            result.last.append(usages[-1])
        if kind.name in WAYS or workload.name in PULLED_FROM_ALL and (workload.name, kind.name) not in PULLS_LEFT_OUT:
            if pulled := peer.get(directory / "pulled"):
                result.pulls.append(pulled[0])
                subprocess.run(["diff", "-rq", only(workload.versions[-1]), pulled[1]], check=True)
        if workload.name != KEPT:
            shutil.rmtree(directory)
        took = time.monotonic() - start
        first = usages[0]
        text = f"{first.cpu:.2f} CPU s, {stored[1] / sizes[0]:.3f} of raw"
        if result.last:
            text += f", then {result.added / sizes[-1]:.4f}"
        print(f"{workload.name}, {kind.name}: {text}; all of it {took:.0f} s", file=sys.stderr, flush=True)


# Tables


def print_case(name: str, case: Case) -> None:
    one = next(iter(case.results.values()))
    print(f"\n## {case.title} ({one.last_raw / 1e6:.1f} MB)\n")
    columns = ["stored / raw", "CPU s", "wall s"]
    if has_more := bool(one.last):
        columns += ["new / raw", "new MB", "CPU s", "wall s"]
    columns += ["pull CPU s", "wall s", "peak MiB"]
    print(f"| what | {' | '.join(columns)} |\n|---{'|---' * len(columns)}|")
    for peer, result in case.results.items():
        cells = [f"{result.stored / result.raw:.3f}", *times(result.first)]
        if has_more:
            cells += [f"{result.added / result.last_raw:.4f}", f"{result.added / 1e6:.2f}", *times(result.last)]
        cells += [*times(result.pulls), f"{result.peak >> 20}"]
        print(f"| {peer} | {' | '.join(cells)} |")
    for (place, peer), why in (LEFT_OUT | PULLS_LEFT_OUT).items():
        if place == name:
            print(f"\n{peer}{'' if (place, peer) in LEFT_OUT else ', pull'}: {why}")


def print_shares(cases: dict[str, Case]) -> None:
    """A row for each case: what the first version takes of its size, and what the last adds."""
    peers = [kind.name for kind in PEERS if any(kind.name in case.results for case in cases.values())]

    def table(title: str, rows: list[tuple[str, dict[str, float]]]) -> None:
        print(f"\n## {title}\n\n| what | {' | '.join(peers)} |\n|---{'|---' * len(peers)}|")
        for label, found in rows:
            print(f"| {label} | {' | '.join(f'{found[peer]:.3f}' if peer in found else '' for peer in peers)} |")

    first = [
        (case.title, {peer: one.stored / one.raw for peer, one in case.results.items()}) for case in cases.values()
    ]
    table("First version: stored / raw", first)
    table("Last version: new / raw", shares(cases))


def times(usages: list[Usage]) -> list[str]:
    """Medians of CPU and wall seconds."""
    if not usages:
        return ["", ""]
    return [f"{cpu(usages):.2f}", f"{statistics.median(usage.wall for usage in usages):.2f}"]


def cpu(usages: list[Usage]) -> float:
    return statistics.median(usage.cpu for usage in usages)


# What is required


def requirements(cases: dict[str, Case], scale: float) -> list[Requirement]:
    found: list[Requirement] = []
    for way in WAYS:
        results = {name: case.results[way] for name, case in cases.items() if way in case.results}
        parts = {name: cases[name].part_stored or 0 for name in results}
        rows = list(stored(results, parts, scale))
        if COMPARED in results:
            rows += compared(cases[COMPARED], way)
        found += [Requirement(f"{way}: {text}", value, limit) for text, value, limit in rows]
    for name, case in cases.items():
        if peaks := [one.peak for peer, one in case.results.items() if peer in WAYS]:
            found.append(Requirement(f"{name}: peak of reg, MiB", max(peaks) / 2**20, MEMORY))
    return found


def stored(results: dict[str, Result], parts: dict[str, int], scale: float) -> Iterator[tuple[str, float, float]]:
    """What is measured, its value, and the most that it is to be."""
    for dtype, limit in (("fp32", 0.84), ("bf16", 0.675), ("fp16", 0.86)):
        if one := results.get(f"minilm-{dtype}"):
            yield f"MiniLM {dtype}: stored / raw", one.stored / one.raw, limit
    for name, text, limit in (
        ("minilm-fp32", "fine-tuned copy, fp32", 0.45),
        ("minilm-bf16", "fine-tuned copy, bf16", 0.2),
        ("next-bf16", "next checkpoint, bf16", 0.09),
    ):
        if one := results.get(name):
            yield f"{text}: new / raw", one.added / one.last_raw, limit
    if one := results.get("retrained"):
        yield "last layers retrained: new / those layers by themselves", one.added / parts["retrained"], 1.05
    if one := results.get("grown"):
        yield "header longer, a tensor inserted: new beyond that, KiB", (one.added - parts["grown"]) / 1024, 64
    if one := results.get("reordered"):
        yield "tensors in another order: new, KiB", one.added / 1024, 64
    for name, text in (("json", "JSON"), ("csv", "CSV")):
        if one := results.get(name):
            yield f"{text}, 0.1 % edited: new, MB", one.added / 1e6, 1.5 * scale


def compared(case: Case, way: str) -> Iterator[tuple[str, float, float]]:
    """The CPU of a first push and of a pull against that of peers."""
    own = case.results[way]
    for peer, limit in (("hf-xet", 0.5), ("borg", 1.2)):
        if other := case.results.get(peer):
            yield f"first push: CPU / that of {peer}", cpu(own.first) / cpu(other.first), limit
    if other := case.results.get("hf-xet"):
        yield "pull: CPU / that of hf-xet", cpu(own.pulls) / cpu(other.pulls), 0.5


def shares(cases: dict[str, Case]) -> list[tuple[str, dict[str, float]]]:
    """What the last version adds, as a share of its size."""
    return [
        (case.title, {peer: one.added / one.last_raw for peer, one in case.results.items()})
        for case in cases.values()
        if any(one.last for one in case.results.values())
    ]


# Files


def files(version: Path) -> list[Path]:
    return [path for path in version.rglob("*") if path.is_file()]


def size(version: Path) -> int:
    return sum(path.stat().st_size for path in files(version))


def read(version: Path) -> None:
    """Brings all of it into the page cache."""
    for path in files(version):
        with open(path, "rb") as file:
            while file.read(1 << 20):
                pass


def make(words: argparse.Namespace, base: Path) -> list[Workload]:
    """In a program of its own: what this one has in memory counts as the peak of what it runs."""
    program = Path(__file__).parent / "workloads.py"
    places = [base / f"data-{words.scale:g}", base / "minilm"]
    command = [words.venv / "bin/python", "-B", program, *places, str(words.scale), *words.only]
    made = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return [Workload.parsed(one) for one in made]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reg", type=Path)
    parser.add_argument("venv", type=Path)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--only", type=lambda text: text.split(","), default=[])
    parser.add_argument("--peers", type=lambda text: text.split(","))
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--plot", type=Path)
    words = parser.parse_args()
    base = words.directory.absolute()
    tools = Tools(words.reg.absolute(), words.venv.absolute() / "bin")
    peers = [kind for kind in PEERS if words.peers is None or kind.name in words.peers]
    memory = base / "results.json"
    known = json.loads(memory.read_text()) if words.resume and memory.exists() else {}
    workloads = make(words, base)
    with tempfile.TemporaryDirectory(dir=base) as directory:
        bench = Bench(tools, Path(directory), peers)
        for workload in workloads:
            if workload.name not in known:
                known[workload.name] = bench.measure(workload).document
                memory.write_text(json.dumps(known))
    cases = {workload.name: Case.parsed(known[workload.name]) for workload in workloads}
    for name, case in cases.items():
        print_case(name, case)
    print_shares(cases)
    required = requirements(cases, words.scale)
    print_requirements(required)
    if words.plot:
        # Of reg's ways only that of a project.
        bars = [
            (label, {peer: share for peer, share in found.items() if peer != Reg.name})
            for label, found in shares(cases)
        ]
        plot.write(words.plot, "What the last version adds to the store / its size", bars)
    sys.exit(0 if all(one.holds for one in required) else 1)


if __name__ == "__main__":
    main()
