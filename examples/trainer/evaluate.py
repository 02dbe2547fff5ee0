# SPDX-License-Identifier: Apache-2.0
"""Measures a candidate, as a run of reg: the pin has its weights as the artifact `digits` (reg pin --with).

Writes accuracy and loss over the validation images and the latency of a single image into REG_METRICS.
"""

import json
import os
import statistics
import time
from pathlib import Path

import torch
import weights
from data import inputs, load
from torch.nn import functional

TIMED = 200


def latency(model, image):
    """The median time in milliseconds from an image in memory to its label."""
    taken = []
    for _ in range(TIMED):
        begin = time.perf_counter()
        model(image).argmax(1).item()  # .item() waits for a GPU
        taken.append(time.perf_counter() - begin)
    return 1000 * statistics.median(taken)


@torch.no_grad()
def main():
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = weights.read(inputs() / "digits").to(device)
    images, labels = (tensor.to(device) for tensor in load("val"))
    scores = model(images)
    metrics = {
        "accuracy": (scores.argmax(1) == labels).float().mean().item(),
        "loss": functional.cross_entropy(scores, labels).item(),
        "latency_ms": latency(model, images[:1]),
    }
    Path(os.environ["REG_METRICS"]).write_text(json.dumps(metrics) + "\n")
    print(f"{len(images)} images on {device}: " + ", ".join(f"{name} {value:.4f}" for name, value in metrics.items()))


if __name__ == "__main__":
    main()
