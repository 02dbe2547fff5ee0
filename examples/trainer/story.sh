#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The life of a model with reg: data, configs and code are pinned, a trainer runs on the pin, a weak model is refused
# by the gate, a good one goes to production, is found again, compared and trained once more from the record alone.
#
#   REG_BINARY=/path/to/reg examples/trainer/story.sh [--quick] [DIRECTORY]     (.build/trainer)
#
# Works below DIRECTORY/run, which it makes anew, with a HOME of its own. --quick takes 400 images for 1,700.
set -euo pipefail
exec </dev/null

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/examples/trainer
wheels=$root/.build/demo/wheels
count=
epochs=12
bound=0.93
if [ "${1:-}" = --quick ]; then
    count=400
    epochs=6
    bound=0.8
    shift
fi
work=$(realpath -m "${1:-$root/.build/trainer}/run")
reg_binary=$(realpath -m "${REG_BINARY:-$root/.build/release/reg}")
story="the story"
. "$root/examples/telling.sh"

# config EPOCHS RATE: the hyper-parameters, a file for git.
config() {
    cat >config/train.json <<END
{
  "epochs": $1,
  "lr": $2,
  "batch_size": 32,
  "weight_decay": 0.01,
  "width": 16,
  "seed": 17
}
END
}

# newest_run OPTION...: the id of the newest run.
newest_run() {
    reg runs -n 1 --json "$@" >"$work/runs.json"
    python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["runs"][0]["run"])' "$work/runs.json"
}

heading "Tools"
[ -x "$reg_binary" ] || fail "no executable $reg_binary (make build)"
python=
for candidate in python3 /usr/bin/python3; do
    # The program itself, not a wrapper in PATH that looks for its files in HOME.
    find_python='import sys, torch, numpy; print(sys.executable)'
    if python=$("$candidate" -c "$find_python" 2>/dev/null); then break; fi
done
[ -n "$python" ] || fail "no python3 with PyTorch; on Debian: apt-get install python3-torch"
"$root/examples/demo/fetch_wheels.sh" digits

# Nothing of the user's: neither files nor settings. Inputs of a run that was interrupted are read-only.
[ ! -e "$work" ] || chmod -R u+w "$work"
rm -rf "$work"
mkdir -p "$work/home" "$work/bin" "$work/project" "$work/elsewhere"
ln -s "$reg_binary" "$work/bin/reg"
printf '#!/bin/sh\nexec %q "$@"\n' "$python" >"$work/bin/python3"
chmod +x "$work/bin/python3"
for name in $(compgen -e); do
    case $name in
    GIT_* | REG_* | AWS_*) unset "$name" ;;
    esac
done
export HOME=$work/home XDG_DATA_HOME=$work/home/data XDG_CONFIG_HOME=$work/home/config
export XDG_CACHE_HOME=$work/home/cache XDG_STATE_HOME=$work/home/state
export GIT_CONFIG_NOSYSTEM=1 PATH=$work/bin:$PATH PYTHONDONTWRITEBYTECODE=1
# One thread: sums are added up in the same order on every machine, and so small a network gains nothing by more.
export OMP_NUM_THREADS=1
git config --global user.name "Ada Demo"
git config --global user.email "ada@example.org"
git config --global init.defaultBranch main
torch=$(python3 -c 'import torch; print(torch.__version__)')
echo "$(reg --version), $(git --version), $(python3 --version), PyTorch $torch"
started=$SECONDS

heading "A project: code, a config, images and annotations, and what weights must reach"
cd "$work/project"
cp "$here"/{model,data,weights,train,evaluate,infer}.py .
mkdir config
config 1 0.00001
python3 "$here/make_data.py" "$wheels" . 1 $count
run git init --quiet
run reg init --registry ../registry
cat >>reg.toml <<END

[gate.prod]
require = [
  "accuracy >= $bound",
  "latency_ms <= 100",
  "accuracy >= current.accuracy - 0.005",
]
dataset = ["data", "annotations"]
END
run cat reg.toml
run reg add data annotations config
run git add -A
run git commit --quiet -m "Digits, a first try"
run reg push

