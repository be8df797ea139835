"""Answers of any length in constant memory: rows from a server-side cursor, as JSON or CSV."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import StringIO
from typing import Any

from django.db import connection
from django.http import HttpRequest, StreamingHttpResponse

from fusion.kernel.http import CSV

Row = tuple[Any, ...]
Query = Callable[[str, Sequence[Any]], Iterator[Row]]
"""A statement and its parameters → its rows, read as they are asked for."""

FETCHED = 2_000
"""Rows in memory at a time."""

FORMULA = re.compile(r"[=+\-@\t\r]")
E164 = re.compile(r"\+[0-9]{7,15}")


def wants_csv(request: HttpRequest, asked: str | None) -> bool:
    """Whether the answer is to be CSV: by the parameter `format`, else by the header `Accept`."""
    if asked is not None:
        return asked == "csv"
    return request.get_preferred_type(["application/json", CSV]) == CSV


def stream(
    make: Callable[[Query], Iterator[str]], *, media_type: str, filename: str = ""
) -> StreamingHttpResponse:
    """The texts that `make` gives; all that it reads by its argument is of one snapshot.

    The connection is taken from the pool when the first text is asked for and goes back with the
    last one, or when the reader has gone: the server may read in another thread than the view's.
    A fault on the way cuts the answer off, which the reader sees by the missing end.
    """
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'} if filename else {}
    texts = (text.encode() for text in _reading(make))
    return StreamingHttpResponse(texts, content_type=media_type, headers=headers)


def _reading(make: Callable[[Query], Iterator[str]]) -> Iterator[str]:
    pool = connection.pool  # type: ignore[attr-defined]
    if not connection.in_atomic_block:
        connection.close()  # the view's, so that a reader holds one and not two
    with pool.connection() as held, held.transaction():
        held.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

        def query(sql: str, parameters: Sequence[Any]) -> Iterator[Row]:
            with held.cursor(name="stream") as cursor:
                cursor.execute(sql, parameters)
                while rows := cursor.fetchmany(FETCHED):
                    yield from rows

        yield from _in_pieces(make(query))


def _in_pieces(texts: Iterable[str], size: int = 32_768) -> Iterator[str]:
    piece: list[str] = []
    length = 0
    for text in texts:
        piece.append(text)
        length += len(text)
        if length >= size:
            yield "".join(piece)
            piece, length = [], 0
    yield "".join(piece)


def json_items(items: Iterable[str]) -> Iterator[str]:
    """JSON texts with the commas of a list between them."""
    between = ""
    for item in items:
        yield f"{between}{item}"
        between = ","


def csv_lines(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """RFC 4180: lines end in CR LF, None is an empty cell."""
    buffer = StringIO()
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow([csv_cell(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def csv_cell(value: Any) -> Any:
    """The cell, with an apostrophe before a text that a spreadsheet would take for a formula.

    An E.164 number stays as it is: a plus sign and digits compute nothing, and it must be usable.
    """
    if isinstance(value, str) and FORMULA.match(value) and not E164.fullmatch(value):
        return f"'{value}"
    return value
