"""Changing many numbers of a subscription at once, with a result for each: those that were ticked
or typed, or all that match the filters of the list.

To link them is to link all to one trunk; `link_list.py` links each to a user.
"""

from functools import cache
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from fusion.access.actor import Actor
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Answer
from fusion.kernel.errors import Problem, problem_of
from fusion.kernel.ids import parse_id
from fusion.lifecycle.change_numbers import (
    ACTIONS,
    LINK,
    MAX_CHANGED,
    MOVE,
    Choice,
    change_numbers,
)
from fusion.numbers.resolve import home_country
from fusion.portal.errors import explain
from fusion.portal.forms import Choice as Offer
from fusion.portal.forms import Choices, Form, ListedField
from fusion.portal.list_filters import ListFilters
from fusion.portal.number_fields import Country, NumbersField
from fusion.portal.page import form_of, page, submit
from fusion.portal.query_params import query_params
from fusion.portal.responses import show, show_form
from fusion.portal.session_actor import PageRequest
from fusion.portal.skus import number_skus
from fusion.portal.subscriptions.frame import frame
from fusion.portal.subscriptions.numbers import FILTERS, STATUSES, UNLINKED
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription
from fusion.trunks.models import Trunk

WRITES = ("GET", "POST")
OFFERED = 200
"""Most subscriptions, and trunks, that are offered as targets; the id of any other can be given."""
SHOWN = 500
"""Most results that the page shows, refused ones first."""

LABELS = {
    "release": _("Release"),
    "unlink": _("Unlink"),
    "move": _("Move to another subscription"),
    "link": _("Link to a trunk"),
}


class ChangesForm(Form):
    """What to do with which numbers."""

    action = forms.ChoiceField(
        label=_("Action"), choices=[(each, LABELS[each]) for each in ACTIONS]
    )
    numbers = NumbersField(most=MAX_CHANGED)
    to = ListedField(
        label=_("Move to"),
        list_id="targets",
        required=False,
        help_text=_("Only to move: another active subscription, or its id."),
    )
    trunk = ListedField(
        label=_("Trunk"),
        list_id="trunks",
        required=False,
        help_text=_("Only to link: a trunk of this subscription, or its id."),
    )
    unlink = forms.BooleanField(
        label=_("Also numbers that are linked"),
        required=False,
        help_text=_("Their links to users and trunks end."),
    )
    names = {"to_subscription_id": "to", "trunk_id": "trunk", "selection": "numbers"}

    def __init__(self, *args: Any, country: Country, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["numbers"]
        field.country = country

    def clean(self) -> dict[str, Any]:
        """A move needs a subscription, and a link a trunk."""
        cleaned: dict[str, Any] = super().clean() or {}
        for action, name, text in (
            (MOVE, "to", _("Choose where to move the numbers.")),
            (LINK, "trunk", _("Choose the trunk to link the numbers to.")),
        ):
            missing = not cleaned.get(name) and name not in self.errors
            if cleaned.get("action") == action and missing:
                self.add_error(name, text)
        return cleaned


class Targets(Choices):
    """What numbers go to; the id of one that is not offered is taken as it is."""

    def find(self, typed: str) -> Offer:
        """The chosen one; ValidationError if it is neither offered nor an id."""
        text = typed.strip()
        return Offer(text.lower(), text, text) if parse_id(text.lower()) else super().find(typed)


@page(PROVISION, methods=WRITES, subscription_id=find_subscription)
def change_many(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/numbers/change`.

    `?number=` and `?action=` fill the form; `?all=1` with the filters of the list means all that
    match them.
    """
    params = query_params(request, "all", "action")
    everything = bool(params["all"])
    ticked = [] if everything else request.GET.getlist("number")[:MAX_CHANGED]
    country = cache(lambda: home_country(request.actor, subscription.id))
    filters = ListFilters(request, FILTERS)
    wanted = _wanted(request.actor, filters, country) if everything else None
    if filters.wrong:
        raise Problem("invalid-fields", " ".join(filters.wrong.values()))
    initial = {"numbers": "\n".join(ticked), "action": params["action"]}
    form = form_of(request, ChangesForm, initial, country=country)
    if everything:
        del form.fields["numbers"]
    targets, trunks = _targets(request.actor, subscription), _trunks(request.actor, subscription)
    for name, offered in (("to", targets), ("trunk", trunks)):
        field: Any = form.fields[name]
        field.offer(offered)
    answer = submit(
        request,
        form,
        lambda actor: _change_chosen(
            actor, subscription, form, wanted or Choice(numbers=form.cleaned_data["numbers"])
        ),
    )
    context = {
        **frame(request, subscription, "numbers"),
        "lists": {"targets": list(targets), "trunks": list(trunks)},
        "everything": everything,
        "params": filters.params,
    }
    if answer is None:
        return show_form(request, "portal/subscriptions/numbers_change.html", form, context)
    return show(
        request, "portal/subscriptions/numbers_changed.html", {**context, **result_rows(answer)}
    )


def _wanted(actor: Actor, filters: ListFilters, country: Country) -> Choice:
    """All numbers that match the filters of the list."""
    status = filters.choice("status", (*STATUSES, UNLINKED))
    starts, ends = filters.digits(country)
    return Choice(
        sku=filters.choice("sku", number_skus(actor)),
        status="assigned" if status == UNLINKED else status,
        linked=False if status == UNLINKED else None,
        starts_with=starts,
        ends_with=ends,
    )


def _change_chosen(actor: Actor, subscription: Subscription, form: Form, choice: Choice) -> Answer:
    fields = form.cleaned_data
    target = fields["to"] if fields["action"] == MOVE else None
    trunk = fields["trunk"] if fields["action"] == LINK else None
    return change_numbers(
        actor,
        subscription_id=subscription.id,
        action=fields["action"],
        choice=choice,
        unlink=fields["unlink"],
        to_subscription_id=UUID(target) if target else None,
        trunk_id=UUID(trunk) if trunk else None,
    )


def _targets(actor: Actor, subscription: Subscription) -> Targets:
    """Other active subscriptions: those of the same customer before the others."""
    rows = Subscription.objects.visible_to(actor).filter(group_id=actor.group_id, status="active")
    rows = rows.exclude(id=subscription.id).select_related("tenant")
    own = list(rows.filter(tenant_id=subscription.tenant_id).order_by("name", "id")[:OFFERED])
    others = rows.exclude(tenant_id=subscription.tenant_id).order_by("-id")
    found = [*own, *others[: OFFERED - len(own)]]
    return Targets(
        Offer(str(each.id), f"{each.name} · {each.tenant.name}", str(each.id)[-12:])
        for each in found
    )


def _trunks(actor: Actor, subscription: Subscription) -> Targets:
    """The trunks of the subscription, by name."""
    rows = Trunk.objects.visible_to(actor).filter(subscription_id=subscription.id)
    return Targets(
        Offer(str(each.id), each.name, str(each.id)[-12:])
        for each in rows.order_by("name", "id")[:OFFERED]
    )


def result_rows(answer: Answer) -> dict[str, Any]:
    """The context of `portal/subscriptions/numbers_changed.html`."""
    results = answer.body["results"]
    refused = [
        {"e164": each["e164"], "why": explain(problem_of(each["problem"]))}
        for each in results
        if "problem" in each
    ]
    changed = [each["number"] for each in results if "number" in each]
    return {
        "refused": refused[:SHOWN],
        "changed": changed[:SHOWN],
        "count_refused": len(refused),
        "count_changed": len(changed),
    }
