#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the page that docs/diff.md shows: a detector before and after it was trained on new labels.

    picture.py REG PAGE [PICTURE]

REG is the program, PAGE the HTML file to write, PICTURE a PNG of its top, taken with headless Chromium. The comparison
is printed as Markdown as well. Needs git; all numbers come from one seed.
"""

import array
import csv
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

from take import take

LAYERS = 8
WIDTH = 48


def tensors(random):
    """The weights of a small transformer: name -> (shape, values)."""
    weights = {}

    def add(name, *shape, deviation=0.02):
        count = 1
        for size in shape:
            count *= size
        weights[name] = (shape, array.array("f", (random.gauss(0, deviation) for _ in range(count))))

    add("embeddings.patch.weight", WIDTH, 3, 8, 8, deviation=0.05)
    add("embeddings.position", 64, WIDTH)
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}"
        for part in ("query", "key", "value", "output"):
            add(f"{prefix}.attention.{part}.weight", WIDTH, WIDTH)
            add(f"{prefix}.attention.{part}.bias", WIDTH, deviation=0.01)
        add(f"{prefix}.mlp.up.weight", 4 * WIDTH, WIDTH)
        add(f"{prefix}.mlp.down.weight", WIDTH, 4 * WIDTH)
        add(f"{prefix}.norm.weight", WIDTH, deviation=0.1)
    add("head.boxes.weight", 4, WIDTH)
    add("head.classes.weight", 8, WIDTH, deviation=0.04)
    add("head.classes.bias", 8, deviation=0.1)
    return weights


def finetuned(weights, random):
    """The same after some steps: the first layers stay, the last ones move most, the head gets two classes more."""
    result = {}
    for name, (shape, values) in weights.items():
        parts = name.split(".")
        if parts[0] == "embeddings":
            share = 0
        elif parts[0] == "encoder":
            layer = int(parts[2])
            share = 0 if layer < 2 else 0.012 * 1.45 ** layer * (1.6 if "mlp" in name else 1)
        else:
            share = 0.3
        if name == "head.classes.weight":
            shape, values = (10, WIDTH), values + array.array("f", (random.gauss(0, 0.04) for _ in range(2 * WIDTH)))
        elif name == "head.classes.bias":
            shape, values = (10,), values + array.array("f", (0.0, 0.0))
        elif share:
            scale = (sum(v * v for v in values) / len(values)) ** 0.5
            values = array.array("f", (v * (1 + share / 2) + random.gauss(0, share * scale) for v in values))
        result[name] = (shape, values)
    return result


def write_safetensors(path, weights):
    header, place = {}, 0
    for name, (shape, values) in weights.items():
        size = len(values) * 4
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [place, place + size]}
        place += size
    text = json.dumps(header, separators=(",", ":")).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, values in weights.values():
            values.tofile(file)


CLASSES = ["person", "car", "bicycle", "bus", "truck", "motorbike", "dog", "traffic light", "scooter", "wheelchair"]


def write_annotations(path, images, random, classes):
    """Boxes in the format of COCO."""
    boxes, number = [], 0
    for image in range(images):
        for _ in range(random.randint(2, 9)):
            number += 1
            label = min(int(random.expovariate(0.45)), classes - 1)
            x, y, w, h = (random.randint(0, 500), random.randint(0, 300), random.randint(8, 140), random.randint(8, 140))
            boxes.append({"id": number, "image_id": image, "category_id": label, "bbox": [x, y, w, h]})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({
        "images": [{"id": i, "file_name": f"{i:06}.jpg", "width": 640, "height": 420} for i in range(images)],
        "categories": [{"id": i, "name": name} for i, name in enumerate(CLASSES[:classes])],
        "annotations": boxes,
    }))
    return boxes


def relabel(path, random):
    """What a second look at the labels changes: some boxes moved, some got their right class, some are new."""
    document = json.loads(path.read_text())
    document["categories"] += [{"id": i, "name": CLASSES[i]} for i in (8, 9)]
    for box in document["annotations"]:
        chance = random.random()
        if chance < 0.05:
            box["bbox"][0] += 3
        elif chance < 0.11 and box["category_id"] in (2, 5):
            box["category_id"] = 8
        elif chance < 0.11 and box["category_id"] == 0:
            box["category_id"] = random.choice([0, 9])
    first = len(document["images"])
    number = len(document["annotations"])
    for image in range(first, first + 40):
        document["images"].append({"id": image, "file_name": f"{image:06}.jpg", "width": 640, "height": 420})
        for _ in range(random.randint(3, 8)):
            number += 1
            document["annotations"].append({
                "id": number, "image_id": image, "category_id": random.choice([0, 1, 1, 2, 8, 8, 9]),
                "bbox": [random.randint(0, 500), random.randint(0, 300), 40, 60]})
    path.write_text(json.dumps(document))


def write_metrics(path, random, best, pace):
    """A curve of training, a JSON object for each epoch."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as file:
        for epoch in range(1, 41):
            done = 1 - 2.718 ** (-epoch / pace)
            json.dump({
                "step": epoch, "train": {"loss": round(2.6 * (1 - done) + 0.42 + random.gauss(0, 0.015), 4)},
                "val": {
                    "map50": round(best * done + random.gauss(0, 0.006), 4),
                    "recall": round((best + 0.06) * done + random.gauss(0, 0.006), 4),
                },
            }, file)
            file.write("\n")


