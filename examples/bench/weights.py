#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a file of weights as training leaves it: bf16 tensors of a transformer, normal values, the same every time.

  weights.py FILE MEBIBYTES
"""

import json
import struct
import sys

import numpy

# One layer of a transformer of width 2048: 96 MiB.
LAYER = {
    "attention.query": (2048, 2048),
    "attention.key": (2048, 2048),
    "attention.value": (2048, 2048),
    "attention.output": (2048, 2048),
    "mlp.up": (8192, 2048),
    "mlp.down": (2048, 8192),
}


def main(path: str, mebibytes: int) -> None:
    tensors, header, end = [], {}, 0
    while end < mebibytes << 20:
        layer, place = divmod(len(tensors), len(LAYER))
        name, shape = list(LAYER.items())[place]
        start, end = end, end + 2 * shape[0] * shape[1]
        header[f"layers.{layer}.{name}.weight"] = {
            "dtype": "BF16",
            "shape": shape,
            "data_offsets": [start, end],
        }
        tensors.append(shape)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    random = numpy.random.default_rng(1)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for rows, columns in tensors:
            values = random.standard_normal(rows * columns, numpy.float32) * numpy.float32(columns**-0.5)
            # bf16 is the upper half of a float.
            file.write((values.view(numpy.uint32) >> 16).astype("<u2").tobytes())


main(sys.argv[1], int(sys.argv[2]))
