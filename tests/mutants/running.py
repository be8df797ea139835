"""Trying mutants: each process has a copy of the checkout and a PostgreSQL server, because open
transactions of a server delay its feeds of events. Each mutant has a database of its own, so that
no mutant spoils the books of the next.

Tests that killed other mutants of the file come first, because they are likely to kill again; then
the quickest. The tests that do not call a changed PL/pgSQL function are left out: PostgreSQL counts
the calls. It does not count those of SQL functions that it inlines.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import Any

import psycopg
from psycopg import sql
from psycopg.errors import ObjectInUse

from tests.bounds import PATIENCE, killed_after
from tests.databases import drop_database
from tests.mutants.making import ROOT, Mutant
from tests.mutants.runner import BROKEN
from tests.temporary_database import run_temporary

COPIED = ("fusion", "tests", "docs", "pyproject.toml", "README.md", "Makefile", ".python-version")
SECONDS = 300.0
"""How long the tests of a mutant may take, in addition to five times as long as without one."""

SETTINGS = {"max_connections": "300", "statement_timeout": "30s", "track_functions": "pl"}
WAITS = 30.0
"""Seconds after which a kill says little for the next: its test waits for what does not come."""

LIKELY = 2
"""How many files of tests are tried before the others are imported."""

PURE = ("test_rules*.py", "test_parse*.py", "test_degenerate*.py")
"""The tests that need no database come first for Python."""

CALLED = "SELECT funcname FROM pg_stat_user_functions WHERE calls > 0"
NO_DATABASE = "postgresql://nobody@127.0.0.1:1/none"


@dataclass(frozen=True)
class Killed:
    """A mutant that was tried: the test that failed, "" if it survived, the seconds, and why it
    failed, if that is known.
    """

    mutant: Mutant
    by: str
    seconds: float
    why: str

    def __str__(self) -> str:
        result = f"killed by {self.by}" if self.by else "SURVIVED"
        found = [line for line in self.why.splitlines() if line.startswith("E  ")]
        return "\n    ".join((str(self.mutant), f"{result} ({self.seconds:.0f} s)", *found[:1]))


def run_all(
    tests: Sequence[str],
    wanted: Sequence[Mutant],
    home: Path,
    *,
    processes: int,
    until: float,
    pure: bool,
) -> Iterator[Killed]:
    """The results, as they come, of the files `tests`; no mutant is begun after `until`.

    `pure`: only of the tests that need no database.
    """
    crew = []
    with ExitStack() as stack:
        for nth in range(processes):
            url = ""
            if not pure:
                cluster = run_temporary(home / f"postgres{nth}", settings=SETTINGS, fast=True)
                url = stack.enter_context(cluster).url
            crew.append(_Worker(tests, home / f"copy{nth}", url))
        try:
            free: Queue[_Worker] = Queue()
            for worker in crew:
                worker.compile()
                worker.known = crew[0].known
                free.put(worker)

            def survey(test: str) -> None:
                with _taken(free) as worker:
                    worker.survey(test)

            def run(mutant: Mutant) -> Killed | None:
                with _taken(free) as worker:
                    return worker.run(mutant) if time.monotonic() < until else None

            with ThreadPoolExecutor(processes) as pool:
                try:
                    list(pool.map(survey, [] if pure else crew[0].tests))
                    for each in as_completed([pool.submit(run, mutant) for mutant in wanted]):
                        result = each.result(0)
                        if result is not None:
                            yield result
                finally:  # interrupted
                    pool.shutdown(wait=False, cancel_futures=True)
        finally:
            for worker in crew:
                worker.close()


def _copy_database(owner: "psycopg.Connection[Any]", name: str) -> None:
    """Copy the migrated database as soon as the connections of ended processes are closed."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            owner.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE fusion").format(sql.Identifier(name))
            )
            return
        except ObjectInUse:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)


