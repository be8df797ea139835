"""Adding, editing and deleting organizations."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.access.permissions import MANAGE_ORGANIZATIONS
from fusion.kernel.countries import is_country
from fusion.kernel.ids import parse_id
from fusion.lifecycle.delete_organization import delete_organization
from fusion.portal.forms import ChangeForm, Confirmation, Form, LineField
from fusion.portal.organizations.frame import children_kinds
from fusion.portal.page import BUTTON, FORM, form_of, page, submit
from fusion.portal.responses import done, show, show_form
from fusion.portal.session_actor import PageRequest
from fusion.portal.templatetags.kit import KIND_WORDS
from fusion.tenancy.create_organization import create_organization
from fusion.tenancy.edit_organization import edit_organization, find_organization_to_edit
from fusion.tenancy.models import Organization
from fusion.tenancy.queries import country_of, find_organization


class NameForm(Form):
    """The name and reference of an organization or a subscription."""

    name = LineField(label=_("Name"), max_length=200)
    external_reference = LineField(
        label=_("Billing reference"),
        max_length=100,
        required=False,
        help_text=_("The billing platform's id. Unique within your organization."),
    )


class OrganizationForm(NameForm):
    """The name, the reference and the country of an organization."""

    country = LineField(label=_("Country"), max_length=2, required=False)

    def clean_country(self) -> str:
        """The country in capitals, if it has phone numbers."""
        country = str(self.cleaned_data["country"]).upper()
        if country and not is_country(country):
            raise forms.ValidationError(_("This country code has no telephone numbers."))
        return country

    def inherit(self, country: str | None) -> None:
        """Say what an empty field means: `country` is that of the organizations above."""
        text = gettext(
            "Two letters, such as BE, for numbers that are written without a country code."
        )
        if country is not None:
            text += " " + gettext("If it is empty, %(country)s applies.") % {"country": country}
        self.fields["country"].help_text = text


class EditForm(ChangeForm, NameForm):
    """The same, for an existing one."""

    def changes(self) -> dict[str, str | None]:
        """For the use cases: an empty reference means none."""
        return {name: text or None for name, text in self.changed().items()}


class EditOrganizationForm(EditForm, OrganizationForm):
    """The same, for an existing organization."""


class NewOrganizationForm(OrganizationForm):
    """A new organization of one of `kinds`."""

    kind = forms.ChoiceField(label=_("Kind"), widget=forms.RadioSelect)
    field_order = ("kind", "name")

    def offer(self, kinds: Sequence[str]) -> None:
        """Offer these kinds; if there is only one, preselect it."""
        field: Any = self.fields["kind"]
        field.choices = [(kind, KIND_WORDS[kind]) for kind in kinds]
        field.initial = kinds[-1] if kinds else None


@page(MANAGE_ORGANIZATIONS, methods=FORM)
def new(request: PageRequest) -> HttpResponse:
    """`GET` and `POST /customers/new`; `parent` defaults to one's own organization."""
    parent_id = parse_id(request.GET.get("parent")) or request.actor.organization_id
    parent = find_organization(request.actor, parent_id)
    form = form_of(request, NewOrganizationForm)
    form.inherit(country_of(parent.path))
    form.offer(children_kinds(request.actor, parent.kind))
    answer = submit(
        request,
        form,
        lambda actor: create_organization(
            actor,
            parent_id=parent.id,
            kind=form.cleaned_data["kind"],
            name=form.cleaned_data["name"],
            external_reference=form.cleaned_data["external_reference"] or None,
            country=form.cleaned_data["country"] or None,
        ),
    )
    if answer is None:
        return show_form(request, "portal/organizations/new.html", form, {"parent": parent})
    id = answer.body["id"]
    return done(request, gettext("It was added."), "organizations-detail", id, answer=answer)


@page(MANAGE_ORGANIZATIONS, methods=FORM, organization_id=find_organization_to_edit)
def edit(request: PageRequest, organization: Organization) -> HttpResponse:
    """`GET` and `POST /customers/<id>/edit`."""
    initial = {
        "name": organization.name,
        "external_reference": organization.external_reference or "",
        "country": organization.country or "",
    }
    form = form_of(request, EditOrganizationForm, initial)
    form.inherit(country_of(organization.path.removesuffix(f"{organization.id.hex}/")))
    answer = submit(
        request,
        form,
        lambda actor: edit_organization(
            actor, organization_id=organization.id, changes=form.changes()
        ),
    )
    if answer is None:
        context = {"organization": organization}
        return show_form(request, "portal/organizations/edit.html", form, context)
    message = gettext("The changes were saved.")
    return done(request, message, "organizations-detail", organization.id, answer=answer)


@page(MANAGE_ORGANIZATIONS, methods=BUTTON)
def delete(request: PageRequest, organization_id: UUID) -> HttpResponse:
    """`POST /customers/<id>/delete`: then to its parent, or back with the reason."""
    form = Confirmation(request.POST)
    answer = submit(
        request, form, lambda actor: delete_organization(actor, organization_id=organization_id)
    )
    if answer is not None:
        return done(request, gettext("It was deleted."), "organizations", answer=answer)
    organization = find_organization(request.actor, organization_id)
    context = {"organization": organization, "form": form}
    return show(request, "portal/organizations/refused.html", context, status=422)
