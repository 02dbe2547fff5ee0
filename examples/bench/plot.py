# SPDX-License-Identifier: Apache-2.0
"""Grouped bars as an SVG file."""

from html import escape
from pathlib import Path

COLORS = ("#d1495b", "#30638e", "#7fa7c9", "#3a7d44", "#9cc5a1", "#8d6a9f", "#c9b458", "#8a8a8a")
BAR, GAP, LEFT, TOP, HEIGHT = 9, 26, 210, 64, 9
WIDTH = 520


def write(path: Path, title: str, groups: list[tuple[str, dict[str, float]]]) -> None:
    """A group for each pair of a label and shares by name, the bars from left to right, from 0 to 1."""
    names = list(dict.fromkeys(name for _, shares in groups for name in shares))
    colors = {name: COLORS[place % len(COLORS)] for place, name in enumerate(names)}
    body, y = [], TOP
    for label, shares in groups:
        height = BAR * len(shares)
        body.append(text(LEFT - 8, y + height / 2 + 4, label, "end"))
        for name, share in shares.items():
            length = max(1, WIDTH * min(share, 1.08))
            body.append(f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR - 1}" fill="{colors[name]}"/>')
            if name == names[0]:
                body.append(text(LEFT + length + 4, y + 8, f"{share:.3f}", size=9))
            y += BAR
        y += GAP - BAR
    axis = [grid(share, y - GAP + BAR) for share in (0, 0.25, 0.5, 0.75, 1)]
    legend, x = [], LEFT
    for name in names:
        legend.append(f'<rect x="{x}" y="34" width="9" height="9" fill="{colors[name]}"/>{text(x + 13, 42, name)}')
        x += 26 + 6.5 * len(name)
    picture = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 80}" height="{y}" '
        'font-family="sans-serif" font-size="11" fill="#222">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        text(LEFT, 20, title, size=13),
        *legend,
        *axis,
        *body,
        "</svg>",
    ]
    path.write_text("\n".join(picture) + "\n")


def text(x: float, y: float, content: str, anchor: str = "start", size: int = 11) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{escape(content)}</text>'


def grid(share: float, bottom: float) -> str:
    x = LEFT + WIDTH * share
    line = f'<line x1="{x}" y1="{TOP - 4}" x2="{x}" y2="{bottom}" stroke="#ddd"/>'
    return line + text(x, TOP - 8, f"{share:g}", "middle", 9)
