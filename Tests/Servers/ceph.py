# SPDX-License-Identifier: Apache-2.0
"""A Ceph cluster of one monitor, one store in memory and one S3 gateway, from nothing in a few seconds.

Nothing of it lasts: the map of the cluster and the keys are written before the first daemon starts, so that
no command has to be sent to a running one. Works as root and as any user.
"""

import base64
import os
import re
import secrets
import socket
import struct
import subprocess
import sys
import time
import uuid
from pathlib import Path

from children import Children
from sigv4 import Account

CONFIGURATION = """
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{port}/0]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
ms bind msgr1 = false
run dir = {directory}
admin socket =
pid file =
log file =
keyring = {directory}/keyring
auth allow insecure global id reclaim = true
mon warn on insecure global id reclaim allowed = false
mon data avail crit = 1
mon allow pool size one = true
mon max pg per osd = 1000
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
# Votes of a single monitor need not wait for others.
paxos propose interval = 0.02
paxos min wait = 0.01

[mon]
mon data = {directory}/mon
mon cluster log file = {directory}/cluster.log

[osd]
osd data = {directory}/osd
osd objectstore = memstore
memstore device bytes = {bytes}
osd crush update on start = false

[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:0
rgw data = {directory}/rgw
rgw run sync thread = false
rgw dynamic resharding = false
rgw enable usage log = false
rgw enable ops log = false
"""
CAPABILITIES = {
    "mon.": {"mon": "allow *"},
    "client.admin": {"mon": "allow *", "osd": "allow *", "mgr": "allow *"},
    "client.rgw": {"mon": "allow *", "osd": "allow *"},
    "osd.0": {"mon": "allow profile osd", "osd": "allow *", "mgr": "allow *"},
}
CAPACITY = 16 << 30
FOLDERS = [*filter(None, os.environ.get("PATH", "").split(os.pathsep)), "/usr/bin", "/usr/sbin", "/bin"]
PROGRAMS = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "monmaptool", "osdmaptool")


class Cluster:
    """The files and programs of one cluster, in the directory of `children`."""

    def __init__(self, children: Children):
        missing = [
            name for name in PROGRAMS if not any(os.access(f"{folder}/{name}", os.X_OK) for folder in FOLDERS)
        ]
        if missing:
            sys.exit(f"error: no {', '.join(missing)}; run .ci/install-packages s3")
        self.children, self.directory = children, children.directory
        self.configuration = self.directory / "ceph.conf"
        self.environment = {"PATH": os.pathsep.join(FOLDERS), "HOME": str(self.directory), "LC_ALL": "C"}

    def start(self, account: Account) -> int:
        """Starts all daemons; the port of the gateway."""
        self.write_files()
        self.run(
            "ceph-mon",
            "--mkfs",
            "-i",
            "a",
            "--monmap",
            self.path("monmap"),
            "--osdmap",
            self.path("osdmap"),
            "--keyring",
            self.path("keyring"),
        )
        self.run("ceph-osd", "--no-mon-config", "--mkfs", "-i", "0", "--osd-uuid", str(uuid.uuid4()))
        self.daemon("ceph-mon", "-i", "a")
        self.daemon("ceph-osd", "-i", "0")
        self.run(
            "radosgw-admin",
            "-n",
            "client.admin",
            "user",
            "create",
            "--uid=reg",
            "--display-name=reg",
            f"--access-key={account.access_key}",
            f"--secret-key={account.secret_key}",
            "--max-buckets=0",
        )
        self.daemon("radosgw", "-n", "client.rgw", "--no-mon-config")
        return self.gateway_port()

    def write_files(self) -> None:
        for name in ("mon", "osd", "rgw"):
            (self.directory / name).mkdir()
        # Ceph takes no 0 for the port of a monitor, which has to be known to all.
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        fsid = str(uuid.uuid4())
        self.configuration.write_text(
            CONFIGURATION.format(fsid=fsid, port=port, directory=self.directory, bytes=CAPACITY)
        )
        Path(self.path("keyring")).write_text("".join(map(key_entry, CAPABILITIES)))
        self.run(
            "monmaptool",
            "--create",
            "--fsid",
            fsid,
            "--addv",
            "a",
            f"[v2:127.0.0.1:{port}]",
            self.path("monmap"),
        )
        self.run("osdmaptool", "--createsimple", "1", self.path("osdmap"))

    def path(self, name: str) -> str:
        return str(self.directory / name)

    def run(self, *command: str) -> None:
        """Runs a program to its end. Ends this one if it fails."""
        done = subprocess.run(
            [*command, "-c", str(self.configuration)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.environment,
            timeout=120,
        )
        if done.returncode:
            sys.exit(
                f"error: {' '.join(command)} ended with {done.returncode}:\n{done.stdout.decode()[-4000:]}"
            )

    def daemon(self, *command: str) -> None:
        self.children.start(command[0], [*command, "-f", "-c", str(self.configuration)], self.environment)

    def gateway_port(self) -> int:
        """The port that the gateway took, once it listens."""
        gateway, log = self.children.running[-1]
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if port := listening_port(gateway.pid):
                return port
            self.children.check()
            time.sleep(0.02)
        self.children.fail(log, "did not listen within 60 s")


def key_entry(name: str) -> str:
    """A new key with its capabilities, as a keyring has them."""
    key = struct.pack("<HIIH", 1, int(time.time()), 0, 16) + secrets.token_bytes(16)
    lines = [f"[{name}]", f"\tkey = {base64.b64encode(key).decode()}"]
    return "\n".join([*lines, *(f'\tcaps {on} = "{what}"' for on, what in CAPABILITIES[name].items()), ""])


def listening_port(process: int) -> int | None:
    """A TCP port of the loopback interface on which a process listens."""
    sockets = set()
    for link in Path(f"/proc/{process}/fd").iterdir():
        try:
            if match := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(link)):
                sockets.add(match[1])
        except FileNotFoundError:
            continue
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[3] == "0A" and words[9] in sockets and words[1].startswith("0100007F:"):
            return int(words[1].partition(":")[2], 16)
    return None
