"""Changes of one number: assign a reserved one, release, restore, port out."""

from collections.abc import Callable

from django.http import HttpResponse
from django.utils.translation import gettext

from fusion.access.actor import Actor
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Answer
from fusion.numbers.assign import assign_numbers
from fusion.numbers.port_out import port_out
from fusion.numbers.release import release_number
from fusion.numbers.restore import restore_number
from fusion.portal.forms import Confirmation
from fusion.portal.page import BUTTON, page, submit
from fusion.portal.responses import confirmed, done, refused
from fusion.portal.session_actor import PageRequest
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription

Change = Callable[[Actor], Answer]


@page(PROVISION, methods=BUTTON, subscription_id=find_subscription)
def assign(request: PageRequest, subscription: Subscription, e164: str) -> HttpResponse:
    """`POST /subscriptions/<id>/numbers/<number>/assign`: for a reserved number."""
    message = gettext("The number is now assigned.")
    return _done(
        request,
        subscription,
        e164,
        lambda actor: assign_numbers(actor, subscription_id=subscription.id, numbers=[e164]),
        message,
    )


@page(PROVISION, methods=BUTTON, subscription_id=find_subscription)
def release(request: PageRequest, subscription: Subscription, e164: str) -> HttpResponse:
    """`POST /subscriptions/<id>/numbers/<number>/release`."""
    return _removed(
        request,
        subscription,
        e164,
        lambda actor: release_number(actor, subscription_id=subscription.id, e164=e164),
        gettext("The number was released."),
    )


@page(PROVISION, methods=BUTTON, subscription_id=find_subscription)
def restore(request: PageRequest, subscription: Subscription, e164: str) -> HttpResponse:
    """`POST /subscriptions/<id>/numbers/<number>/restore`."""
    message = gettext("The number was restored and is assigned again.")
    return _done(
        request,
        subscription,
        e164,
        lambda actor: restore_number(actor, subscription_id=subscription.id, e164=e164),
        message,
    )


@page(PROVISION, methods=BUTTON, subscription_id=find_subscription)
def leave(request: PageRequest, subscription: Subscription, e164: str) -> HttpResponse:
    """`POST /subscriptions/<id>/numbers/<number>/port-out`."""
    return _removed(
        request,
        subscription,
        e164,
        lambda actor: port_out(actor, subscription_id=subscription.id, e164=e164),
        gettext("The number was ported out and left the inventory."),
    )


def _done(
    request: PageRequest, subscription: Subscription, e164: str, change: Change, message: str
) -> HttpResponse:
    return confirmed(request, change, message, "subscriptions-number", subscription.id, e164)


def _removed(
    request: PageRequest, subscription: Subscription, e164: str, change: Change, message: str
) -> HttpResponse:
    """To the list; after a refusal back to the number, which links to its holder."""
    form = Confirmation(request.POST)
    answer = submit(request, form, change)
    if answer is not None:
        return done(request, message, "subscriptions-numbers", subscription.id, answer=answer)
    return refused(request, form, "subscriptions-number", subscription.id, e164)
