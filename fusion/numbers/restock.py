"""Putting a number back into stock: the group ends its quarantine early."""

import orjson

from fusion.access.actor import Actor
from fusion.access.permissions import RESTOCK
from fusion.access.use_case import Done, use_case
from fusion.events.emit import emit
from fusion.kernel.database import database_now, execute, fetch_value
from fusion.kernel.errors import Problem, not_found, problem_of
from fusion.numbers.models import Number
from fusion.numbers.queries import number_document
from fusion.tenancy.queries import lock_subscription

WAITS = """
SELECT numbers_waits_for_port(n, %s::text)::text FROM numbers_number n WHERE n.e164 = %s::text
"""


@use_case(RESTOCK, verb="number.restocked")
def restock(actor: Actor, *, e164: str, reason: str) -> Done:
    """Free a number of a range that is in quarantine, at once; `reason` is recorded.

    Problems: `not-found`, `number-not-available` (not in quarantine, or ported in), `conflict` (it
    waits to be ported out).
    """
    found = _find(actor, e164)
    if found.subscription_id is None:
        raise _refusal(found)
    # Whatever changes the number holds this lock; so does the end of its quarantine.
    subscription = lock_subscription(actor, found.subscription_id)
    number = _find(actor, e164)
    in_quarantine = (number.status, number.subscription_id) == ("quarantined", subscription.id)
    if not in_quarantine or number.origin != "inventory":
        if number.status == "reserved":
            refuse_waiting(e164, "number-not-available")
        raise _refusal(number)
    refuse_waiting(e164, "conflict")
    execute("SELECT numbers_set_free(ARRAY[%s]::text[], 'quarantined')", [e164])
    document = number_document(e164)
    at = database_now()
    emit(
        type="number.restocked",
        group_id=actor.group_id,
        path=subscription.path,
        subject=e164,
        actor=actor.label,
        data=document,
        subscription_id=subscription.id,
        at=at,
    )
    return Done(document, subscription.path, e164, subscription_id=subscription.id, at=at)


def refuse_waiting(e164: str, code: str) -> None:
    """Problem `code` if the number, which the caller sees, waits for a port request."""
    refusal = fetch_value(WAITS, [code, e164])
    if refusal is not None:
        raise problem_of(orjson.loads(refusal))


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
