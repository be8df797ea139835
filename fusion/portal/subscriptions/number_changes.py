"""Changes of one number: assign a reserved one, release, restore, port out."""

from collections.abc import Callable

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.access.actor import Actor
from fusion.access.permissions import PROVISION, RESTOCK
from fusion.access.use_case import Answer
from fusion.numbers.assign import assign_numbers
from fusion.numbers.port_out import port_out
from fusion.numbers.porting import PORT
from fusion.numbers.release import release_number
from fusion.numbers.restock import restock
from fusion.numbers.restore import restore_number
from fusion.portal.forms import Confirmation, Form, NoteField
from fusion.portal.page import BUTTON, form_of, page, submit
from fusion.portal.responses import confirmed, done, refused, show_form
from fusion.portal.session_actor import PageRequest
from fusion.portal.subscriptions.frame import frame
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


@page(PORT, methods=BUTTON, subscription_id=find_subscription)
def leave(request: PageRequest, subscription: Subscription, e164: str) -> HttpResponse:
    """`POST /subscriptions/<id>/numbers/<number>/port-out`."""
    return _removed(
        request,
        subscription,
        e164,
        lambda actor: port_out(actor, subscription_id=subscription.id, e164=e164),
        gettext("The number was ported out."),
    )


class RestockForm(Form):
    """Why the quarantine ends."""

    reason = NoteField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It is kept in the audit trail."),
    )


@page(RESTOCK, methods=("GET", "POST"), subscription_id=find_subscription)
def put_back(request: PageRequest, subscription: Subscription, e164: str) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/numbers/<number>/restock`."""
    form = form_of(request, RestockForm)
    answer = submit(
        request,
        form,
        lambda actor: restock(actor, e164=e164, reason=form.cleaned_data["reason"]),
    )
    if answer is None:
        context = {**frame(request, subscription, "numbers"), "e164": e164}
        return show_form(request, "portal/subscriptions/number_restock.html", form, context)
    message = gettext("The number is free again.")
    return done(request, message, "subscriptions-numbers", subscription.id, answer=answer)


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
