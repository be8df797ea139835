"""Mails: written with what causes them, handed over to a real mail server by the worker."""

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.mail import send_mail
from django.db import connection, transaction
from django.test import override_settings

from fusion.jobs.former import drain_former_queues
from fusion.jobs.schedule import recover_jobs
from fusion.kernel.environment import SETTINGS
from fusion.kernel.ids import new_id
from fusion.portal.mails.outbox import MAIL, RETRIES, deliver_mail
from tests.bounds import PATIENCE
from tests.concurrency.actors import at_once
from tests.owner import owner_rows
from tests.queued import clear_mails, make_due, run_jobs, states, waiting_mails

TASK = deliver_mail.name


class Postman(socketserver.StreamRequestHandler):
    """Speaks as much SMTP as a client needs to hand over a mail."""

    def handle(self) -> None:
        """One conversation."""
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            verb = line[:4].upper()
            if verb == "DATA":
                self._say("354 go on")
                self.server.taken.append(self._read())  # type: ignore[attr-defined]
            elif verb == "RCPT" and self.server.refuses:  # type: ignore[attr-defined]
                self._say("451 not now")
                continue
            self._say("221 bye" if verb == "QUIT" else "250 well")

    def _read(self) -> str:
        lines = iter(lambda: self.rfile.readline().decode(), ".\r\n")
        return "".join(lines)

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mail_server(*, refuses: bool = False) -> Iterator[list[str]]:
    """A mail server that Fusion hands over to; what it has taken."""
    with socketserver.TCPServer(("127.0.0.1", 0), Postman) as server:
        server.taken, server.refuses = [], refuses  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        result = SETTINGS["FUSION_EMAIL_URL"].read(f"smtp+plain://127.0.0.1:{port}")
        outbox = {"BACKEND": "fusion.portal.mails.outbox.Outbox"}
        with override_settings(MAILERS={"default": outbox, "transport": result}):
            yield server.taken  # type: ignore[attr-defined]
        server.shutdown()


@pytest.fixture(autouse=True)
def nothing_waits() -> None:
    """Mails of other tests are put aside."""
    clear_mails()


def write(to: str) -> None:
    """Send by Django's own function, as everybody does."""
    send_mail("Grüße", "Text\n.\nend", None, [to])


def deliver_until_given_up() -> None:
    """Let a worker try as often as it does within a day."""
    for attempt in range(RETRIES.attempts):
        assert states(TASK) == [("todo", attempt)]
        make_due(TASK)
        run_jobs(MAIL)


def test_a_mail_is_handed_over_once() -> None:
    to = f"{new_id()}@example.com"
    with mail_server() as taken:
        write(to)
        assert taken == [], "nobody waits for the mail server"
        run_jobs(MAIL)
        run_jobs(MAIL)
    assert len(taken) == 1
    assert f"To: {to}" in taken[0]
    assert "=?utf-8?" in taken[0]
    assert states(TASK) == [], "the text, which may contain a secret link, is gone"


def test_a_rolled_back_mail_is_not_sent() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        write("nobody@example.com")
        raise ZeroDivisionError
    assert waiting_mails() == []


def test_a_refused_mail_is_retried_later() -> None:
    with mail_server(refuses=True) as taken:
        write("later@example.com")
        run_jobs(MAIL)
        run_jobs(MAIL)  # it is not due again yet
    assert states(TASK) == [("todo", 1)]
    make_due(TASK)
    with mail_server() as taken:
        run_jobs(MAIL)
    assert len(taken) == 1


def test_a_mail_refused_too_often_has_failed(capfd: pytest.CaptureFixture[str]) -> None:
    with mail_server(refuses=True):
        write("never@example.com")
        deliver_until_given_up()
        run_jobs(MAIL)
    assert states(TASK) == [("failed", RETRIES.attempts)]
    said = capfd.readouterr().err
    assert "job failed" in said and "deliver_mail" in said
    assert "end" not in re.findall(r"[a-z]+", said), "the text may contain a secret link"


