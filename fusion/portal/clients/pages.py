"""API clients of an organization: create, show the secret once, rotate, revoke."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.access.permissions import MANAGE_CLIENTS, READ_MEMBERS
from fusion.access.rules import grantable
from fusion.clients.create_client import create_client
from fusion.clients.models import ApiClient
from fusion.clients.queries import find_client, list_clients
from fusion.clients.revoke_client import revoke_client
from fusion.clients.rotate_secret import rotate_secret
from fusion.kernel.clock import read_instant
from fusion.portal.forms import Confirmation, Form, LineField
from fusion.portal.organizations.frame import frame
from fusion.portal.page import BUTTON, FORM, ROWS, form_of, page, submit
from fusion.portal.responses import confirmed, refused, show, show_form
from fusion.portal.session_actor import PageRequest
from fusion.tenancy.models import Organization
from fusion.tenancy.queries import find_organization

LIST = "organizations-clients"

NOUNS = {
    "tenancy": _("Organizations, subscriptions, members, API clients"),
    "catalogue": _("Products and number types"),
    "orders": _("Orders and order requests"),
    "provisioning": _("Numbers, users, trunks"),
    "calls": _("Calls and call records"),
    "reports": _("Events and reports"),
}


def _scope_word(scope: str) -> str:
    noun, _colon, access = scope.partition(":")
    what = NOUNS[noun]
    if access == "read":
        return gettext("%(what)s: read (%(scope)s)") % {"what": what, "scope": scope}
    return gettext("%(what)s: read and change (%(scope)s)") % {"what": what, "scope": scope}


class ClientForm(Form):
    """A new client: a display name and its scopes."""

    name = LineField(
        label=_("Name"),
        max_length=200,
        help_text=_("For example, the name of the system that uses it."),
    )
    scopes = forms.MultipleChoiceField(label=_("Permissions"), widget=forms.CheckboxSelectMultiple)

    def offer(self, kind: str) -> None:
        """The scopes that a client of such an organization may have."""
        field: Any = self.fields["scopes"]
        field.choices = [(scope, _scope_word(scope)) for scope in grantable(kind)]

    def clean_scopes(self) -> list[str]:
        """The scopes, without repetition."""
        scopes: list[str] = self.cleaned_data["scopes"]
        if len(set(scopes)) != len(scopes):
            raise forms.ValidationError(_("List each scope only once."))
        return scopes


@page(READ_MEMBERS, organization_id=find_organization)
def clients(request: PageRequest, organization: Organization) -> HttpResponse:
    """`GET /customers/<id>/api-clients`."""
    listed = list_clients(
        request.actor,
        organization_id=organization.id,
        limit=ROWS,
        cursor=request.GET.get("cursor"),
    )
    context = {
        **frame(request, organization, "clients"),
        "rows": [{**each, "since": read_instant(each["created_at"])} for each in listed["items"]],
        "next": listed["next"],
        "may_manage": MANAGE_CLIENTS.allows(request.actor),
        "confirmation": Confirmation(),
    }
    return show(request, "portal/clients/list.html", context, parts=("more",))


@page(MANAGE_CLIENTS, methods=FORM, organization_id=find_organization)
def new(request: PageRequest, organization: Organization) -> HttpResponse:
    """`GET` and `POST /customers/<id>/api-clients/new`: the answer shows the secret, once."""
    form = form_of(request, ClientForm)
    form.offer(organization.kind)
    answer = submit(
        request,
        form,
        lambda actor: create_client(
            actor,
            organization_id=organization.id,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
        ),
    )
    if answer is None:
        context = frame(request, organization, "clients")
        return show_form(request, "portal/clients/new.html", form, context)
    return _secret(request, organization, answer.body)


def _secret(
    request: PageRequest, organization: Organization, client: dict[str, Any]
) -> HttpResponse:
    """The page with the secret. A reload cannot show it again."""
    context = {**frame(request, organization, "clients"), "client": client}
    response = show(request, "portal/clients/secret.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response


@page(MANAGE_CLIENTS, methods=BUTTON, organization_id=find_organization, client_id=find_client)
def rotate(request: PageRequest, organization: Organization, client: ApiClient) -> HttpResponse:
    """`POST /customers/<id>/api-clients/<id>/rotate`: a new secret, shown once."""
    form = Confirmation(request.POST)
    answer = submit(
        request,
        form,
        lambda actor: rotate_secret(actor, organization_id=organization.id, client_id=client.id),
    )
    if answer is None:
        return refused(request, form, LIST, organization.id)
    return _secret(request, organization, answer.body)


@page(MANAGE_CLIENTS, methods=BUTTON, organization_id=find_organization, client_id=find_client)
def revoke(request: PageRequest, organization: Organization, client: ApiClient) -> HttpResponse:
    """`POST /customers/<id>/api-clients/<id>/revoke`."""
    return confirmed(
        request,
        lambda actor: revoke_client(actor, organization_id=organization.id, client_id=client.id),
        gettext("The API client was revoked. Its secret and tokens no longer work."),
        LIST,
        organization.id,
    )
