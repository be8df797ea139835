"""Putting a number back into stock: the group ends its quarantine early."""

from django.db import connection

from fusion.access.actor import Actor
from fusion.access.permissions import RESTOCK
from fusion.access.use_case import Done, use_case
from fusion.events.emit import emit
from fusion.kernel.errors import Problem, not_found
from fusion.numbers.models import Number
from fusion.numbers.queries import number_document
from fusion.tenancy.queries import lock_subscription


@use_case(RESTOCK, verb="number.restocked")
def restock(actor: Actor, *, e164: str, reason: str) -> Done:
    """Free a number of a range that is in quarantine, at once; `reason` is recorded.

    Problems: `not-found`, `number-not-available` (not in quarantine, or ported in), `conflict` (it
    is to be ported out).
    """
    found = _find(actor, e164)
    if found.subscription_id is None:
        raise _refusal(found)
    # Whatever changes the number holds this lock; so does the end of its quarantine.
    subscription = lock_subscription(actor, found.subscription_id)
    number = _find(actor, e164)
    in_quarantine = (number.status, number.subscription_id) == ("quarantined", subscription.id)
    if not in_quarantine or number.origin != "inventory":
        raise _refusal(number)
    if number.port_id is not None:
        raise Problem(
            "conflict",
            f"{e164} is to be ported out. Withdraw or reject the port request first.",
            extra={"port_request_id": str(number.port_id)},
        )
    with connection.cursor() as cursor:
        cursor.execute("SELECT numbers_set_free(ARRAY[%s]::text[], 'quarantined')", [e164])
    document = number_document(e164)
    emit(
        type="number.restocked",
        group_id=actor.group_id,
        path=subscription.path,
        subject=e164,
        actor=actor.label,
        data=document,
        subscription_id=subscription.id,
    )
    return Done(document, subscription.path, e164, subscription_id=subscription.id)


def _find(actor: Actor, e164: str) -> Number:
    number = Number.objects.visible_to(actor).filter(e164=e164).first()
    if number is None:
        raise not_found("number")
    return number


def _refusal(number: Number) -> Problem:
    if number.status == "quarantined":
        return Problem(
            "number-not-available",
            f"{number.e164} was ported in. It leaves the inventory when its quarantine ends; only "
            "a number of a range can be put back into stock.",
        )
    return Problem(
        "number-not-available",
        f"{number.e164} is not in quarantine; its status is {number.status}. Only a number of a "
        "range in quarantine can be put back into stock.",
    )
