#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Made the files beside it: `make.py`, with NumPy 2.4, PyTorch 2.13 and gguf 0.19."""

import pathlib

import gguf
import numpy
import torch

HERE = pathlib.Path(__file__).parent


def arrays():
    numpy.save(HERE / "array.npy", numpy.arange(6, dtype="<f4").reshape(2, 3))
    with_names = {
        "w": numpy.asfortranarray(numpy.arange(6, dtype="<f2").reshape(2, 3)),
        "text": numpy.array("ab"),
        "big": numpy.arange(2, dtype=">f4"),
        "when": numpy.array(["2020-01-01"], dtype="<M8[D]"),
    }
    numpy.savez(HERE / "arrays.npz", numpy.arange(3, dtype="<i8"), **with_names)
    numpy.savez_compressed(HERE / "compressed.npz", w=numpy.zeros(9))
    numpy.savez(HERE / "objects.npz", w=numpy.zeros(9), o=numpy.array([None]))


def torch_files():
    torch.manual_seed(1)
    tied = torch.arange(8, dtype=torch.float32).reshape(4, 2)
    state = {
        "embed.weight": tied,
        "head.weight": tied,
        "view": torch.arange(12, dtype=torch.bfloat16)[4:8],
        "transposed": torch.arange(6, dtype=torch.float16).reshape(2, 3).t(),
        "step": torch.tensor(7),
        "f8": torch.ones(3).to(torch.float8_e4m3fn),
        "complex": torch.zeros(1, dtype=torch.complex128),
        "parameter": torch.nn.Parameter(torch.ones(2)),
    }
    torch.save(state, HERE / "state.pt")
    module = torch.nn.Linear(2, 1)
    optimizer = torch.optim.Adam(module.parameters())
    module(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    both = {"model": module.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    torch.save(both, HERE / "checkpoint.pt")
    torch.save(module, HERE / "module.pt")
    torch.save(module.weight, HERE / "tensor.pt")


def gguf_file():
    writer = gguf.GGUFWriter(HERE / "model.gguf", "llama")
    writer.add_array("words", ["a", "bc"])
    writer.add_float32("number", 1.0)
    writer.add_array("numbers", [1, 2, 3])
    writer.add_tensor("a.weight", numpy.arange(5, dtype="<f4"))
    quantized = numpy.zeros((2, 34), dtype="u1")
    writer.add_tensor("q", quantized, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor("h", numpy.zeros((3, 2), dtype="<f2"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


arrays()
torch_files()
gguf_file()
