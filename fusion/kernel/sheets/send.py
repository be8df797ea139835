"""Sending a whole list as a file, for programs (CSV) or for spreadsheets (CSV and XLSX)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.http import StreamingHttpResponse

from fusion.kernel.http import CSV, XLSX
from fusion.kernel.sheets.workbook import workbook
from fusion.kernel.stream import Query, csv_lines, stream

Rows = Callable[[Query], Iterator[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Table:
    """A list: its `name` (of the file and the sheet), its columns, and what reads its rows."""

    name: str
    columns: Sequence[str]
    rows: Rows


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
        )

    def lines(query: Query) -> Iterator[str]:
        if for_people:
            yield "\ufeff"
        yield from csv_lines([table.columns])
        yield from csv_lines(table.rows(query), for_people=for_people)

    media_type = f"{CSV}; charset=utf-8" if for_people else CSV
    return stream(lines, media_type=media_type, filename=f"{table.name}.csv")
