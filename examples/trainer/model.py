# SPDX-License-Identifier: Apache-2.0
"""A small network for grey images of 8 by 8 pixels."""

from torch import nn


class Classifier(nn.Module):
    """Three convolutions, then a linear layer: [n, 1, 8, 8] in, [n, classes] out.

    No dropout and no batch norm: what it computes depends on weights and images alone.
    """

    def __init__(self, width, classes=10):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1),
            nn.ReLU(),
        )
        self.head = nn.Linear(4 * width * 2 * 2, classes)

    def forward(self, images):
        return self.head(self.features(images).flatten(1))