heading "A weak model: one epoch, hardly any steps"
run reg pin -o ../train.pin --env OMP_NUM_THREADS -- python3 train.py
run reg run --pin ../train.pin --out digits=model.safetensors
run reg pin --with digits@latest -o ../evaluate.pin -- python3 evaluate.py
run reg run --pin ../evaluate.pin
status=0
run reg promote digits@latest --to prod || status=$?
echo "(exit code $status)"
[ "$status" -eq 10 ] || fail "the gate ended with $status, not with 10"

heading "A good one: labels corrected, trained on"
config "$epochs" 0.003
python3 "$here/make_data.py" "$wheels" . 2 $count
run reg status
run reg add
run git add -A
run git commit --quiet -m "Correct labels, train longer"
run reg push
run reg diff HEAD~1 HEAD
run reg pin -o ../train.pin --env OMP_NUM_THREADS -- python3 train.py
run reg run --pin ../train.pin --out digits=model.safetensors
trained=$(newest_run)
run reg pin --with digits@latest -o ../evaluate.pin -- python3 evaluate.py
run reg run --pin ../evaluate.pin
evaluated=$(newest_run)
run reg promote digits@latest --to prod
run reg runs
run reg show "$trained"

heading "In production: the weights by their alias, without a clone, and only those that go with this code"
commit=$(git rev-parse --short=12 HEAD)
cd "$work/elsewhere"
run reg pull digits@prod -o model --registry ../registry --expect-commit "$commit"
images=$(cd "$work/project" && find data/val -name '*.png' | sort | awk 'NR % 9 == 1 && n++ < 6')
run python3 ../project/infer.py model $(printf '../project/%s ' $images) | tee "$work/inferred"
right=$(grep -cE '/val/([0-9])/[0-9]+\.png: \1 ' "$work/inferred") || true
[ "$right" -ge 5 ] || fail "$right of six digits are right"

heading "What changed, and where it comes from"
cd "$work/project"
run reg diff digits@v1 digits@v2 --html ../diff.html
grep -q '</html>' ../diff.html || fail "diff.html is no whole page"
run reg why digits@prod
reg why digits@prod --json >"$work/why.json"
check "$work/why.json" "d['version'] == 2 and d['run']['run'] == '$trained' and d['measured']['run'] == '$evaluated'"

heading "To try"
run reg log digits
run reg cat config@v1:train.json
run reg pull data@v1 --only 'val/3/*' -o ../threes
run reg diff data@v1 data@v2 --only 'val/3/*'
status=0
run reg promote digits@v1 --to prod --dry-run || status=$?
echo "(exit code $status)"
[ "$status" -eq 10 ] || fail "a version that was measured on other data ended with $status, not with 10"

heading "The same run again, with nothing but the registry"
cd "$work/elsewhere"
export HOME=$work/home-2 XDG_DATA_HOME=$work/home-2/data XDG_CONFIG_HOME=$work/home-2/config
export XDG_CACHE_HOME=$work/home-2/cache XDG_STATE_HOME=$work/home-2/state
mkdir "$HOME"
run reg rerun "$trained" --registry ../registry
repeated=$(newest_run --registry ../registry)
[ "$repeated" != "$trained" ] || fail "the second run is not in the registry"
for id in "$trained" "$repeated"; do
    reg show "$id" --registry ../registry --json >"$work/$id.json"
done
python3 - "$work/$trained.json" "$work/$repeated.json" <<'END' || fail "the second run differs from the first"
import json, sys

first, second = (json.load(open(path)) for path in sys.argv[1:])
assert second["rerun_of"] == first["run"] and first["metrics"], second
for key in ("state", "exit", "outputs", "metrics"):
    assert first[key] == second[key], (key, first[key], second[key])
END
printf '\nthe story came to its end in %s s; the page of the comparison is %s\n' \
    "$((SECONDS - started))" "$work/diff.html"
