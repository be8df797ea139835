"""API clients of an organization: create, show the secret once, rotate, revoke."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.access.actor import GROUP
from fusion.access.permissions import MANAGE_CLIENTS, READ_MEMBERS
from fusion.access.rules import grantable
from fusion.clients.change_client import ClientChanges, change_client
from fusion.clients.connector import LONGEST
from fusion.clients.create_client import create_client
from fusion.clients.models import ApiClient
from fusion.clients.queries import find_client, list_clients
from fusion.clients.revoke_client import revoke_client
from fusion.clients.rotate_secret import rotate_secret
from fusion.kernel.clock import read_instant
from fusion.portal.forms import Confirmation, Form, LineField
from fusion.portal.organizations.frame import frame
from fusion.portal.page import BUTTON, FORM, ROWS, form_of, page, submit
from fusion.portal.responses import confirmed, done, refused, show, show_form
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


def _connector() -> LineField:
    return LineField(
        label=_("Connector"),
        max_length=LONGEST,
        required=False,
        help_text=_(
            "If the client belongs to a connector: its name, in small letters, digits and hyphens. "
            "Orders then show it as their origin."
        ),
    )


class ClientForm(Form):
    """A new client: a display name and its scopes."""

    name = LineField(
        label=_("Name"),
        max_length=200,
        help_text=_("For example, the name of the system that uses it."),
    )
    connector = _connector()
    scopes = forms.MultipleChoiceField(label=_("Permissions"), widget=forms.CheckboxSelectMultiple)

    def offer(self, kind: str) -> None:
        """What a client of such an organization may have: its scopes, and a connector's name."""
        field: Any = self.fields["scopes"]
        field.choices = [(scope, _scope_word(scope)) for scope in grantable(kind)]
        if kind != GROUP:
            del self.fields["connector"]

    def clean_scopes(self) -> list[str]:
        """The scopes, without repetition."""
        scopes: list[str] = self.cleaned_data["scopes"]
        if len(set(scopes)) != len(scopes):
            raise forms.ValidationError(_("List each scope only once."))
        return scopes


class ClientChangeForm(Form):
    """The name of a client, and of its connector."""

    name = LineField(label=_("Name"), max_length=200)
    connector = _connector()

    def changes(self) -> ClientChanges:
        """The changes for the use case; the form is valid."""
        changes = ClientChanges(name=self.cleaned_data["name"])
        if "connector" in self.fields:
            changes["connector"] = self.cleaned_data["connector"] or None
        return changes


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
            connector=form.cleaned_data.get("connector") or None,
        ),
    )
    if answer is None:
        context = frame(request, organization, "clients")
        return show_form(request, "portal/clients/new.html", form, context)
    return _secret(request, organization, answer.body)


@page(MANAGE_CLIENTS, methods=FORM, organization_id=find_organization, client_id=find_client)
def edit(request: PageRequest, organization: Organization, client: ApiClient) -> HttpResponse:
    """`GET` and `POST /customers/<id>/api-clients/<id>/edit`: its name, and its connector."""
    before = {"name": client.name, "connector": client.connector or ""}
    form = form_of(request, ClientChangeForm, before)
    if organization.kind != GROUP:
        del form.fields["connector"]
    answer = submit(
        request,
        form,
        lambda actor: change_client(
            actor, organization_id=organization.id, client_id=client.id, changes=form.changes()
        ),
    )
    if answer is None:
        context = {**frame(request, organization, "clients"), "client": client}
        return show_form(request, "portal/clients/edit.html", form, context)
    return done(request, gettext("The changes were saved."), LIST, organization.id, answer=answer)


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
