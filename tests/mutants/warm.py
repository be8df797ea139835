"""A process that has migrated a database and collected the tests, and forks for each mutant of SQL.

    python -m tests.mutants.warm tests/ordering/test_place.py …       in the copy of the checkout

Its first line of standard output lists the tests. Each line of standard input is a job, as JSON.
The fork of a job installs the changed functions in a copy of the database, and runs the tests of
the job until one fails. Its answer is a JSON object: `failed`, the test, "" if none did; `why`; and
`tests`, with the seconds and the called functions of each, if the job wants them.
"""

import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from django.test import Client
from hypothesis import Phase, settings

from tests.mutants.runner import BROKEN, TOO_LONG, wait

SECONDS = 60
"""How long one test may take: without a mutant, the longest takes a fifth of it."""

LATE = 1.0
"""Seconds after which calls of an open connection count for all tests of the file."""

CALLS = "SELECT funcname, sum(calls) FROM pg_stat_user_functions GROUP BY 1"
BACKENDS = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


def main() -> None:
    """Answer jobs until standard input ends. The output of the tests is in the file `log`."""
    jobs = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream, file in ((0, os.open(os.devnull, os.O_RDONLY)), (1, log), (2, log)):
        os.dup2(file, stream)
    options = ["-q", "--tb=short", "-p", "no:randomly", "--timeout", str(SECONDS)]
    pytest.main([*options, *sys.argv[1:]], plugins=[_Warm(jobs, answers)])


class _Warm:
    """Instead of running the collected tests, it answers jobs."""

    def __init__(self, jobs: Any, answers: Any) -> None:
        self.jobs, self.answers = jobs, answers
        self.failed = self.why = ""

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self) -> None:
        """An example that fails kills the mutant: a shorter one tells nothing more."""
        phases = (Phase.explicit, Phase.reuse, Phase.generate)
        settings.register_profile("mutants", deadline=None, phases=phases)
        settings.load_profile("mutants")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Fork for each job; this process has no connection that the forks would share."""
        Client().get("/api/v1/orders")  # imports and builds what the first request needs
        _disconnect()
        gc.freeze()  # the forks share what is never collected
        self._answer([] if session.testsfailed else [item.nodeid for item in session.items])
        for line in self.jobs:
            self._answer(self._fork(session, json.loads(line)))
        return True

    def _answer(self, answer: Any) -> None:
        self.answers.write(json.dumps(answer) + "\n")
        self.answers.flush()

    def _fork(self, session: pytest.Session, job: dict[str, Any]) -> dict[str, Any]:
        result = Path("result")
        result.unlink(missing_ok=True)
        pid = os.fork()
        if pid == 0:
            os.setsid()
            try:
                mine = self._run(session, job)
            except Exception as error:  # PostgreSQL refuses the mutant?
                mine = {"failed": BROKEN, "why": repr(error)}
            result.write_text(json.dumps(mine), encoding="utf-8")
            os._exit(0)
        if not wait(pid, job["seconds"]):
            return {"failed": TOO_LONG, "why": ""}
        answer: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        return answer

    def _run(self, session: pytest.Session, job: dict[str, Any]) -> dict[str, Any]:
        os.environ["DATABASE_URL"] = job["url"]
        connection.settings_dict["NAME"] = job["database"]
        _install()
        by_name = {item.nodeid: item for item in session.items}
        items = [by_name[name] for name in job["tests"]]
        tests = {}
        counts: dict[str, int] = {}
        for item, after in zip(items, [*items[1:], None], strict=True):
            started = time.monotonic()
            item.ihook.pytest_runtest_protocol(item=item, nextitem=after)
            if self.failed:
                return {"failed": self.failed, "why": self.why}
            if job["survey"]:
                taken = time.monotonic() - started
                tests[item.nodeid] = (taken, *_called(job["url"], counts))
        wrong = _differences()
        return {"failed": "fusion verify" if wrong else "", "why": str(wrong), "tests": tests}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the first failure."""
        if report.failed and not self.failed:
            self.failed, self.why = report.nodeid, report.longreprtext


def _install() -> None:
    """Install the changed functions, as their owner, and grant what a copy of a database lacks."""
    from fusion.kernel.database import execute  # noqa: PLC0415 - after Django started
    from fusion.kernel.functions import install_functions  # noqa: PLC0415
    from fusion.kernel.sql_files import called_routines, sql_files  # noqa: PLC0415

    sql_files.cache_clear()
    called_routines.cache_clear()
    options = connection.settings_dict["OPTIONS"]
    kept = options["options"]
    options["options"] = kept.partition(" -c role=")[0]
    install_functions()
    execute("SELECT trunks_prepare_privileges()")
    _disconnect()
    options["options"] = kept


def _disconnect() -> None:
    for each in connections.all(initialized_only=True):
        each.close()
        each.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's alone


def _called(url: str, counts: dict[str, int]) -> tuple[list[str], bool]:
    """The functions called since `counts`, which it updates; and whether connections were left
    open, which report their calls only later.
    """
    with psycopg.connect(url, autocommit=True) as reader:
        before = _backends(reader)
        connection.close()
        connection.pool.drain()  # type: ignore[attr-defined]  # a fixture may have resized it
        deadline = time.monotonic() + LATE
        while (left := before & _backends(reader)) and time.monotonic() < deadline:
            time.sleep(0.01)
        now = {name: int(calls) for name, calls in reader.execute(CALLS)}
    called = [name for name, calls in now.items() if calls != counts.get(name)]
    counts.update(now)
    return called, bool(left)


def _backends(reader: "psycopg.Connection[Any]") -> set[int]:
    return {pid for (pid,) in reader.execute(BACKENDS)}


def _differences() -> list[str]:
    from fusion.cli.verify import differences  # noqa: PLC0415 - after Django started
    from tests.registered import unregistered  # noqa: PLC0415

    return [*differences(), *unregistered()]


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    main()
