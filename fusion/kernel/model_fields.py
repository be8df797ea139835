"""Fields of models whose columns or values Django's own fields do not fit."""

from typing import Any

from django.db import models

from fusion.kernel.countries import NO_COUNTRY, STORED_NO_COUNTRY


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


class NumberingCountryField(models.CharField):  # type: ignore[type-arg]
    """A country's code of two letters, or `NO_COUNTRY`.

    Stored in a column of two characters, as in earlier releases: another type of the column would
    break the prepared statements of their servers. SQL reads it by `catalogue_country`.
    """

    def deconstruct(self) -> Any:
        """As the plain field: the column is the same."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        """The code, as the API shows it."""
        return NO_COUNTRY if value == STORED_NO_COUNTRY else value

    def get_prep_value(self, value: Any) -> Any:
        """The code, as it is stored."""
        return super().get_prep_value(STORED_NO_COUNTRY if value == NO_COUNTRY else value)
