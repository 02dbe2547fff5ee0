# SPDX-License-Identifier: Apache-2.0
"""Prints the tree digest (docs/format.md, section 3) of a directory or of one file: treedigest.py PATH"""
import hashlib
import os
import stat
import sys


def row(path, name):
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode):
        kind, content = b"l\0", os.readlink(path)
    elif stat.S_ISDIR(status.st_mode):
        kind, content = b"d\0", b""
    else:
        kind = b"f\1" if status.st_mode & stat.S_IXUSR else b"f\0"
        with open(path, "rb") as file:
            content = file.read()
    size, length = len(content).to_bytes(8, "little"), len(name).to_bytes(4, "little")
    return name, kind + size + hashlib.sha256(content).digest() + length + name


def rows(top):
    if not os.path.isdir(top):
        yield row(top, os.path.basename(top))
    for folder, folders, files in os.walk(top):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        if folder != top and not folders and not files:
            yield row(folder, os.path.relpath(folder, top))
        for name in files + links:
            yield row(os.path.join(folder, name), os.path.relpath(os.path.join(folder, name), top))


tree = b"".join(encoded for _, encoded in sorted(rows(os.fsencode(sys.argv[1]))))
print("sha256:" + hashlib.sha256(b"reg:tree:v1\0" + tree).hexdigest())
