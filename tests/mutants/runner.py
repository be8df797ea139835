"""A process that has imported the libraries, and runs the tests of each mutant of Python in a fork.

    python -m tests.mutants.runner        in the copy of the checkout

Each line of standard input is a job, as JSON; its answer is the test that failed, "" if none did.
The process has not imported the product, so that each fork reads the changed file.
"""

import contextlib
import json
import os
import signal
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

LIBRARIES = ("django", "hypothesis", "phonenumbers", "psycopg_pool", "pydantic")
"""None of them reads the settings of Django when it is imported: they name the database."""

SECONDS = 90
"""How long one test may take: without a mutant, the longest takes a fifth of it."""

BROKEN = "before the first test"
TOO_LONG = "no end in time"


def main() -> None:
    """Answer jobs until standard input ends."""
    for name in LIBRARIES:
        import_module(name)
    loaded = [name for name in sys.modules if name.partition(".")[0] == "fusion"]
    assert not loaded, f"a fork would not read them again: {loaded}"
    for line in sys.stdin:
        job = json.loads(line)
        sys.stdout.write(json.dumps(_run(job)) + "\n")
        sys.stdout.flush()


def _run(job: dict[str, Any]) -> str:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            _test(job, writing)
        finally:
            os._exit(1)
    os.close(writing)
    ended = wait(pid, job["seconds"])
    with os.fdopen(reading, encoding="utf-8") as result:
        failed = result.read()
    return failed if ended else TOO_LONG


def _test(job: dict[str, Any], writing: int) -> None:
    """Run pytest; the name of the first failure is written, or why there were no tests."""
    os.setsid()
    log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream, file in ((0, os.open(os.devnull, os.O_RDONLY)), (1, log), (2, log)):
        os.dup2(file, stream)
    sys.dont_write_bytecode = not job["compile"]
    os.environ["DATABASE_URL"] = job["url"]
    first = _First()
    options = ["-x", "-q", "-p", "no:randomly", "--timeout", str(SECONDS)]
    code = pytest.main([*options, *job["arguments"]], plugins=[first])
    if code != pytest.ExitCode.OK:
        broken = code == pytest.ExitCode.INTERNAL_ERROR
        failed = first.failed or (BROKEN if broken else "fusion verify")
        os.write(writing, failed.encode())
    sys.stdout.flush()
    os._exit(0)


def wait(pid: int, seconds: float) -> bool:
    """Whether the process ended in time; then nothing of its session is left."""
    deadline = time.monotonic() + seconds
    ended = False
    while not ended and time.monotonic() < deadline:
        ended = os.waitpid(pid, os.WNOHANG)[0] == pid
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    if not ended:
        os.waitpid(pid, 0)
    return ended


class _First:
    failed = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    main()
