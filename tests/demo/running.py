"""Running `fusion demo` for real: in a separate directory, on a free port, in its own session."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from tests.bounds import PATIENCE, killed_after

READY = "Ctrl-C stops everything"
"""It prints this when all of it runs."""

NOT_ITS_OWN = ("DATABASE_URL", "FUSION_PORTAL_URL")
"""Settings of the test run, which a newcomer does not have."""


class Demo:
    """One run of the command; `output` is its output so far."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.output = ""
        environment = {name: text for name, text in os.environ.items() if name not in NOT_ITS_OWN}
        environment |= {"PORT": str(port), "FUSION_LOG_LEVEL": "INFO"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fusion.cli", "demo"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait_for(self, words: str) -> "Demo":
        """Read until its output has that text; fails if it ends before."""
        assert self.process.stdout is not None
        with killed_after(self.process, 3 * PATIENCE):
            for line in self.process.stdout:
                self.output += line
                if words in self.output:
                    break
        assert words in self.output, f"it ended without {words!r}:\n{self.output}"
        return self

    def stop(self, order: signal.Signals = signal.SIGTERM) -> int:
        """Stop it; returns its exit code when all its processes have ended."""
        self.process.send_signal(order)
        return self.ended()

    def kill_all(self) -> None:
        """`kill -9` of every process of its session."""
        deadline = time.monotonic() + PATIENCE
        while pids := self.session():
            assert time.monotonic() < deadline, f"not to be killed: {pids}"
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.poll()
            time.sleep(0.02)

    def ended(self) -> int:
        """Its exit code, when all its processes have ended."""
        assert self.process.stdout is not None
        with killed_after(self.process):
            self.output += self.process.stdout.read()
        code = self.process.wait(PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while self.session():
            assert time.monotonic() < deadline, f"still there: {self.session()}"
            time.sleep(0.05)
        return code

    def session(self) -> list[int]:
        """The living processes of its session."""
        return [pid for pid in processes() if session_of(pid) == self.process.pid]

    def facts(self) -> dict[str, Any]:
        """The facts in `var/demo.json`."""
        facts: dict[str, Any] = json.loads((self.folder / "var/demo.json").read_text())
        return facts

    def caller(self, name: str) -> httpx.Client:
        """The API, called as the client of that name."""
        client = self.facts()["clients"][name]
        base = self.facts()["base_url"]
        answer = httpx.post(
            f"{base}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(client["client_id"], client["client_secret"]),
        )
        assert answer.status_code == 200, answer.text
        token = answer.json()["access_token"]
        return httpx.Client(
            base_url=f"{base}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=30
        )


@contextmanager
def new_folder() -> Iterator[Path]:
    """A folder that the embedded server's user can pass through; removed at the end."""
    with tempfile.TemporaryDirectory(prefix="fusion-demo-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def processes() -> list[int]:
    """Every process of this machine."""
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def session_of(pid: int) -> int | None:
    """The session of a living process, else None."""
    state = status_of(pid)
    return int(state[3]) if state and state[0] != "Z" else None


def status_of(pid: int) -> list[str] | None:
    """The fields of `/proc/<pid>/stat` from the state on; None if the process has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


def child_running(demo: Demo, command: str) -> int:
    """The child of the demonstration that runs this `fusion` command."""
    for pid in demo.session():
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        state = status_of(pid)
        if command in words and state and int(state[1]) == demo.process.pid:
            return pid
    raise AssertionError(f"no {command} among the children")
