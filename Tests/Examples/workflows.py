# SPDX-License-Identifier: Apache-2.0
"""The workflows of GitHub, run step by step: scripts for real, actions not at all."""

import re

import yaml
from place import EXAMPLES, holds, place

# In the place of gh: keeps what it is called with.
STUB = '#!/bin/sh\necho "$(basename "$0") $*" >>"$CALLS"\n'
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


class Job:
    """A job's only use: its steps, one after another, as a runner starts them."""

    def __init__(self, here, name, known, without=()):
        (self.job,) = yaml.safe_load((EXAMPLES / f"github/{name}.yml").read_text())["jobs"].values()
        self.here, self.known, self.without = here, known, without
        self.temporary = here.directory / "runner"
        self.temporary.mkdir(exist_ok=True)
        self.printed = ""

    def value(self, text):
        return EXPRESSION.sub(lambda match: self.known[match[1]], str(text))

    def file(self, name):
        return self.temporary / name

    def run(self):
        """Runs the steps up to the first that fails; whether none did."""
        files = {"GITHUB_STEP_SUMMARY": "summary", "GITHUB_ENV": "env", "CALLS": "calls"}
        environment = {name: str(self.file(name.lower())) for name in files} | {"RUNNER_TEMP": str(self.temporary)}
        for name in files:
            self.file(name.lower()).write_text("")
        environment |= {name: self.value(value) for name, value in self.job.get("env", {}).items()}
        for step in self.job["steps"]:
            if "run" not in step or step["name"] in self.without:
                continue
            own = {name: self.value(value) for name, value in step.get("env", {}).items()}
            done = self.here.ended("bash", "-e", "-c", step["run"], **(environment | own))
            self.printed += done.stdout + done.stderr
            if done.returncode != 0:
                return False
            lines = self.file("github_env").read_text().splitlines()
            environment |= dict(line.split("=", 1) for line in lines)
        return True


def a_pull_request_is_commented(reg):
    """GitHub: a pull request is checked, pulled and compared with where its branch began"""
    with place(reg, "pull-request") as here:
        gh = here.directory / "bin/gh"
        gh.write_text(STUB)
        gh.chmod(0o755)
        here("git", "checkout", "-qb", "more")
        (here.project / "data/more.txt").write_text("another image\n")
        here("reg", "add", "data")
        here.commit("More images")
        here("git", "clone", "-q", str(here.project), str(here.directory / "runner-clone"))
        here.project = here.directory / "runner-clone"
        event = "github.event.pull_request."
        known = {event + "base.ref": "main", event + "number": "7", "github.token": "secret"}
        job = Job(here, "data", known, without=["Install reg"])
        holds(job.run(), job.printed)
        holds((here.project / "data/more.txt").exists(), "nothing was pulled")
        holds("more.txt" in job.file("github_step_summary").read_text(), "the summary does not name the new image")
        comment = job.file("comment.md")
        holds("more.txt" in comment.read_text(), "the comment does not name the new image")
        wanted = f"gh pr comment 7 --edit-last --create-if-none --body-file {comment}\n"
        holds(job.file("calls").read_text() == wanted, job.file("calls").read_text())
        known[event + "base.ref"] = "gone"
        holds(not Job(here, "data", known, without=["Install reg"]).run(), "a base that is not there is compared with")


def a_workflow_promotes(reg):
    """GitHub: a push to main trains, evaluates and promotes; a gate that is not met is a warning"""
    with place(reg, "train") as here:
        job = Job(here, "train", {"inputs.resume": ""})
        holds(job.run() and "promoted: digits@prod" in job.printed, job.printed)
        here("git", "clean", "-fdq")
        here.configure(0.5)
        here.commit("A weak model")
        job = Job(here, "train", {"inputs.resume": ""})
        holds(job.run() and "::warning title=Not promoted::digits@run-" in job.printed, job.printed)
        holds("accuracy" in job.file("github_step_summary").read_text(), "the summary does not tell of the gate")
        job = Job(here, "train", {"inputs.resume": "run-00000000"})
        holds(not job.run(), "a run that is not there is resumed")


ROWS = [a_pull_request_is_commented, a_workflow_promotes]
