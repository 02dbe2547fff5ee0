# SPDX-License-Identifier: Apache-2.0
"""The entry points of examples/docker, run outside of an image: as their container would start them."""

from place import EXAMPLES, KILL, TERMINATE, bucket, end, holds, place, wait_for_line, wait_until

PULL_WEIGHTS = str(EXAMPLES / "docker/pull-weights.sh")
RUN_PIN = str(EXAMPLES / "docker/run-pin.sh")
SHOW = 'cat "$MODEL_DIR"/model.safetensors; exit 7'
WAIT = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(9)); print('serving', flush=True); time.sleep(60)"


def weights_are_pulled_at_the_start(reg):
    """pull-weights.sh: pulls, fetches nothing twice, starts without the registry, refuses weights of other code"""
    with place(reg, "weights") as here, bucket() as (server, end_server):
        here("reg", "push", **server)  # the data, once more: this registry is another one
        pin = ("reg", "pin", "-o", "../train.pin", "--", "python3", "train.py")
        here(*pin, **server)
        here("reg", "run", "--pin", "../train.pin", "--out", "digits=model.safetensors", **server)
        here("reg", "promote", "digits@latest", "--to", "prod", "--no-gate", "a test", **server)
        commit = here("git", "rev-parse", "HEAD").strip()
        image = server | {"MODEL": "digits@prod", "AWS_MAX_ATTEMPTS": "2"}
        volume = {"MODELS": str(here.directory / "models")}
        elsewhere = here.directory

        def start(*command, **environment):
            return here.ended(PULL_WEIGHTS, *command, at=elsewhere, **(image | volume | {"COMMIT": commit} | environment))

        first = start("sh", "-c", SHOW)
        holds(first.returncode == 7 and "0.95 of 3 images" in first.stdout, f"first start: {first}")
        holds("verified: 1 file" in first.stdout, f"first start: {first}")
        second = start("sh", "-c", SHOW)
        holds(second.returncode == 7 and "0 files, 0 B fetched" in second.stdout, f"second start: {second}")

        process = here.started(PULL_WEIGHTS, "python3", "-c", WAIT, **(image | volume | {"COMMIT": commit}))
        wait_for_line(process, "serving")
        status, _ = end(process, TERMINATE)
        holds(status == 9, f"SIGTERM did not reach the command, which ended with {status}")

        other = start("sh", "-c", SHOW, COMMIT="0123456789abcdef0123456789abcdef01234567")
        holds(other.returncode == 3 and "images" not in other.stdout, f"weights of other code: {other}")

        end_server()
        kept = start("sh", "-c", SHOW)
        holds(kept.returncode == 7 and "cannot be reached" in kept.stderr, f"without the registry: {kept}")
        empty = start("sh", "-c", SHOW, MODELS=str(here.directory / "empty"))
        holds(empty.returncode == 7 and not empty.stdout, f"with nothing kept: {empty}")


def a_killed_pin_goes_on(reg):
    """run-pin.sh: runs a pin; goes on after SIGKILL with its volume, after SIGTERM on another node, and when it lost the registry"""
    with place(reg, "pin") as here:
        options = ("--out", "digits=model.safetensors")
        job = {"PIN": here.pin(), "REG_REGISTRY": str(here.registry)}
        node, other = ({"REG_CACHE": str(here.directory / name / "reg")} for name in ("node", "other"))
        slow = {"SECONDS_OF_TRAINING": "60"}

        process = here.started(RUN_PIN, *options, **(job | node | slow))
        wait_for_line(process, "from the beginning")
        status, _ = end(process, KILL)
        holds(status == -KILL, f"SIGKILL: {status}")
        wait_until(lambda: here.runs(**node)[0]["state"] == "killed, not archived", "the killed run")
        killed = here.runs(**node)[0]["run"]

        process = here.started(RUN_PIN, *options, **(job | node | slow))
        wait_for_line(process, "on from a checkpoint")
        status, printed = end(process, TERMINATE)
        holds(status == 128 + TERMINATE, f"SIGTERM: {status}, {printed}")

        resumed = here.ended(RUN_PIN, *options, at=here.directory, **(job | other))
        holds(resumed.returncode == 0 and "on from a checkpoint" in resumed.stdout, f"another node: {resumed}")
        (run,) = here.runs(**other)
        holds(run["run"] == killed and run["attempt"] == 3 and run["state"] == "succeeded", f"the run: {run}")

        again = here.ended(RUN_PIN, *options, at=here.directory, **(job | other))
        holds(again.returncode == 0 and len(here.runs(**other)) == 2, f"after a success: {again}")

        process = here.started(RUN_PIN, *options, **(job | node | {"SECONDS_OF_TRAINING": "1"}))
        wait_for_line(process, "from the beginning")
        here.registry.rename(here.directory / "away")
        holds(process.wait(timeout=30) != 0, "it succeeds without a registry")
        (here.directory / "away").rename(here.registry)
        late = here.ended(RUN_PIN, *options, at=here.directory, **(job | node))
        holds(late.returncode == 0 and "beginning" not in late.stdout, f"it trains once more: {late}")
        holds([run["state"] for run in here.runs(**other)] == ["succeeded"] * 3, "the run is not archived")

        away = {"REG_REGISTRY": "s3://bucket/digits", "AWS_ENDPOINT_URL_S3": "https://127.0.0.1:1"}
        keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_MAX_ATTEMPTS": "1"}
        lost = here.ended(RUN_PIN, *options, at=here.directory, **(job | node | away | keys))
        holds(lost.returncode == 7, f"a registry that is down ends the job for good: {lost}")


ROWS = [weights_are_pulled_at_the_start, a_killed_pin_goes_on]
