"""Rows of fields within a form, such as the lines of an order: added and removed in place.

A button of the form adds or removes a row (`name="rows"`, `value="add"` or the position of the row
to remove); the input is kept. With htmx only the rows are replaced, without JavaScript the page;
nothing is validated or saved before the form itself is sent.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext

from fusion.kernel.errors import Problem
from fusion.portal.errors import explain_field
from fusion.portal.listed import Choice

ASKED = "rows"
"""The name of the buttons that add and remove a row."""

LONGEST_COUNT = 9
"""Longest count of rows that is parsed as a number, in digits."""


class RowSet(BaseFormSet):  # type: ignore[type-arg]
    """The rows of a form; `lists` are the choices of their fields, by the id of each list."""

    lists: Mapping[str, Sequence[Choice]] = {}


type Rows = RowSet


class RowForm(forms.Form):
    """The fields of one row; `names` maps the API's field names to the row's."""

    names: dict[str, str] = {}


def rows_of(
    request: HttpRequest,
    row: type[RowForm],
    *,
    prefix: str,
    most: int,
    initial: Sequence[Mapping[str, Any]] = (),
    given: Mapping[str, Any] | None = None,
) -> Rows:
    """The rows: as they were sent, or with one more or fewer, or initially those of `initial`.

    `given` are arguments of each row. There is always one row, and never more than `most`: a
    request with more is refused with Problem `invalid-fields` before any row is created.
    """
    factory = formset_factory(
        row,
        formset=RowSet,
        extra=0,
        min_num=1,
        validate_min=True,
        max_num=most,
        validate_max=True,
        absolute_max=most,
    )
    # Every row counts: an empty one is not skipped.
    options: dict[str, Any] = {
        "prefix": prefix,
        "form_kwargs": {"empty_permitted": False, **(given or {})},
        "error_messages": {
            "too_few_forms": gettext("Fill in at least one line."),
            "missing_management_form": gettext("The lines are unreadable. Reload the page."),
        },
    }
    if request.method != "POST":
        return cast(Rows, factory(initial=[dict(each) for each in initial], **options))
    count = _count(request.POST, prefix, most)
    if asks_for_rows(request):
        texts, position = _changed(request.POST, row, prefix, count, most)
        rows = cast(Rows, factory(initial=texts, **options))
        _focus(rows, position)
        return rows
    return cast(Rows, factory(request.POST, **options))


def _count(data: QueryDict, prefix: str, most: int) -> int:
    """The number of rows sent; 0 if the form has no count. Problem for more than `most`."""
    total = data.get(f"{prefix}-TOTAL_FORMS", "").strip()
    if not total.isdecimal():
        return 0
    if len(total) > LONGEST_COUNT or int(total) > most:
        detail = gettext("The form has %(count)s lines; the limit is %(most)s.") % {
            "most": most,
            "count": total if len(total) <= LONGEST_COUNT else gettext("more than the limit"),
        }
        raise Problem("invalid-fields", detail)
    _require_counted(data, prefix, int(total))
    return int(total)


def _require_counted(data: QueryDict, prefix: str, count: int) -> None:
    """Problem `invalid-fields` for fields of a row beyond `count`: they would be ignored."""
    for name in data:
        if not name.startswith(f"{prefix}-"):
            continue
        position = name.removeprefix(f"{prefix}-").partition("-")[0]
        if position.isdecimal() and (len(position) > LONGEST_COUNT or int(position) >= count):
            detail = gettext("The form has more lines than it declares. Reload the page.")
            raise Problem("invalid-fields", detail)


def _focus(rows: Rows, position: int) -> None:
    """Focus the first field of the row at `position`, or of the last row."""
    forms = rows.forms
    fields = list(forms[min(position, len(forms) - 1)].fields.values())
    fields[0].widget.attrs["autofocus"] = True


def asks_for_rows(request: HttpRequest) -> bool:
    """Whether the form was sent only to add or remove a row."""
    return request.method == "POST" and ASKED in request.POST


def _changed(
    data: QueryDict, row: type[RowForm], prefix: str, count: int, most: int
) -> tuple[list[dict[str, str]], int]:
    """The rows after the change, and the position of the row to focus."""
    names = list(row.base_fields)
    rows = [
        {name: data.get(f"{prefix}-{position}-{name}", "") for name in names}
        for position in range(count)
    ]
    asked = data.get(ASKED, "")
    if asked.isascii() and asked.isdigit() and len(asked) <= LONGEST_COUNT:
        position = int(asked)
        del rows[position : position + 1]
        return rows, position
    if asked == "add" and count < most:
        rows.append({})
    return rows, len(rows)


def refuse_row(rows: Rows, field: str, message: str) -> bool:
    """Put an error such as `lines.2.quantity` beside its field; False if it belongs to no row."""
    prefix, _, rest = field.partition(".")
    position, _, name = rest.partition(".")
    if prefix != rows.prefix or not position.isdigit() or int(position) >= len(rows.forms):
        return False
    row = rows.forms[int(position)]
    name = row.names.get(name, name)
    row.add_error(name if name in row.fields else None, explain_field(message))
    return True
