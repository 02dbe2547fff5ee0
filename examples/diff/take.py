#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Takes a picture of the top of a page, with headless Chromium.

    take.py PAGE PICTURE HEIGHT
"""

import pathlib
import subprocess
import sys
import tempfile


def take(page, picture, height):
    """The top of a page, so many pixels high, as a PNG."""
    with tempfile.TemporaryDirectory(prefix="reg-profile-") as profile:
        subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
             "--disable-background-networking", f"--user-data-dir={profile}", f"--window-size=1040,{height}",
             f"--screenshot={pathlib.Path(picture).absolute()}", pathlib.Path(page).absolute().as_uri()],
            check=True, timeout=120, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    take(sys.argv[1], sys.argv[2], int(sys.argv[3]))
