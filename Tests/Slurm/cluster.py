# SPDX-License-Identifier: Apache-2.0
"""A Slurm cluster of this machine alone: nodes that share its processors, for as long as a `with` lasts.

Everything is in one directory and listens on the loopback address, on ports that the system picks. It runs as whoever
starts it: jobs are that user's.
"""

import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

CONFIGURATION = """\
ClusterName=reg
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={directory}/munge.socket
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={directory}/state
SlurmdSpoolDir={directory}/spool-%n
SlurmctldPidFile={directory}/slurmctld.pid
SlurmdPidFile={directory}/slurmd-%n.pid
SlurmctldLogFile={directory}/slurmctld.log
SlurmdLogFile={directory}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1,sched_min_interval=0
SlurmdParameters=config_overrides
ReturnToService=2
JobRequeue=1
KillWait=5
SlurmdTimeout=10
TreeWidth=2
{nodes}
PartitionName=all Nodes=ALL Default=YES State=UP MaxTime=30
"""


def free_port():
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return opened.getsockname()[1]


class Cluster:
    """`nodes` nodes of `processors` each, named node1 and so on."""

    def __init__(self, directory, nodes=1, processors=4):
        self.directory = Path(directory)
        self.configuration = self.directory / "slurm.conf"
        self.environment = {**os.environ, "SLURM_CONF": str(self.configuration)}
        self.processes = {}
        self.names = [f"node{number + 1}" for number in range(nodes)]
        for part in ("state", *(f"spool-{name}" for name in self.names)):
            (self.directory / part).mkdir(mode=0o755, parents=True)
        lines = "\n".join(
            f"NodeName={name} NodeHostname=localhost NodeAddr=127.0.0.1 Port={free_port()} CPUs={processors} State=UNKNOWN"
            for name in self.names
        )
        self.configuration.write_text(
            CONFIGURATION.format(
                host=socket.gethostname().split(".")[0],
                controller=free_port(),
                user=getpass.getuser(),
                directory=self.directory,
                nodes=lines,
            )
        )
        key = self.directory / "munge.key"
        key.write_bytes(secrets.token_bytes(64))
        key.chmod(0o400)

    def __enter__(self):
        try:
            at = self.directory
            self.start(
                *("munged", "--foreground", "--force", f"--socket={at}/munge.socket", f"--key-file={at}/munge.key"),
                *(f"--pid-file={at}/munged.pid", f"--seed-file={at}/munge.seed", f"--log-file={at}/munged.log"),
            )
            self.wait_for("munged", lambda: (at / "munge.socket").exists())
            self.start("slurmctld", "-D", "-f", self.configuration)
            for name in self.names:
                self.start_node(name)
            self.wait_for("the nodes", lambda: self.states() == {"idle"})
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes.values()):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = {}

    def start(self, program, *arguments, name=None):
        path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        if path is None:
            raise SystemExit(f"error: no {program}; on Debian: apt-get install slurmctld slurmd slurm-client munge")
        with open(self.directory / f"{name or program}.out", "ab") as output:
            self.processes[name or program] = subprocess.Popen(
                [path, *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self.environment,
                start_new_session=True,
            )

    def start_node(self, name):
        self.start("slurmd", "-D", "-N", name, "-f", self.configuration, name=f"slurmd-{name}")

    def kill_node(self, name):
        """As when its power goes: nothing of it is left, and the controller is told so rather than waits for it."""
        daemon = self.processes.pop(f"slurmd-{name}")
        daemon.kill()
        daemon.wait()
        # Those that watch over jobs first, which would tell of their end.
        for is_watcher in (True, False):
            for process in self.own_processes(f"SLURMD_NODENAME={name}", is_watcher):
                os.kill(process, signal.SIGKILL)
        self.command("scontrol", "update", f"nodename={name}", "state=down", "reason=died")

    def own_processes(self, variable, is_watcher):
        """The processes of this cluster that watch over jobs, or those of jobs that have a variable."""
        for path in Path("/proc").glob("[0-9]*"):
            try:
                variables = (path / "environ").read_bytes().split(b"\0")
                watches = (path / "comm").read_text() == "slurmstepd\n"
            except OSError:
                continue  # gone, or another user's
            ours = f"SLURM_CONF={self.configuration}".encode() in variables
            if ours and watches == is_watcher and (watches or variable.encode() in variables):
                yield int(path.name)

    def states(self):
        """What the nodes are: idle, alloc, mix, down, …"""
        answer = self.command("sinfo", "--noheader", "--format=%t")
        return set(answer.stdout.split()) if answer.returncode == 0 else set()

    def command(self, *arguments, **options):
        return subprocess.run(
            [str(word) for word in arguments], env=self.environment, text=True, capture_output=True, **options
        )

    def wait_for(self, what, holds, seconds=60):
        end = time.monotonic() + seconds
        while not (value := holds()):
            for name, process in self.processes.items():
                if process.poll() is not None:
                    raise RuntimeError(f"{name} ended with {process.returncode}: {self.tail(name)}")
            if time.monotonic() > end:
                raise RuntimeError(f"no {what} within {seconds} s: {self.command('squeue', '--long').stdout}")
            time.sleep(0.1)
        return value

    def tail(self, name):
        files = [path for path in (self.directory / f"{name}.{end}" for end in ("log", "out")) if path.exists()]
        return "\n".join(path.read_text(errors="replace")[-2000:] for path in files)
