#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Entry point of an image that trains: runs the pin $PIN, or goes on with what an earlier start has left. Arguments are
# options of reg run, such as --out digits=model.safetensors.
#
#   PIN           the id of a pin: sha256:…
#   REG_REGISTRY  the registry
#   REG_CACHE     the cache; runs that are not archived yet are in it, so that it is a volume
set -eu

: "${PIN:?which pin is to be run?}"

# A start that was killed without warning, or that lost the registry, has left its run in the cache, with its outputs.
# Archived, any host can go on with it.
before=$(reg runs -n 1000 --json)
case $before in
*'not archived"'*) reg push ;;
esac
after=$(reg runs -n 1000 --json)

# What became of the newest run of the pin. One that was killed goes on. One that had succeeded, and was only waiting
# to be archived, is done. A command that failed by itself starts anew, and so does one that succeeded long ago.
next=$(printf '%s\n' "$before" "$after" | python3 -c '
import json, sys

before, after = (json.loads(line)["runs"] for line in sys.stdin)
waited = [run["run"] for run in before if run["state"].endswith("not archived")]
run = next((run for run in after if (run["pin"] or "").startswith(sys.argv[1])), None)
if run and run["state"] == "killed":
    print("resume", run["run"])
elif run and run["state"] == "succeeded" and run["run"] in waited:
    print("done", run["run"])
' "$PIN")

# exec: signals reach reg, which passes them on to the command, archives what it wrote, and ends as it did.
case $next in
done*) exit 0 ;;
resume*) exec reg run --resume "${next#resume }" "$@" ;;
esac
exec reg run --pin "$PIN" "$@"
