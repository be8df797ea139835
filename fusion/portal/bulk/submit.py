"""Suspending and resuming everything below an organization: the effect, and the button."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.access.actor import GROUP, Actor
from fusion.access.permissions import SUSPEND
from fusion.kernel.errors import not_found
from fusion.lifecycle.job_preview import preview_job
from fusion.lifecycle.submit_job import resume_organization, suspend_organization
from fusion.ordering.models import RESUMPTION, SUSPENSION
from fusion.portal.bulk.pages import reason_in_url
from fusion.portal.forms import Form, NoteField
from fusion.portal.page import FORM, form_of, page, submit
from fusion.portal.responses import done, show_form
from fusion.portal.session_actor import PageRequest
from fusion.portal.templatetags.kit import REASON_WORDS
from fusion.tenancy.models import Organization
from fusion.tenancy.queries import find_organization

UNSPECIFIED = "other"

LOADS = {"hx-get": "", "hx-trigger": "change", "hx-target": "#effect", "hx-include": "this"}
"""Another reason has another effect: the page reads it anew."""


class AllBelowForm(Form):
    """The reason and a note."""

    reason = forms.ChoiceField(
        label=_("Reason"), required=False, widget=forms.Select(attrs=dict(LOADS))
    )
    note = NoteField(
        label=_("Note"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Stored with the order of each subscription."),
    )

    def offer(self, kind: str) -> None:
        """The reasons: a suspension has one, a resumption lifts one or all."""
        reason: Any = self.fields["reason"]
        every = [] if kind == SUSPENSION else [("", _("All reasons"))]
        reason.choices = [*every, *REASON_WORDS.items()]
        if kind == SUSPENSION:
            reason.initial = UNSPECIFIED

    def facts(self) -> dict[str, str | None]:
        """As the use cases take them."""
        return {name: self.cleaned_data[name] or None for name in ("reason", "note")}


def find_below_group(actor: Actor, id: Any) -> Organization:
    """The organization; Problem `not-found` for the whole provider."""
    organization = find_organization(actor, id)
    if organization.kind == GROUP:
        raise not_found("organization")
    return organization


@page(SUSPEND, methods=FORM, organization_id=find_below_group)
def suspend(request: PageRequest, organization: Organization) -> HttpResponse:
    """`GET` and `POST /customers/<id>/suspend`; `?reason=` is that of the shown effect."""
    return _all_below(request, organization, SUSPENSION)


@page(SUSPEND, methods=FORM, organization_id=find_below_group)
def resume(request: PageRequest, organization: Organization) -> HttpResponse:
    """`GET` and `POST /customers/<id>/resume`."""
    return _all_below(request, organization, RESUMPTION)


def _all_below(request: PageRequest, organization: Organization, kind: str) -> HttpResponse:
    shown = reason_in_url(request, tuple(REASON_WORDS))
    form = form_of(request, AllBelowForm, {"reason": shown} if shown else None)
    form.offer(kind)
    change = suspend_organization if kind == SUSPENSION else resume_organization
    answer = submit(
        request,
        form,
        lambda actor: change(actor, organization_id=organization.id, **form.facts()),
    )
    if answer is None:
        reason = _sent_reason(form) or shown
        effect = preview_job(
            request.actor, organization_id=organization.id, kind=kind, reason=reason
        )
        context = {
            "organization": organization,
            "suspends": kind == SUSPENSION,
            "effect": effect,
            "stay": effect["changed"] - effect["status_changed"],
            "reason": reason or (UNSPECIFIED if kind == SUSPENSION else ""),
        }
        return show_form(request, "portal/bulk/submit.html", form, context, parts=("effect",))
    message = gettext("It was accepted and is being carried out.")
    ids = (organization.id, answer.body["id"])
    return done(request, message, "organizations-job", *ids, answer=answer)


def _sent_reason(form: AllBelowForm) -> str | None:
    text = str(form.data.get("reason", "")) if form.is_bound else ""
    return text if text in REASON_WORDS else None
