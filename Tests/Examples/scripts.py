# SPDX-License-Identifier: Apache-2.0
"""The scripts in the examples of engines, and the command lines of reg in them."""

import re
import textwrap

import yaml
from commands import in_script
from place import EXAMPLES

SHELL_STEP = re.compile(r"(?:\bsh |script: )(?:'''(.*?)'''|'((?:[^'\\\n]|\\.)*)')", re.S)


def all_of_them():
    """The shell, the text and the place of each script."""
    for path in sorted(EXAMPLES.glob("docker/*.sh")):
        yield "sh", path.read_text(), path
    for path in sorted(EXAMPLES.glob("jenkins/Jenkinsfile")):
        for match in SHELL_STEP.finditer(path.read_text()):
            yield "sh", textwrap.dedent(match[1] or match[2]), path
    for path in sorted(EXAMPLES.glob("github/*.yml")):
        for job in yaml.safe_load(path.read_text())["jobs"].values():
            for step in job["steps"]:
                if "run" in step:
                    yield "bash", step["run"], f"{path}: {step['name']}"


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
