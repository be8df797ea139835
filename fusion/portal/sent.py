"""Checks that a request has exactly the fields of its page, so that none is ignored or guessed.

A browser sends every field of a form, including empty ones. An unknown name, a missing field, or
one that occurs twice means that the result would differ from what the person intends: a misspelled
date field would mean "at once".
"""

from collections.abc import Iterable, Iterator, Sized

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext

from fusion.kernel.errors import Problem
from fusion.portal.rows import Rows

ONCE = "once"
"""The name of the hidden field with the one-time key."""

ACTING = "acting"
"""The name of the hidden field with the membership that the page was shown to."""

TOKEN = "csrfmiddlewaretoken"

BESIDE = (ONCE, ACTING, TOKEN)
"""Fields that every form has and that are not part of its data."""

LONGEST_NAME = 60


def require_as_shown(
    request: HttpRequest, form: forms.Form, rows: Rows | None, several: Iterable[str] = ()
) -> None:
    """Problem `invalid-fields` unless the request has the fields of `form` and `rows`, each once.

    `several` are further names that the page reads, each any number of times.
    """
    shown = [form, *(rows.forms if rows is not None else [])]
    parts = [*shown, *([rows.management_form] if rows is not None else [])]
    known = {*BESIDE, *several, *(name for part in parts for name in _names(part))}
    repeatable = {*several, *(name for part in parts for name in _names(part, repeatable=True))}
    sent: list[tuple[str, Sized]] = [*request.POST.lists(), *request.FILES.lists()]
    for name, values in sent:
        if name not in known:
            raise _refused(gettext("This form has no field “%(name)s”."), name)
        if len(values) > 1 and name not in repeatable:
            raise _refused(gettext("The form contains the field “%(name)s” more than once."), name)
    for part in shown:
        for name in part.fields:
            if _is_missing(request, part, name):
                raise _refused(gettext("The form lacks the field “%(name)s”."), name)


def _is_missing(request: HttpRequest, part: forms.Form, name: str) -> bool:
    """Whether an optional field is missing. (Validation reports missing required fields.)

    Browsers send nothing for check boxes and files if nothing was chosen.
    """
    field = part.fields[name]
    if field.required or isinstance(field.widget, forms.FileInput):
        return False
    html_name = part.add_prefix(name)
    return bool(field.widget.value_omitted_from_data(request.POST, request.FILES, html_name))


def _names(part: forms.Form, *, repeatable: bool = False) -> Iterator[str]:
    for name, field in part.fields.items():
        if not repeatable or isinstance(field, forms.MultipleChoiceField):
            yield part.add_prefix(name)
        if field.show_hidden_initial and not repeatable:
            yield part.add_initial_prefix(name)


def _refused(text: str, name: str) -> Problem:
    shown = "".join(each for each in name if each.isprintable())[:LONGEST_NAME]
    return Problem(
        "invalid-fields",
        text % {"name": shown}
        + " "
        + gettext("Nothing was changed. Reload the page and fill it in again."),
    )
