"""Restoring a terminated subscription: its page shows what comes back before it is done."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.access.permissions import TERMINATE
from fusion.kernel.clock import read_instant
from fusion.kernel.errors import problem_of
from fusion.lifecycle.restore import preview_restoration
from fusion.lifecycle.restore import restore as restore_subscription
from fusion.lifecycle.restore_plan import find_termination, plan_restoration
from fusion.portal.errors import explain
from fusion.portal.forms import LineField, NoteField
from fusion.portal.page import FORM, form_of, page, submit
from fusion.portal.responses import done, show_form
from fusion.portal.restorations import LOST
from fusion.portal.session_actor import PageRequest
from fusion.portal.shown import ShownForm
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription

MOST = 20
"""Most numbers that the page lists."""


class RestoreForm(ShownForm):
    """A note and a reference of the order that reverses the termination."""

    changed = _(
        "What comes back has changed since you saw the preview. Check the new preview above, then "
        "restore again."
    )
    external_reference = LineField(
        label=_("Billing reference"),
        max_length=100,
        required=False,
        help_text=_("The billing platform's id of this order."),
    )
    note = NoteField(
        label=_("Note"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


@page(TERMINATE, methods=FORM, subscription_id=find_subscription)
def restore(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/restore`: what comes back, and what does not."""
    effect = _effect(request, subscription)
    form = form_of(request, RestoreForm)
    form.expect(effect["compared"], is_done=not effect["until"])
    answer = submit(
        request,
        form,
        lambda actor: restore_subscription(
            actor,
            subscription_id=subscription.id,
            note=form.cleaned_data["note"] or None,
            external_reference=form.cleaned_data["external_reference"] or None,
        ),
    )
    if answer is not None:
        message = gettext("The subscription was restored.")
        return done(request, message, "subscriptions-detail", subscription.id, answer=answer)
    context = {"subscription": subscription, **effect}
    return show_form(request, "portal/subscriptions/restore.html", form, context)


def _effect(request: PageRequest, subscription: Subscription) -> dict[str, Any]:
    """The preview, with names of products, in the reader's words."""
    preview = preview_restoration(request.actor, subscription_id=subscription.id)
    termination = find_termination(subscription)
    lost = preview["not_restored"]["numbers"]
    held = plan_restoration(subscription, termination).holdings if termination else ()
    return {
        "preview": preview,
        "until": read_instant(preview["until"]) if termination else None,
        "held": held,
        "compared": {**preview, "held": held},
        "lost": [(each["e164"], LOST[each["reason"]]) for each in lost[:MOST]],
        "more": max(len(lost) - MOST, 0),
        "refusals": [explain(problem_of(each)) for each in preview["refusals"]],
    }
