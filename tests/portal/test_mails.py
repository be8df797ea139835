"""All mails: what they lead to, whose words stand in them, and how they arrive."""

import ast
import email
import email.policy
import re
import stat
from pathlib import Path
from typing import Any

import allauth
import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client, override_settings

import fusion.portal
from fusion.access.actor import ADMINISTRATOR
from fusion.branding.set_brand import set_brand, set_host
from fusion.kernel.environment import SETTINGS
from fusion.kernel.ids import new_id
from fusion.portal.account.mail import MAILS
from fusion.portal.mails.files import read_mails
from fusion.portal.mails.outbox import MAIL
from fusion.portal.mails.write import FOLDER, Reader, Sender, inert, write_mail
from fusion.portal.members.mail import write_invitation_mails
from fusion.portal.models import Preference
from fusion.portal.requests.mail import write_request_mails
from fusion.tenancy.models import Organization, Subscription
from tests.bounds import drain
from tests.portal.mail_requests import REQUESTS
from tests.portal.people import make_person, signed_in
from tests.portal.test_outbox import mail_server
from tests.queued import Mail, clear_mails, run_jobs, waiting_mails
from tests.world import World

TEMPLATES = {
    file.stem for file in (Path(fusion.portal.__file__).parent / "templates" / FOLDER).glob("*.txt")
} - {"base", "link", "change"}

SUBJECTS = {
    "invitation": "You are invited to",
    "order_request": "",
    "port_request": "",
    "order_failed": "Order ",
    "order_expiring": "Order ",
    "order_overdue": "Order ",
    "channel_threshold": "",
    "password_reset_key": "Set a new password",
    "password_reset": "Your password was reset",
    "password_changed": "Your password was changed",
    "password_set": "Your password was set",
    "totp_activated": "Two-factor authentication was turned on",
    "totp_deactivated": "Two-factor authentication was turned off",
    "recovery_codes_generated": "You have new recovery codes",
}
"""Template → how its subject begins. The subjects of requests are listed below."""

OF_REQUESTS = (
    "requests more",
    "withdrew its request",
    "was approved",
    "was rejected",
    "requests a port",
    "channels in use",
)

UNREACHABLE = {
    "account/email/account_already_exists": "nobody signs up",
    "account/email/unknown_account": "nobody is told that an account is unknown",
    "account/email/login_code": "no sign-in by code",
    "account/email/password_reset_code": "no new password by code",
    "account/email/email_changed": "the address stays as it is",
    "account/email/email_deleted": "the address stays as it is",
    "account/email/email_confirm": "the address stays as it is",
    "mfa/email/webauthn_added": "no security keys",
    "mfa/email/webauthn_removed": "no security keys",
}
"""Mails of django-allauth that our settings and addresses never cause, and why."""


@pytest.fixture(autouse=True)
def nothing_else() -> None:
    """Mails and attempts of other tests are put aside."""
    cache.clear()
    drain(lambda: write_request_mails() or write_invitation_mails())
    clear_mails()


def written() -> list[Mail]:
    """The mails that were written."""
    return waiting_mails()


def whole(mail: Mail) -> str:
    """All that a reader gets to see."""
    return f"{mail.sender}\n{mail.subject}\n{mail.text}"


@pytest.mark.parametrize("host", ["evil.example:6666", "testserver:6666", "portal.b.example"])
def test_mails_never_contain_the_request_host(world: World, host: str) -> None:
    """Each request that causes a mail, from a name that is allowed and not ours."""
    headers = {
        "headers": {
            "Host": host,
            "X-Forwarded-Host": "evil.example",
            "Origin": f"http://{host}",
            "Referer": f"http://{host}/",
            "User-Agent": "https://evil.example/agent",
        }
    }
    with override_settings(ALLOWED_HOSTS=["*"]):
        for name, request in REQUESTS.items():
            before = len(waiting_mails())
            request(world, headers)
            assert len(waiting_mails()) > before, name
    mails = written()
    for mail in mails:
        text = whole(mail)
        for trace in (host, host.partition(":")[0], "evil", "6666", "portal.b"):
            assert trace not in text, text
        links = re.findall(r"https?://\S+", text)
        assert links and all(each.startswith("https://portal.example.com/") for each in links), text
    subjects = [mail.subject for mail in mails]
    for template, subject in SUBJECTS.items():
        assert any(each.startswith(subject) for each in subjects), template
    for words in OF_REQUESTS:
        assert any(words in each for each in subjects), words
    assert set(SUBJECTS) == TEMPLATES, "a new mail is requested by tests/portal/mail_requests.py"


