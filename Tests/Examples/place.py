# SPDX-License-Identifier: Apache-2.0
"""A small project with a registry, made on the spot, and programs that run in it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"

# Stand-ins for examples/trainer: what its programs read and write, without PyTorch.
TRAIN = """
import json, os, pathlib, time
outputs = pathlib.Path(os.environ["REG_OUTPUTS"])
checkpoint = outputs / "checkpoint"
start = "on from a checkpoint" if checkpoint.exists() else "from the beginning"
checkpoint.write_text("half")
print(start, flush=True)
time.sleep(float(os.environ.get("SECONDS_OF_TRAINING", 0)))
checkpoint.unlink()
inputs = pathlib.Path(os.environ["REG_INPUTS"])
accuracy = json.loads((inputs / "config/train.json").read_text())["accuracy"]
(outputs / "model.safetensors").write_text(f"{accuracy} of {len(list((inputs / 'data').iterdir()))} images")
pathlib.Path(os.environ["REG_METRICS"]).write_text(json.dumps({"val": {"accuracy": accuracy}}))
"""
EVALUATE = """
import json, os, pathlib
(weights,) = (pathlib.Path(os.environ["REG_INPUTS"]) / "digits").iterdir()
metrics = {"accuracy": float(weights.read_text().split()[0])}
pathlib.Path(os.environ["REG_METRICS"]).write_text(json.dumps(metrics))
"""
GATE = """
[gate.prod]
require = ["accuracy >= 0.9", "accuracy >= current.accuracy - 0.005"]
"""


class Place:
    """A directory with a project, a registry beside it and a home of its own."""

    def __init__(self, reg, directory):
        self.directory = Path(directory)
        self.project = self.directory / "project"
        self.registry = self.directory / "registry"
        programs = self.directory / "bin"
        for path in (self.project / "data", self.project / "config", self.directory / "home", programs):
            path.mkdir(parents=True)
        (programs / "reg").symlink_to(reg)
        theirs = ("GIT_", "REG_", "AWS_", "XDG_", "GITHUB_", "SLURM_")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(theirs)} | {
            "HOME": str(self.directory / "home"),
            "PATH": f"{programs}:{os.environ['PATH']}",
            "GIT_CONFIG_NOSYSTEM": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.make_project()

    def make_project(self):
        for name, value in (("user.name", "Ada"), ("user.email", "ada@example.org"), ("init.defaultBranch", "main")):
            self("git", "config", "--global", name, value)
        for number in range(3):
            (self.project / f"data/{number}.txt").write_text(f"image {number}\n")
        (self.project / "train.py").write_text(TRAIN)
        (self.project / "evaluate.py").write_text(EVALUATE)
        self.configure(0.95)
        self("git", "init", "-q")
        self("reg", "init", "--registry", str(self.registry))
        with open(self.project / "reg.toml", "a") as file:
            file.write(GATE)
        self("reg", "add", "data")
        self.commit("A first version")

    def configure(self, accuracy):
        (self.project / "config/train.json").write_text(json.dumps({"accuracy": accuracy}))

    def commit(self, message):
        self("git", "add", "-A")
        self("git", "commit", "-qm", message)
        self("reg", "push")
        return self("git", "rev-parse", "HEAD").strip()

    def __call__(self, *command, status=0, **environment):
        """Runs a command in the project; what it wrote to standard output."""
        done = self.ended(*command, **environment)
        if done.returncode != status:
            raise AssertionError(f"{command} ended with {done.returncode}, not {status}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def ended(self, *command, at=None, **environment):
        return subprocess.run(
            command, cwd=at or self.project, env=self.environment | environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    def started(self, *command, **environment):
        return subprocess.Popen(
            command, cwd=self.directory, env=self.environment | environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def pin(self):
        """The id of a pin of the commit that is checked out."""
        return json.loads(self("reg", "pin", "--json", "--", "python3", "train.py"))["id"]

    def runs(self, **environment):
        return json.loads(self("reg", "runs", "--json", **environment))["runs"]


@contextmanager
def place(reg, name):
    """A place that goes when all went well, and stays to be looked at otherwise."""
    directory = ROOT / ".build/examples" / name
    shutil.rmtree(directory, ignore_errors=True)
    yield Place(reg, directory)
    for path in [directory, *directory.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
    shutil.rmtree(directory)


@contextmanager
def bucket():
    """The environment in which reg finds an S3 server with a bucket, and what ends the server."""
    serve = [sys.executable, "-B", str(ROOT / "Tests/Servers/serve"), "emulator"]
    server = subprocess.Popen(serve, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def end():
        server.stdin.close()
        server.wait(timeout=10)

    try:
        facts = json.loads(server.stdout.readline())
        yield {
            "REG_REGISTRY": f"s3://{facts['bucket']}/digits",
            "AWS_ENDPOINT_URL_S3": facts["endpoint"],
            "AWS_ACCESS_KEY_ID": facts["access_key"],
            "AWS_SECRET_ACCESS_KEY": facts["secret_key"],
            "AWS_REGION": facts["region"],
        }, end
    finally:
        end()


def wait_for_line(process, text):
    """Reads what a process prints, up to a line with a text."""
    for line in process.stdout:
        if text in line:
            return
    raise AssertionError(f"it ended with {process.wait()}, and never said {text!r}")


def end(process, number):
    """Sends a signal; how the process ended, and what it had printed."""
    process.send_signal(number)
    printed, _ = process.communicate(timeout=30)
    return process.returncode, printed


def wait_until(condition, what):
    until = time.monotonic() + 20
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"not within 20 s: {what}")
        time.sleep(0.05)


def holds(fact, what):
    if not fact:
        raise AssertionError(what)


KILL, TERMINATE = signal.SIGKILL, signal.SIGTERM
