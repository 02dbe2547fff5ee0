# SPDX-License-Identifier: Apache-2.0
"""The scripts in the examples of engines, and the command lines of reg in them."""

import yaml
from commands import in_script
from place import EXAMPLES

ENGINES = ("docker", "kubernetes")


def all_of_them():
    """The shell, the text and the place of each script."""
    for path in sorted(EXAMPLES.glob("*/*.sh")):
        if path.parent.name in ENGINES:
            text = path.read_text()
            yield "bash" if "bash" in text.splitlines()[0] else "sh", text, path


def command_lines():
    """The words after `reg` of each command line, and its place."""
    found = [(words, place) for _, script, place in all_of_them() for words in in_script(script)]
    for path in EXAMPLES.glob("kubernetes/*.yaml"):
        for manifest in yaml.safe_load_all(path.read_text()):
            # The entry point of the image passes its arguments to reg run.
            if manifest["kind"] == "Job":
                containers = manifest["spec"]["template"]["spec"]["containers"]
                found += [(["run", *container["args"]], path) for container in containers]
    return found
