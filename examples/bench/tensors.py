# SPDX-License-Identifier: Apache-2.0
"""Files in the format of safetensors: a header that names the tensors, then their bytes."""

import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy

TYPES = {"F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8"}


@dataclass(frozen=True)
class Tensor:
    """Its values, in the type of numpy that TYPES has for `dtype`; those of bf16 are the upper halves of floats."""

    dtype: str
    values: numpy.ndarray

    @property
    def bytes(self) -> bytes:
        return self.values.astype(TYPES[self.dtype], copy=False).tobytes()


def bf16(values: numpy.ndarray) -> numpy.ndarray:
    """Floats rounded to the nearest of bf16, to even ones where two are as near."""
    bits = values.astype("<f4", copy=False).view("<u4")
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")


def floats(values: numpy.ndarray) -> numpy.ndarray:
    """The floats that values of bf16 are."""
    return (values.astype("<u4") << 16).view("<f4")


def write(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    shapes = {name: (one.dtype, one.values.shape) for name, one in tensors.items()}
    write_parts(path, shapes, (one.bytes for one in tensors.values()), metadata)


def write_parts(
    path: Path,
    shapes: dict[str, tuple[str, tuple[int, ...]]],
    parts: Iterable[bytes],
    metadata: dict[str, str] | None = None,
) -> None:
    """Writes tensors of these types and shapes, whose bytes come one after the other."""
    header: dict[str, object] = {"__metadata__": metadata} if metadata else {}
    end = 0
    for name, (dtype, shape) in shapes.items():
        start, end = end, end + numpy.dtype(TYPES[dtype]).itemsize * int(numpy.prod(shape))
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for part in parts:
            file.write(part)


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a file in the order of their bytes, mapped into memory."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    content = numpy.memmap(path, mode="r")[8 + length :]
    tensors = {}
    for name, one in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        start, end = one["data_offsets"]
        values = content[start:end].view(TYPES[one["dtype"]]).reshape(one["shape"])
        tensors[name] = Tensor(one["dtype"], values)
    return tensors
