#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The job files of examples/slurm, executed by Slurm: REG_BINARY is the reg to use."""

import os
import re
import tempfile
import unittest
from pathlib import Path

from cluster import Cluster
from project import EPOCHS, PRETRAINED, ROOT, Bucket, Project

JOBS = ROOT / "examples" / "slurm"
REG = os.environ.get("REG_BINARY", ROOT / ".build/release/reg")


class Jobs(unittest.TestCase):
    """A cluster of two nodes, and a project for each test."""

    @classmethod
    def setUpClass(cls):
        cls.directory = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="reg-slurm-")))
        cls.bucket = cls.enterClassContext(Bucket())
        cls.cluster = cls.enterClassContext(Cluster(cls.directory / "cluster", nodes=2))
        cls.project = Project(cls.directory / "work", cls.bucket, REG)
        cls.project.environment["SLURM_CONF"] = cls.cluster.environment["SLURM_CONF"]

    def submit(self, *arguments):
        """The number of a job that is submitted in the project, as its user does."""
        return self.project.run("sbatch", "--parsable", *arguments).strip()

    def state(self, job):
        """What Slurm says of a job: its fields by name."""
        text = self.cluster.command("scontrol", "show", "job", job, "--oneliner").stdout
        return dict(re.findall(r"(\w+)=(\S*)", text))

    def await_state(self, job, wanted, seconds=90):
        def holds():
            state = self.state(job).get("JobState")
            if state in ("FAILED", "NODE_FAIL", "CANCELLED", "TIMEOUT") and state != wanted:
                raise AssertionError(f"job {job} is {state}: {self.logs()}")
            return state == wanted

        self.cluster.wait_for(f"{wanted} job {job}", holds, seconds)

    def start_again(self, job):
        """Requeues a job; Slurm alone would wait for two minutes before it starts it."""
        self.assertEqual(self.cluster.command("scontrol", "requeue", job).stderr, "")
        self.start_soon(job)

    def start_soon(self, job):
        self.await_state(job, "PENDING")
        # What has credentials of the second in which the job was ended does not start.
        soon = self.cluster.command("scontrol", "update", f"job={job}", "StartTime=now+2")
        self.assertEqual(soon.stderr, "")

    def await_pace(self, seed):
        """Until the run with this seed waits after its second epoch."""
        self.cluster.wait_for(f"waiting run {seed}", (self.project.pace / f"{seed}.waits").exists, 90)

    def logs(self):
        return "\n".join(f"{path.name}: {path.read_text()}" for path in sorted(self.project.path.glob("*.log")))

    def hold(self, *seeds):
        for seed in seeds:
            (self.project.pace / str(seed)).touch()

    def release(self, *seeds):
        for seed in seeds:
            (self.project.pace / str(seed)).unlink()
            (self.project.pace / f"{seed}.waits").unlink(missing_ok=True)

    def pin(self, seed, name):
        self.project.run("reg", "pin", "--seed", seed, "-o", name, "--", "python3", "paced.py")


class ArrayTest(Jobs):
    def test_an_array_downloads_once_and_goes_on_after_kills(self):
        for seed in range(4):
            self.pin(seed, f"pins/{seed}.pin")
        self.hold(1, 2)
        before = self.bucket.read()
        job = self.submit("--nodelist=node1", "--array=0-3", JOBS / "array.sbatch")
        for task in (0, 3):
            self.await_state(f"{job}_{task}", "COMPLETED")
        self.await_pace(1)
        self.await_pace(2)
        read_by_array = self.bucket.read() - before

        # One is told to start again, as when it is preempted; of the other everything is killed.
        self.start_again(f"{job}_2")
        self.cluster.command("scancel", "--batch", "--signal=KILL", f"{job}_1")
        self.await_state(f"{job}_1", "FAILED")
        self.start_again(f"{job}_1")
        self.release(1, 2)
        for task in (1, 2):
            self.await_state(f"{job}_{task}", "COMPLETED")

        logs = [(self.project.path / f"train-{job}_{task}.log").read_text() for task in range(4)]
        for task, log in enumerate(logs):
            epochs = [int(number) for number in re.findall(r"^epoch +(\d+)", log, re.MULTILINE)]
            self.assertEqual(epochs, list(range(EPOCHS)), log)
            self.assertEqual("on from epoch 2" in log, task in (1, 2), log)
        runs = self.project.reg("runs")["runs"]
        self.assertEqual([run["state"] for run in runs], ["succeeded"] * 4, runs)
        self.assertEqual(len(self.project.reg("log", "digits")["entries"]), 4)

        # What has succeeded is not done twice.
        self.start_again(f"{job}_0")
        self.await_state(f"{job}_0", "COMPLETED")
        self.assertIn("not run again", (self.project.path / f"train-{job}_0.log").read_text())
        self.assertEqual(len(self.project.reg("runs")["runs"]), 4)

        # As much as one run reads on another host, and names.
        before = self.bucket.read()
        self.pin(4, "pins/4.pin")
        self.project.run("reg", "run", "--pin", "pins/4.pin")
        read_by_one = self.bucket.read() - before
        print(f"packs were read: {read_by_array:,} bytes by the array, {read_by_one:,} by one run")
        self.assertGreater(read_by_one, PRETRAINED)
        self.assertLess(read_by_array, 1.1 * read_by_one)

        # Who was ended in the middle has come to where nobody interrupts.
        (killed,) = re.findall(r"(run-\w+) killed", logs[2])
        compared = self.project.reg("rerun", killed)["compared"]
        self.assertEqual([one["same"] for one in compared["outputs"] + compared["metrics"]], [True] * 4, compared)


class NodeTest(Jobs):
    def test_a_job_whose_node_dies_goes_on_on_another(self):
        self.pin(5, "pins/0.pin")
        self.hold(5)
        job = self.submit("--array=0-0", JOBS / "array.sbatch")
        self.await_pace(5)
        node = self.state(f"{job}_0")["NodeList"]
        self.cluster.kill_node(node)
        self.release(5)
        self.start_soon(f"{job}_0")
        self.await_state(f"{job}_0", "COMPLETED")
        self.assertNotEqual(self.state(f"{job}_0")["NodeList"], node)
        log = (self.project.path / f"train-{job}_0.log").read_text()
        self.assertIn("on from epoch 2", log)
        (run,) = self.project.reg("runs")["runs"]
        self.assertEqual((run["state"], run["attempt"]), ("succeeded", 2))


class RanksTest(Jobs):
    def test_ranks_of_two_hosts_are_one_run(self):
        self.pin(7, "pins/ranks.pin")
        job = self.submit("--nodes=2", "--ntasks-per-node=2", JOBS / "ranks.sbatch", "pins/ranks.pin")
        self.await_state(job, "COMPLETED")
        self.assertIn("4 rank(s)", self.logs())
        (run,) = self.project.reg("runs")["runs"]
        self.assertEqual(run["state"], "succeeded")
        self.assertEqual(len(self.project.reg("log", "digits")["entries"]), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
