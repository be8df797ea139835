"""The pair of `deploy/patroni` on this machine: the processes of three machines, and a HAProxy.

Each machine has its own loopback address, so that all use the usual ports of the files. Every
process is started here and stopped by its own process id.
"""

import json
import os
import random
import shutil
import signal
import socket
import string
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from fusion.embedded.accounts import Account, server_account
from fusion.embedded.processes import spawn
from tests.bounds import PATIENCE
from tests.faults.processes import descendants
from tests.server import wait_for

FILES = Path(__file__).resolve().parents[2] / "deploy" / "patroni"
PATH = os.pathsep.join((os.environ["PATH"], "/usr/local/sbin", "/usr/sbin"))
PORTS = {"etcd": 2379, "peers": 2380, "postgresql": 5432, "patroni": 8008, "haproxy": 5000}
PASSWORDS = ("SUPERUSER_PASSWORD", "REPLICATION_PASSWORD", "CONTROL_PASSWORD")
DATABASES = ("db1", "db2")
MACHINES = (*DATABASES, "witness")


@dataclass
class Machine:
    """One machine: with etcd, and Patroni unless it is the witness; or with HAProxy."""

    name: str
    address: str
    home: Path
    account: Account
    variables: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self) -> None:
        """Start the processes that do not run."""
        self.home.mkdir(mode=0o700, exist_ok=True)
        self._own(self.home)
        if self.name == "proxy":
            self._start("haproxy", "-f", str(self._install("haproxy.cfg")))
            return
        lines = self._install("etcd.env").read_text().splitlines()
        settings = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
        self._start("etcd", environment=dict(settings))
        if self.name in DATABASES:
            self._start("patroni", str(self._install("patroni.yml")))

    @property
    def configuration(self) -> Path:
        """The configuration of Patroni and patronictl."""
        return self.home / "patroni.yml"

    @property
    def postmaster(self) -> int | None:
        """The process id of PostgreSQL, if it has one."""
        try:
            return int((self.home / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def pids(self) -> list[int]:
        """All processes of this machine. PostgreSQL is not a child of Patroni."""
        roots = [process.pid for process in self.processes.values() if process.poll() is None]
        postmaster = self.postmaster
        if postmaster and _is_in(postmaster, self.home):
            roots.append(postmaster)
        return sorted({pid for root in roots for pid in descendants(root)})

    def signal_all(self, order: signal.Signals) -> None:
        """Send a signal to all processes of the machine."""
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, order)

    def kill(self) -> None:
        """Simulate a power failure."""
        self.signal_all(signal.SIGCONT)  # a stopped parent would not be notified
        self.signal_all(signal.SIGKILL)
        for process in self.processes.values():
            process.wait(PATIENCE)

    def _install(self, file: str) -> Path:
        """The project's file with this machine's values."""
        place = self.home / file
        place.write_text(string.Template((FILES / file).read_text()).substitute(self.variables))
        self._own(place)
        return place

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self.account.uid, self.account.gid)

    def _start(self, name: str, *arguments: str, environment: dict[str, str] | None = None) -> None:
        if name in self.processes and self.processes[name].poll() is None:
            return
        with (self.home / f"{name}.log").open("ab") as log:
            self.processes[name] = spawn(
                [_program(name), *arguments],
                self.account,
                cwd=self.home,
                output=log,
                death_signal=signal.SIGTERM,
                environment=environment,
            )


