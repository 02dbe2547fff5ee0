#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Peers that are libraries, as programs.

  libraries.py xet-put STORE DATA LIST      stores a file or a directory; its files' hashes go into LIST
  libraries.py xet-get STORE LIST OUTPUT    writes those files
  libraries.py oxen-init PROJECT
  libraries.py oxen-put PROJECT DATA        adds and commits
"""

import json
import sys
from pathlib import Path


def xet_put(store: Path, data: Path, listing: Path) -> None:
    import hf_xet

    paths = sorted(path for path in data.rglob("*") if path.is_file()) if data.is_dir() else [data]
    store.mkdir(exist_ok=True)
    with hf_xet.XetSession().new_upload_commit(endpoint=f"local://{store}") as commit:
        uploads = [commit.start_upload_file(str(path)) for path in paths]
    files = {}
    for path, upload in zip(paths, uploads, strict=True):
        info = upload.result().xet_info
        files[str(path.relative_to(data.parent))] = [info.hash, info.file_size]
    listing.write_text(json.dumps({"name": data.name, "files": files}))


def xet_get(store: Path, listing: Path, output: Path) -> None:
    import hf_xet

    with hf_xet.XetSession().new_file_download_group(endpoint=f"local://{store}") as group:
        for name, (digest, size) in json.loads(listing.read_text())["files"].items():
            target = output / name
            target.parent.mkdir(parents=True, exist_ok=True)
            group.start_download_file(hf_xet.XetFileInfo(digest, size), str(target))


def oxen_init(project: Path) -> None:
    import oxen

    oxen.user.config_user("bench", "bench@example.org")
    oxen.Repo(str(project)).init()


def oxen_put(project: Path, data: Path) -> None:
    import oxen

    repository = oxen.Repo(str(project))
    repository.add(str(data))
    repository.commit("version")


COMMANDS = {"xet-put": xet_put, "xet-get": xet_get, "oxen-init": oxen_init, "oxen-put": oxen_put}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*(Path(word) for word in sys.argv[2:]))
