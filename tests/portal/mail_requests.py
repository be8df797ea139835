"""Every request after which Fusion writes a mail, for tests of all mails."""

import re
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.db import connection
from django.test import Client

from fusion.access.actor import ADMINISTRATOR
from fusion.accounts.models import User
from fusion.kernel.ids import new_id
from fusion.lifecycle.apply_due import apply_due_orders
from fusion.ordering.approve_request import approve_request
from fusion.ordering.reject_request import reject_request
from fusion.ordering.remind_expiring import remind_expiring
from fusion.ordering.withdraw_request import withdraw_request
from fusion.portal.members.mail import write_invitation_mails
from fusion.portal.models import Preference
from fusion.portal.orders.mail import write_order_mails
from fusion.portal.ports.mail import write_port_mails
from fusion.portal.requests.mail import write_request_mails
from fusion.portal.subscriptions.channel_mails import write_channel_mails
from tests.bounds import drain
from tests.lifecycle.dating import at
from tests.numbers.porting import decided
from tests.numbers.porting import requested as port_requested
from tests.numbers.stock import block
from tests.ordering.placing import consume, fall_due, line, placed
from tests.ordering.requesting import requested
from tests.portal.people import PASSWORD, make_person, signed_in
from tests.queued import waiting_mails
from tests.trunks.calling import admitted, make_trunk, order_channels
from tests.world import World, answer

NEW = "quite another password"