class Pair:
    """Three machines, and the HAProxy of a fourth."""

    def __init__(self, home: Path, bindir: Path) -> None:
        network = _free_network()
        addresses = {name: f"{network}.{n}" for n, name in enumerate(MACHINES, 1)}
        self.proxy = f"{network}.4"
        self._password = "of-the-superuser"
        account = server_account(home)
        self.machines: dict[str, Machine] = {}
        for name in (*MACHINES, "proxy"):
            place = home / name
            machine = Machine(name, addresses.get(name, self.proxy), place, account, {})
            machine.variables = {
                **dict.fromkeys(PASSWORDS, self._password),
                **{each.upper(): address for each, address in addresses.items()},
                "NODE": name,
                "ADDRESS": machine.address,
                "NETWORK": "127.0.0.0/8",
                "BIN": str(bindir),
                "DATA": str(place / "data"),
                "SOCKETS": str(place),
                "STORE": str(place / "etcd"),
                "PROXY": self.proxy,
            }
            self.machines[name] = machine

    def start(self) -> None:
        """Start all; returns when there is a primary, perhaps without a standby yet."""
        for machine in self.machines.values():
            machine.start()
        url = self.by_proxy("postgres", self._password, "postgres")
        wait_for(lambda: _listens(url), "a primary")

    def wait_until_whole(self) -> None:
        """Return when commits wait for a standby that has caught up."""
        wait_for(self.is_whole, f"a primary and its standby: {self.members()}", 2 * PATIENCE)

    def is_whole(self) -> bool:
        """Whether there is a primary with a synchronous standby that has caught up."""
        found = {member["role"]: member for member in self.members()}
        standby = found.get("sync_standby", {})
        return (
            "leader" in found
            and standby.get("state") in ("running", "streaming")
            and standby.get("lag") == 0
            and standby.get("timeline") == found["leader"].get("timeline")
        )

    def members(self) -> list[dict[str, Any]]:
        """Patroni's state of the two, from either of them."""
        for name in DATABASES:
            address = f"http://{self.machines[name].address}:{PORTS['patroni']}/cluster"
            try:
                with urllib.request.urlopen(address, timeout=2) as answer:
                    found: list[dict[str, Any]] = json.load(answer)["members"]
            except (OSError, ValueError, urllib.error.URLError):
                continue
            return found
        return []

    def primary(self) -> Machine:
        """The machine with the lease."""
        [name] = [member["name"] for member in self.members() if member["role"] == "leader"]
        return self.machines[name]

    def other(self, machine: Machine) -> Machine:
        """The second database."""
        [name] = [name for name in DATABASES if name != machine.name]
        return self.machines[name]

    def control(self, *arguments: str) -> str:
        """The output of `patronictl` on the first running machine."""
        file = next(m.configuration for m in self.machines.values() if m.name in DATABASES)
        done = subprocess.run(
            [_program("patronictl"), "-c", str(file), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def by_proxy(self, user: str, password: str, database: str = "fusion") -> str:
        """A URL through HAProxy."""
        return f"postgresql://{user}:{password}@{self.proxy}:{PORTS['haproxy']}/{database}"

    def by_hosts(self, user: str, password: str) -> str:
        """A URL with both hosts, of which libpq uses the writable one."""
        hosts = ",".join(
            f"{self.machines[name].address}:{PORTS['postgresql']}" for name in DATABASES
        )
        wanted = "target_session_attrs=read-write&connect_timeout=2"
        return f"postgresql://{user}:{password}@{hosts}/fusion?{wanted}"

    def direct(self, machine: Machine) -> str:
        """The superuser's URL of one of the two."""
        there = f"{machine.address}:{PORTS['postgresql']}"
        return f"postgresql://postgres:{self._password}@{there}/postgres?connect_timeout=2"


@contextmanager
def running_pair(bindir: Path) -> Iterator[Pair]:
    """A pair with an empty database cluster; stopped and removed at the end."""
    with tempfile.TemporaryDirectory(prefix="fusion-pair-") as folder, ExitStack() as stack:
        home = Path(folder)
        home.chmod(0o755)
        pair = Pair(home, bindir)
        for machine in pair.machines.values():
            stack.callback(machine.kill)
        pair.start()
        yield pair


def _listens(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _program(name: str) -> str:
    found = shutil.which(name, path=PATH)
    assert found, f"{name} is missing: make debian installs it"
    return found


def _free_network() -> str:
    """Three unused addresses of a loopback network."""
    for _ in range(100):
        network = f"127.{random.randint(2, 254)}.{random.randint(1, 254)}"
        if all(_is_free(f"{network}.{n}", port) for n in range(1, 5) for port in PORTS.values()):
            return network
    raise AssertionError("somebody listens on all addresses of this machine")


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def _is_in(pid: int, home: Path) -> bool:
    """Whether it is a process of that directory, and not another with the same number."""
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd")).is_relative_to(home)
    except OSError:
        return False
