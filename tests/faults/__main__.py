"""`make faults`: a pair of `deploy/patroni` with faults under load.

    python -m tests.faults                        every fault, three rounds each
    python -m tests.faults --rounds 1 kill loss   one round of those whose names have these words
    python -m tests.faults --short                one round of the first, with half of the processes
    python -m tests.faults --write                puts the table into docs/operators-guide.md

Prints a row for each round. Exit code 1 if a write was lost or duplicated, if a client waited
longer than the outage and `--within` seconds, if `/healthz` was slow, or if `fusion verify` finds
a difference.
"""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from tests.faults.pair import Pair, running_pair
from tests.faults.pooler import Pooler, running_pooler
from tests.server import fusion, run_server, run_worker

if TYPE_CHECKING:
    from tests.faults.rounds import Row

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "operators-guide.md"
PASSWORD = "for-these-rounds"
MARKS = "<!-- faults: begin -->", "<!-- faults: end -->"
COLUMNS = (
    "fault",
    "acknowledged",
    "refused",
    "lost",
    "doubled",
    "pair away, s",
    "longest gap, s",
    "/healthz, s",
)
HEAD = f"| {' | '.join(COLUMNS)} |\n|---|{'---:|' * (len(COLUMNS) - 1)}"


def main() -> int:
    """Run the rounds; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("words", nargs="*", help="faults whose names have one of these words")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--within", type=float, default=2.0, help="seconds beyond the pair's own")
    parser.add_argument("--short", action="store_true", help="one round of the first fault")
    parser.add_argument("--write", action="store_true", help="put the table into the guide")
    given = parser.parse_args()
    done = subprocess.run(
        [ROOT / ".ci" / "postgres", "--bindir"],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    with running_pair(Path(done.stdout.strip())) as pair, ExitStack() as stack:
        rows = _run(pair, stack, given)
    if given.write:
        _write(rows)
    wrong = [f"{row.fault}: {what}" for row in rows for what in row.wrong]
    print(*wrong, sep="\n", file=sys.stderr)  # noqa: T201
    return 1 if wrong else 0


def _run(pair: Pair, stack: ExitStack, given: argparse.Namespace) -> "list[Row]":
    prepare(pair)
    owner = pair.by_proxy("fusion", PASSWORD)
    migrated = fusion("migrate", environment={"DATABASE_URL": owner})
    assert migrated.returncode == 0, migrated.stderr
    pair.wait_until_whole()
    by_proxy = pair.by_proxy("fusion_server", PASSWORD)
    by_hosts = pair.by_hosts("fusion_server", PASSWORD)
    _set_up_django(by_proxy)
    from tests.faults.rounds import FAULTS, run_round  # noqa: PLC0415 - Django's models

    words = ["kill"] if given.short else given.words
    wanted = [name for name in FAULTS if not words or any(word in name for word in words)]
    servers: list[dict[str, str]] = [{"DATABASE_URL": by_proxy}]
    workers: list[dict[str, str]] = [{"DATABASE_URL": by_hosts}]
    if not given.short:
        pooler = stack.enter_context(_pooler(pair, by_proxy))
        servers += [{"DATABASE_URL": by_hosts}, pooler.environment]
        workers += [pooler.environment]
    urls = _start(pair.machines["proxy"].home, stack, servers, workers)
    print(HEAD, flush=True)  # noqa: T201
    rows = []
    for fault in wanted:
        for _ in range(1 if given.short else given.rounds):
            rows.append(run_round(pair, fault, urls, owner, given.within))
            print(_line(rows[-1]), flush=True)  # noqa: T201
    return rows


def _pooler(pair: Pair, url: str) -> AbstractContextManager[Pooler]:
    """PgBouncer in front of HAProxy; the command of the guide writes its list of users."""
    block = re.search(r"```sh\n(psql [^`]*userlist\.txt)\n```", GUIDE.read_text("utf-8"))
    assert block
    done = subprocess.run(
        ["sh", "-euc", block[1].replace("> /etc/pgbouncer/userlist.txt", "")],
        timeout=60,
        env={"PATH": os.environ["PATH"], "ADMIN_URL": pair.direct(pair.primary())},
        capture_output=True,
        text=True,
        check=True,
    )
    return running_pooler(url, done.stdout, sessions=16)


Environments = Sequence[dict[str, str]]


def _start(logs: Path, stack: ExitStack, servers: Environments, workers: Environments) -> list[str]:
    """Start a server, and a worker, in each of the environments; the URLs of the servers."""
    started = []
    for n, environment in enumerate(servers):
        options = ("--workers", "1", "--threads", "8")
        server = run_server(logs / f"server{n}.log", *options, environment=environment)
        started.append(stack.enter_context(server))
    processes = [server.process for server in started]
    for n, environment in enumerate(workers):
        worker = run_worker(logs / f"worker{n}.log", environment=environment)
        processes.append(stack.enter_context(worker))
    for process in processes:  # at the end, signal all of them before waiting for the first
        stack.callback(process.terminate)
    return [server.url for server in started]


def prepare(pair: Pair) -> None:
    """Roles and database, by the statements of the operator's guide."""
    block = re.search(r"## PostgreSQL\n.*?```sql\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert block
    with psycopg.connect(pair.direct(pair.primary()), autocommit=True) as superuser:
        for statement in block[1].replace("…", PASSWORD).split(";"):
            text = re.sub(r"--.*", "", statement).strip()
            if text:
                superuser.execute(text.encode())


def _set_up_django(url: str) -> None:
    os.environ |= {
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "fusion.settings",
        "FUSION_SECRET_KEY": "for these rounds only, of no use anywhere else",
        "FUSION_ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    }
    os.environ.setdefault("FUSION_LOG_LEVEL", "ERROR")
    import django  # noqa: PLC0415 - after DATABASE_URL is known

    django.setup()


def _line(row: "Row") -> str:
    numbers = (row.acknowledged, row.refused, row.lost, row.doubled)
    times = (row.away, row.gap, row.healthz)
    cells = [row.fault, *map(str, numbers), *(f"{time:.1f}" for time in times)]
    return f"| {' | '.join(cells)} |"


def _write(rows: "Sequence[Row]") -> None:
    text = GUIDE.read_text(encoding="utf-8")
    begin, end = MARKS
    before, rest = text.split(begin)
    _, after = rest.split(end)
    table = "\n".join((HEAD, *map(_line, rows)))
    GUIDE.write_text(f"{before}{begin}\n{table}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
