"""Trying mutants: each process has a copy of the checkout, and each mutant a database of its
own, so that no mutant spoils the books of the next.

Tests that killed other mutants of the file come first, because they are likely to kill again.
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
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

import psycopg
from psycopg import sql

from tests.bounds import PATIENCE, killed_after
from tests.databases import drop_database
from tests.mutants.making import ROOT, Mutant
from tests.temporary_database import run_temporary

COPIED = ("fusion", "tests", "docs", "pyproject.toml", "README.md", "Makefile", ".python-version")
SECONDS = 300.0
"""How long the tests of a mutant may take, in addition to five times as long as without one."""

SETTINGS = {"max_connections": "300", "statement_timeout": "60s"}
PURE = ("test_rules*.py", "test_parse*.py")
"""The tests that need no database come first for Python."""

NO_DATABASE = "postgresql://nobody@127.0.0.1:1/none"


@dataclass(frozen=True)
class Killed:
    """A mutant that was tried: the test that failed, "" if it survived, and the seconds."""

    mutant: Mutant
    by: str
    seconds: float

    def __str__(self) -> str:
        result = f"killed by {self.by}" if self.by else "SURVIVED"
        return f"{self.mutant}\n    {result} ({self.seconds:.0f} s)"


def run_all(
    room: str, wanted: Sequence[Mutant], home: Path, *, processes: int, until: float
) -> Iterator[Killed]:
    """The results, as they come; no mutant is begun after `until`."""
    with run_temporary(home / "postgres", settings=SETTINGS, fast=True) as held:
        crew = [_Worker(room, home / f"copy{each}", held.url) for each in range(processes)]
        try:
            for worker in crew:
                worker.compile()
            crew[0].check()
            free: Queue[_Worker] = Queue()
            for worker in crew:
                worker.limit, worker.kills = crew[0].limit, crew[0].kills
                free.put(worker)

            def run(mutant: Mutant) -> Killed | None:
                worker = free.get()
                try:
                    return worker.run(mutant) if time.monotonic() < until else None
                finally:
                    free.put(worker)

            with ThreadPoolExecutor(processes) as pool:
                for each in as_completed([pool.submit(run, mutant) for mutant in wanted]):
                    result = each.result(0)
                    if result is not None:
                        yield result
        finally:
            for worker in crew:
                worker.close()


class _Worker:
    """A copy of the checkout, and the processes that run its tests: one for SQL, one for Python."""

    def __init__(self, room: str, copy: Path, url: str) -> None:
        self.copy, self.url = copy, url
        self.limit = SECONDS
        self.kills: Counter[tuple[str, str]] = Counter()
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, copy / name, ignore=ignored)
            else:
                shutil.copy(source, copy / name)
        folder = copy / "tests" / room
        self.tests = [str(file.relative_to(copy)) for file in sorted(folder.glob("test_*.py"))]
        self.pure = [
            str(file.relative_to(copy)) for each in PURE for file in sorted(folder.glob(each))
        ]
        self._runners: dict[str, subprocess.Popen[str]] = {}

    def compile(self) -> None:
        """Migrate the database that all others are copies of, and compile what is imported.

        Bytecode is written only here: that of a mutant would serve for the next of the same size.
        """
        arguments = ["--collect-only", *self.tests]
        failed = self._ask("python", self.url, arguments, SECONDS, compile=True)
        assert not failed, f"the tests fail without a mutant: {failed}"

    def check(self) -> None:
        """See the tests pass without a mutant, and how long they take."""
        started = time.monotonic()
        failed = self._with_database("python", self.tests, 10 * SECONDS)
        assert not failed, f"the tests fail without a mutant: {failed}"
        if self.pure:
            failed = self._ask("python", NO_DATABASE, self._without_database(), SECONDS)
            assert not failed, f"the tests fail without a mutant: {failed}"
        self.limit = SECONDS + 5 * (time.monotonic() - started)

    def run(self, mutant: Mutant) -> Killed:
        """Run the tests on the mutant."""
        started = time.monotonic()
        file = self.copy / mutant.file
        kept = file.read_text(encoding="utf-8")
        file.write_text(mutant.text, encoding="utf-8")
        try:
            by = self._try(mutant)
        finally:
            file.write_text(kept, encoding="utf-8")
        self.kills[mutant.file, by.partition("::")[0]] += 1
        return Killed(mutant, by, time.monotonic() - started)

    def _try(self, mutant: Mutant) -> str:
        language = "sql" if mutant.file.endswith(".sql") else "python"
        if language == "python" and self.pure:
            failed = self._ask(language, NO_DATABASE, self._without_database(), self.limit)
            if failed:
                return failed
        tests = sorted(self.tests, key=lambda test: -self.kills[mutant.file, test])
        return self._with_database(language, tests, self.limit)

    def _without_database(self) -> list[str]:
        return ["--noconftest", "-p", "tests.mutants.pure", *self.pure]

    def _with_database(self, language: str, tests: Sequence[str], seconds: float) -> str:
        """The test that fails, in a copy of the migrated database."""
        name = f"mutant_{os.getpid()}_{id(self)}"
        with psycopg.connect(self.url.replace("/fusion?", "/template1?"), autocommit=True) as owner:
            owner.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE fusion").format(sql.Identifier(name))
            )
            try:
                return self._ask(
                    language, self.url.replace("/fusion?", f"/{name}?"), tests, seconds, name
                )
            finally:
                drop_database(owner, name)

    def _ask(
        self,
        language: str,
        url: str,
        arguments: Sequence[str],
        seconds: float,
        name: str = "",
        *,
        compile: bool = False,
    ) -> str:
        runner = self._runners.get(language) or self._start(language)
        job = {
            "url": url,
            "database": name,
            "arguments": arguments,
            "seconds": seconds,
            "compile": compile,
            "log": str(self.copy / "log"),
        }
        assert runner.stdin
        assert runner.stdout
        with killed_after(runner, seconds + PATIENCE):
            runner.stdin.write(json.dumps(job) + "\n")
            runner.stdin.flush()
            return str(json.loads(runner.stdout.readline()))

    def _start(self, language: str) -> "subprocess.Popen[str]":
        runner = subprocess.Popen(
            [sys.executable, "-m", "tests.mutants.runner", language],
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
        self._runners[language] = runner
        return runner

    def close(self) -> None:
        """End its processes."""
        for runner in self._runners.values():
            assert runner.stdin
            runner.stdin.close()
            runner.wait(60)