def test_every_mail_of_the_library_is_ours_or_cannot_come() -> None:
    sent = set()
    for file in Path(allauth.__file__).parent.rglob("*.py"):
        if {"tests", "socialaccount", "headless", "idp"} & set(file.parts):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                sent.update(re.findall(r"^(?:account|mfa)/email/\w+$", node.value))
    sent -= {name for name in sent if "email_confirmation" in name}
    assert sent - set(MAILS) - set(UNREACHABLE) == set()
    assert set(MAILS) <= sent
    assert set(MAILS.values()) <= TEMPLATES


def test_mails_are_written_in_one_place_that_knows_no_request() -> None:
    """Whoever adds a mail uses `write_mail`, where no request can be looked at."""
    room = Path(fusion.portal.__file__).parent
    writers = set()
    for file in room.rglob("*.py"):
        names = {
            getattr(node, "id", getattr(node, "attr", getattr(node, "name", "")))
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        }
        if {"send_mail", "EmailMessage", "build_absolute_uri", "get_current_site"} & names:
            writers.add(file.relative_to(room).as_posix())
    assert writers == {
        "account/adapter.py",  # its method `send_mail` replaces the library's
        "mails/files.py",
        "mails/outbox.py",
        "mails/write.py",
    }
    text = (room / "mails" / "write.py").read_text(encoding="utf-8")
    assert "HttpRequest" not in text and "get_host" not in text


def test_links_use_the_groups_own_host(world: World) -> None:
    set_brand(world.actor(), name="Voice A", colour="#102030")
    set_host(world.actor(), host="voice.a.example")
    with override_settings(ALLOWED_HOSTS=["*"]):
        for request in REQUESTS.values():
            request(world, {"headers": {"Host": "portal.b.example"}})
    for mail in written():
        links = re.findall(r"https?://\S+", mail.text)
        assert links and all(each.startswith("https://voice.a.example/") for each in links)
        assert mail.text.endswith("-- \nVoice A\n")


def test_without_an_address_of_the_portal_mails_contain_the_path(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUSION_PORTAL_URL", "")
    for request in REQUESTS.values():
        request(world, {})
    for mail in written():
        assert "://" not in mail.text and "testserver" not in mail.text
        assert re.search(r"append this path to its address:\n\n/\S+\n", mail.text), mail.text


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/claim",
        "HTTPS://EVIL.EXAMPLE",
        "www.evil.example",
        "evil.example",
        "evil.example/claim?x=1",
        "claim@evil.example",
        "mailto:claim@evil.example",
        "ftp://evil.example",
        "evil。example",
        "Acme\n\nYour account is closed: http://evil.example",
        "http://xn--evl-jma.example",
    ],
)
def test_names_never_become_links(world: World, text: str) -> None:
    """Of organizations and subscriptions, notes and reasons, in every mail."""
    Organization.objects.unscoped("test").filter(group_id=world.group.id).update(name=text)
    Subscription.objects.unscoped("test").filter(group_id=world.group.id).update(name=text)
    for request in REQUESTS.values():
        request(world, {})
    for mail in written():
        others = re.sub(r"https://portal\.example\.com/\S+", "", whole(mail))
        others = others.replace(mail.sender, "")
        assert not re.search(r"\w://|\w[.。]\w*example|\S@\S|www\.\w", others, re.IGNORECASE), (
            others
        )
        assert "\n" not in mail.subject
        assert "\n\nYour account" not in others


def test_inert_keeps_ordinary_names() -> None:
    for text in ("Ökonomie & Söhne GmbH", "Dr. Foo", "Office 2.0", "S. p. A.", "24/7", ""):
        assert inert(text) == text
    assert inert("Booking.com B.V.") == "Booking. com B. V."
    nested = {"a": ["x.yz", {"b": ("http://c",)}], "n": 1.5}
    assert inert(nested) == {"a": ["x. yz", {"b": ["http: //c"]}], "n": 1.5}


