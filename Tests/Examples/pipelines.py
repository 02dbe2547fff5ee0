# SPDX-License-Identifier: Apache-2.0
"""The Jenkinsfile, run by the Groovy that Jenkins has, with its shell steps."""

from pathlib import Path

from place import EXAMPLES, holds, place

RUNNER = str(Path(__file__).with_name("pipeline.groovy"))
JENKINSFILE = str(EXAMPLES / "jenkins/Jenkinsfile")


def a_pipeline_promotes(reg):
    """Jenkins: a build trains, evaluates and promotes; a gate that is not met makes it unstable; a branch only compares"""
    with place(reg, "jenkins") as here:

        def build(branch, wanted, **environment):
            done = here.ended("groovy", RUNNER, JENKINSFILE, branch, **environment)
            holds(f"result: {wanted}\n" in done.stdout, f"{branch}: {done.stdout}{done.stderr}")
            holds(not here("git", "status", "--short"), "the build left files in its workspace")
            return done.stdout

        first = build("main", "SUCCESS")
        holds("promoted: digits@prod" in first and "Nothing is in production yet" in first, first)
        holds("archived: diff.md evaluate.pin train.json train.pin\n" in first, first)

        here.configure(0.5)
        here.commit("A weak model")
        weak = build("main", "UNSTABLE")
        holds("archived: diff.html diff.md evaluate.pin train.json train.pin\n" in weak, weak)
        holds("promote" not in build("feature", "SUCCESS"), "a branch is promoted")

        missing = build("main", "FAILURE", RESUME="run-00000000")
        holds("archived: train.json train.pin\n" in missing, missing)


ROWS = [a_pipeline_promotes]
