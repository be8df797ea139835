"""Adding and editing subscriptions."""

from django.http import HttpResponse
from django.utils.translation import gettext

from fusion.access.permissions import MANAGE_SUBSCRIPTIONS
from fusion.kernel.errors import not_found
from fusion.kernel.ids import parse_id
from fusion.portal.organizations.changes import EditForm, NameForm
from fusion.portal.page import FORM, form_of, page, submit
from fusion.portal.responses import done, show_form
from fusion.portal.session_actor import PageRequest
from fusion.tenancy.create_subscription import create_subscription
from fusion.tenancy.edit_subscription import edit_subscription
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_organization, find_subscription

DETAIL = "subscriptions-detail"


@page(MANAGE_SUBSCRIPTIONS, methods=FORM)
def new(request: PageRequest) -> HttpResponse:
    """`GET` and `POST /subscriptions/new?organization=`: for that customer."""
    organization_id = parse_id(request.GET.get("organization"))
    if organization_id is None:
        raise not_found("organization")
    tenant = find_organization(request.actor, organization_id)
    form = form_of(request, NameForm)
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
    if answer is None:
        return show_form(request, "portal/subscriptions/new.html", form, {"tenant": tenant})
    message = gettext("The subscription was added.")
    return done(request, message, DETAIL, answer.body["id"], answer=answer)


@page(MANAGE_SUBSCRIPTIONS, methods=FORM, subscription_id=find_subscription)
def edit(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/edit`."""
    initial = {
        "name": subscription.name,
        "external_reference": subscription.external_reference or "",
    }
    form = form_of(request, EditForm, initial)
    answer = submit(
        request,
        form,
        lambda actor: edit_subscription(
            actor, subscription_id=subscription.id, changes=form.changes()
        ),
    )
    if answer is None:
        context = {"subscription": subscription}
        return show_form(request, "portal/subscriptions/edit.html", form, context)
    message = gettext("The changes were saved.")
    return done(request, message, DETAIL, subscription.id, answer=answer)
