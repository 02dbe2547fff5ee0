#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes what is stored to measure how: versions of weights, checkpoints, annotations, tables and small files.

  workloads.py DIRECTORY MINILM SCALE [NAME...]

All of it, or what is named, is made once below DIRECTORY with fixed seeds, and is the same every time. MINILM is the
directory of finetune.py. SCALE makes all but those weights larger or smaller. It prints what there is as JSON.
"""

import json
import os
import random
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy
import tensors
import weights
from tensors import Tensor

SEED = 1


@dataclass(frozen=True)
class Workload:
    """Versions of one file or directory. Each is the only thing in a folder of its own, of the same name in each.

    `part` is what the last version has that is new, by itself, where that can be told.
    """

    name: str
    title: str
    versions: tuple[Path, ...]
    part: Path | None = None


class Maker:
    """Makes what is not there yet, below a directory: as much of it as `scale` says."""

    def __init__(self, directory: Path, minilm: Path, scale: float):
        self.directory, self.minilm, self.scale = directory, minilm, scale
        self.workloads: dict[str, Callable[[], Workload]] = {
            "files": self.files,
            "weights": self.weights,
            "fp32": self.fp32,
            "retrained": self.retrained,
            "nudged": self.nudged,
            "grown": self.grown,
            "reordered": self.reordered,
            "checkpoints": self.checkpoints,
            "minilm-fp32": lambda: self.finetuned("fp32"),
            "minilm-bf16": lambda: self.finetuned("bf16"),
            "minilm-fp16": lambda: self.finetuned("fp16"),
            "next-fp32": lambda: self.next_checkpoint("fp32"),
            "next-bf16": lambda: self.next_checkpoint("bf16"),
            "training": self.training,
            "json": self.json,
            "csv": self.csv,
            "noise": self.noise,
            "jpeg": self.jpeg,
        }

    def made(self, name: str, make: Callable[[Path], None]) -> Path:
        """A directory that `make` fills; where that was cut off it begins again."""
        place = self.directory / name
        if not place.exists():
            part = self.directory / f"{name}.part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            make(part)
            part.rename(place)
        return place

    def scaled(self, amount: int) -> int:
        return max(1, int(amount * self.scale))

    # Weights

    def weights(self) -> Workload:
        def make(place: Path) -> None:
            weights.write(folder(place, 1) / "model.safetensors", weights.shapes(self.scaled(2048)))

        return Workload("weights", "bf16 weights", (self.made("weights", make) / "1",))

    def fp32(self) -> Workload:
        def make(place: Path) -> None:
            weights.write(folder(place, 1) / "model.safetensors", weights.shapes(self.scaled(512), "F32"))

        return Workload("fp32", "fp32 weights", (self.made("fp32", make) / "1",))

    def base(self) -> tuple[Path, dict[str, Tensor]]:
        """The weights of which there are second versions: 512 MiB, a layer about 5 % of them."""

        def make(place: Path) -> None:
            weights.write(place / "model.safetensors", weights.shapes(self.scaled(512), width=1024))

        path = self.made("base", make) / "model.safetensors"
        return path, tensors.read(path)

    def changed(
        self, name: str, title: str, change: Callable[[dict[str, Tensor]], dict[str, Tensor]], note: str = ""
    ) -> Workload:
        """The weights, then with a change; tensors that are new or have other values are the part that is new."""

        def make(place: Path) -> None:
            path, before = self.base()
            after = change(before)
            os.link(path, folder(place, 1) / "model.safetensors")
            tensors.write(folder(place, 2) / "model.safetensors", after, {"note": note} if note else None)
            new = {key: one for key, one in after.items() if before.get(key) is not one}
            if 0 < len(new) < len(before):
                tensors.write(folder(place, "part") / "model.safetensors", new)

        place = self.made(name, make)
        part = place / "part"
        return Workload(name, title, (place / "1", place / "2"), part if part.exists() else None)

    def retrained(self) -> Workload:
        def change(before: dict[str, Tensor]) -> dict[str, Tensor]:
            total, new, names = sum(one.values.nbytes for one in before.values()), {}, list(before)
            generator = numpy.random.default_rng(SEED + 1)
            while names and sum(one.values.nbytes for one in new.values()) < total // 20:
                name = names.pop()
                new[name] = nudge(before[name], generator, 0.5)
            return before | new

        return self.changed("retrained", "last layers retrained, 5 %", change)

    def nudged(self) -> Workload:
        def change(before: dict[str, Tensor]) -> dict[str, Tensor]:
            generator = numpy.random.default_rng(SEED + 2)
            return {name: nudge(one, generator, 1e-3) for name, one in before.items()}

        return self.changed("nudged", "all weights moved by 0.1 %", change)

    def grown(self) -> Workload:
        def change(before: dict[str, Tensor]) -> dict[str, Tensor]:
            generator = numpy.random.default_rng(SEED + 3)
            first = next(iter(before.values()))
            adapter = Tensor(first.dtype, nudge(first, generator, 0.5).values)
            names = list(before)
            after = {name: before[name] for name in names[:6]} | {"layers.0.adapter.weight": adapter}
            return after | {name: before[name] for name in names[6:]}

        return self.changed("grown", "header longer, a tensor inserted", change, note="n" * 100)

    def reordered(self) -> Workload:
        def change(before: dict[str, Tensor]) -> dict[str, Tensor]:
            names = list(before)
            random.Random(SEED).shuffle(names)
            return {name: before[name] for name in names}

        return self.changed("reordered", "tensors in another order", change)

    def checkpoints(self) -> Workload:
        """Five checkpoints of a small model, 20 steps of Adam with random gradients between two."""
        versions = range(1, 6)

        def make(place: Path) -> None:
            shapes = weights.shapes(self.scaled(32), "F32", width=512)
            generator = numpy.random.default_rng(SEED)
            now = [
                numpy.frombuffer(part, "<f4").reshape(shape).copy()
                for part, (_, shape) in zip(weights.parts(shapes), shapes.values(), strict=True)
            ]
            mean, square = [numpy.zeros_like(one) for one in now], [numpy.zeros_like(one) for one in now]
            for version in versions:
                for _ in range(20):
                    for weight, first, second in zip(now, mean, square, strict=True):
                        gradient = generator.standard_normal(weight.shape, numpy.float32) * numpy.float32(1e-3)
                        first += numpy.float32(0.1) * (gradient - first)
                        second += numpy.float32(0.001) * (gradient * gradient - second)
                        weight -= numpy.float32(1e-5) * first / (numpy.sqrt(second) + numpy.float32(1e-8))
                target = folder(place, version) / "checkpoint"
                target.mkdir()
                tensors.write(target / "model.safetensors", named(shapes, now))
                moments = named(shapes, mean, ".exp_avg") | named(shapes, square, ".exp_avg_sq")
                tensors.write(target / "optimizer.safetensors", moments)

        place = self.made("checkpoints", make)
        title = "5 checkpoints with Adam's state"
        return Workload("checkpoints", title, tuple(place / str(version) for version in versions))

    # Weights that were really trained

    def finetuned(self, dtype: str) -> Workload:
        versions = (f"base-{dtype}", f"step-300-{dtype}")
        return self.linked(f"minilm-{dtype}", f"MiniLM {dtype}, then fine-tuned", versions)

    def next_checkpoint(self, dtype: str) -> Workload:
        return self.linked(f"next-{dtype}", f"next checkpoint, {dtype}", (f"step-200-{dtype}", f"step-300-{dtype}"))

    def linked(self, name: str, title: str, files: tuple[str, ...]) -> Workload:
        def make(place: Path) -> None:
            for version, file in enumerate(files, 1):
                os.link(self.minilm / f"{file}.safetensors", folder(place, version) / "model.safetensors")

        place = self.made(name, make)
        return Workload(name, title, tuple(place / str(version + 1) for version in range(len(files))))

    def training(self) -> Workload:
        """Three checkpoints of the fine-tuning, with the optimizer's state."""

        def make(place: Path) -> None:
            for version in (1, 2, 3):
                target = folder(place, version) / "checkpoint"
                target.mkdir()
                for kind, name in (("fp32", "model"), ("adam", "optimizer")):
                    source = self.minilm / f"step-{version}00-{kind}.safetensors"
                    os.link(source, target / f"{name}.safetensors")

        place = self.made("training", make)
        return Workload("training", "3 of MiniLM with Adam's state", tuple(place / str(one) for one in (1, 2, 3)))

    # Records

    def json(self) -> Workload:
        """Annotations as those of COCO; of every thousandth the box and the category are edited."""

        def make(place: Path) -> None:
            count = self.scaled(555_000)
            edited = set(random.Random(SEED).sample(range(count), count // 1000))
            for version in (1, 2):
                path = folder(place, version) / "instances.json"
                generator, edits = random.Random(SEED), random.Random(SEED + 1)
                with open(path, "w", encoding="ascii") as file:
                    file.write('{"info": {"description": "made up", "version": "1.0"}, "annotations": [')
                    for number in range(count):
                        record = annotation(number, generator, edits if version == 2 and number in edited else None)
                        file.write(("" if number == 0 else ", ") + record)
                    file.write("]}")

        place = self.made("json", make)
        return Workload("json", "JSON, 0.1 % of records edited", (place / "1", place / "2"))

    def csv(self) -> Workload:
        """Rows of measurements; of every thousandth two values are edited."""

        def make(place: Path) -> None:
            count = self.scaled(2_866_000)
            edited = set(random.Random(SEED).sample(range(count), count // 1000))
            for version in (1, 2):
                path = folder(place, version) / "table.csv"
                generator, edits = random.Random(SEED), random.Random(SEED + 1)
                with open(path, "w", encoding="ascii") as file:
                    file.write("id,time,sensor,x,y,z,label,score\n")
                    for number in range(count):
                        file.write(row(number, generator, edits if version == 2 and number in edited else None))

        place = self.made("csv", make)
        return Workload("csv", "CSV, 0.1 % of rows edited", (place / "1", place / "2"))

    # Files

    def files(self) -> Workload:
        """Files of noise in folders of 100; then some more, some fewer, some with other content."""

        def make(place: Path) -> None:
            noise, count = random.Random(SEED), self.scaled(50_000)
            names = [f"{number // 100:03}/{number % 100:02}.bin" for number in range(count)]
            first, second = folder(place, 1) / "files", folder(place, 2) / "files"
            for name in names:
                write_noise(first / name, noise)
                (second / name).parent.mkdir(parents=True, exist_ok=True)
                os.link(first / name, second / name)
            removed, changed = self.scaled(200), self.scaled(100)
            picked = noise.sample(names, removed + changed)
            for name in picked:
                (second / name).unlink()
            for name in picked[removed:]:
                write_noise(second / name, noise)
            for number in range(self.scaled(500)):
                write_noise(second / f"new/{number:03}.bin", noise)

        place = self.made("files", make)
        return Workload("files", "small files, 1.6 % touched", (place / "1", place / "2"))

    # What no codec shortens

    def noise(self) -> Workload:
        def make(place: Path) -> None:
            generator = numpy.random.default_rng(SEED)
            (folder(place, 1) / "noise.bin").write_bytes(generator.bytes(self.scaled(256) << 20))

        return Workload("noise", "noise", (self.made("noise", make) / "1",))

    def jpeg(self) -> Workload:
        """Pictures as cameras write them: the same tables, then bits that are entropy-coded already."""

        def make(place: Path) -> None:
            generator = random.Random(SEED)
            tables = b"\xff\xd8\xff\xe0\x00\x10JFIF\0" + bytes(range(1, 255)) * 2
            target = folder(place, 1) / "images"
            target.mkdir()
            for number in range(self.scaled(2000)):
                bits = generator.randbytes(generator.randint(64 << 10, 192 << 10)).replace(b"\xff", b"\xff\0")
                (target / f"{number:04}.jpg").write_bytes(tables + bits + b"\xff\xd9")

        return Workload("jpeg", "files like JPEG", (self.made("jpeg", make) / "1",))


def folder(place: Path, version: int | str) -> Path:
    path = place / str(version)
    path.mkdir()
    return path


def nudge(tensor: Tensor, generator: numpy.random.Generator, share: float) -> Tensor:
    """Every value of bf16 moved at random, by that share of itself."""
    values = tensors.floats(tensor.values)
    moves = generator.standard_normal(values.shape, numpy.float32) * numpy.float32(share)
    return Tensor("BF16", tensors.bf16(values * (1 + moves)))


def named(shapes: weights.Shapes, values: list[numpy.ndarray], suffix: str = "") -> dict[str, Tensor]:
    return {name + suffix: Tensor("F32", one) for name, one in zip(shapes, values, strict=True)}


def annotation(number: int, generator: random.Random, edits: random.Random | None) -> str:
    """One of an object in a picture: its outline, its box and its category."""
    uniform = generator.random
    x, y, width, height = uniform() * 500, uniform() * 400, 10 + uniform() * 120, 10 + uniform() * 120
    outline = ", ".join(
        f"{x + uniform() * width:.2f}, {y + uniform() * height:.2f}" for _ in range(6 + int(uniform() * 16))
    )
    category, image = 1 + int(uniform() * 90), 1 + int(uniform() * 580_000)
    if edits:
        x, y, category = x + edits.random() * 5, y + edits.random() * 5, 1 + int(edits.random() * 90)
    return (
        f'{{"segmentation": [[{outline}]], "area": {width * height:.4f}, "iscrowd": 0, "image_id": {image}, '
        f'"bbox": [{x:.2f}, {y:.2f}, {width:.2f}, {height:.2f}], "category_id": {category}, "id": {900_000 + number}}}'
    )


def row(number: int, generator: random.Random, edits: random.Random | None) -> str:
    uniform = generator.random
    sensor, label, x, y, z, score = int(uniform() * 64), int(uniform() * 10), uniform(), uniform(), uniform(), uniform()
    if edits:
        x, label = edits.random(), int(edits.random() * 10)
    return (
        f"{number},2026-01-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z,s{sensor:02},"
        f"{x * 200 - 100:.4f},{y * 200 - 100:.4f},{z * 200 - 100:.4f},c{label},{score:.6f}\n"
    )


def write_noise(path: Path, generator: random.Random) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(generator.randbytes(generator.randint(4 << 10, 40 << 10)))


def main() -> None:
    maker = Maker(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
    names = sys.argv[4:] or list(maker.workloads)
    if unknown := [name for name in names if name not in maker.workloads]:
        sys.exit(f"error: no such case: {', '.join(unknown)}")
    made = [asdict(make()) for name, make in maker.workloads.items() if name in names]
    json.dump(made, sys.stdout, default=str)


if __name__ == "__main__":
    main()
