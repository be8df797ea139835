"""A real server process for tests: `fusion serve` against the test database, on a free port."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from tests.bounds import PATIENCE


@dataclass
class Server:
    """A running `fusion serve`; `log` collects its stderr."""

    process: subprocess.Popen[bytes]
    port: int
    log: "os.PathLike[str]"

    @property
    def url(self) -> str:
        """`http://127.0.0.1:<port>`, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def lines(self) -> list[str]:
        """The server's log so far."""
        with open(self.log, encoding="utf-8") as file:
            return file.read().splitlines()

    def stop(self, order: signal.Signals = signal.SIGTERM) -> int:
        """Send `order` and wait for the end; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(order)
        return self.process.wait(PATIENCE)


def free_port() -> int:
    """A port that is free at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def fusion(
    *arguments: str, environment: dict[str, str] | None = None, cwd: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the `fusion` command to its end, as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "fusion.cli", *arguments],
        env={**os.environ, **(environment or {})},
        cwd=cwd,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )


@contextmanager
def run_worker(
    log: "os.PathLike[str]",
    *,
    environment: dict[str, str] | None = None,
    cwd: str | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A real `fusion worker` on the test database; stopped by its own process id if need be."""
    with open(log, "ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "fusion.cli", "worker"],
            env={**os.environ, "FUSION_LOG_LEVEL": "INFO", **(environment or {})},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(PATIENCE)


def wait_for(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Return when `condition` is true; AssertionError with `what` after the time limit."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"waited too long: {what}"
        time.sleep(0.05)


@contextmanager
def run_server(
    log: "os.PathLike[str]",
    *options: str,
    environment: dict[str, str] | None = None,
    cwd: str | None = None,
    ready: bool = True,
) -> Iterator[Server]:
    """Start `fusion serve`, wait until it is ready (or answers at all), and stop it (by its own
    process id)."""
    port = free_port()
    command = [sys.executable, "-m", "fusion.cli", "serve", "--port", str(port), *options]
    with open(log, "ab") as output:
        process = subprocess.Popen(
            command,
            env={
                **os.environ,
                "FUSION_LOG_LEVEL": "INFO",
                "FUSION_PORTAL_URL": f"http://127.0.0.1:{port}",
                **(environment or {}),
            },
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    server = Server(process, port, log)
    try:
        _wait_for_answer(server, "/readyz" if ready else "/healthz")
        yield server
    finally:
        try:
            server.stop()
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(PATIENCE)
            raise


def _wait_for_answer(server: Server, path: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        try:
            if httpx.get(f"{server.url}{path}", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the server is not ready:\n" + "\n".join(server.lines()))
