#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Entry point of an image that serves a model: brings the weights, then becomes the command, which finds them in
# $MODEL_DIR.
#
#   MODEL         what to pull: digits@prod
#   COMMIT        the commit of the code in this image
#   MODELS        the directory that keeps weights from start to start, a volume: /models
#   REG_REGISTRY  the registry
set -eu

: "${MODEL:?which model is to be served?}"
: "${COMMIT:?the image says nothing about its commit: build it with --build-arg COMMIT=…}"

# A directory for each commit: what a start without the registry finds there was made for this code, too.
MODEL_DIR=${MODELS:-/models}/$COMMIT
export MODEL_DIR

# The directory changes as a whole or not at all. Weights of other code are refused (exit code 3), and nothing starts.
reg pull "$MODEL" --output "$MODEL_DIR" --clean --expect-commit "$COMMIT" --if-unreachable keep

# No shell stays in between: signals and the exit code are those of the command.
exec "$@"
