"""Linking many numbers to users by a list, with a result for each row."""

import re
from functools import cache
from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from fusion.access.permissions import PROVISION
from fusion.kernel.text import Unclean, clean_line
from fusion.numbers.resolve import home_country
from fusion.portal.forms import UNCLEAN, Form
from fusion.portal.number_fields import MOST_ERRORS, Country, in_line, read_number
from fusion.portal.page import form_of, page, submit
from fusion.portal.responses import show, show_form
from fusion.portal.session_actor import PageRequest
from fusion.portal.subscriptions.change_numbers import result_rows
from fusion.portal.subscriptions.frame import frame
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription
from fusion.users.link_many import MAX_LINKS, Link, link_numbers

MOST_TYPED = 500_000
"""Longest list, in characters."""
LONGEST_LOGIN = 200

SEPARATED = re.compile(r"\s*[\t;,]\s*")


class LinksForm(Form):
    """The list: a number and a login in each line."""

    links = forms.CharField(
        label=_("Numbers and users"),
        max_length=MOST_TYPED,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=_(
            "One number and the login of its user per line, such as +3225550100 "
            "anna@example.com. You can paste two columns of a spreadsheet."
        ),
    )

    def __init__(self, *args: Any, country: Country, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.country = country

    def clean_links(self) -> list[Link]:
        """The rows; ValidationError says which lines are wrong, and why."""
        found: list[Link] = []
        lines: dict[str, int] = {}
        wrong: list[str] = []
        for place, line in enumerate(self.cleaned_data["links"].splitlines(), start=1):
            if not line.strip(" \t;,"):
                continue
            try:
                link = _link_of(place, line.strip(), self.country)
                if link.number in lines:
                    first = {"number": link.number, "line": lines[link.number]}
                    raise forms.ValidationError(
                        _("%(number)s is already in line %(line)s.") % first
                    )
            except forms.ValidationError as error:
                wrong.append(in_line(place, str(error.message)))
            else:
                lines[link.number] = place
                found.append(link)
        if wrong:
            raise forms.ValidationError(wrong[:MOST_ERRORS])
        if not found:
            raise forms.ValidationError(_("The list has no line with a number and a login."))
        if len(found) > MAX_LINKS:
            raise forms.ValidationError(
                _("You entered %(given)s lines; the limit is %(most)s.")
                % {"most": MAX_LINKS, "given": len(found)}
            )
        return found


def _link_of(place: int, line: str, country: Country) -> Link:
    columns = SEPARATED.split(line, maxsplit=1)
    if len(columns) == 1:
        # Numbers may have spaces; here the login has none.
        columns = line.rsplit(maxsplit=1)
    if len(columns) < 2 or not columns[1].strip():
        raise forms.ValidationError(_("A number and a login are needed."))
    number, login = columns[0], columns[1].strip()
    if len(login) > LONGEST_LOGIN:
        raise forms.ValidationError(
            _("A login has at most %(most)s characters.") % {"most": LONGEST_LOGIN}
        )
    try:
        login = clean_line(login)
    except Unclean as error:
        params = {"position": error.position, "character": error.character}
        raise forms.ValidationError(UNCLEAN % params) from None
    return Link(read_number(number, country), login=login, row=place)


@page(PROVISION, methods=("GET", "POST"), subscription_id=find_subscription)
def link_list(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/numbers/link`; `?number=` begins lines of the list."""
    country = cache(lambda: home_country(request.actor, subscription.id))
    ticked = "".join(f"{number} \n" for number in request.GET.getlist("number")[:MAX_LINKS])
    form = form_of(request, LinksForm, {"links": ticked}, country=country)
    answer = submit(
        request,
        form,
        lambda actor: link_numbers(
            actor, subscription_id=subscription.id, links=form.cleaned_data["links"]
        ),
    )
    context = frame(request, subscription, "numbers")
    if answer is None:
        return show_form(request, "portal/subscriptions/numbers_link.html", form, context)
    return show(
        request, "portal/subscriptions/numbers_changed.html", {**context, **result_rows(answer)}
    )
