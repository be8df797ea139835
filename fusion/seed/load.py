"""Rows on their way into the database: gathered per table, sent through COPY."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import Model

from fusion.seed.past import spelled

EVENTS = (
    "events_event (epoch, xid, group_id, path, subscription_id, subject, type, actor, data, at)"
)
AUDIT = (
    "tenancy_auditrecord"
    " (at, group_id, path, subscription_id, actor, request_id, verb, object_type, object_id,"
    " detail)"
)
REQUEST = "seed"
"""What stands in audit records for the id of the request."""

CHUNK = 50_000
"""Rows that are kept before they are sent: what bounds the memory."""

_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def cell(value: Any) -> str:
    """A value in the text format of COPY."""
    if value is None:
        return r"\N"
    if isinstance(value, datetime):
        return value.isoformat()
    return escaped(str(value))


def escaped(text: str) -> str:
    """Text as COPY takes it; most of it as it is, which the first look tells the fastest."""
    return text if text.isprintable() and "\\" not in text else text.translate(_ESCAPES)


class Load:
    """Gathers rows within one transaction, which makes all of them visible together."""

    def __init__(self) -> None:
        self._rows: dict[str, list[str]] = {}
        self._count = 0
        with connection.cursor() as cursor:
            cursor.execute("SELECT events_epoch(), pg_current_xact_id()::text")
            self._epoch, self._xid = cursor.fetchone()

    def add(self, table: str, line: str) -> None:
        """A row in COPY's text format; `table` is `name (columns)`."""
        self._rows.setdefault(table, []).append(line)
        self._count += 1

    def save(self, row: Model) -> None:
        """A row of a model that has not been saved."""
        fields = row._meta.concrete_fields
        table = f"{row._meta.db_table} ({', '.join(str(field.column) for field in fields)})"
        self.add(table, "\t".join(cell(getattr(row, str(field.attname))) for field in fields))

    def event(
        self,
        type_: str,
        where: tuple[str, str, str],
        subject: object,
        actor: str,
        *,
        data: str,
        at: int,
    ) -> None:
        r"""An event; `where` is group, path, and subscription or `\N`, `data` is JSON."""
        group, path, subscription = where
        self.add(
            EVENTS,
            f"{self._epoch}\t{self._xid}\t{group}\t{path}\t{subscription}\t{subject}\t{type_}"
            f"\t{actor}\t{escaped(data)}\t{spelled(at)}",
        )

    def audit(
        self,
        verb: str,
        where: tuple[str, str, str],
        subject: object,
        actor: str,
        *,
        data: str,
        at: int,
    ) -> None:
        """An audit record of what was done to the object that `verb` begins with."""
        group, path, subscription = where
        self.add(
            AUDIT,
            f"{spelled(at)}\t{group}\t{path}\t{subscription}\t{actor}\t{REQUEST}"
            f"\t{verb}\t{verb.partition('.')[0]}\t{subject}\t{escaped(data)}",
        )

    def flush(self, *, least: int = 1) -> None:
        """Send what has been gathered, if it is `least` rows or more."""
        if self._count < least:
            return
        with connection.cursor() as cursor:
            for table, lines in self._rows.items():
                with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                    for block in _blocks(lines):
                        copy.write(block)
        self._rows.clear()
        self._count = 0


def _blocks(lines: list[str]) -> Iterable[str]:
    for start in range(0, len(lines), 1_000):
        yield "\n".join(lines[start : start + 1_000]) + "\n"


def json_of(document: Any) -> str:
    """A document as text, with ids and instants as strings."""
    return orjson.dumps(document, default=str).decode()


def text_id(id: UUID | None) -> str:
    r"""An id in COPY's text format: `\N` for none."""
    return r"\N" if id is None else str(id)
