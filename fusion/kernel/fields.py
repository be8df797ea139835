"""The types of input fields, strict: `true` and `"5"` are not accepted as integers.

Limits follow the contract: names 200 characters, codes 64 of `A-Za-z0-9._-`, references 100, notes
2,000. `kernel/text.py` cleans every text before any other check; the OpenAPI document has the
limits.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
)
from pydantic_core import core_schema

from fusion.kernel.clock import instant, read_instant
from fusion.kernel.ids import read_id
from fusion.kernel.pagination import INVALID
from fusion.kernel.quantities import MAX_QUANTITY
from fusion.kernel.text import (
    LINE,
    LINE_WITH_TEXT,
    NOTE,
    NOTE_WITH_TEXT,
    SEEN,
    clean_line,
    clean_note,
    clean_signalling,
)


def _from_text(value: object) -> object:
    """JSON has no instants: accept strings only, never numbers."""
    return value if isinstance(value, datetime) else read_instant(value)


PATTERNS: dict[Callable[[str], str], tuple[str | None, str]] = {
    clean_line: (LINE, LINE_WITH_TEXT),
    clean_note: (NOTE, NOTE_WITH_TEXT),
    clean_signalling: (None, SEEN),
}
"""How a text is cleaned → the patterns of a text that may be blank, and of one that may not."""


@dataclass(frozen=True, slots=True)
class Line:
    """Marks a `str` as a text, with its length after cleaning; one line by default.

    `shown` is the greatest length in the OpenAPI document, if it differs.
    """

    least: int = 0
    most: int = 200
    clean: Callable[[str], str] = clean_line
    shown: int | None = None

    def read(self, text: str) -> str:
        """The cleaned text; ValueError for a refused character or length."""
        cleaned = self.clean(text)
        if len(cleaned) < self.least:
            raise ValueError("must not be blank")
        if len(cleaned) > self.most:
            raise ValueError(f"must have at most {self.most} characters")
        return cleaned

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        shape = {**handler(schema), "maxLength": self.shown or self.most}
        if self.least:
            shape["minLength"] = self.least
        pattern = PATTERNS[self.clean][self.least > 0]
        if pattern is not None:
            shape["pattern"] = pattern
        return shape


@dataclass(frozen=True, slots=True)
class Spelled:
    """Marks a `str` with a fixed spelling, which `words` describe in the error message."""

    pattern: str
    words: str

    def read(self, text: str) -> str:
        """The text without surrounding spaces; ValueError for another spelling."""
        cleaned = clean_line(text)
        if not re.fullmatch(self.pattern, cleaned, re.ASCII):
            raise ValueError(self.words)
        return cleaned

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "pattern": f"^{self.pattern}$"}


Id = Annotated[UUID, BeforeValidator(read_id)]
Text = Annotated[str, Line()]
Search = Annotated[str, Line()]
Name = Annotated[str, Line(1, 200)]
Code = Annotated[
    str,
    Spelled(
        "[A-Za-z0-9._-]{1,64}", "must be 1 to 64 letters, digits, dots, underscores or hyphens"
    ),
]
Reference = Annotated[str, Line(1, 100)]
Note = Annotated[str, Line(0, 2000, clean_note)]
Reason = Annotated[str, Line(1, 2000, clean_note)]
Key = Annotated[str, Spelled("[ -~]{1,255}", "must be 1 to 255 printable ASCII characters")]
Cursor = Annotated[str, Spelled("[A-Za-z0-9_-]{1,2000}", INVALID)]
Quantity = Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY)]
Instant = Annotated[AwareDatetime, BeforeValidator(_from_text)]


def ends(field: str, name: str | None = None) -> AfterValidator:
    """Marks the end of a period, which must be after its beginning in `field` if both are given.

    `name` is the callers' name of the beginning, if it differs from the field's.
    """

    def check(until: datetime | None, others: ValidationInfo) -> datetime | None:
        since = others.data.get(field)
        if until is not None and since is not None and until <= since:
            raise ValueError(
                f"must be after {name or field} ({instant(since)}); it is {instant(until)}"
            )
        return until

    return AfterValidator(check)


class Body(BaseModel):
    """A request body; it refuses unknown fields."""

    model_config = ConfigDict(extra="forbid", strict=True)
