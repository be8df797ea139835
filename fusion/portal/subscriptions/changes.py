"""Adding, editing, suspending, resuming and terminating subscriptions."""

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.kernel.errors import not_found
from fusion.kernel.ids import parse_id
from fusion.lifecycle.ending import what_ends
from fusion.lifecycle.resume import resume as resume_subscription
from fusion.lifecycle.suspend import suspend as suspend_subscription
from fusion.lifecycle.terminate import terminate as terminate_subscription
from fusion.portal.forms import Form, confirmed, done, form_of, show_form, submit
from fusion.portal.organizations.changes import EditForm, NameForm
from fusion.portal.page import page
from fusion.portal.visit import PageRequest
from fusion.tenancy.create_subscription import create_subscription
from fusion.tenancy.edit_subscription import edit_subscription
from fusion.tenancy.models import Subscription
from fusion.tenancy.permissions import MANAGE_SUBSCRIPTIONS, SUSPEND, TERMINATE
from fusion.tenancy.queries import find_organization, find_subscription

WRITES = ("GET", "POST")
DETAIL = "subscriptions-detail"


class TerminateForm(Form):
    """The name of the subscription, typed: it cannot be brought back."""

    typed = forms.CharField(
        label=_("Type the name of the subscription"),
        max_length=200,
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    name = ""

    def clean_typed(self) -> str:
        """The name, letter by letter; spaces at its ends are nobody's concern."""
        typed = str(self.cleaned_data["typed"])
        if typed.split() != self.name.split():
            raise forms.ValidationError(_("This is not its name."))
        return typed


@page(MANAGE_SUBSCRIPTIONS, methods=WRITES)
def new(request: PageRequest) -> HttpResponse:
    """`GET` and `POST /subscriptions/new?organization=`: of that customer."""
    given = parse_id(request.GET.get("organization"))
    if given is None:
        raise not_found("organization")
    tenant = find_organization(request.actor, given)
    form = form_of(request, NameForm, {})
    if request.method == "POST":
        answer = submit(
            request,
            form,
            lambda actor: create_subscription(
                actor,
                tenant_id=tenant.id,
                name=form.cleaned_data["name"],
                external_reference=form.cleaned_data["external_reference"] or None,
            ),
        )
        if answer is not None:
            message = gettext("The subscription was added.")
            return done(request, message, DETAIL, answer.body["id"], answer=answer)
    return show_form(request, "portal/subscriptions/new.html", form, {"tenant": tenant})


@page(MANAGE_SUBSCRIPTIONS, methods=WRITES, subscription_id=find_subscription)
def edit(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/edit`."""
    initial = {
        "name": subscription.name,
        "external_reference": subscription.external_reference or "",
    }
    form = form_of(request, EditForm, initial)
    if request.method == "POST":
        answer = submit(
            request,
            form,
            lambda actor: edit_subscription(
                actor, subscription_id=subscription.id, changes=form.changes()
            ),
        )
        if answer is not None:
            message = gettext("The changes were saved.")
            return done(request, message, DETAIL, subscription.id, answer=answer)
    context = {"subscription": subscription}
    return show_form(request, "portal/subscriptions/edit.html", form, context)


@page(SUSPEND, methods=("POST",), subscription_id=find_subscription)
def suspend(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`POST /subscriptions/<id>/suspend`."""
    return confirmed(
        request,
        lambda actor: suspend_subscription(actor, subscription_id=subscription.id),
        gettext("The subscription was suspended."),
        DETAIL,
        subscription.id,
    )


@page(SUSPEND, methods=("POST",), subscription_id=find_subscription)
def resume(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`POST /subscriptions/<id>/resume`."""
    return confirmed(
        request,
        lambda actor: resume_subscription(actor, subscription_id=subscription.id),
        gettext("The subscription is active again."),
        DETAIL,
        subscription.id,
    )


@page(TERMINATE, methods=WRITES, subscription_id=find_subscription)
def terminate(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/terminate`: what it releases, and the name to type."""
    form = form_of(request, TerminateForm, {})
    form.name = subscription.name
    if request.method == "POST":
        answer = submit(
            request,
            form,
            lambda actor: terminate_subscription(actor, subscription_id=subscription.id),
        )
        if answer is not None:
            message = gettext("The subscription was terminated.")
            return done(request, message, DETAIL, subscription.id, answer=answer)
    context = {"subscription": subscription, "ends": what_ends(subscription.id)}
    return show_form(request, "portal/subscriptions/terminate.html", form, context)
