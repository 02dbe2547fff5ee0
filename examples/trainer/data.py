# SPDX-License-Identifier: Apache-2.0
"""Images and their labels, from the inputs of a run."""

import json
import os
import struct
import zlib
from pathlib import Path

import numpy
import torch


def inputs():
    """The directory with all that the run may read."""
    if "REG_INPUTS" not in os.environ:
        raise SystemExit("error: no REG_INPUTS; start this with 'reg run --pin PIN', or after 'reg env --pin PIN'")
    return Path(os.environ["REG_INPUTS"])


def read_png(path):
    """The grey values of a PNG of 8 bits a pixel, not interlaced, as uint8 [height, width]."""
    with open(path, "rb") as file:
        raw = file.read()
    if raw[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError(f"{path} is no PNG")
    position, packed = 8, b""
    while position < len(raw):
        size, kind = struct.unpack_from(">I4s", raw, position)
        body = raw[position + 8 : position + 8 + size]
        position += size + 12  # size, kind, body, checksum
        if kind == b"IHDR":
            width, height, *form = struct.unpack(">IIBBBBB", body)
            if form != [8, 0, 0, 0, 0]:
                raise ValueError(f"{path} is not grey with 8 bits a pixel, or is interlaced")
        elif kind == b"IDAT":
            packed += body
    unpacked = zlib.decompress(packed)
    lines, above = [], bytes(width)
    for start in range(0, height * (width + 1), width + 1):
        above = unfilter(unpacked[start], unpacked[start + 1 : start + 1 + width], above)
        lines.append(above)
    return numpy.frombuffer(b"".join(lines), numpy.uint8).reshape(height, width)


def unfilter(method, line, above):
    """The pixels of a line, which PNG keeps as differences to the pixels left of and above them."""
    if method == 0:
        return line
    result = bytearray()
    for column, value in enumerate(line):
        left = result[column - 1] if column else 0
        corner = above[column - 1] if column else 0
        up = above[column]
        nearest = min((left, up, corner), key=lambda near: abs(left + up - corner - near))
        result.append((value + (0, left, up, (left + up) // 2, nearest)[method]) % 256)
    return bytes(result)


def as_tensor(images):
    """Images of one size, scaled to 0…1: float32 [n, 1, height, width]."""
    return torch.from_numpy(numpy.stack(images)).float().div(255).unsqueeze(1)


def load(split):
    """The images of `train` or `val` and their labels, int64 [n]; wherever the files lie, in the same order."""
    document = json.loads((inputs() / "annotations/digits.json").read_text())
    labels = {entry["image_id"]: entry["category_id"] for entry in document["annotations"]}
    chosen = [entry for entry in document["images"] if entry["file_name"].startswith(split + "/")]
    if not chosen:
        raise SystemExit(f"error: the annotations name no image of {split}")
    directory = inputs() / "data"
    images = [read_png(f"{directory}/{entry['file_name']}") for entry in chosen]
    return as_tensor(images), torch.tensor([labels[entry["id"]] for entry in chosen])
