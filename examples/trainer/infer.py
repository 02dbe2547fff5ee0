# SPDX-License-Identifier: Apache-2.0
"""Reads digits from images, with weights that `reg pull digits@prod -o DIRECTORY` brought.

    infer.py DIRECTORY IMAGE...
"""

import sys

import torch
import weights
from data import as_tensor, read_png


@torch.no_grad()
def main(directory, paths):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = weights.read(directory).to(device)
    images = as_tensor([read_png(path) for path in paths]).to(device)
    for path, shares in zip(paths, model(images).softmax(1)):
        share, digit = shares.max(0)
        print(f"{path}: {digit.item()} ({share.item():.1%})")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: infer.py DIRECTORY IMAGE...")
    main(sys.argv[1], sys.argv[2:])
