"""Mails: written with what causes them, handed over to a real mail server by the worker."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.mail import send_mail
from django.db import connection, transaction
from django.test import override_settings

from fusion.kernel.environment import SETTINGS
from fusion.kernel.ids import new_id
from fusion.portal.mails.outbox import deliver_mail
from fusion.portal.models import Mail
from tests.bounds import PATIENCE, drain


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
        told = SETTINGS["FUSION_EMAIL_URL"].read(f"smtp+plain://127.0.0.1:{port}")
        outbox = {"BACKEND": "fusion.portal.mails.outbox.Outbox"}
        with override_settings(MAILERS={"default": outbox, "transport": told}):
            yield server.taken  # type: ignore[attr-defined]
        server.shutdown()


@pytest.fixture(autouse=True)
def nothing_waits() -> None:
    """Mails of other tests are put aside."""
    Mail.objects.all().delete()


def write(to: str) -> None:
    """Send by Django's own function, as everybody does."""
    send_mail("Grüße", "Text\n.\nend", None, [to])


def make_due() -> None:
    """As if the time until the next attempt had passed."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE portal_mail SET due_at = now()")


def test_a_mail_is_handed_over_once() -> None:
    to = f"{new_id()}@example.com"
    with mail_server() as taken:
        write(to)
        assert taken == [], "nobody waits for the mail server"
        assert deliver_mail()
        assert not deliver_mail()
    assert len(taken) == 1
    assert f"To: {to}" in taken[0]
    assert "=?utf-8?" in taken[0]
    assert Mail.objects.count() == 0


def test_a_rolled_back_mail_is_not_sent() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        write("nobody@example.com")
        raise ZeroDivisionError
    assert Mail.objects.count() == 0


def test_a_refused_mail_is_retried_later() -> None:
    with mail_server(refuses=True):
        write("later@example.com")
        assert deliver_mail()
        assert not deliver_mail(), "it is not due again yet"
    make_due()
    with mail_server() as taken:
        assert deliver_mail()
    assert len(taken) == 1


def test_a_mail_refused_too_often_is_given_up() -> None:
    with mail_server(refuses=True):
        write("never@example.com")
        for _ in range(10):
            make_due()
            assert deliver_mail()
    assert Mail.objects.count() == 0


def test_two_workers_hand_over_each_mail_once() -> None:
    def work(done: list[Any]) -> None:
        def step() -> bool:
            delivered = deliver_mail()
            done.extend([1] * bool(delivered))
            return bool(delivered)

        drain(step)
        connection.close()

    with mail_server() as taken:
        for number in range(10):
            write(f"{number}@example.com")
        done: list[Any] = []
        workers = [threading.Thread(target=work, args=(done,)) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(PATIENCE)
    assert len(done) == len(taken) == 10


@pytest.mark.parametrize("text", ["", "http://x", "smtp://", "smtps:host", "smtp://host:port"])
def test_addresses_of_mail_servers_that_cannot_be_used(text: str) -> None:
    with pytest.raises(ValueError):
        SETTINGS["FUSION_EMAIL_URL"].read(text)


def test_addresses_of_mail_servers() -> None:
    told = SETTINGS["FUSION_EMAIL_URL"].read("smtp://me%40x:p%2Fw@mail.example.com")["OPTIONS"]
    assert (told["host"], told["port"], told["use_tls"]) == ("mail.example.com", 587, True)
    assert (told["username"], told["password"]) == ("me@x", "p/w")
    told = SETTINGS["FUSION_EMAIL_URL"].read("smtps://mail.example.com")["OPTIONS"]
    assert (told["port"], told["use_ssl"], told["use_tls"]) == (465, True, False)


def test_a_mail_with_an_invalid_address_is_given_up() -> None:
    write(f"somebody@{'\u00fc' * 60}.example")
    with mail_server() as taken:
        for _ in range(10):
            make_due()
            assert deliver_mail()
        assert not deliver_mail()
    assert taken == [] and Mail.objects.count() == 0
