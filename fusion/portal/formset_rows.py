"""Rows of a form that are added and removed in place.

A button of the form adds or removes a row (`name="rows"`, `value="add"` or the position of the row
to remove); the input is kept. With htmx only the rows are replaced, without JavaScript the page;
nothing is validated or saved before the form itself is sent.
"""

from typing import Any, cast

from django import forms
from django.http import QueryDict

from fusion.portal.forms import EDIT_ROWS, LONGEST_COUNT, RowsForm


def with_edited_rows[Kind: forms.Form](kind: type[Kind], data: QueryDict, **options: Any) -> Kind:
    """The form with the input of `data`, and with one row more or fewer; its first field focused.

    `kind` has rows.
    """
    values, position = _edited(data, cast(type[RowsForm], kind))
    form = kind(initial=data.dict(), **{**options, "row_values": values})
    rows = cast(RowsForm, form).rows.forms
    first = next(iter(rows[min(position, len(rows) - 1)].fields.values()))
    first.widget.attrs["autofocus"] = True
    return form


def _edited(data: QueryDict, kind: type[RowsForm]) -> tuple[list[dict[str, str]], int]:
    """The rows after the change, and the position of the row to focus."""
    count = kind.count_rows(data)
    prefixes = [f"{kind.rows_prefix}-{position}" for position in range(count)]
    rows = [
        {name: data.get(f"{prefix}-{name}", "") for name in kind.row.base_fields}
        for prefix in prefixes
    ]
    button = data.get(EDIT_ROWS, "")
    if button.isascii() and button.isdigit() and len(button) <= LONGEST_COUNT:
        position = int(button)
        del rows[position : position + 1]
        return rows, position
    if button == "add" and count < kind.most_rows:
        rows.append({})
    return rows, len(rows)
