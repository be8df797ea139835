"""A running `postgres` of a cluster: the keeper's child, or an adopted one."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from fusion.embedded import locks, processes
from fusion.embedded.accounts import Account
from fusion.embedded.cluster import PORT, Cluster

_FAST_STOP = 60.0  # a fast shutdown writes a checkpoint
_HARD_STOP = 5.0
_PAUSE = 0.02
_LOG_TAIL = 8192
_TELLING = ("FATAL:", "PANIC:", "ERROR:", "HINT:", "DETAIL:", "could not", "parameter")


class Server:
    """A postmaster's process id and, if it is our child, its handle."""

    def __init__(self, cluster: Cluster, pid: int, child: subprocess.Popen[bytes] | None) -> None:
        self._cluster = cluster
        self._child = child
        self.pid = pid

    def is_alive(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        return find_postmaster(self._cluster) == self.pid

    def has_served(self) -> bool:
        """Whether a server that ended had been ready: by its exit code, or by its state on file."""
        if self._child is None or self._child.returncode == 0:
            return True
        lines = _pid_file(self._cluster)
        return lines[:1] == [str(self.pid)] and "ready" in lines[-1]

    def stop(self) -> None:
        """Stop it: cut connections, roll back transactions in progress. Kill it if it hangs; this
        loses nothing either, because the next start recovers."""
        steps = [(signal.SIGINT, _FAST_STOP), (signal.SIGQUIT, _HARD_STOP)]
        for order, patience in [*steps, (signal.SIGKILL, _HARD_STOP)]:
            if not self.is_alive():
                return
            os.kill(self.pid, order)
            _wait(lambda: not self.is_alive(), patience)


def start(cluster: Cluster, bindir: Path, account: Account) -> Server:
    """Start a server. The caller knows that no other uses this data directory."""
    _clear_traces(cluster)
    stale = _pid_on_file(cluster)
    with os.fdopen(locks.open_owned(cluster.log, os.O_WRONLY | os.O_APPEND), "ab") as output:
        child = processes.spawn(
            [str(bindir / "postgres"), "-D", str(cluster.data)],
            account,
            cwd=cluster.data,
            output=output,
            death_signal=signal.SIGINT,
            # The process id of a dead server may now belong to another process of the same user, or
            # to a zombie; PostgreSQL would then refuse to start. With this variable, which pg_ctl
            # uses, it ignores that process. Deleting the file instead would also disable the check
            # whether backends of the dead server still use its memory.
            environment={"PG_GRANDPARENT_PID": str(stale)} if stale else None,
        )
    return Server(cluster, child.pid, child)


def find_running(cluster: Cluster) -> Server | None:
    """The server that a former keeper left running."""
    pid = find_postmaster(cluster)
    return None if pid is None else Server(cluster, pid, None)


def find_postmaster(cluster: Cluster) -> int | None:
    """The process id in postmaster.pid, if that process is a PostgreSQL of this directory.

    Process ids are reused, so that the existence of a process proves nothing.
    """
    pid = _pid_on_file(cluster)
    return pid if pid is not None and _is_postgres_of(pid, cluster.data) else None


def end_orphans(data: Path) -> None:
    """End the backends of a dead server: busy ones do not notice its end, and prevent the start of
    a new one. Without /proc, the start is retried until they have ended."""
    for order in (signal.SIGQUIT, signal.SIGKILL):
        for pid in _processes_in(data):
            try:
                os.kill(pid, order)
            except ProcessLookupError:
                continue
        if _wait(lambda: not _processes_in(data), _HARD_STOP):
            return


def log_tail(cluster: Cluster, offset: int) -> str:
    """The last lines of the log after `offset` that explain a failure, as one line."""
    size = log_size(cluster)
    with cluster.log.open("rb") as file:
        file.seek(max(min(offset, size), size - _LOG_TAIL))
        lines = file.read().decode(errors="replace").splitlines()
    telling = [line for line in lines if any(sign in line for sign in _TELLING)]
    # Without the time and process id, which only the log needs.
    last = [" ".join(line.split("] ", 1)[-1].split()) for line in (telling or lines)[-3:]]
    return " | ".join(last) or "it printed nothing"


def log_size(cluster: Cluster) -> int:
    """Bytes that the server has logged so far."""
    try:
        return cluster.log.stat().st_size
    except FileNotFoundError:
        return 0


def _clear_traces(cluster: Cluster) -> None:
    """Remove files of a killed server that prevent a start. The socket is in a private folder of
    this cluster, so that the lock of the data directory protects it as well."""
    name = f".s.PGSQL.{PORT}"
    for trace in (cluster.socket_dir / name, cluster.socket_dir / f"{name}.lock"):
        trace.unlink(missing_ok=True)
    pid_file = cluster.data / "postmaster.pid"
    if pid_file.exists() and not pid_file.read_text().strip():
        pid_file.unlink()  # the machine stopped before it was written


def _pid_on_file(cluster: Cluster) -> int | None:
    lines = _pid_file(cluster)
    return int(lines[0]) if lines and lines[0].isdecimal() else None


def _pid_file(cluster: Cluster) -> list[str]:
    """The lines of postmaster.pid: the process id, the directory, …, the server's state."""
    try:
        return (cluster.data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def _processes_in(data: Path) -> list[int]:
    if not Path("/proc/self").exists():
        return []
    found = (int(name) for name in os.listdir("/proc") if name.isdecimal())
    return [pid for pid in found if _is_postgres_of(pid, data)]


def _is_postgres_of(pid: int, data: Path) -> bool:
    """Judged by its program and its directory; a zombie has neither."""
    if not Path("/proc/self").exists():
        return _is_postgres_by_name(pid)
    try:
        program = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
        return program.startswith("postgres") and os.readlink(f"/proc/{pid}/cwd") == str(data)
    except PermissionError:
        return _is_postmaster_by_command(pid, data)
    except OSError:
        return False


def _is_postmaster_by_command(pid: int, data: Path) -> bool:
    """For another user's process, of which most containers hide the rest even from root. Only
    postmasters can be recognized, because backends rewrite their command lines."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.path.basename(words[0]) == b"postgres" and os.fsencode(data) in words


def _is_postgres_by_name(pid: int) -> bool:
    command = ["ps", "-o", "comm=", "-p", str(pid)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "postgres" in os.path.basename(done.stdout.strip())


def _wait(condition: Callable[[], bool], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE)
    return True