def main(reg, page, picture=None):
    reg = os.path.abspath(reg)
    page = pathlib.Path(page).absolute()
    source = random.Random(7)
    with tempfile.TemporaryDirectory(prefix="reg-picture-") as place:
        root = pathlib.Path(place, "detector")
        root.mkdir()
        environment = {
            "PATH": os.environ["PATH"], "HOME": place, "XDG_DATA_HOME": place, "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada Lovelace", "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada Lovelace", "GIT_COMMITTER_EMAIL": "ada@example.org",
        }

        def run(*command, day=1, **options):
            date = f"2026-05-{day:02}T09:30:00+02:00"
            return subprocess.run(
                command, cwd=root, check=True, env={**environment, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date},
                stdin=subprocess.DEVNULL, **options)

        def commit(message, day):
            run("git", "add", "--all")
            run("git", "commit", "--quiet", "--allow-empty", "--message", message, day=day)

        run("git", "init", "--quiet", "--initial-branch", "main")
        run(reg, "init", "--quiet")
        weights = tensors(source)
        write_safetensors(root / "weights/detector.safetensors", weights)
        (root / "config").mkdir()
        config = root / "config/train.yaml"
        config.write_text("epochs: 40\noptimizer:\n  name: adamw\n  lr: 0.001\naugment:\n  flip: true\nclasses: 8\n")
        labels = root / "labels/train.json"
        write_annotations(labels, 320, source, 8)
        write_metrics(root / "metrics/train.jsonl", source, 0.71, 9)
        for path, name, kind in (
            ("weights/detector.safetensors", "detector", "weights"), ("config", "config", "config"),
            ("labels", "labels", "annotations"), ("metrics", "metrics", "metrics"),
        ):
            run(reg, "add", path, "--as", name, "--type", kind, "--quiet")
        commit("Train the detector", 1)
        run(reg, "push", "--quiet")

        relabel(labels, source)
        commit("Label scooters and wheelchairs", 4)
        config.write_text(
            "epochs: 40\noptimizer:\n  name: adamw\n  lr: 0.0004\n  warmup: 500\naugment:\n  flip: true\n"
            "  mosaic: 0.5\nclasses: 10\n")
        commit("Lower the learning rate, warm up first", 6)
        write_safetensors(root / "weights/detector.safetensors", finetuned(weights, source))
        write_metrics(root / "metrics/train.jsonl", source, 0.78, 7)
        run(reg, "add", "--quiet")
        commit("Train on the new labels", 7)
        run(reg, "push", "--quiet", day=7)
        run(reg, "diff", "HEAD~3", "HEAD", "--md", "--html", str(page))
    if picture:
        take(page, picture, 2130)


if __name__ == "__main__":
    if not 3 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
