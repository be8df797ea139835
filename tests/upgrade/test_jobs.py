"""Mails of two releases whose workers run at the same time: each is delivered once."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from fusion.portal.mails.outbox import seal
from tests.portal.test_outbox import Postman
from tests.server import run_worker, wait_for
from tests.upgrade import releases
from tests.upgrade.releases import Release

pytestmark = pytest.mark.once

FORMER_MAIL = (
    "INSERT INTO portal_mail (id, sender, recipient, subject, text, tries)"
    " VALUES (gen_random_uuid(), 'fusion@example.com', %s, 'Subject', 'Text', 0)"
)
MAIL = (
    "INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('mail', 'deliver_mail',"
    " jsonb_build_object('sealed', %s::text))"
)
TAKEN_BY_FORMER = """
SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'deliver_mail' AND status = 'failed'
"""
SECRET = "https://portal.example.com/invitation#secret"

WAITING = """
SELECT (SELECT count(*) FROM portal_mail)
     + (SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'deliver_mail')
"""


@pytest.fixture
def post() -> Iterator[socketserver.TCPServer]:
    """A mail server; `taken` is what it was given."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Postman) as server:
        server.taken, server.refuses = [], False  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def sealed(recipient: str) -> str:
    """A mail as servers of this release put it into the queue."""
    mail = {
        "sender": "fusion@example.com",
        "subject": "Subject",
        "text": f"To {recipient}: {SECRET}",
    }
    return seal({**mail, "recipient": recipient})


def test_mails_of_both_releases(
    former_database: str, before: Release, post: socketserver.TCPServer, tmp_path: Path
) -> None:
    this = Release(releases.ROOT)
    environment = {
        "DATABASE_URL": former_database,
        "FUSION_EMAIL_URL": f"smtp+plain://127.0.0.1:{post.server_address[1]}",
        "FUSION_SECRET_KEY": settings.SECRET_KEY,
    }
    this.migrate(former_database)
    with psycopg.connect(former_database, autocommit=True) as direct, ExitStack() as stack:

        def count(statement: str) -> int:
            [(number,)] = direct.execute(statement.encode()).fetchall()
            return int(number)

        def work(release: Release) -> None:
            log, folder = tmp_path / "log", str(release.folder)
            stack.enter_context(run_worker(log, environment=environment, cwd=folder))

        work(before)
        direct.execute(MAIL, [sealed("new-1@example.com")])
        wait_for(lambda: count(TAKEN_BY_FORMER) == 1, "the previous release to refuse the job")
        direct.execute(FORMER_MAIL, ["former-1@example.com"])
        work(this)
        direct.execute(FORMER_MAIL, ["former-2@example.com"])
        direct.execute(MAIL, [sealed("new-2@example.com")])
        wait_for(lambda: count(WAITING) == 0, "all mails to be delivered", 120)
    assert SECRET not in (tmp_path / "log").read_text(), "its worker logs the arguments of jobs"
    to = [
        next(line for line in mail.splitlines() if line.startswith("To: ")) for mail in _taken(post)
    ]
    assert sorted(to) == [
        f"To: {who}@example.com" for who in ("former-1", "former-2", "new-1", "new-2")
    ]


def _taken(post: socketserver.TCPServer) -> list[str]:
    return list(post.taken)  # type: ignore[attr-defined]
