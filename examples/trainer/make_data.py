#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the images of scanned digits and their annotations into a project, with the functions of examples/demo.

    make_data.py WHEELS PROJECT VERSION [COUNT]

Version 2 corrects wrong labels of version 1, adds images and leaves some out.
COUNT takes so many rows of the data only.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "demo"))

import make_input  # noqa: E402


def main(wheels, project, version, count=None):
    wheels, project = Path(wheels), Path(project)
    compressed = project / "digits.csv.gz"
    make_input.extract(wheels, make_input.DIGITS, compressed)
    digits = make_input.read_digits(compressed)
    compressed.unlink()
    images = make_input.images_of(digits, int(version))
    if count:
        images = {name: image for name, image in images.items() if image[0] < int(count)}
    added, removed = make_input.write_images(project / "data", images)
    (project / "annotations").mkdir(exist_ok=True)
    text = json.dumps(make_input.annotations_of(images), indent=1) + "\n"
    (project / "annotations" / "digits.json").write_text(text)
    print(f"images: {len(images):,} ({added:,} written, {removed:,} removed)")


if __name__ == "__main__":
    main(*sys.argv[1:])
