# SPDX-License-Identifier: Apache-2.0
#
# For scripts that show reg at work: prints each command before its output, and says where a story ended early.
#
# Read by other scripts (bash); they set `story`, what it is called, and `work`, the directory of its files. `python` is
# the Python that checks documents.

python=python3
step="start"
command_line=
finish() {
    local status=$?
    [ "$status" -eq 0 ] && return
    {
        printf '\n%s FAILED in step "%s" with exit code %s\n' "$story" "$step" "$status"
        [ -z "$command_line" ] || printf 'last command: %s\n' "$command_line"
        printf 'its files are in %s\n' "$work"
    } >&2
}
trap finish EXIT

heading() {
    step=$1
    command_line=
    printf '\n== %s\n' "$step"
}

# Prints a command as one would type it, then runs it.
run() {
    local word
    command_line=
    for word; do
        case $word in
        '' | *[!A-Za-z0-9_./:,=@~^+%-]*) word="'$word'" ;;
        esac
        command_line+="${command_line:+ }$word"
    done
    printf '\n$ %s\n' "$command_line"
    "$@"
}

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# check DOCUMENT EXPRESSION: whether a Python expression over a --json document `d` is true.
check() {
    "$python" -c 'import json, sys; d = json.load(open(sys.argv[1])); sys.exit(not eval(sys.argv[2]))' \
        "$1" "$2" || fail "$(basename "$1"): not true: $2"
}