def test_two_workers_hand_over_each_mail_once() -> None:
    with mail_server() as taken:
        for number in range(10):
            write(f"{number}@example.com")
        workers = [threading.Thread(target=run_jobs, args=(MAIL, 2)) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(PATIENCE)
    assert len(taken) == 10
    assert states(TASK) == []


def test_the_mail_of_a_dead_worker_is_sent_by_the_next() -> None:
    write("late@example.com")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id")
        (worker,) = cursor.fetchone()
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s"
            " WHERE task_name = %s RETURNING id",
            [worker, TASK],
        )
        recover_jobs()
        assert states(TASK) == [("doing", 0)], "it may still be at work"
        cursor.execute(
            "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '31 seconds'"
            " WHERE id = %s",
            [worker],
        )
    recover_jobs()
    with mail_server() as taken:
        run_jobs(MAIL)
    assert len(taken) == 1


def test_mails_of_the_previous_release_are_sent() -> None:
    """Its servers write to a table of their own; its worker has one of the mails in hand."""
    columns = "(id, sender, recipient, subject, text, tries, due_at)"
    for to, due in (("a", "now()"), ("b", "now()"), ("c", "now() + interval '5 minutes'")):
        owner_rows(
            f"INSERT INTO portal_mail {columns} VALUES (gen_random_uuid(), 's@example.com',"
            f" '{to}@example.com', 'Subject', 'Text', 0, {due})"
        )
    at_once(*[drain_former_queues] * 4)
    with mail_server() as taken:
        run_jobs(MAIL)
    assert sorted(re.findall(r"^To: (.)@", text, re.MULTILINE)[0] for text in taken) == ["a", "b"]
    assert owner_rows("DELETE FROM portal_mail RETURNING recipient") == [("c@example.com",)]


def test_a_mail_that_a_worker_of_the_previous_release_refused_is_sent() -> None:
    """It takes every job, and fails those whose task it does not know."""
    write("somebody@example.com")
    owner_rows(
        f"UPDATE procrastinate_jobs SET status = 'failed', attempts = 1 WHERE task_name = '{TASK}'"
    )
    with mail_server() as taken:
        assert drain_former_queues()
        assert not drain_former_queues()
    assert len(taken) == 1
    assert states(TASK) == []


def test_a_refused_mail_that_cannot_be_delivered_now_is_queued_again() -> None:
    write("somebody@example.com")
    owner_rows(
        f"UPDATE procrastinate_jobs SET status = 'failed', attempts = 1 WHERE task_name = '{TASK}'"
    )
    with mail_server(refuses=True):
        drain_former_queues()
    assert states(TASK) == [("todo", 0)]
    make_due(TASK)
    with mail_server() as taken:
        run_jobs(MAIL)
    assert len(taken) == 1


@pytest.mark.parametrize("text", ["", "http://x", "smtp://", "smtps:host", "smtp://host:port"])
def test_addresses_of_mail_servers_that_cannot_be_used(text: str) -> None:
    with pytest.raises(ValueError):
        SETTINGS["FUSION_EMAIL_URL"].read(text)


def test_addresses_of_mail_servers() -> None:
    result = SETTINGS["FUSION_EMAIL_URL"].read("smtp://me%40x:p%2Fw@mail.example.com")["OPTIONS"]
    assert (result["host"], result["port"], result["use_tls"]) == ("mail.example.com", 587, True)
    assert (result["username"], result["password"]) == ("me@x", "p/w")
    result = SETTINGS["FUSION_EMAIL_URL"].read("smtps://mail.example.com")["OPTIONS"]
    assert (result["port"], result["use_ssl"], result["use_tls"]) == (465, True, False)


def test_a_mail_with_an_invalid_address_has_failed() -> None:
    write(f"somebody@{'\u00fc' * 60}.example")
    with mail_server() as taken:
        deliver_until_given_up()
    assert taken == [] and states(TASK) == [("failed", RETRIES.attempts)]
