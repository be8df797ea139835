"""Rows of fields within a form, such as the lines of an order: added and removed in place.

A button of the form asks for one row more or fewer (`name="rows"`, `value="add"` or the position
of the row to go); what was typed stays. With htmx the rows alone are replaced, without JavaScript
the page; nothing is checked or done before the form itself is sent.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.http import HttpRequest, QueryDict

from fusion.portal.errors import explain_field

ASKED = "rows"
"""The name of the buttons that add and remove a row."""

type Rows = "BaseFormSet[Any]"


class RowForm(forms.Form):
    """The fields of one row; `names` maps the API's names of fields to the row's."""

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
    """The rows: as they were sent, or with one more or fewer, or at first those of `initial`.

    `given` are arguments of each row. There is always one row, and never more than `most`.
    """
    factory = formset_factory(
        row, extra=0, min_num=1, validate_min=True, max_num=most, validate_max=True
    )
    # Every row counts: one that was left empty is not passed over.
    options: dict[str, Any] = {
        "prefix": prefix,
        "form_kwargs": {"empty_permitted": False, **(given or {})},
    }
    if request.method != "POST":
        return factory(initial=[dict(each) for each in initial], **options)
    if asks_for_rows(request):
        return factory(initial=_changed(request.POST, row, prefix, most), **options)
    return factory(request.POST, **options)


def asks_for_rows(request: HttpRequest) -> bool:
    """Whether the form came for a row more or fewer, and for nothing else."""
    return request.method == "POST" and ASKED in request.POST


def _changed(data: QueryDict, row: type[RowForm], prefix: str, most: int) -> list[dict[str, str]]:
    total = data.get(f"{prefix}-TOTAL_FORMS", "")
    count = min(int(total), most) if total.isascii() and total.isdigit() and len(total) < 5 else 0
    names = list(row.base_fields)
    rows = [
        {name: data.get(f"{prefix}-{position}-{name}", "") for name in names}
        for position in range(count)
    ]
    asked = data.get(ASKED, "")
    if asked == "add" and count < most:
        rows.append({})
    elif asked.isascii() and asked.isdigit() and len(asked) < 5:
        del rows[int(asked) : int(asked) + 1]
    return rows


def refuse_row(rows: Rows, field: str, message: str) -> bool:
    """Put an error such as `lines.2.quantity` beside its field; False where it is of no row."""
    prefix, _, rest = field.partition(".")
    position, _, name = rest.partition(".")
    if prefix != rows.prefix or not position.isdigit() or int(position) >= len(rows.forms):
        return False
    row = rows.forms[int(position)]
    name = row.names.get(name, name)
    row.add_error(name if name in row.fields else None, explain_field(message))
    return True