def test_the_reader_s_language_and_time(world: World) -> None:
    """Somebody who reads French is written to in French, whoever causes the mail."""
    admin = make_person((world.group, ADMINISTRATOR))
    Preference.objects.create(user=admin, language="fr", time_zone="Asia/Tokyo")
    REQUESTS["order_requests"](world, {})
    texts = [mail.text for mail in written() if mail.recipient == admin.email]
    assert texts and all("Abonnement" in text for text in texts)
    client = signed_in(admin)
    fields = {"oldpassword": "a password for tests only", "password1": "x" * 5}
    client.post("/account/password", fields)
    write_mail(
        "password_changed",
        Reader(admin.email, "fr", "Asia/Tokyo"),
        Sender("B", ""),
        {"timestamp": "", "zone": "Asia/Tokyo", "address": "192.0.2.1"},
        path="/account/security",
    )
    assert "(Asia/Tokyo)" in waiting_mails()[-1].text


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
def test_a_link_is_whole_in_transport(language: str) -> None:
    """In what a mail server gets, byte by byte: no quoted-printable breaks it."""
    path = f"/invitation?key={'k' * 300}"
    write_mail(
        "invitation",
        Reader("new@example.com", language),
        Sender("Söhne", "https://portal.example.com"),
        {"organization": "Ökonomie 中文", "role": "agent"},
        path=path,
    )
    with mail_server() as taken:
        run_jobs(MAIL)
    assert f"https://portal.example.com{path}" in taken[0].splitlines()


def test_mails_as_files(tmp_path: Path) -> None:
    files = SETTINGS["FUSION_EMAIL_URL"].read("files:")
    outbox = {"BACKEND": "fusion.portal.mails.outbox.Outbox"}
    recipients = ["new@example.com", "../../etc/passwd@example.com", "ü@example.com"]
    with override_settings(VAR=tmp_path, MAILERS={"default": outbox, "transport": files}):
        for to in recipients:
            write_mail(
                "invitation",
                Reader(to, "de"),
                Sender("Söhne", "https://portal.example.com"),
                {"organization": "Ökonomie", "role": "agent"},
                path=f"/invitation?key={'k' * 90}",
            )
            run_jobs(MAIL)
        found = read_mails(limit=10)
    folder = tmp_path / "mail"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    made = sorted(folder.iterdir())
    assert len(made) == 3 and {file.suffix for file in made} == {".eml"}
    for file in made:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        text = file.read_text(encoding="utf-8")
        assert f"https://portal.example.com/invitation?key={'k' * 90}" in text.splitlines()
        assert "Ökonomie" in text
        parsed: Any = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        assert parsed.get_content().count("https://") == 1
    assert {each.to for each in found} == set(recipients)
    assert all("Ökonomie" in each.subject for each in found)


def test_the_page_of_mails_is_the_demonstration_s_alone(tmp_path: Path) -> None:
    files = SETTINGS["FUSION_EMAIL_URL"].read("files:")
    with override_settings(VAR=tmp_path, DEMO=False):
        assert Client().get("/demonstration/mails").status_code == 404
    with override_settings(VAR=tmp_path, DEMO=True):
        assert "There are no e-mails yet" in Client().get("/demonstration/mails").content.decode()
        from django.core.mail import mailers  # noqa: PLC0415

        with override_settings(MAILERS={"default": files}):
            message = EmailMessage(
                "Subject <b>", "https://portal.example.com/x?key=1&a=<i>\n", None, ["a@example.com"]
            )
            mailers["default"].send_messages([message])
        page = Client().get("/demonstration/mails").content.decode()
    assert "Subject &lt;b&gt;" in page and '<a href="https://portal.example.com/x?key=1' in page


@pytest.mark.parametrize(
    "text", ["portal.example.com", "//x", "ftp://x", "https://", "https://x?y"]
)
def test_an_address_of_the_portal_that_is_none(text: str) -> None:
    with pytest.raises(ValueError):
        SETTINGS["FUSION_PORTAL_URL"].read(text)


def test_an_address_of_the_portal() -> None:
    read = SETTINGS["FUSION_PORTAL_URL"].read
    assert read("https://portal.example.com/") == "https://portal.example.com"
    assert (read(""), read(" ")) == ("", "")


def test_by_default_nothing_secret_is_logged(capfd: pytest.CaptureFixture[str]) -> None:
    assert SETTINGS["FUSION_EMAIL_URL"].default == "files:"
    person = f"{new_id()}@example.com"
    default = SETTINGS["FUSION_EMAIL_URL"].read(SETTINGS["FUSION_EMAIL_URL"].default)
    assert "console" not in default["BACKEND"], person
    assert capfd.readouterr().out == ""
