"""One real PostgreSQL for each process of the run: started here, stopped by its own process id.

The tests share one database and never clean it: each creates its own provider (`world`), because
the product isolates providers. The run ends with `fusion verify` over everything. With `-n` each
process has its own database and verification.
"""

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

_stack = ExitStack()
ROOMY = {
    "max_connections": "300",
    "max_locks_per_transaction": "43",
    "statement_timeout": "180s",
    "idle_in_transaction_session_timeout": "180s",
}
"""Servers, workers and proxies of many tests share the database. The lock table, whose size is the
product of both, keeps its default size. No statement, and so no thread, waits for ever."""

LONG = {"upgrade"}
"""The folders with such files that would otherwise come last."""

TOGETHER = {"test_demo.py", "test_newcomer.py"}
"""Files that one process runs: they share a demonstration."""

_found: list[str] = []
"""The results of `fusion verify` for the databases of this run."""


def _start_database() -> None:
    """An embedded server, or one of `FUSION_TEST_BINDIR`, unless DATABASE_URL is set."""
    if "DATABASE_URL" in os.environ:
        return
    from tests.temporary_database import run_temporary  # noqa: PLC0415 - before Django starts

    bindir = os.environ.get("FUSION_TEST_BINDIR")
    home = Path(_stack.enter_context(tempfile.TemporaryDirectory(prefix="fusion-tests-")))
    home.chmod(0o755)
    held = _stack.enter_context(
        run_temporary(
            home / "postgres", bindir=Path(bindir) if bindir else None, settings=ROOMY, fast=True
        )
    )
    os.environ["DATABASE_URL"] = held.url


def _only_hands_out(config: pytest.Config) -> bool:
    """Whether this process runs no tests itself, but distributes them to others."""
    return bool(config.getoption("numprocesses", None)) and not hasattr(config, "workerinput")


def _reset_signals() -> None:
    """Make the programs that tests start obey signals, however this run was started.

    In the background of a shell without job control SIGINT is ignored, and child processes inherit
    this. SIGHUP stays unchanged: `nohup` sets it on purpose.
    """
    for order in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(order) == signal.SIG_IGN:
            signal.signal(order, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def pytest_configure(config: pytest.Config) -> None:
    """Start the database and Django before any test module is imported."""
    _reset_signals()
    # an example may take long on a busy machine: no fault of what it tests
    settings.register_profile("unhurried", deadline=None)
    settings.load_profile("unhurried")
    # a translation may have been edited since the installation
    if not hasattr(config, "workerinput"):
        subprocess.run(
            ["make", "--quiet", "translations"], cwd=config.rootpath, check=True, timeout=300
        )
    if _only_hands_out(config):
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fusion.settings")
    os.environ.setdefault("FUSION_SECRET_KEY", "for the tests only, of no use anywhere else")
    os.environ.setdefault("FUSION_LOG_LEVEL", "WARNING")
    os.environ.setdefault("FUSION_PORTAL_URL", "https://portal.example.com")
    os.environ.setdefault("FUSION_ALLOWED_HOSTS", "testserver,localhost,127.0.0.1")
    _start_database()
    import django  # noqa: PLC0415 - after DATABASE_URL is known
    from django.core.management import call_command  # noqa: PLC0415

    django.setup()
    from django.conf import settings as configured  # noqa: PLC0415

    configured.PASSWORD_HASHERS = ["tests.hashing.CheapArgon2", *configured.PASSWORD_HASHERS[1:]]
    from fusion.catalogue.install_metrics import install_metrics  # noqa: PLC0415
    from fusion.kernel.functions import install_functions  # noqa: PLC0415
    from fusion.kernel.group_keys import finish_keys  # noqa: PLC0415
    from fusion.trunks.prepare import prepare_calls  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    install_metrics()
    install_functions()
    prepare_calls()
    _act_as_runtime_role(finish_keys)


def _act_as_runtime_role(finish: Callable[[], object]) -> None:
    """From here on this process has the privileges of servers and workers: see `tests.owner`.

    A copy of the database before `finish` is the template of `tests.databases.migrated_database`.
    """
    from django.db import connection  # noqa: PLC0415

    from fusion.kernel.runtime_role import RUNTIME_ROLE, prepare_runtime_role  # noqa: PLC0415
    from tests.databases import drop_template, make_template  # noqa: PLC0415

    assert prepare_runtime_role() == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT events_epoch()")
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    make_template()
    _stack.callback(drop_template)
    finish()
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    options = connection.settings_dict["OPTIONS"]
    options["options"] = f"{options['options']} -c role={RUNTIME_ROLE}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the files that take minutes first: a process runs a whole file, and in the end the other
    processes would have nothing left to do.
    """
    items.sort(key=lambda item: item.path.parent.name not in LONG)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Distribute whole files, but those of `TOGETHER` to the same process."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling  # noqa: PLC0415 - only with -n

    scheduling = LoadFileScheduling(config, log)
    file_of = scheduling._split_scope

    def scope_of(nodeid: str) -> str:
        file: str = file_of(nodeid)
        return "together" if file.rpartition("/")[2] in TOGETHER else file

    scheduling._split_scope = scope_of
    return scheduling


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The books must agree after all tests."""
    if session.config.option.collectonly:
        return
    if not _only_hands_out(session.config):
        from fusion.cli.verify import differences  # noqa: PLC0415
        from tests.registered import unregistered  # noqa: PLC0415

        _found.extend(differences())
        _found.extend(unregistered())
    result = getattr(session.config, "workeroutput", None)
    if result is not None:  # to the distributing process: see `pytest_testnodedown`
        result["differences"] = list(_found)
        return
    for difference in _found:
        print(f"fusion verify: {difference}")  # noqa: T201
    if _found:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """A process of the run has ended; without a verification it has failed."""
    result = getattr(node, "workeroutput", {})
    _found.extend(result.get("differences", ["a process of the run did not verify its books"]))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the started server."""
    if _only_hands_out(config):
        return
    from django.db import connections  # noqa: PLC0415

    for connection in connections.all():
        connection.close()
        if getattr(connection, "pool", None):
            connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's alone
    _stack.close()


@pytest.fixture
def world() -> Iterator["object"]:
    """A separate provider: see `tests.world.World`."""
    from tests.world import World  # noqa: PLC0415

    yield World()
