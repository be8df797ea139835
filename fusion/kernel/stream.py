"""Responses of any length in constant memory: rows from a server-side cursor, as JSON, CSV or XLSX.

A stream holds a database connection and a server thread for as long as its client reads, so only a
few run at a time: slow clients must not use up what other requests need.
"""

import csv
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from io import StringIO
from threading import BoundedSemaphore
from typing import Any, Literal

import structlog
from django.db import connection
from django.http import HttpRequest, StreamingHttpResponse

from fusion.kernel.database import BULK
from fusion.kernel.environment import setting
from fusion.kernel.errors import InvalidFields, Problem
from fusion.kernel.http import CSV, XLSX
from fusion.kernel.sheets.cells import text_cell

log = structlog.get_logger(__name__)

Row = tuple[Any, ...]
Piece = str | bytes
Query = Callable[[str, Sequence[Any]], Iterator[Row]]
"""A statement and its parameters → its rows, fetched on demand."""

FETCHED = 2_000
"""Rows in memory at a time."""

SNAPSHOT = f"""SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET LOCAL statement_timeout = '{BULK}s'""".encode()
"""The limit applies to each portion: a long response may take any time in total."""

STREAMS = max(1, min(2, setting("FUSION_DATABASE_POOL") - 1))
"""Concurrent streams of one process."""

RETRY_AFTER = "10"
"""Seconds after which a client may retry if all streams were in use."""

CUT_OFF = "\r\nERROR: an error cut this response off. It is incomplete; send the request again.\r\n"
"""Ends an incomplete response.

The server closes it like any other, so nothing else would show it: the text is invalid JSON, and a
CSV line without the other cells.
"""

JSON = "application/json"

Format = Literal["json", "csv", "xlsx"]

FORMATS: dict[str, Format] = {JSON: "json", CSV: "csv", XLSX: "xlsx"}
"""Media type of a list → its name in the parameter `format`."""

E164 = re.compile(r"\+[0-9]{7,15}")

_slots = BoundedSemaphore(STREAMS)


def wanted_format(request: HttpRequest, preferred: Format | None) -> Format:
    """How a list is sent: by the parameter `format`, else by the header `Accept`.

    InvalidFields for a header that cannot be parsed.
    """
    if preferred is not None:
        return preferred
    try:
        return FORMATS[request.get_preferred_type(list(FORMATS)) or JSON]
    except (ValueError, LookupError):  # a parameter too long, or of an unknown character set
        raise InvalidFields(Accept="is not readable") from None


def stream(
    make: Callable[[Query], Iterator[Piece]],
    *,
    media_type: str,
    filename: str = "",
    snapshot: bool = True,
) -> StreamingHttpResponse:
    """What `make` yields; everything it reads through its argument is of one snapshot. Without
    `snapshot` it does not use its argument, and holds no connection between its pages.

    Its first rows are read before the response begins: an error of the query or the database
    becomes a problem instead of half a response. Problem `rate-limited` if `STREAMS` are in
    progress.
    """
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'} if filename else {}
    return StreamingHttpResponse(
        _Begun(_reading(make, snapshot)), content_type=media_type, headers=headers
    )


class _Begun(Iterator[bytes]):
    """Texts of which the first has already been read. Closing it closes them, read or not."""

    def __init__(self, texts: Generator[bytes]) -> None:
        self._texts = texts
        self._first: bytes | None = next(texts)

    def __next__(self) -> bytes:
        text, self._first = self._first, None
        return next(self._texts) if text is None else text

    def close(self) -> None:
        """Release the resources, wherever the client has stopped."""
        self._texts.close()


def _reading(make: Callable[[Query], Iterator[Piece]], snapshot: bool) -> Generator[bytes]:
    if not _slots.acquire(blocking=False):
        raise Problem(
            "rate-limited",
            f"This process already streams {STREAMS} long responses, which is the limit. "
            f"Retry after {RETRY_AFTER} seconds, or request pages.",
            headers={"Retry-After": RETRY_AFTER},
        )
    begun = False
    try:
        for piece in _in_pieces(_in_one_snapshot(make) if snapshot else make(_no_query)):
            yield piece
            begun = True
    except Exception:
        if not begun:
            raise
        log.exception("a response was cut off")
        yield CUT_OFF.encode()
    finally:
        _slots.release()


def _no_query(sql: str, parameters: Sequence[Any]) -> Iterator[Row]:
    raise TypeError("a table of pages reads through its own functions")


def release_connection() -> None:
    """Return the view's connection to the pool, unless a transaction needs it."""
    if not connection.in_atomic_block:
        connection.close()


def _in_one_snapshot(make: Callable[[Query], Iterator[Piece]]) -> Iterator[Piece]:
    pool = connection.pool  # type: ignore[attr-defined]
    if not connection.in_atomic_block:
        connection.close()  # the view's connection, so that a client holds one and not two
    with pool.connection() as held, held.transaction():
        held.execute(SNAPSHOT, prepare=False)
        held.limit = BULK

        def query(sql: str, parameters: Sequence[Any]) -> Iterator[Row]:
            with held.cursor(name="stream") as cursor:
                cursor.execute(sql, parameters)
                while rows := cursor.fetchmany(FETCHED):
                    yield from rows

        yield from make(query)


def _in_pieces(texts: Iterable[Piece], size: int = 32_768) -> Iterator[bytes]:
    piece: list[bytes] = []
    length = 0
    for text in texts:
        piece.append(text if isinstance(text, bytes) else text.encode())
        length += len(text)
        if length >= size:
            yield b"".join(piece)
            piece, length = [], 0
    yield b"".join(piece)


def json_items(items: Iterable[str]) -> Iterator[str]:
    """JSON texts separated by commas."""
    between = ""
    for item in items:
        yield f"{between}{item}"
        between = ","


def csv_lines(rows: Iterable[Sequence[Any]], *, for_people: bool = False) -> Iterator[str]:
    """RFC 4180: lines end in CR LF, None is an empty cell. See `csv_cell`."""
    buffer = StringIO()
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow([csv_cell(cell, for_people=for_people) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def csv_cell(value: Any, *, for_people: bool = False) -> Any:
    """The cell, with an apostrophe before a text that a spreadsheet would evaluate as a formula.

    For programs an E.164 number stays unchanged: a plus sign and digits are no formula. For people
    it is marked, too, because a spreadsheet removes its plus sign. True and false are spelled as in
    JSON.
    """
    if isinstance(value, str):
        if not for_people and E164.fullmatch(value):
            return value
        return text_cell(value, for_people=for_people)
    return str(value).lower() if isinstance(value, bool) else value
