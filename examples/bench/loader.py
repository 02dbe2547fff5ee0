#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures how fast the loader of examples/trainer reads the inputs of a run, against plain files, and how a run starts.

  loader.py REG WHEELS DIRECTORY

WHEELS has the images (examples/demo/fetch_wheels.sh digits). It works in a new directory below DIRECTORY. Reads are
interleaved in one process, so that both find their files in the page cache; the second run of the pin counts, whose
inputs this host has.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import ROOT, Requirement, print_requirements

TRAINER = ROOT / "examples/trainer"
# What runs under the pin: the loader as it is, on what REG_INPUTS names, and on a copy of that.
PROBE = """\
import json, os, shutil, sys, tempfile, time

import data
import train

started = time.time()
images, labels = data.load("train")
images[:32].sum().item()
first_batch = time.time()


def rate(directory):
    os.environ["REG_INPUTS"] = directory
    begin = time.perf_counter()
    count = len(data.load("train")[0])
    return count / (time.perf_counter() - begin)


own = os.environ["REG_INPUTS"]
with tempfile.TemporaryDirectory(dir=sys.argv[1]) as copy:
    shutil.copytree(own, copy, dirs_exist_ok=True)
    rounds = []
    for number in range(42):  # each of them goes first as often as the other
        sides = [own, copy][:: 1 if number % 2 else -1]
        rates = dict((side, rate(side)) for side in sides)
        rounds.append((rates[own], rates[copy]))
print(json.dumps({"started": started, "first_batch": first_batch, "rounds": rounds}),
      file=open(os.environ["REG_OUTPUTS"] + "/figures", "w"))
"""


def python_with_torch():
    for python in ("python3", "/usr/bin/python3"):
        asked = subprocess.run([python, "-c", "import sys, torch; print(sys.executable)"], text=True, capture_output=True)
        if asked.returncode == 0:
            return asked.stdout.strip()
    raise SystemExit("error: no python3 with PyTorch; on Debian: apt-get install python3-torch")


def measure(reg, wheels, directory):
    """Seconds from `reg run` to the command and to its first batch, and [(samples a second of a run, of a copy)]."""
    project = directory / "project"
    shutil.copytree(TRAINER, project, ignore=shutil.ignore_patterns("*.sh", "*.md", "__pycache__"))
    (project / "probe.py").write_text(PROBE)
    (directory / "home").mkdir()
    environment = os.environ | {
        "HOME": str(directory / "home"),
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "GIT_CEILING_DIRECTORIES": str(directory),
    }
    python = python_with_torch()

    def run(*words):
        done = subprocess.run(
            [str(word) for word in words], cwd=project, env=environment, text=True, capture_output=True
        )
        if done.returncode != 0:
            raise SystemExit(f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    run(python, TRAINER / "make_data.py", wheels, project, 2)
    (project / "config").mkdir()
    (project / "config/train.json").write_text("{}\n")
    run("git", "init", "--quiet")
    for name, value in (("name", "Ada Demo"), ("email", "ada@example.org")):
        run("git", "config", f"user.{name}", value)
    run(reg, "init", "--registry", directory / "registry")
    run(reg, "add", "data", "annotations")
    run("git", "add", "-A")
    run("git", "commit", "--quiet", "-m", "Digits")
    run(reg, "push")
    run(reg, "pin", "-o", directory / "job.pin", "--", python, "probe.py", directory)
    answers = []
    for _ in range(4):
        begin = time.time()
        id = json.loads(run(reg, "run", "--pin", directory / "job.pin", "--out", "figures=figures", "--json"))["run"]
        answers.append((begin, json.loads(run(reg, "cat", f"figures@{id}:figures"))))
    begins = [(answer["started"] - begin, answer["first_batch"] - begin) for begin, answer in answers]
    return begins, [pair for _, answer in answers[1:] for pair in answer["rounds"][2:]]


def main(reg, wheels, directory):
    with tempfile.TemporaryDirectory(dir=directory) as inner:
        # The inputs of a run are read-only.
        begins, rounds = measure(Path(reg).resolve(), Path(wheels).resolve(), Path(inner))
        subprocess.run(["chmod", "-R", "u+w", inner], check=True)
    own, copy = (statistics.median(side) for side in zip(*rounds))
    print(f"samples a second: {own:,.0f} from a run's inputs, {copy:,.0f} from a copy ({len(rounds)} rounds)")
    for name, (started, first) in zip(("first", "second", "third", "fourth"), begins):
        print(f"{name} run: modules are imported after {started:.2f} s, the first batch is there after {first:.2f} s")
    print_requirements([Requirement("samples a second, a run's inputs / plain files", own / copy, 0.95, True)])


if __name__ == "__main__":
    main(*sys.argv[1:])
