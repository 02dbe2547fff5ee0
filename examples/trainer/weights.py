# SPDX-License-Identifier: Apache-2.0
"""Weights as safetensors files: a length, a header in JSON, then the tensors. All of them are float32 here."""

import json
import struct
from pathlib import Path

import torch
from model import Classifier


def write(path, model, **shape):
    """Writes the weights of a model, and beside them what it takes to build it again."""
    header = {"__metadata__": {name: str(value) for name, value in shape.items()}}
    bodies, end = [], 0
    for name, tensor in sorted(model.state_dict().items()):
        bodies.append(tensor.detach().cpu().numpy().astype("<f4").tobytes())
        begin, end = end, end + len(bodies[-1])
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(bodies))


def read(directory):
    """The model of the only safetensors file of a directory, ready to be asked."""
    found = sorted(Path(directory).glob("*.safetensors"))
    if len(found) != 1:
        raise SystemExit(f"error: {len(found)} safetensors files in {directory}, not one")
    raw = found[0].read_bytes()
    (size,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8 : 8 + size])
    shape = {name: int(value) for name, value in header.pop("__metadata__").items()}
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        values = torch.frombuffer(bytearray(raw[begin:end]), dtype=torch.float32)
        tensors[name] = values.reshape(entry["shape"])
    model = Classifier(**shape)
    model.load_state_dict(tensors)
    return model.eval()
