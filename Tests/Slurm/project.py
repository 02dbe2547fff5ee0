# SPDX-License-Identifier: Apache-2.0
"""A project with the trainer of examples/trainer, whose registry is a bucket that counts what is read from it."""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TRAINER = ROOT / "examples" / "trainer"
IMAGES = 200
EPOCHS = 4
# Bytes of an artifact that each job has as well.
PRETRAINED = 4 << 20

# What the jobs run. It trains as train.py does, and waits after the second epoch as long as there is a file named
# after the seed: time for the test to end it.
PACED = '''\
import os
import time

import train

write_checkpoint = train.write_checkpoint


def write_and_wait(model, optimizer, history):
    write_checkpoint(model, optimizer, history)
    gate = os.path.join(os.environ["PACE"], os.environ["REG_SEED"])
    if len(history) == 2 and os.path.exists(gate):
        open(gate + ".waits", "w").close()
        while os.path.exists(gate):
            time.sleep(0.05)


train.write_checkpoint = write_and_wait
train.main()
'''


def python_with_torch():
    """The first Python in PATH that has PyTorch, or the system's: the program itself, no wrapper."""
    for python in ("python3", "/usr/bin/python3"):
        asked = subprocess.run(
            [python, "-c", "import sys, torch, numpy; print(sys.executable)"], text=True, capture_output=True
        )
        if asked.returncode == 0:
            return asked.stdout.strip()
    raise SystemExit("error: no python3 with PyTorch; on Debian: apt-get install python3-torch")


class Bucket:
    """The emulator of S3, in a process that ends with this."""

    def __enter__(self):
        command = [sys.executable, "-B", ROOT / "Tests/Servers/serve", "emulator"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.facts = json.loads(self.process.stdout.readline())
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()

    def read(self):
        """Bytes of packs that were read so far."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.facts['control']}/counts") as answer:
            counts = json.load(answer)
        return sum(
            count["response_bytes"]
            for request, count in counts.items()
            if request.startswith("GET ") and "/packs/" in request
        )


class Project:
    def __init__(self, directory, bucket, reg):
        self.directory = Path(directory)
        self.path = self.directory / "project"
        self.pace = self.directory / "pace"
        for made in (self.path / "config", self.pace, self.directory / "bin", self.directory / "home"):
            made.mkdir(parents=True)
        facts = bucket.facts
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "REG_", "AWS_"))},
            "HOME": str(self.directory / "home"),
            "PATH": f"{self.directory / 'bin'}:{os.environ['PATH']}",
            "USER": "ada",
            "PACE": str(self.pace),
            "AWS_ACCESS_KEY_ID": facts["access_key"],
            "AWS_SECRET_ACCESS_KEY": facts["secret_key"],
            "AWS_REGION": facts["region"],
            "AWS_ENDPOINT_URL_S3": facts["endpoint"],
            "MASTER_ADDR": "127.0.0.1",
            "GLOO_SOCKET_IFNAME": "lo",
            "OMP_NUM_THREADS": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        # Each node has a cache of its own, as each host has.
        self.program("reg", f'REG_CACHE={self.directory}/cache-${{SLURMD_NODENAME-here}} exec "{reg}" "$@"')
        self.program("python3", f'exec "{python_with_torch()}" "$@"')
        self.fill()

    def program(self, name, line):
        path = self.directory / "bin" / name
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)

    def fill(self):
        for name in ("model", "data", "weights", "train"):
            shutil.copy(TRAINER / f"{name}.py", self.path)
        (self.path / "paced.py").write_text(PACED)
        (self.path / "weights").mkdir()
        (self.path / "weights" / "backbone.bin").write_bytes(os.urandom(PRETRAINED))
        config = {"epochs": EPOCHS, "lr": 0.003, "batch_size": 32, "weight_decay": 0.01, "width": 8, "seed": 0}
        (self.path / "config" / "train.json").write_text(json.dumps(config))
        wheels = ROOT / ".build/demo/wheels"
        self.run("python3", TRAINER / "make_data.py", wheels, self.path, 1, IMAGES)
        (self.path / ".gitignore").write_text("pins/\n*.log\n")
        self.run("git", "init", "--quiet")
        self.run("git", "config", "--global", "user.name", "Ada Demo")
        self.run("git", "config", "--global", "user.email", "ada@example.org")
        self.run("reg", "init", "--registry", "s3://reg/slurm")
        self.run("reg", "add", "data", "annotations", "config", "weights/backbone.bin")
        self.run("git", "add", "-A")
        self.run("git", "commit", "--quiet", "-m", "Digits")
        self.run("reg", "push")
        # Jobs are submitted where nothing of the data is.
        clone = self.directory / "clone"
        self.run("git", "clone", "--quiet", self.path, clone)
        self.path = clone
        (clone / "pins").mkdir()

    def run(self, *arguments, at=None):
        """What a command printed. It runs in the project, or `at`."""
        words = [str(word) for word in arguments]
        done = subprocess.run(
            words, cwd=at or self.path, env=self.environment, text=True, capture_output=True, stdin=subprocess.DEVNULL
        )
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def reg(self, *arguments):
        """The document that reg printed."""
        return json.loads(self.run("reg", *arguments, "--json"))
