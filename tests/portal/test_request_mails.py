"""E-mails about order requests: to the group, to who asked, each once."""

from dataclasses import replace
from uuid import UUID

import pytest
from django.db import transaction

from fusion.access.actor import ADMINISTRATOR, AGENT, VIEWER
from fusion.accounts.models import User
from fusion.branding.set_brand import set_host
from fusion.kernel.environment import SETTINGS
from fusion.ordering.approve_request import approve_request
from fusion.ordering.reject_request import reject_request
from fusion.ordering.withdraw_request import withdraw_request
from fusion.portal.models import Preference
from fusion.portal.requests.mail import write_request_mails
from fusion.tenancy.models import Organization
from tests.bounds import drain
from tests.concurrency.actors import at_once
from tests.ordering.requesting import requested
from tests.portal.people import join, make_person
from tests.queued import clear_mails, waiting_mails
from tests.world import World


@pytest.fixture(autouse=True)
def nothing_else() -> None:
    """Write the mails of what other tests have left first."""
    drain(write_request_mails)
    clear_mails()


def mails() -> dict[str, tuple[str, str]]:
    """Recipient → (subject, text) of the mails that were written."""
    drain(write_request_mails)
    rows = waiting_mails()
    found = {mail.recipient: (mail.subject, mail.text) for mail in rows}
    assert len(found) == len(rows), "each got one"
    return found


def test_mails_go_to_the_group_and_then_the_requester(world: World) -> None:
    admin = make_person((world.group, ADMINISTRATOR))
    agent = make_person((world.group, AGENT))
    make_person((world.group, VIEWER))
    asker = make_person()
    member = join(asker, world.tenant)
    colleague = make_person((world.tenant, ADMINISTRATOR))
    actor = replace(world.actor("tenant"), label=f"member:{member.id}")
    id = requested(world, actor=actor, note="Before Monday <b>please</b>")
    result = mails()
    assert set(result) == {admin.email, agent.email}
    subject, text = result[admin.email]
    assert subject == f"{world.tenant.name} requests more"
    assert "+2 seat" in text and "Before Monday <b>please</b>" in text
    assert mails() == result, "once"
    clear_mails()
    approve_request(world.actor(), request_id=UUID(id))
    result = mails()
    assert set(result) == {asker.email}
    assert "was approved" in result[asker.email][0] and "It became order " in result[asker.email][1]
    assert colleague.email not in result


@pytest.mark.parametrize("gone", [True, False])
def test_administrators_replace_an_unreachable_requester(world: World, gone: bool) -> None:
    admin = make_person((world.tenant, ADMINISTRATOR))
    make_person((world.tenant, AGENT))
    asker = make_person()
    member = join(asker, world.tenant)
    label = f"member:{member.id}" if gone else "client:anything"
    id = requested(world, actor=replace(world.actor("tenant"), label=label))
    member.delete()
    mails()
    clear_mails()
    reject_request(world.actor(), request_id=UUID(id), reason="Sold out\r\nBcc: x@example.com")
    result = mails()
    assert set(result) == {admin.email}
    assert "Reason: Sold out" in result[admin.email][1]


def test_a_name_with_line_breaks_makes_no_header(world: World) -> None:
    make_person((world.group, ADMINISTRATOR))
    rows = Organization.objects.unscoped("test").filter(id=world.tenant.id)
    rows.update(name="Evil\r\nBcc: everybody@example.com")
    requested(world)
    ((subject, _),) = mails().values()
    assert "\n" not in subject and "\r" not in subject


def test_in_the_readers_language_with_a_link(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = make_person((world.group, ADMINISTRATOR))
    Preference.objects.create(user=admin, language="de")
    other: User = make_person((world.group, AGENT))
    monkeypatch.setenv("FUSION_PORTAL_URL", "https://portal.example.com/")
    assert "FUSION_PORTAL_URL" in SETTINGS
    id = requested(world)
    result = mails()
    assert result[admin.email][0] == f"{world.tenant.name} fragt mehr an"
    assert f"https://portal.example.com/order-requests/{id}" in result[other.email][1]
    clear_mails()
    set_host(world.actor(), host="voice.example.net")
    withdraw_request(world.actor("tenant"), request_id=UUID(id))
    assert f"https://voice.example.net/order-requests/{id}" in mails()[other.email][1]
    set_host(world.actor(), host=None)


def test_two_workers_write_each_mail_once(world: World) -> None:
    person = make_person((world.group, ADMINISTRATOR))
    for _ in range(3):
        requested(world)
    at_once(*[write_request_mails] * 4)
    drain(write_request_mails)
    assert len(waiting_mails(person.email)) == 3


def test_a_rolled_back_request_sends_no_mail(world: World) -> None:
    make_person((world.group, ADMINISTRATOR))
    with transaction.atomic():
        requested(world)
        transaction.set_rollback(True)
    assert mails() == {}
