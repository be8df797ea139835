"""The group approves, dates or rejects a port request; the requester withdraws it."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.kernel.clock import now
from fusion.numbers.approve_port import approve_port
from fusion.numbers.end_port import reject_port, withdraw_port
from fusion.numbers.models import PortRequest
from fusion.numbers.port_requests import find_port_request, port_documents
from fusion.numbers.porting import DECIDE_PORTS, WITHDRAW_PORTS
from fusion.portal.errors import explain_field
from fusion.portal.forms import LOCAL, Form, NoteField
from fusion.portal.page import form_of, page, submit
from fusion.portal.ports.pages import port_rows
from fusion.portal.requests.approve_reject import ReasonForm
from fusion.portal.responses import confirmed, done, show_form
from fusion.portal.session_actor import PageRequest

WRITES = ("GET", "POST")


def _zone_help() -> str:
    return gettext("At most a year ahead, in your time zone (%(zone)s).") % {
        "zone": timezone.get_current_timezone_name()
    }


class PortDateField(forms.DateTimeField):
    """When numbers are ported, in the reader's time zone; may be empty."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Port date"),
            required=False,
            input_formats=[LOCAL, f"{LOCAL}:%S"],
            widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL),
            help_text=lazy(_zone_help, str)(),
        )


class ApprovalForm(Form):
    """When to port."""

    port_date = PortDateField()


class AcceptanceForm(ApprovalForm):
    """The same for unknown numbers, which the group accepts."""

    accept_unknown = forms.BooleanField(
        label=_("Accept unknown numbers"), help_text=_("Check that these numbers exist.")
    )
    reason = NoteField(
        label=_("Reason for accepting them"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


@page(DECIDE_PORTS, methods=WRITES, port_request_id=find_port_request)
def approve(request: PageRequest, port_request: PortRequest) -> HttpResponse:
    """`GET` and `POST /port-requests/<id>/approve`, on the requested date or another one."""
    unknown = port_request.state == "open" and port_request.accept_reason is not None
    kind = AcceptanceForm if unknown else ApprovalForm
    form = form_of(request, kind, {"port_date": _future(port_request.port_date)})
    if port_request.state == "open":
        form.fields["port_date"].help_text = _("Leave empty to port the numbers immediately.")
    else:
        form.fields["port_date"].required = True
    answer = submit(
        request,
        form,
        lambda actor: approve_port(actor, request_id=port_request.id, **form.cleaned_data),
    )
    if answer is None:
        return show_form(
            request, "portal/ports/approve.html", form, _context(request, port_request)
        )
    for warning in answer.body["warnings"]:
        messages.warning(request, explain_field(warning["detail"]))
    if answer.body["state"] == "completed":
        message = gettext("The numbers were ported.")
    else:
        message = gettext("The request was approved. The numbers will be ported on their date.")
    return done(request, message, "ports-detail", port_request.id, answer=answer)


@page(DECIDE_PORTS, methods=WRITES, port_request_id=find_port_request)
def reject(request: PageRequest, port_request: PortRequest) -> HttpResponse:
    """`GET` and `POST /port-requests/<id>/reject`."""
    form = form_of(request, ReasonForm)
    answer = submit(
        request,
        form,
        lambda actor: reject_port(
            actor, request_id=port_request.id, reason=form.cleaned_data["reason"]
        ),
    )
    if answer is None:
        return show_form(request, "portal/ports/reject.html", form, _context(request, port_request))
    message = gettext("The request was rejected.")
    return done(request, message, "ports-detail", port_request.id, answer=answer)


@page(WITHDRAW_PORTS, methods=("POST",), port_request_id=find_port_request)
def withdraw(request: PageRequest, port_request: PortRequest) -> HttpResponse:
    """`POST /port-requests/<id>/withdraw`."""
    message = gettext("The request was withdrawn.")
    return confirmed(
        request,
        lambda actor: withdraw_port(actor, request_id=port_request.id),
        message,
        "ports-detail",
        port_request.id,
    )


def _future(at: datetime | None) -> datetime | None:
    return at if at is not None and at > now() else None


def _context(request: PageRequest, port_request: PortRequest) -> dict[str, Any]:
    (document,) = port_rows(request.actor, port_documents(request.actor, [port_request]))
    return {"port": document}
