"""Sending a whole list as a file, for programs (CSV) or for spreadsheets (CSV and XLSX).

A list that has pages is read page by page, by the function that serves the pages, so that its
filters mean the same. Such a file is not of one snapshot.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

import orjson
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from fusion.kernel.clock import instant
from fusion.kernel.errors import InvalidFields
from fusion.kernel.http import CSV, XLSX, json_response
from fusion.kernel.schemas import Listing, Paging
from fusion.kernel.sheets.workbook import workbook
from fusion.kernel.stream import Query, csv_lines, release_connection, stream, wanted_format

PAGE = 500
"""Rows of a page that is read for a file."""


class ListPage(Protocol):
    """Reads one page of a list: {items, next}, or its JSON text."""

    def __call__(self, *, limit: int, cursor: str | None) -> str | Mapping[str, Any]:
        """The page after the cursor."""


Named = Callable[[list[Any]], Sequence[Mapping[str, Any]]]
"""Items of a page → the same with further members, such as names."""

Rows = Callable[[Query], Iterator[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Table:
    """A list: its `name` (of the file and the sheet), its columns, and what reads its rows."""

    name: str
    columns: Sequence[str]
    rows: Rows
    snapshot: bool = True


def send_table(
    table: Table, format: Literal["csv", "xlsx"], *, for_people: bool = False
) -> StreamingHttpResponse:
    """The table as a download. A CSV `for_people` is opened by a spreadsheet: it begins with a byte
    order mark, and phone numbers are marked as text. Problem `rate-limited`, see `stream`."""
    if format == "xlsx":
        return stream(
            lambda query: workbook(table.name, table.columns, table.rows(query)),
            media_type=XLSX,
            filename=f"{table.name}.xlsx",
            snapshot=table.snapshot,
        )

    def lines(query: Query) -> Iterator[str]:
        if for_people:
            yield "\ufeff"
        yield from csv_lines([table.columns])
        yield from csv_lines(table.rows(query), for_people=for_people)

    media_type = f"{CSV}; charset=utf-8" if for_people else CSV
    return stream(
        lines, media_type=media_type, filename=f"{table.name}.csv", snapshot=table.snapshot
    )


def paged_table(
    name: str, columns: Sequence[str], list_page: ListPage, named: Named | None = None
) -> Table:
    """All pages of a list; columns are members of its items, which `named` may add."""

    def rows(_query: Query) -> Iterator[Sequence[Any]]:
        cursor: str | None = None
        while True:
            page = list_page(limit=PAGE, cursor=cursor)
            found = orjson.loads(page) if isinstance(page, str) else page
            items = named(found["items"]) if named else found["items"]
            cursor = found["next"]
            release_connection()
            for item in items:
                yield [_cell(item.get(column)) for column in columns]
            if cursor is None:
                return

    return Table(name, columns, rows, snapshot=False)


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, (dict, list)):
        return orjson.dumps(value, default=str).decode()
    return value if value is None or isinstance(value, (int, str)) else str(value)


def send_list(
    request: HttpRequest,
    params: Listing,
    name: str,
    columns: Sequence[str],
    list_page: ListPage,
    *,
    named: Named | None = None,
) -> HttpResponseBase:
    """One page as JSON, or the whole list as a file; InvalidFields for a page of a file."""
    format = wanted_format(request, params.format)
    if format == "json":
        return json_response(list_page(limit=params.limit, cursor=params.cursor))
    require_whole(params)
    return send_table(paged_table(name, columns, list_page, named), format)


def require_whole(params: Paging) -> None:
    """InvalidFields if a page is requested: a file has the whole list."""
    for name in ("limit", "cursor"):
        if name in params.model_fields_set:
            raise InvalidFields(**{name: "is for pages; omit it, because this is the whole list"})
