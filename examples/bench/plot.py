# SPDX-License-Identifier: Apache-2.0
"""Grouped bars as an SVG file."""

from html import escape
from pathlib import Path

COLORS = ("#d1495b", "#30638e", "#7fa7c9", "#3a7d44", "#9cc5a1", "#8d6a9f", "#c9b458", "#8a8a8a")
LEFT, TOP, WIDTH, BAR, GAP = 210, 64, 520, 7, 15


def write(path: Path, title: str, groups: list[tuple[str, dict[str, float]]]) -> None:
    """A group of bars for each label and its shares by name, from 0 to 1; those of the first name have figures."""
    names = list(dict.fromkeys(name for _, shares in groups for name in shares))
    colors = dict(zip(names, COLORS, strict=False))
    bars, y = [], TOP
    for label, shares in groups:
        bars.append(text(LEFT - 8, y + BAR * len(shares) / 2 + 4, label, "end"))
        for name, share in shares.items():
            length = max(1, WIDTH * min(share, 1.05))
            bars.append(rectangle(LEFT, y, length, BAR - 1, colors[name]))
            if name == names[0]:
                bars.append(text(LEFT + length + 4, y + BAR, f"{share:.3f}", size=9))
            y += BAR
        y += GAP
    grid = [line(LEFT + WIDTH * share, y - GAP, f"{share:g}") for share in (0, 0.25, 0.5, 0.75, 1)]
    legend, x = [], LEFT
    for name in names:
        legend.append(rectangle(x, 34, 9, 9, colors[name]) + text(x + 13, 42, name))
        x += 28 + 6 * len(name)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 60}" height="{y}" '
        'font-family="sans-serif" font-size="11" fill="#222">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        text(LEFT, 20, title, size=13),
        *legend,
        *grid,
        *bars,
        "</svg>",
    ]
    path.write_text("\n".join(lines) + "\n")


def rectangle(x: float, y: float, width: float, height: float, color: str) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:.4g}" height="{height:g}" fill="{color}"/>'


def text(x: float, y: float, content: str, anchor: str = "start", size: int = 11) -> str:
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}">{escape(content)}</text>'


def line(x: float, bottom: float, label: str) -> str:
    mark = f'<line x1="{x:g}" y1="{TOP - 4}" x2="{x:g}" y2="{bottom:g}" stroke="#ddd"/>'
    return mark + text(x, TOP - 8, label, "middle", 9)