@contextmanager
def _taken(free: "Queue[_Worker]") -> "Iterator[_Worker]":
    worker = free.get()
    try:
        yield worker
    finally:
        free.put(worker)


@dataclass
class _Known:
    """Of the tests and their files: the `seconds` of each, and how many mutants of a function or
    file it killed; of the tests, the functions that each `calls`.
    """

    seconds: Counter[str] = field(default_factory=Counter)
    calls: dict[str, set[str]] = field(default_factory=dict)
    kills: Counter[tuple[str, str]] = field(default_factory=Counter)


class _Worker:
    """A copy of the checkout, and the processes that run its tests: `warm` for SQL, `runner` for
    Python.
    """

    def __init__(self, tests: Sequence[str], copy: Path, url: str) -> None:
        self.copy, self.url = copy, url
        self.known = _Known()
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, copy / name, ignore=ignored)
            else:
                shutil.copy(source, copy / name)
        self.tests = sorted(
            str(file.relative_to(copy)) for pattern in tests for file in copy.glob(pattern)
        )
        self.pure = [test for test in self.tests if any(Path(test).match(each) for each in PURE)]
        self.named: list[str] = []
        """The names of all tests, which the process for SQL has collected."""
        self._runners: dict[str, subprocess.Popen[str]] = {}
        self._why = ""

    def compile(self) -> None:
        """Migrate the database that all others are copies of, and compile what is imported.

        Bytecode is written only here: that of a mutant would serve for the next of the same size.
        """
        if self.pure:
            arguments = self._without_database()
            self._must_pass(self._ask(NO_DATABASE, arguments, SECONDS, compile=True))
        if self.url:
            arguments = ["--collect-only", *self.tests]
            self._must_pass(self._ask(self.url, arguments, SECONDS, compile=True))
            runner = self._start("warm", *self.tests)
            assert runner.stdout
            with killed_after(runner, SECONDS):
                self.named = json.loads(runner.stdout.readline())
            assert self.named, (self.copy / "log").read_text(errors="replace")

    def _must_pass(self, failed: str) -> None:
        log = (self.copy / "log").read_text(errors="replace")
        assert not failed, f"the tests fail without a mutant: {failed}\n{log}"

    def survey(self, test: str) -> None:
        """See a file of tests pass without a mutant, how long each takes, and what it calls."""
        names = [name for name in self.named if name.partition("::")[0] == test]
        late: set[str] = set()
        answer = self._warm(names, SECONDS, late)
        assert not answer["failed"], f"{answer['failed']} fails without a mutant: {answer['why']}"
        known = self.known
        for name, (seconds, calls, is_late) in answer["tests"].items():
            known.seconds[name] = seconds
            known.seconds[test] += seconds
            known.calls[name] = {*calls}
            if is_late:
                late |= known.calls[name]
        for name in names:
            known.calls[name] |= late

    def run(self, mutant: Mutant) -> Killed:
        """Run the tests on the mutant."""
        started = time.monotonic()
        self._why = ""
        file = self.copy / mutant.file
        kept = file.read_text(encoding="utf-8")
        file.write_text(mutant.text, encoding="utf-8")
        try:
            by = self._try(mutant)
        finally:
            file.write_text(kept, encoding="utf-8")
        seconds = time.monotonic() - started
        if seconds < WAITS:
            for rule in (mutant.file, mutant.function):
                for test in (by, by.partition("::")[0]):
                    self.known.kills[rule, test] += 1
        return Killed(mutant, by, seconds, self._why)

    def _try(self, mutant: Mutant) -> str:
        known = self.known
        limit = SECONDS + 5 * sum(known.seconds.values())
        if mutant.file.endswith(".sql"):
            function = mutant.function
            names = [name for name in self.named if not function or function in known.calls[name]]
            names.sort(key=lambda name: self._rank(mutant, name))
            answer = self._warm(names, limit) if names else {"failed": "", "why": ""}
            self._why = str(answer["why"])
            return str(answer["failed"])
        if self.pure:
            failed = self._ask(NO_DATABASE, self._without_database(), SECONDS)
            if failed or not self.url:
                return failed
        tests = sorted(self.tests, key=lambda test: self._rank(mutant, test))
        failed = ""
        for part in (tests[:LIKELY], tests[LIKELY:]):
            if part and not failed:
                failed = self._with_database(part, limit)
        return failed

    def _rank(self, mutant: Mutant, test: str) -> tuple[float, ...]:
        kills = self.known.kills
        killed = kills[mutant.function, test], kills[mutant.file, test]
        return -killed[0], -killed[1], self.known.seconds[test]

    def _without_database(self) -> list[str]:
        return ["--noconftest", "-p", "tests.mutants.pure", *self.pure]

    def _with_database(self, tests: Sequence[str], seconds: float) -> str:
        with self._copied() as (name, url):
            failed = self._ask(url, tests, seconds, name)
            if failed == BROKEN:  # a process that prepares the same role at the same time?
                failed = self._ask(url, tests, seconds, name)
            return failed

    def _warm(
        self, names: Sequence[str], seconds: float, late: set[str] | None = None
    ) -> dict[str, Any]:
        """The answer of the process for SQL. With `late` it surveys the tests, and adds the
        functions whose calls were counted after them.
        """
        with self._copied() as (name, url):
            job = {
                "url": url,
                "database": name,
                "tests": names,
                "seconds": seconds,
                "survey": late is not None,
            }
            answer: dict[str, Any] = self._exchange("warm", job, seconds)
            if late is not None:
                with psycopg.connect(url) as reader:
                    late.update(row[0] for row in reader.execute(CALLED))
            return answer

    @contextmanager
    def _copied(self) -> Iterator[tuple[str, str]]:
        """The name and the URL of a copy of the migrated database."""
        name = f"mutant_{os.getpid()}_{id(self)}"
        with psycopg.connect(self.url.replace("/fusion?", "/template1?"), autocommit=True) as owner:
            _copy_database(owner, name)
            try:
                yield name, self.url.replace("/fusion?", f"/{name}?")
            finally:
                drop_database(owner, name)

    def _ask(
        self,
        url: str,
        arguments: Sequence[str],
        seconds: float,
        name: str = "",
        *,
        compile: bool = False,
    ) -> str:
        job = {
            "url": url,
            "database": name,
            "arguments": arguments,
            "seconds": seconds,
            "compile": compile,
            "log": str(self.copy / "log"),
        }
        return str(self._exchange("runner", job, seconds))

    def _exchange(self, module: str, job: dict[str, Any], seconds: float) -> Any:
        """The answer of a process to a job."""
        runner = self._runners.get(module) or self._start(module)
        assert runner.stdin
        assert runner.stdout
        with killed_after(runner, seconds + PATIENCE):
            runner.stdin.write(json.dumps(job) + "\n")
            runner.stdin.flush()
            return json.loads(runner.stdout.readline())

    def _start(self, module: str, *arguments: str) -> "subprocess.Popen[str]":
        runner = subprocess.Popen(
            [sys.executable, "-m", f"tests.mutants.{module}", *arguments],
            cwd=self.copy,
            env={
                **os.environ,
                "DATABASE_URL": self.url,
                "DJANGO_SETTINGS_MODULE": "fusion.settings",
                "FUSION_SECRET_KEY": "for the tests only, of no use anywhere else",
                "FUSION_LOG_LEVEL": "WARNING",
                "FUSION_PORTAL_URL": "https://portal.example.com",
                "FUSION_ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
                "PYTHONPATH": str(self.copy),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._runners[module] = runner
        return runner

    def close(self) -> None:
        """End its processes."""
        for runner in self._runners.values():
            assert runner.stdin
            runner.stdin.close()
            runner.wait(60)