def code_of(secret: str, ahead: int = 0) -> str:
    """The code of an authenticator app now, or so many half minutes later."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + ahead)))


def confirmed(client: Client, path: str, **more: Any) -> Any:
    """The page at `path`, after entering the password again if the page requires it."""
    answer = client.get(path, follow=True, **more)
    if "/account/confirm" in str(answer.redirect_chain):
        address = answer.redirect_chain[-1][0]
        answer = client.post(address, {"password": PASSWORD}, follow=True, **more)
    return answer


def switch_on(client: Client, **more: Any) -> str:
    """Enable the second factor by the page; returns the secret, whose current code is used."""
    page = confirmed(client, "/account/second-factor/on", **more).content.decode()
    (secret,) = re.findall(r"<code[^>]*>([A-Z2-7]{16,})</code>", page)
    answer = client.post("/account/second-factor/on", {"code": code_of(secret)}, **more)
    assert answer.status_code == 302, answer.content.decode()
    return str(secret)


def forgotten(world: World, more: dict[str, Any]) -> None:
    """Request a new password, and set it."""
    person = make_person((world.tenant, ADMINISTRATOR))
    Client().post("/password/forgotten", {"email": person.email}, **more)
    text = waiting_mails(person.email)[-1].text
    (path,) = re.findall(r"(/password/new/\S+)", text)
    client = Client()
    address = client.get(path, follow=True, **more).redirect_chain[-1][0]
    answer = client.post(address, {"password1": NEW, "password2": NEW}, **more)
    assert answer.status_code == 302


def changed(world: World, more: dict[str, Any]) -> None:
    """Change the password."""
    client = signed_in(make_person((world.tenant, ADMINISTRATOR)))
    fields = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert client.post("/account/password", fields, **more).status_code == 302


def first(world: World, more: dict[str, Any]) -> None:
    """Set a first password, in a session without one."""
    person = make_person((world.tenant, ADMINISTRATOR))
    person.set_unusable_password()
    User.objects.filter(id=person.id).update(password=person.password)
    client = signed_in(person)
    fields = {"password1": NEW, "password2": NEW}
    assert client.post("/account/password/first", fields, **more).status_code == 302


def second_factor(world: World, more: dict[str, Any]) -> None:
    """Enable the second factor, create new recovery codes, disable it."""
    client = signed_in(make_person((world.tenant, ADMINISTRATOR)))
    switch_on(client, **more)
    client.post("/account/recovery-codes/new", **more)
    assert client.post("/account/second-factor/off", **more).status_code == 302


def invited_by_page(world: World, more: dict[str, Any]) -> None:
    """Invite a person, and send the invitation again."""
    client = signed_in(make_person((world.tenant, ADMINISTRATOR)))
    path = f"/customers/{world.tenant.id}/members"
    fields = {"email": f"{new_id()}@example.com", "role": "agent"}
    assert client.post(f"{path}/invite", fields, **more).status_code == 303
    (id,) = re.findall(r"/invitations/([0-9a-f-]+)/send", client.get(path).content.decode())
    base = f"/customers/{world.tenant.id}/invitations/{id}"
    assert client.post(f"{base}/send", **more).status_code == 303


def invited_by_api(world: World, more: dict[str, Any]) -> None:
    """Invite a person by the API; the worker writes the mail."""
    response = world.call(
        "POST",
        f"/organizations/{world.tenant.id}/members",
        {"email": f"{new_id()}@example.com", "role": "viewer"},
        headers=more.get("headers"),
    )
    assert response.status_code == 201
    write_invitation_mails(only=UUID(answer(response)["id"]))


def order_requests(world: World, more: dict[str, Any]) -> None:
    """Create, withdraw, approve and reject order requests; the worker writes the mails."""
    make_person((world.group, ADMINISTRATOR))
    make_person((world.tenant, ADMINISTRATOR))
    subscription = world.subscription
    client = signed_in(make_person((world.tenant, ADMINISTRATOR)))
    fields = {
        "lines-TOTAL_FORMS": "1",
        "lines-INITIAL_FORMS": "0",
        "lines-0-product": str(world.seat.id),
        "lines-0-quantity": "2",
    }
    client.post(f"/order-requests/new?subscription={subscription.id}", fields, **more)
    withdraw_request(world.actor("tenant"), request_id=UUID(requested(world)))
    approve_request(world.actor(), request_id=UUID(requested(world)))
    reject_request(world.actor(), request_id=UUID(requested(world)), reason="Not now")
    drain(write_request_mails)


def port_requests(world: World, more: dict[str, Any]) -> None:
    """Request ports, withdraw one and reject one; the worker writes the mails of each."""
    make_person((world.group, ADMINISTRATOR))
    make_person((world.tenant, ADMINISTRATOR))
    world.sku("fr-geographic", "entitlement", "number", "FR", "geographic")
    for verb, body in (("withdraw", {}), ("reject", {"reason": "Not now"})):
        port = port_requested(world, "in", block(1))
        drain(write_port_mails)
        decided(world, port, verb, **body)
        drain(write_port_mails)


def failed_orders(world: World, more: dict[str, Any]) -> None:
    """Let a scheduled order fail; the worker writes the mails."""
    make_person((world.group, ADMINISTRATOR))
    fall_due(placed(world, line(world.seat, 999, "remove"), effective_at=at(5)))
    apply_due_orders()
    drain(write_order_mails)


def ending_orders(world: World, more: dict[str, Any]) -> None:
    """Let an order end that was announced, while it is in use; the worker writes the mails."""
    make_person((world.group, ADMINISTRATOR))
    order = placed(world, line(world.seat, 1), ends_at=at(24 * 9))
    expiry = {"id": order["expired_by"]}
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ordering_order SET placed_at = placed_at - interval '3 days',"
            " effective_at = effective_at - interval '3 days' WHERE id = %s",
            [expiry["id"]],
        )
    remind_expiring()
    consume(world, world.user_sku, "a")
    fall_due(expiry)
    apply_due_orders()
    drain(write_order_mails)


def channel_thresholds(world: World, more: dict[str, Any]) -> None:
    """Use all channels; the worker writes the mails."""
    viewer = make_person((world.tenant, ADMINISTRATOR))
    Preference.objects.create(user=viewer, channel_mails=True)
    order_channels(world, 1)
    admitted(world, make_trunk(world)["id"], "call")
    drain(write_channel_mails)


REQUESTS: dict[str, Callable[[World, dict[str, Any]], None]] = {
    each.__name__: each
    for each in (
        forgotten,
        changed,
        first,
        second_factor,
        invited_by_page,
        invited_by_api,
        order_requests,
        port_requests,
        failed_orders,
        ending_orders,
        channel_thresholds,
    )
}
