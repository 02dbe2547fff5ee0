#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the images of examples/docker on a Debian made with mmdebstrap, and starts both.

  python3 -B Tests/Examples/image.py REG       (as root; buildah, mmdebstrap and a mirror of Debian)

Minutes the first time, and 2 GB below .build/image, which keeps the layers.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from place import EXAMPLES, ROOT, holds, place

HERE = ROOT / ".build/image"
BUILDAH = ["buildah", "--root", str(HERE / "layers"), "--runroot", str(HERE / "running"), "--storage-driver", "overlay"]


def run(*command, status=0):
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=900)
    if done.returncode != status:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout


def buildah(*arguments, status=0):
    return run(*BUILDAH, *arguments, status=status)


def make_base():
    """A small Debian in the place of the image that a registry of images would have."""
    if "localhost/debian:here" in buildah("images", "--format", "{{.Name}}:{{.Tag}}").split():
        return
    root = HERE / "root.tar"
    run("mmdebstrap", "--variant=apt", "bookworm", str(root))
    container = buildah("from", "scratch").strip()
    buildah("add", "--quiet", container, str(root), "/")
    buildah("commit", "--quiet", container, "localhost/debian:here")
    buildah("rm", container)
    root.unlink()


def build(reg, target, commit):
    context = HERE / "context"
    shutil.rmtree(context, ignore_errors=True)
    shutil.copytree(EXAMPLES / "docker", context)
    shutil.copy(reg, context / "reg")
    for name in ("infer.py", "model.py", "data.py", "weights.py"):
        shutil.copy(EXAMPLES / "trainer" / name, context)
    (context / "model.safetensors").write_text("weights that lie in the clone")
    # Buildah 1.28 takes an ENV from its layers whatever the build argument in it says now: the layer before it changes.
    with open(context / "infer.py", "a") as file:
        file.write(f"# {commit}\n")
    buildah("build", "--pull-never", "--layers", "--isolation", "chroot", "--network", "host", "--target", target,
            "--build-arg", "BASE=localhost/debian:here", "--build-arg", f"COMMIT={commit}", "-t", f"localhost/{target}",
            str(context))  # fmt: skip


def start(image, command, volumes, environment, status=0):
    """What a container prints that runs an image's entry point with a command."""
    container = buildah("from", f"localhost/{image}").strip()
    try:
        entry = json.loads(buildah("inspect", "--type", "image", f"localhost/{image}"))["OCIv1"]["config"]["Entrypoint"]
        options = [f"--volume={volume}" for volume in volumes]
        options += [f"--env={name}={value}" for name, value in environment.items()]
        return buildah("run", "--isolation", "chroot", *options, container, "--", *entry, *command, status=status)
    finally:
        buildah("rm", container)


def check(reg):
    HERE.mkdir(parents=True, exist_ok=True)
    make_base()
    with place(reg, "image") as here:
        commit = here("git", "rev-parse", "HEAD").strip()
        for target in ("train", "serve"):
            build(reg, target, commit)
            print(f"built {target}", flush=True)
        # What a volume is after its first start, for a user without a name on this machine.
        volumes = {name: here.directory / name for name in ("cache", "models")}
        for path in volumes.values():
            path.mkdir()
        run("chown", "-R", "10001:10001", str(here.registry), *map(str, volumes.values()))

        pin = here.pin()
        environment = {"REG_REGISTRY": "/registry", "PIN": pin}
        mounts = [f"{here.registry}:/registry", f"{volumes['cache']}:/cache"]
        printed = start("train", ["--out", "digits=model.safetensors"], mounts, environment)
        holds("from the beginning" in printed, printed)
        holds(here.runs()[0]["state"] == "succeeded", "the run is not in the registry")
        holds((volumes["cache"] / "reg").stat().st_uid == 10001, "the cache belongs to somebody else")
        print("train runs a pin as user 10001")

        here("reg", "promote", "digits@latest", "--to", "prod", "--no-gate", "a test")
        run("chown", "-R", "10001:10001", str(here.registry))
        mounts = [f"{here.registry}:/registry:ro", f"{volumes['models']}:/models"]
        show = ["sh", "-c", 'id -u; ls /app; cat "$MODEL_DIR"/*']
        first, second = (start("serve", show, mounts, {"REG_REGISTRY": "/registry"}) for _ in range(2))
        holds("10001\ndata.py\ninfer.py\nmodel.py\nweights.py\n0.95 of 3 images" in first, first)
        holds("verified: 1 file" in first and "0 files, 0 B fetched" in second, first + second)
        print("serve pulls its weights, and fetches nothing at its second start")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    check(str(Path(sys.argv[1]).resolve()))
