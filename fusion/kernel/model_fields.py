"""Fields of models with types of PostgreSQL that Django does not have."""

from typing import Any

from django.db import models


class Xid8Field(models.BigIntegerField):  # type: ignore[type-arg]
    """PostgreSQL's 64-bit transaction number, comparable with `pg_snapshot_xmin`."""

    def db_type(self, connection: Any) -> str:
        """The column's type in PostgreSQL."""
        return "xid8"


class JsonTextField(models.TextField):  # type: ignore[type-arg]
    """JSON kept as written: built by the database, passed through unparsed."""

    def db_type(self, connection: Any) -> str:
        """The column's type in PostgreSQL."""
        return "json"
