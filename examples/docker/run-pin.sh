#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Entry point of an image that trains: runs the pin $PIN, or goes on with what an earlier start of the job has left.
# Arguments are options of reg run, such as --out digits=model.safetensors.
#
#   PIN           the id of a pin: sha256:…
#   REG_JOB       the job's name, the same for each start of it; one for the pin where it is not set
#   REG_REGISTRY  the registry
#   REG_CACHE     the cache; runs that are not archived yet are in it, so that it is a volume
set -eu

: "${PIN:?which pin is to be run?}"
export REG_JOB="${REG_JOB:-pin $PIN}"

# exec: signals reach reg, which passes them on to the command, archives what it wrote, and ends as it did.
exec reg run --pin "$PIN" "$@"
