"""The process that runs the server: `python -m fusion.embedded.keeper`, started by a lease.

It starts PostgreSQL as its child, or adopts a server that outlived its keeper. It restarts a server
that died. It stops the server when no lease is left, on SIGTERM and SIGINT, and when the folder was
moved or deleted. It runs in the session of the process that started it, but in its own process
group: a Ctrl-C in the terminal stops only the programs there, which then release their leases.
"""

import argparse
import contextlib
import json
import logging
import os
import select
import shutil
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from fusion.embedded import (
    accounts,
    binaries,
    configuration,
    database,
    home,
    locks,
    processes,
    server,
)
from fusion.embedded.cluster import Cluster
from fusion.embedded.errors import EmbeddedPostgresError
from fusion.embedded.initialise import initialise

WAIT = 2.0  # so that the server is not restarted between two consecutive commands
TICK = 0.25
ATTEMPTS = 5  # consecutive failed starts before it gives up
LOG_LIMIT = 10 * 1024 * 1024

log = logging.getLogger("fusion.embedded.keeper")


class Keeper:
    """Runs the server from the first lease to the last."""

    def __init__(self, cluster: Cluster, lock_fd: int) -> None:
        self._cluster = cluster
        self._lock_fd = lock_fd
        self._bindir = binaries.check(cluster.bindir or binaries.find_bindir())
        self._account = accounts.server_account(cluster.home, self._bindir)
        self._socket_dir = cluster.socket_dir
        self._server: server.Server | None = None
        self._attempts = 0  # since the server was last ready
        self._last_use = time.monotonic()
        self._log_mark = 0
        self._stop_requested = False
        self._over = False
        self._wakeup = self._watch_signals()

    def run(self) -> None:
        try:
            self._sign()
            self._prepare()
            while not self._is_over():
                if self._server is None or not self._server.is_alive():
                    self._open_server()
                    self._sign()
                self._limit_log()
                self._sleep(TICK)
        finally:
            self._stop()
            log.info("done")

    def _prepare(self) -> None:
        cluster = self._cluster
        processes.try_program(self._bindir / "postgres", self._account)
        initialise(cluster, self._bindir, self._account)
        home.private_folder(self._socket_dir, self._account)
        fresh = cluster.home / f"{configuration.FILE}.new"
        socket_dir = str(self._socket_dir)
        if self._socket_dir.parent == cluster.home:
            # Relative to `data`: if the folder was deleted and created again under this name, a
            # server of the old one that ends would otherwise remove the new one's socket.
            socket_dir = f"../{self._socket_dir.name}"
        fresh.write_text(configuration.render(socket_dir, cluster.settings))
        fresh.chmod(0o644)  # in a folder that only the server's user can enter
        fresh.rename(cluster.home / configuration.FILE)

    def _stop(self) -> None:
        """Stop the server, even if it was not adopted yet."""
        running = self._server
        if running is None and self._is_in_place():
            running = server.find_running(self._cluster)
        if running is not None:
            log.info("stopping the server")
            running.stop()
        if self._socket_dir.parent != self._cluster.home:
            with contextlib.suppress(OSError):
                self._socket_dir.rmdir()

    def _open_server(self) -> None:
        """Adopt the running server, wait for one that is shutting down, or start a new one.

        A server without a keeper may be shutting down or recovering; only a connection shows which.
        Wait until it has ended or accepts connections.
        """
        while found := server.find_running(self._cluster):
            if self._is_over() or database.answers(self._cluster.superuser_url()) is None:
                log.info("adopted the server with process id %d", found.pid)
                self._server = found
                return
            self._sleep(0.1)
        data = self._cluster.data
        processes.act_as(self._account, lambda: server.end_orphans(data))
        self._start_server()

    def _start_server(self) -> None:
        """Restart a server that had been ready, any number of times; give up after `ATTEMPTS`
        starts of one that never is."""
        if self._server is not None:
            log.warning("the server has ended: %s", self._last_words())
            if self._server.has_served():
                self._attempts = 0
        if self._attempts == ATTEMPTS:
            raise EmbeddedPostgresError(
                f"PostgreSQL does not start, after {ATTEMPTS} attempts: "
                f"{self._last_words()} (log: {self._cluster.log})"
            )
        if self._attempts:
            self._sleep(0.1 * 2 ** (self._attempts - 1))
        self._attempts += 1
        self._log_mark = server.log_size(self._cluster)
        self._server = server.start(self._cluster, self._bindir, self._account)
        log.info("started the server with process id %d", self._server.pid)

    def _sign(self) -> None:
        """Write our process id into the lock and, once there is one, the server's. Before that, a
        server that answers belongs to a former keeper and may be about to end."""
        ids = f"{os.getpid()} {self._server.pid}" if self._server else f"{os.getpid()}"
        os.pwrite(self._lock_fd, ids.encode(), 0)
        os.ftruncate(self._lock_fd, len(ids))

    def _last_words(self) -> str:
        return server.log_tail(self._cluster, self._log_mark)

    def _is_over(self) -> bool:
        if self._over:
            return True
        if self._stop_requested:
            log.info("received a stop signal")
        elif not self._is_in_place():
            log.warning("the folder was moved or deleted")
        elif self._is_unused():
            log.info("no process uses the server any more")
        else:
            return False
        self._over = True
        return True

    def _is_in_place(self) -> bool:
        """Whether our folder still has its name, and not another cluster's."""
        return locks.is_same_file(self._lock_fd, self._cluster.home / locks.KEEPER)

    def _is_unused(self) -> bool:
        """Whether there was no lease for `WAIT` seconds. Then this process keeps the lock until it
        ends, so that a new lease waits instead of finding a server that is about to stop."""
        fd = locks.try_lock(self._cluster.home / locks.LEASE, locks.EXCLUSIVE)
        if fd is None:
            self._last_use = time.monotonic()
            return False
        if time.monotonic() - self._last_use >= WAIT:
            return True
        os.close(fd)
        return False

    def _limit_log(self) -> None:
        """Copy a long log and truncate it. It is not renamed, because the server has it open and
        appends. Lines written between the two steps are lost."""
        path = self._cluster.log
        if server.log_size(self._cluster) > LOG_LIMIT:
            before = locks.open_owned(path.with_suffix(".log.1"), os.O_WRONLY | os.O_TRUNC)
            with path.open("rb") as source, os.fdopen(before, "wb") as target:
                shutil.copyfileobj(source, target)
            os.truncate(path, 0)

    def _watch_signals(self) -> int:
        """A descriptor that becomes readable with every signal, which ends `_sleep`."""
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for order in (signal.SIGTERM, signal.SIGINT):
            signal.signal(order, self._request_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the end of the terminal does not matter
        return reader

    def _request_stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stop_requested = True

    def _sleep(self, seconds: float) -> None:
        if select.select([self._wakeup], [], [], seconds)[0]:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wakeup, 4096)


def main(arguments: list[str]) -> int:
    """Run the server of one cluster until nobody uses it; 1 if it could not be started, else 0."""
    parser = argparse.ArgumentParser(description="Keeps one embedded PostgreSQL running.")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--bindir", type=Path)
    parser.add_argument("--settings", type=json.loads, default={})
    parser.add_argument("--lock-fd", type=int, required=True)
    options = parser.parse_args(arguments)
    os.set_inheritable(options.lock_fd, False)  # the server must not keep the lock after our end
    os.umask(0o077)
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s", level=logging.INFO)
    cluster = Cluster(options.data_dir, options.bindir, options.settings)
    try:
        Keeper(cluster, options.lock_fd).run()
    except Exception as error:
        log.exception("gave up")
        if locks.is_same_file(options.lock_fd, cluster.home / locks.KEEPER):
            _report(cluster, error)
        return 1
    return 0


def _report(cluster: Cluster, error: Exception) -> None:
    """Write the reason into the file that waiting processes read."""
    known = isinstance(error, EmbeddedPostgresError)
    with os.fdopen(locks.open_owned(cluster.failure, os.O_WRONLY | os.O_TRUNC), "w") as file:
        file.write(str(error) if known else f"The keeper of {cluster.home} failed: {error!r}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
