"""Thresholds of channels in the portal: mails to the people who want them, and beside the peaks."""

from typing import Any

import pytest
from django.db import connection

from fusion.access.actor import ADMINISTRATOR, VIEWER
from fusion.accounts.models import User
from fusion.branding.set_brand import set_brand
from fusion.portal.mails.events import NEXT
from fusion.portal.models import Preference
from fusion.portal.subscriptions.channel_mails import READER, write_channel_mails
from tests.bounds import drain
from tests.concurrency.actors import at_once
from tests.portal.furnished import at, person, text
from tests.portal.people import make_person, signed_in
from tests.queued import Mail, clear_mails, waiting_mails
from tests.trunks.calling import admitted, make_trunk, order_channels
from tests.world import World


@pytest.fixture(autouse=True)
def nothing_else() -> None:
    """Write the mails of what other tests have left first."""
    drain(write_channel_mails)
    clear_mails()


def mails() -> dict[str, Mail]:
    """Recipient → the mail that was written."""
    drain(write_channel_mails)
    found = {mail.recipient: mail for mail in waiting_mails()}
    assert len(found) == len(waiting_mails()), "each got one"
    clear_mails()
    return found


def wanting(*memberships: tuple[Any, str], language: str = "") -> User:
    """A person who wants the mails."""
    member = make_person(*memberships)
    Preference.objects.create(user=member, channel_mails=True, language=language)
    return member


def test_people_who_want_it_get_a_mail_for_each_event(world: World) -> None:
    other = World()
    viewer = wanting((world.tenant, VIEWER))
    above = wanting((world.group, ADMINISTRATOR), (world.reseller, VIEWER))
    wanting((other.group, ADMINISTRATOR))
    make_person((world.tenant, ADMINISTRATOR))
    order_channels(world, 5)
    set_brand(world.actor(), name="Our own name", colour="#aa3300")
    trunk = make_trunk(world, name="Main desk")["id"]
    admitted(world, trunk, "a", "b", "c")
    assert mails() == {}
    admitted(world, trunk, "d")
    found = mails()
    assert set(found) == {viewer.email, above.email}
    mail = found[viewer.email]
    assert mail.subject == f"{world.tenant.name}: 4 of 5 channels in use"
    assert "80 percent" in mail.text and "Channels of the subscription: 5" in mail.text
    assert f"/subscriptions/{world.subscription.id}/trunks" in mail.text
    assert mail.text.rstrip().endswith("Our own name")
    assert "refused" not in mail.text
    assert mails() == {}, "once"
    admitted(world, trunk, "e")
    assert "Further calls are refused" in mails()[viewer.email].text


def test_a_trunk_is_named(world: World) -> None:
    viewer = wanting((world.tenant, VIEWER))
    order_channels(world, 100)
    trunk = make_trunk(world, name="Main desk", channel_cap=3)["id"]
    admitted(world, trunk, "a", "b", "c")
    drain(write_channel_mails)
    texts = [mail.text for mail in waiting_mails(viewer.email)]
    assert len(texts) == 2
    for each in texts:
        assert "Trunk: Main desk" in each and "Limit of the trunk: 3" in each


@pytest.mark.parametrize(
    ("language", "words"),
    [("de", "Laufende Anrufe: 1"), ("fr", "Appels en cours"), ("nl", "Lopende gesprekken: 1")],
)
def test_in_their_language(world: World, language: str, words: str) -> None:
    viewer = wanting((world.tenant, VIEWER), language=language)
    order_channels(world, 1)
    admitted(world, make_trunk(world)["id"], "a")
    drain(write_channel_mails)
    assert all(words in mail.text for mail in waiting_mails(viewer.email))
    assert len(waiting_mails(viewer.email)) == 2


def test_who_left_or_changed_their_mind_gets_none(world: World) -> None:
    gone = wanting((world.tenant, VIEWER))
    User.objects.filter(id=gone.id).update(is_active=False)
    other = wanting((world.tenant, VIEWER))
    client = signed_in(other)
    fields = {"language": "", "time_zone": "", "theme": ""}
    assert client.post("/account", {**fields, "channel_mails": "on"}).status_code == 303
    assert Preference.objects.get(user=other).channel_mails
    assert "checked" in client.get("/account", follow=True).content.decode()
    assert client.post("/account", fields).status_code == 303
    assert not Preference.objects.get(user=other).channel_mails
    order_channels(world, 1)
    admitted(world, make_trunk(world)["id"], "a")
    assert mails() == {}


def test_workers_at_once_write_each_mail_once(world: World) -> None:
    viewer = wanting((world.tenant, VIEWER))
    order_channels(world, 1)
    admitted(world, make_trunk(world)["id"], "a")
    at_once(*[write_channel_mails] * 4)
    drain(write_channel_mails)
    assert len(waiting_mails(viewer.email)) == 2


def test_after_the_subscription_moved_or_lost_its_trunk(world: World) -> None:
    """The mail does not depend on what the event names."""
    viewer = wanting((world.tenant, VIEWER))
    order_channels(world, 100)
    trunk = make_trunk(world, channel_cap=1)["id"]
    admitted(world, trunk, "a")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM trunks_call WHERE trunk_id = %s", [trunk])
    world.call("DELETE", f"/subscriptions/{world.subscription.id}/trunks/{trunk}")
    drain(write_channel_mails)
    assert all("Trunk:" not in mail.text for mail in waiting_mails(viewer.email))
    assert len(waiting_mails(viewer.email)) == 2


def test_thresholds_beside_the_peaks(world: World) -> None:
    order_channels(world, 5)
    trunk = make_trunk(world, channel_cap=4)["id"]
    admitted(world, trunk, "a", "b", "c", "d")
    for role in ("viewer", "administrator"):
        client = person(world, "tenant", role)
        page = " ".join(text(client, at(world, "trunks")).split())
        assert "80 % reached" in page and ": 4 of 5" in page
        assert "100 % reached" not in page
        one = " ".join(text(client, at(world, "trunks", trunk)).split())
        assert "80 % reached" in one and "100 % reached" in one and ": 4 of 4" in one
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE trunks_channelthreshold SET at = at - interval '25 hours' WHERE group_id = %s",
            [world.group.id],
        )
    assert "% reached" not in text(client, at(world, "trunks"))


@pytest.mark.parametrize(
    ("types", "index"),
    [
        ("order-request.%", "event_for_mails"),
        ("port-request.%", "event_for_mails"),
        ("channel.%", "event_for_mails"),
        ("order.failed", "event_of_failed_order"),
    ],
)
def test_readers_find_their_events_by_an_index(types: str, index: str) -> None:
    """Each worker looks every two seconds: it must not read what others wrote."""
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(f"EXPLAIN {NEXT}", [READER, types, 50])
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")
    assert index in plan, plan
