#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that docs/tutorial.md shows what story.sh prints.

    story.sh >STORY 2>&1; tutorial.py STORY PAGE [--write]

Each `$ command` in a console block of PAGE is one of the story, in its order, and the lines below it are what the story
printed; `…` on a line of its own stands for lines left out. Ids, times, sizes, fractions and spaces may be others.
Each line of a Python block is one of a script beside this one. --write takes the lines of the story instead of those
of PAGE; where others came, all of them, to be shortened by hand.
"""

import re
import sys
from pathlib import Path

GAP = "…"
VARYING = [
    (r"[█▉▊▋▌▍▎▏]+", "bar"),
    (r"\b[0-9a-f]{12,}\b", "id"),
    (r"\b\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\dZ)?)?\b", "time"),
    (r"\b\d+(\.\d+)? ([KMG]i)?B\b", "size"),
    (r"\b\d+(\.\d+)+\w*(e-?\d+)?", "fraction"),
    (r"\s+", " "),
]


def common(line):
    """A line without what is another one each time."""
    for pattern, word in VARYING:
        line = re.sub(pattern, word, line)
    return line.strip()


def commands(lines):
    """The commands among lines, each with what it printed: [(command, lines)]."""
    found = []
    for line in lines:
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line.startswith("== "):
            found.append((None, []))
        elif found:
            found[-1][1].append(line)
    for _, printed in found:
        while printed and not printed[-1]:
            printed.pop()
    return [entry for entry in found if entry[0] is not None]


def read_story(path):
    """The commands of the story, with ~/tutorial for the directory that it works in."""
    text = Path(path).read_text()
    end = re.search(r"the page of the comparison is (/.*)/diff\.html", text)
    if not end:
        sys.exit(f"error: {path}: the story did not come to its end")
    text = text[: end.start()].rpartition("\n")[0]
    return commands(text.replace(end[1], "~/tutorial").splitlines())


def fit(shown, printed):
    """The printed lines in the place of those that are shown, or None where these do not fit them."""
    result, place, gap = [], 0, False
    for index, line in enumerate(shown):
        if line == GAP:
            result.append(line)
            gap = True
            continue
        rest = range(place, len(printed) if gap else min(place + 1, len(printed)))
        if gap and GAP not in shown[index:]:
            # What follows the last gap is the end.
            rest = range(max(place, len(printed) - len(shown) + index), len(printed))
        place = next((at for at in rest if common(printed[at]) == common(line)), None)
        if place is None:
            return None
        result.append(printed[place])
        place, gap = place + 1, False
    return result if gap or place == len(printed) else None


def check(page, story, scripts):
    """The page with the story's lines, and what is wrong with it."""
    result, problems = [], []
    story = iter(story)
    for part in re.split(r"(^```.*?^```$\n?)", page, flags=re.M | re.S):
        lines = part.splitlines()
        if part.startswith("```console"):
            result.append(lines[0])
            for command, shown in commands(lines[1:-1]):
                found = next((entry for entry in story if common(entry[0]) == common(command)), None)
                if not found:
                    sys.exit(f"error: the story has no such command, or not at this place:\n$ {command}")
                fitting = fit(shown, found[1])
                if fitting is None:
                    problems.append(f"$ {command}\nprints now\n" + "\n".join(found[1]))
                result += ["$ " + found[0]] + (found[1] if fitting is None else fitting)
            result.append(lines[-1])
            continue
        if part.startswith("```python"):
            problems += [f"no script has the line: {line}" for line in lines[1:-1] if line and line not in scripts]
        result += lines
    return result, problems


def main(story, path, write=None):
    scripts = {line for script in Path(__file__).parent.glob("*.py") for line in script.read_text().splitlines()}
    lines, problems = check(Path(path).read_text(), read_story(story), scripts | {GAP})
    for problem in problems:
        print(f"{path}: {problem}\n", file=sys.stderr)
    if write:
        Path(path).write_text("\n".join(lines) + "\n")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or sys.argv[3:] not in ([], ["--write"]):
        sys.exit(__doc__)
    main(*sys.argv[1:])
