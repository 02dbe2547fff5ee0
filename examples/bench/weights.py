#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a file of weights as training leaves it: tensors of a transformer, normal values, the same every time.

  weights.py FILE MEBIBYTES

As a program it writes bf16 tensors of a model of width 2048.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy
import tensors

Shapes = dict[str, tuple[str, tuple[int, ...]]]


def shapes(mebibytes: int, dtype: str = "BF16", width: int = 2048) -> Shapes:
    """Layers of a transformer until there is that much of them; a layer of width 2048 in bf16 is 96 MiB."""
    layer = {
        "attention.query": (width, width),
        "attention.key": (width, width),
        "attention.value": (width, width),
        "attention.output": (width, width),
        "mlp.up": (4 * width, width),
        "mlp.down": (width, 4 * width),
    }
    found: Shapes = {}
    end = 0
    while end < mebibytes << 20:
        number, place = divmod(len(found), len(layer))
        name, shape = list(layer.items())[place]
        end += numpy.dtype(tensors.TYPES[dtype]).itemsize * shape[0] * shape[1]
        found[f"layers.{number}.{name}.weight"] = (dtype, shape)
    return found


def parts(shapes: Shapes) -> Iterator[bytes]:
    """The bytes of one tensor after the other."""
    random = numpy.random.default_rng(1)
    for dtype, (rows, columns) in shapes.values():
        values = random.standard_normal(rows * columns, numpy.float32) * numpy.float32(columns**-0.5)
        if dtype == "BF16":
            # bf16 is the upper half of a float.
            values = values.view(numpy.uint32) >> 16
        yield values.astype(tensors.TYPES[dtype]).tobytes()


def write(path: Path, shapes: Shapes) -> None:
    tensors.write_parts(path, shapes, parts(shapes))


if __name__ == "__main__":
    write(Path(sys.argv[1]), shapes(int(sys.argv[2])))
