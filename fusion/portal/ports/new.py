"""Porting numbers of a subscription in or out: directly, or by a request."""

from functools import cache
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from fusion.access.actor import GROUP, Actor
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Answer
from fusion.numbers.models import IN, OUT
from fusion.numbers.port_in import port_in
from fusion.numbers.porting import PORT, REQUEST_PORTS
from fusion.numbers.request_port import request_port
from fusion.numbers.resolve import home_country
from fusion.numbers.schedule_port import schedule_port
from fusion.portal.errors import explain_field
from fusion.portal.forms import Form, LineField, NoteField
from fusion.portal.number_fields import Country, NumbersField
from fusion.portal.page import form_of, page, submit
from fusion.portal.ports.decide import PortDateField
from fusion.portal.responses import done, show_form
from fusion.portal.session_actor import PageRequest
from fusion.portal.skus import number_skus
from fusion.portal.subscriptions.frame import frame
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription

WRITES = ("GET", "POST")
MOST_ATTACHMENTS = 20


class PortForm(Form):
    """The numbers and the date."""

    numbers = NumbersField()
    sku = forms.ChoiceField(
        label=_("Number type"),
        required=False,
        help_text=_("Determined by the number. Choose one only if several types match."),
    )
    port_date = PortDateField()
    accept_unknown = forms.BooleanField(
        label=_("Accept unknown numbers"),
        required=False,
        help_text=_("For numbers that Fusion does not know yet, or knows as another type."),
    )
    reason = NoteField(
        label=_("Reason for accepting them"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    names = {"effective_at": "port_date"}

    def __init__(self, *args: Any, country: Country, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["numbers"]
        field.country = country

    def refuse(self, problem: Any) -> None:
        """Report per-number errors on the single `numbers` field."""
        indexed = {error["field"] for error in problem.errors}
        of_numbers = {name: "numbers" for name in indexed if name.startswith("numbers.")}
        self.names = {**PortForm.names, **of_numbers}
        super().refuse(problem)


class PortRequestForm(PortForm):
    """The same with what the provider needs to know."""

    carrier = LineField(label=_("Other operator"), max_length=200, required=False)
    note = NoteField(
        label=_("Note"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    attachments = NoteField(
        label=_("Attachments"),
        max_length=10_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Where your documents are, one per line: a link or a reference."),
    )

    def clean_attachments(self) -> list[str]:
        """The references, one for each line."""
        lines = [line.strip() for line in self.cleaned_data["attachments"].splitlines()]
        found = [line for line in lines if line]
        if len(found) > MOST_ATTACHMENTS or any(len(line) > 500 for line in found):
            raise forms.ValidationError(
                _("Enter at most %(most)s lines of at most 500 characters.")
                % {"most": MOST_ATTACHMENTS}
            )
        return found


@page(PROVISION, methods=WRITES, subscription_id=find_subscription)
def incoming(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/numbers/port-in`."""
    return _port(request, subscription, IN)


@page(PROVISION, methods=WRITES, subscription_id=find_subscription)
def outgoing(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/numbers/port-out`; `?numbers=` fills the form."""
    return _port(request, subscription, OUT)


def _port(request: PageRequest, subscription: Subscription, direction: str) -> HttpResponse:
    directly = PORT.allows(request.actor)
    if not directly:
        REQUEST_PORTS.require_role(request.actor)
    kind = PortForm if directly else PortRequestForm
    country = cache(lambda: home_country(request.actor, subscription.id))
    form = form_of(request, kind, {"numbers": request.GET.get("numbers", "")}, country=country)
    _prepare(request, form, direction, directly)
    answer = submit(
        request, form, lambda actor: _ported(actor, subscription, form, direction, directly)
    )
    if answer is None:
        context = {
            **frame(request, subscription, "numbers"),
            "direction": direction,
            "directly": directly,
            "way": "ported",
        }
        return show_form(request, "portal/ports/new.html", form, context)
    for warning in answer.body["warnings"]:
        messages.warning(request, explain_field(warning["detail"]))
    if answer.status == 201 and "items" in answer.body:
        return _assigned(request, subscription, answer)
    if directly:
        message = gettext("The numbers will be ported on their date.")
    else:
        message = gettext("The request was sent to your provider.")
    return done(request, message, "ports-detail", answer.body["id"], answer=answer)


def _prepare(request: PageRequest, form: Form, direction: str, directly: bool) -> None:
    """Adapt the fields: to port out needs no type, and directly a date. Only the group accepts
    unknown numbers, at once or when it approves a request.
    """
    if direction == OUT or (directly and request.actor.kind != GROUP):
        del form.fields["accept_unknown"], form.fields["reason"]
    elif not directly:
        form.fields["accept_unknown"].label = _("The numbers may be unknown")
        form.fields["accept_unknown"].help_text = _(
            "Fusion does not know them, or knows them as another type. Your provider decides."
        )
        form.fields["reason"].label = _("Why they exist")
    if direction == OUT:
        del form.fields["sku"]
        form.fields["port_date"].required = directly
    else:
        sku: Any = form.fields["sku"]
        sku.choices = [("", _("The matching type")), *number_skus(request.actor).items()]


def _ported(
    actor: Actor, subscription: Subscription, form: Form, direction: str, directly: bool
) -> Answer:
    fields = dict(form.cleaned_data)
    port: dict[str, Any] = {
        "subscription_id": subscription.id,
        "numbers": fields["numbers"],
        "sku": fields.get("sku") or None,
        "accept_unknown": fields.get("accept_unknown", False),
        "reason": fields.get("reason") or None,
    }
    date = fields["port_date"]
    if not directly:
        return request_port(
            actor,
            **port,
            direction=direction,
            port_date=date,
            carrier=fields["carrier"] or None,
            note=fields["note"] or None,
            attachments=fields["attachments"],
        )
    if date is None:
        return port_in(actor, **port)
    return schedule_port(actor, **port, direction=direction, effective_at=date)


def _assigned(request: PageRequest, subscription: Subscription, answer: Answer) -> HttpResponse:
    items = answer.body["items"]
    message = ngettext(
        "%(first)s was assigned.",
        "%(count)s numbers were assigned, starting with %(first)s.",
        len(items),
    ) % {"first": items[0]["e164"], "count": len(items)}
    return done(request, message, "subscriptions-numbers", subscription.id, answer=answer)
