#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the examples of engines that run jobs: by the engines' schemas, by reg's own options, and by running them.

  .build/examples-venv/bin/python Tests/Examples/check.py REG

Each row is a fact, and the exit status is 1 where one does not hold. What a failed row worked on stays below
.build/examples.
"""

import subprocess
import sys
import time
import traceback
from pathlib import Path

import containers
import pipelines
import scripts
import workflows
from commands import Commands, in_document
from place import EXAMPLES, ROOT

TOOLS = Path(sys.executable).parent


def tool(name, *arguments):
    done = subprocess.run([TOOLS / name, *arguments], capture_output=True, text=True, cwd=ROOT, timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"{name} says:\n{done.stdout}{done.stderr}")


def manifests_are_valid(reg):
    """Kubernetes: manifests hold against the schemas of its API, with no key that it does not know"""
    tool("kubernetes-validate", "--strict", "--quiet", *EXAMPLES.glob("kubernetes/*.yaml"))


def dockerfiles_are_valid(reg):
    """Docker: hadolint has nothing to say"""
    tool("hadolint", *EXAMPLES.glob("docker/Dockerfile*"))


def workflows_are_valid(reg):
    """GitHub: workflows hold against their schema"""
    tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *EXAMPLES.glob("github/*.yml"))


def scripts_are_valid(reg):
    """Scripts, also those inside of other files: shellcheck has nothing to say"""
    for shell, script, place in scripts.all_of_them():
        done = subprocess.run(
            [TOOLS / "shellcheck", "--shell", shell, "-"], input=script, capture_output=True, text=True, timeout=60
        )
        if done.returncode != 0:
            raise AssertionError(f"{place}: {done.stdout}{done.stderr}")


def commands_are_known(reg):
    """Each command line of reg, in examples and documents, has a subcommand and options that there are"""
    commands = Commands(reg)
    found = scripts.command_lines()
    documents = [ROOT / "README.md", *ROOT.glob("docs/*.md"), *EXAMPLES.glob("*/README.md")]
    found += [(words, path) for path in documents for words in in_document(path.read_text())]
    wrong = [f"{path}: {problem}" for words, path in found if (problem := commands.problem(words))]
    if wrong:
        raise AssertionError("\n".join(wrong))
    if len(found) < 100:
        raise AssertionError(f"only {len(found)} command lines were found: they are looked for wrongly")


ROWS = [
    manifests_are_valid, dockerfiles_are_valid, workflows_are_valid, scripts_are_valid, commands_are_known, *containers.ROWS,
    *pipelines.ROWS, *workflows.ROWS,
]  # fmt: skip


def main(reg):
    failed = 0
    for row in ROWS:
        started = time.monotonic()
        try:
            row(reg)
            verdict = "ok"
        except Exception as error:
            failed += 1
            verdict = "FAILED"
            if isinstance(error, AssertionError):
                print(error, file=sys.stderr)
            else:
                traceback.print_exc()
        print(f"{verdict:7}{row.__doc__} ({time.monotonic() - started:.1f} s)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(str(Path(sys.argv[1]).resolve())))
