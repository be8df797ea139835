"""Suspending, resuming and terminating a subscription, at once or on a date."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext

from fusion.access.actor import Actor
from fusion.access.permissions import SUSPEND, TERMINATE
from fusion.access.use_case import Answer
from fusion.lifecycle.resume import resume as resume_subscription
from fusion.lifecycle.schedule import schedule
from fusion.lifecycle.suspend import suspend as suspend_subscription
from fusion.lifecycle.terminate import terminate as terminate_subscription
from fusion.lifecycle.termination_preview import what_ends
from fusion.numbers.release import quarantine_days
from fusion.ordering.models import RESUMPTION, SUSPENSION, TERMINATION
from fusion.portal.page import FORM, form_of, page, submit
from fusion.portal.responses import done, show_form
from fusion.portal.session_actor import PageRequest
from fusion.portal.subscriptions.state_forms import (
    ResumeForm,
    StateForm,
    SuspendForm,
    TerminateForm,
)
from fusion.portal.subscriptions.states import holds_of
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription

DETAIL = "subscriptions-detail"


DO_NOW: Mapping[str, Callable[..., Answer]] = {
    SUSPENSION: suspend_subscription,
    RESUMPTION: resume_subscription,
    TERMINATION: terminate_subscription,
}


@page(SUSPEND, methods=FORM, subscription_id=find_subscription)
def suspend(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/suspend`: its effects, and the reason."""
    form = form_of(request, SuspendForm)
    changed = _changed(request, subscription, form, SUSPENSION)
    return changed or _shown(request, subscription, form, "suspend")


@page(SUSPEND, methods=FORM, subscription_id=find_subscription)
def resume(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/resume`: which of its reasons to lift."""
    form = form_of(request, ResumeForm)
    changed = _changed(request, subscription, form, RESUMPTION)
    return changed or _shown(request, subscription, form, "resume")


@page(TERMINATE, methods=FORM, subscription_id=find_subscription)
def terminate(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/terminate`: what it releases, and the name to type."""
    form = form_of(request, TerminateForm)
    form.name = subscription.name
    changed = _changed(request, subscription, form, TERMINATION)
    return changed or _shown(request, subscription, form, "terminate")


def _shown(
    request: PageRequest, subscription: Subscription, form: StateForm, name: str
) -> HttpResponse:
    context = {
        "subscription": subscription,
        "ends": what_ends(subscription.id),
        "holds": holds_of(subscription),
        "days": quarantine_days(),
    }
    return show_form(request, f"portal/subscriptions/{name}.html", form, context)


def _changed(
    request: PageRequest, subscription: Subscription, form: StateForm, kind: str
) -> HttpResponse | None:
    """Run the use case of a form that was sent; None if the form is shown, or shown again."""

    def change(actor: Actor) -> Answer:
        at, facts = form.cleaned_data["effective_at"], form.facts()
        if at is None:
            return DO_NOW[kind](actor, subscription_id=subscription.id, **facts)
        return schedule(actor, kind=kind, subscription_id=subscription.id, effective_at=at, **facts)

    answer = submit(request, form, change)
    if answer is None:
        return None
    return done(request, _said(kind, answer.body), DETAIL, subscription.id, answer=answer)


def _said(kind: str, body: dict[str, Any]) -> str:
    """The message: the body is an order if a date was given, else the subscription."""
    if body.get("state") == "scheduled":
        return gettext("Scheduled as order %(number)s.") % {"number": body["number"]}
    if "number" in body:
        return gettext("Done: order %(number)s was completed.") % {"number": body["number"]}
    if kind == TERMINATION:
        return gettext("The subscription was terminated.")
    if kind == SUSPENSION:
        return gettext("The subscription was suspended.")
    if body["status"] == "suspended":
        return gettext("The subscription is still suspended for other reasons.")
    return gettext("The subscription is active again.")
