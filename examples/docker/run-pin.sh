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

# A start that was killed without warning has left its run in the cache, with its outputs. Archived, any host can go on.
case $(reg runs --json) in
*' not archived"'* | *'"not archived"'*) reg push ;;
esac

# The newest run of the pin, if it was killed. A command that failed by itself would do so again: that one starts anew.
killed=$(reg runs -n 1000 --json | python3 -c '
import json, sys

pin = sys.argv[1]
runs = [run for run in json.load(sys.stdin)["runs"] if (run["pin"] or "").startswith(pin)]
print(runs[0]["run"] if runs and runs[0]["state"] == "killed" else "")
' "$PIN")

# exec: signals reach reg, which passes them on to the command, archives what it wrote, and ends as it did.
if [ -n "$killed" ]; then
    exec reg run --resume "$killed" "$@"
fi
exec reg run --pin "$PIN" "$@"
