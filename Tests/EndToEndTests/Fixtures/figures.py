#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds every figure that `reg diff` gives of tensors against numpy's, in 64-bit floats.

  figures.py REG [OLD NEW]...

OLD and NEW are safetensors files; without any, pairs are made: by hand and at random, of many dtypes and sizes. Each pair is
compared as files, and as two versions of a registry: in full, and as a summary, which knows them by their statistics alone.
Ends with 1 where a figure is further off than one part in a million.
"""

import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy

LIMIT = 1e-6
DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip


def read(path: Path) -> dict[str, tuple[str, list[int], numpy.ndarray]]:
    """Tensors by name: dtype, shape, and elements as float64."""
    data = numpy.memmap(path, numpy.uint8, "r")
    start = 8 + int.from_bytes(data[:8].tobytes(), "little")
    tensors = {}
    for name, entry in json.loads(data[8:start].tobytes()).items():
        if name == "__metadata__":
            continue
        first, end = entry["data_offsets"]
        raw = data[start + first : start + end].tobytes()
        if entry["dtype"] == "BF16":
            values = (numpy.frombuffer(raw, "<u2").astype("<u4") << 16).view("<f4")
        else:
            values = numpy.frombuffer(raw, DTYPES[entry["dtype"]])
        tensors[name] = (entry["dtype"], entry["shape"], values.astype(numpy.float64))
    return tensors


def write(path: Path, tensors: dict[str, tuple[str, numpy.ndarray]]) -> None:
    header, place, parts = {}, 0, []
    for name, (dtype, values) in tensors.items():
        raw = bf16(values).tobytes() if dtype == "BF16" else values.astype(DTYPES[dtype]).tobytes()
        header[name] = {"dtype": dtype, "shape": list(values.shape), "data_offsets": [place, place + len(raw)]}
        place += len(raw)
        parts.append(raw)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(parts))


def bf16(values: numpy.ndarray) -> numpy.ndarray:
    return (values.astype("<f4").view("<u4") >> 16).astype("<u2")


def elements(values: numpy.ndarray) -> dict[str, float]:
    return {
        "mean": values.mean(), "std": values.std(), "min": values.min(), "max": values.max(),
        "nan": numpy.isnan(values).sum(), "inf": numpy.isinf(values).sum(),
    }  # fmt: skip


def changes(old: numpy.ndarray, new: numpy.ndarray) -> dict[str, float]:
    norms = math.sqrt((old * old).sum()), math.sqrt((new * new).sum())
    both_nan = numpy.isnan(old) & numpy.isnan(new)
    return {
        "rel_l2": numpy.sqrt(((new - old) ** 2).sum()) / numpy.float64(norms[0]),
        "max_abs": numpy.abs(new - old).max(),
        "changed_fraction": ((old != new) & ~both_nan).mean(),
        "cosine": (old * new).sum() / numpy.float64(norms[0] * norms[1]),
    }


class Check:
    """The largest relative error of each figure."""

    def __init__(self):
        self.worst: dict[str, float] = {}
        self.count = 0

    def number(self, figure: str, found, wanted: float, what: str, scale: float = 0) -> None:
        found, wanted = float(found), float(wanted)
        self.count += 1
        if found == wanted or math.isnan(found) and math.isnan(wanted):
            error = 0.0
        else:
            # What adds up to nothing has the rounding of what was added.
            error = abs(found - wanted) / max(abs(found), abs(wanted), 1e-6 * scale)
        self.worst[figure] = max(self.worst.get(figure, 0), error)
        if not error <= LIMIT:
            sys.exit(f"error: {what}: {figure} is {found}, by numpy {wanted}")

    def side(self, tensor, side: str, values: numpy.ndarray, what: str) -> None:
        scale = float(numpy.abs(values).max())
        for figure, wanted in elements(values).items():
            found = tensor[figure][side] if figure in ("nan", "inf") else tensor[side][figure]
            self.number(figure, found, wanted, f"{what}, {side}", scale if figure == "mean" else 0)


def reg(program: str, *arguments: str, directory: Path):
    done = subprocess.run([program, *arguments, "--json"], cwd=directory, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def is_same(old, new) -> bool:
    return old[:2] == new[:2] and numpy.array_equal(old[2].view("u8"), new[2].view("u8"))


def compare(program: str, old: Path, new: Path, check: Check, directory: Path) -> None:
    before, after = read(old), read(new)
    registry = ("--registry", str(directory / "registry"))
    versions = []
    for number, path in enumerate((old, new)):
        name = f"{path.stem.lower()}-{number}-{len(list(directory.iterdir()))}"
        reg(program, "push", str(path), "--as", name, "--type", "weights", *registry, directory=directory)
        versions.append(name)
    in_full = reg(program, "diff", str(old), str(new), directory=directory)
    stored = reg(program, "diff", *versions, *registry, directory=directory)
    summary = reg(program, "diff", *versions, "--level", "summary", *registry, directory=directory)
    listed = {"added": after.keys() - before.keys(), "removed": before.keys() - after.keys()}
    listed["both"] = {name for name in before.keys() & after.keys() if not is_same(before[name], after[name])}
    for document in (in_full, stored, summary):
        found = {tensor["name"]: tensor for tensor in document["tensors"]}
        wanted = set().union(*listed.values())
        # What has no name in common may have been renamed.
        former = {tensor["from"] for tensor in document["tensors"] if tensor["from"]}
        if found.keys() | former != wanted:
            sys.exit(f"error: {old} to {new}: {sorted((found.keys() | former) ^ wanted)} in one list only")
        for name, tensor in found.items():
            what = f"{name} of {old.name} to {new.name}"
            if tensor["old"]:
                check.side(tensor, "old", before[tensor["from"] or name][2], what)
            if tensor["new"]:
                check.side(tensor, "new", after[name][2], what)
            if tensor["rel_l2"] is not None:
                for figure, value in changes(before[name][2], after[name][2]).items():
                    check.number(figure, tensor[figure], value, what)
            elif tensor["rel_l2_at_least"] is not None:
                true = changes(before[name][2], after[name][2])
                for figure in ("rel_l2", "max_abs"):
                    if tensor[f"{figure}_at_least"] > true[figure]:
                        sys.exit(f"error: {what}: {figure} is {true[figure]}, not as much as is said")
        for name in listed["both"]:
            same_count = len(before[name][2]) == len(after[name][2])
            # Without elements there is nothing to compare.
            if document is not summary and same_count != (found[name]["rel_l2"] is not None) and len(before[name][2]):
                sys.exit(f"error: {name}: compared, or not, against what its sizes say")


def made(directory: Path) -> list[tuple[Path, Path]]:
    """Pairs of files, by hand and at random."""
    random = numpy.random.default_rng(7)
    pairs = []

    def pair(name: str, old, new) -> None:
        paths = directory / f"{name}-a.safetensors", directory / f"{name}-b.safetensors"
        for path, tensors in zip(paths, (old, new)):
            write(path, tensors)
        pairs.append(paths)

    weight = random.normal(0, 0.02, (700, 512))
    bias = random.normal(1, 0.5, 700)
    model = {"layer.0.weight": ("F32", weight), "layer.0.bias": ("F32", bias), "head.weight": ("F32", weight[:10])}
    pair("cast", model, {name: ("BF16", values) for name, (_, values) in model.items()})
    pair("half", model, {name: ("F16", values) for name, (_, values) in model.items()})
    pair("reshaped", model, model | {"layer.0.weight": ("F32", weight.reshape(512, 700))})
    pair("renamed", model, {f"model.{name}": tensor for name, tensor in model.items()})
    pair("reordered", model, dict(reversed(model.items())))
    one_nan = weight.copy()
    one_nan[123, 45] = math.nan
    pair("nan", model, model | {"layer.0.weight": ("F32", one_nan)})
    both = one_nan.copy()
    both[5, 6], both[7, 8] = math.inf, -math.inf
    pair("infinite", model | {"layer.0.weight": ("F32", one_nan)}, model | {"layer.0.weight": ("F32", both)})
    pair("head", model, model | {"head.weight": ("F32", weight[:4]), "head.bias": ("F32", bias[:4])})
    pair("zero", model, {name: ("F32", 0 * values) for name, (_, values) in model.items()})
    pair("far", {"w": ("F64", 1e9 + random.normal(0, 1e-3, 300_000))}, {"w": ("F64", 1e9 + random.normal(0, 2e-3, 300_000))})
    for dtype in [*DTYPES, "BF16"]:
        for count in (1, 7, 1023, 1025, 70_000, 1_500_001):
            if dtype[0] in "FB" and dtype != "BOOL":
                old = random.normal(0, 10.0 ** random.integers(-4, 3), count)
                new = old + (random.random(count) < 0.3) * random.normal(0, 0.01, count)
            else:
                top = 2 if dtype == "BOOL" else 100
                low = 0 if dtype[0] in "UB" else -100
                old, new = random.integers(low, top, count), random.integers(low, top, count)
            pair(f"{dtype.lower()}-{count}", {"w": (dtype, old)}, {"w": (dtype, new)})
    return pairs


def main() -> None:
    program, *files = sys.argv[1:]
    if len(files) % 2:
        sys.exit(__doc__)
    numpy.seterr(all="ignore")
    check = Check()
    with tempfile.TemporaryDirectory() as directory:
        directory = Path(directory)
        work = directory / "work"
        work.mkdir()
        files = [Path(file).absolute() for file in files]
        for old, new in list(zip(files[::2], files[1::2])) or made(work):
            compare(str(Path(program).absolute()), old, new, check, directory)
    print(f"{check.count} figures agree with numpy; the largest relative errors:")
    for figure, error in check.worst.items():
        print(f"  {figure:17} {error:.1e}")


main()
