"""The group's ranges of numbers: the list, new ones, and corrections."""

from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from fusion.access.permissions import MANAGE_RANGES, READ_RANGES
from fusion.access.use_case import Answer
from fusion.kernel.clock import read_instant
from fusion.kernel.sheets.send import paged_table
from fusion.numbers.change_range import change_range, delete_range
from fusion.numbers.create_range import create_range
from fusion.numbers.models import Range
from fusion.numbers.queries import find_range, list_ranges, range_document
from fusion.portal.downloads import download
from fusion.portal.errors import explain_field
from fusion.portal.forms import ChangeForm, Confirmation, Form, NoteField
from fusion.portal.number_fields import WrittenNumberField
from fusion.portal.page import BUTTON, FORM, ROWS, form_of, page, submit
from fusion.portal.responses import done, refused, show, show_form
from fusion.portal.session_actor import PageRequest
from fusion.portal.skus import number_skus

MOST_LISTED = 10
"""Most skipped numbers and warnings that the message after a change lists."""


@page(READ_RANGES)
def ranges(request: PageRequest) -> HttpResponse:
    """`GET /inventory/ranges`."""
    listed = list_ranges(request.actor, limit=ROWS, cursor=request.GET.get("cursor"))
    context = {
        "rows": [{**each, "at": read_instant(each["created_at"])} for each in listed["items"]],
        "next": listed["next"],
        "skus": number_skus(request.actor),
        "may_add": MANAGE_RANGES.allows(request.actor),
    }
    return show(request, "portal/inventory/ranges.html", context, parts=("more",))


class RangeForm(Form):
    """The first and the last number of a range, their country and type."""

    sku = forms.ChoiceField(label=_("Number type"))
    first = WrittenNumberField(
        label=_("First number"),
        help_text=_("With a plus sign and country code, or as in the country of the number type."),
    )
    last = WrittenNumberField(
        label=_("Last number"),
        help_text=_("A range has up to 1,000,000 numbers, each of the country and the type."),
    )
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

    def offer(self, skus: dict[str, str]) -> None:
        """Offer these number types."""
        field: Any = self.fields["sku"]
        field.choices = [("", _("Choose …")), *skus.items()]

    def arguments(self) -> dict[str, Any]:
        """For the use case; an empty reason means none."""
        return {**self.cleaned_data, "reason": self.cleaned_data["reason"] or None}


class EditRangeForm(ChangeForm, RangeForm):
    """The same, for an existing range."""

    def changes(self) -> dict[str, Any]:
        """For the use case: what differs from the page; a reason goes with its tick."""
        changed = self.changed()
        if changed.keys() & {"accept_unknown", "reason"}:
            accepted = changed["accept_unknown"] = self.cleaned_data["accept_unknown"]
            if accepted or "reason" in changed:
                changed["reason"] = self.cleaned_data["reason"] or None
        return changed


@page(MANAGE_RANGES, methods=FORM)
def new_range(request: PageRequest) -> HttpResponse:
    """`GET` and `POST /inventory/ranges/new`."""
    form = form_of(request, RangeForm)
    form.offer(number_skus(request.actor))
    answer = submit(request, form, lambda actor: create_range(actor, **form.arguments()))
    if answer is None:
        return show_form(request, "portal/inventory/new_range.html", form)
    count = answer.body["count"] - len(answer.body["skipped"])
    message = gettext("%(count)s numbers were added.") % {"count": count}
    return _written(request, message, answer)


@page(MANAGE_RANGES, methods=FORM, number_range_id=find_range)
def edit_range(request: PageRequest, number_range: Range) -> HttpResponse:
    """`GET` and `POST /inventory/ranges/<id>`."""
    shown = range_document(number_range)
    initial = {**shown, "reason": shown["reason"] or ""}
    form = form_of(request, EditRangeForm, initial)
    form.offer(number_skus(request.actor))
    answer = submit(
        request,
        form,
        lambda actor: change_range(actor, range_id=number_range.id, changes=form.changes()),
    )
    if answer is None:
        context = {"range": shown, "confirmation": Confirmation()}
        return show_form(request, "portal/inventory/edit_range.html", form, context)
    return _written(request, gettext("The range was changed."), answer)


def _written(request: PageRequest, message: str, answer: Answer) -> HttpResponse:
    """To the list, with what was skipped and warned of."""
    skipped = answer.body["skipped"]
    if skipped:
        text = ngettext(
            "%(count)s number was ported in and is not part of the range: %(numbers)s.",
            "%(count)s numbers were ported in and are not part of the range: %(numbers)s.",
            len(skipped),
        )
        listed = ", ".join(skipped[:MOST_LISTED]) + ("…" if len(skipped) > MOST_LISTED else "")
        messages.warning(request, text % {"count": len(skipped), "numbers": listed})
    for warning in answer.body["warnings"][:MOST_LISTED]:
        messages.warning(request, explain_field(warning["detail"]))
    return done(request, message, "inventory-ranges", answer=answer)


@page(MANAGE_RANGES, methods=BUTTON)
def delete(request: PageRequest, number_range_id: UUID) -> HttpResponse:
    """`POST /inventory/ranges/<id>/delete`: to the list, or back with the reason."""
    form = Confirmation(request.POST)
    answer = submit(request, form, lambda actor: delete_range(actor, range_id=number_range_id))
    if answer is not None:
        text = gettext("The range and its numbers were removed.")
        return done(request, text, "inventory-ranges", answer=answer)
    return refused(request, form, "inventory-range", number_range_id)


RANGE_COLUMNS = ("sku", "first", "last", "count", "accept_unknown", "reason", "created_at")


@page(READ_RANGES)
def export(request: PageRequest, format: str) -> HttpResponseBase:
    """`GET /inventory/ranges.csv` and `.xlsx`: all ranges."""
    pages = partial(list_ranges, request.actor)
    return download(paged_table("number-ranges", RANGE_COLUMNS, pages), format)
