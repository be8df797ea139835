"""The types of fields that come from outside, strict: `true` and `"5"` are no integers.

Limits follow the contract: names 200 characters, codes 64 of `A-Za-z0-9._-`, references 100,
notes 2,000, and NUL nowhere (PostgreSQL cannot store it).
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from fusion.kernel.clock import read_instant
from fusion.kernel.ids import parse_id
from fusion.kernel.quantities import MAX_QUANTITY


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain NUL characters")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _from_text(value: object) -> object:
    """JSON has no instants: only strings may become one, never numbers."""
    return value if isinstance(value, datetime) else read_instant(value)


def _uuid(value: object) -> UUID:
    found = value if isinstance(value, UUID) else parse_id(value)
    if found is None:
        raise ValueError("must be an id: a UUID of 36 characters")
    return found


Id = Annotated[UUID, BeforeValidator(_uuid)]
Text = Annotated[str, AfterValidator(_no_nul)]
Name = Annotated[Text, StringConstraints(min_length=1, max_length=200), AfterValidator(_not_blank)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Reference = Annotated[
    Text, StringConstraints(min_length=1, max_length=100), AfterValidator(_not_blank)
]
Note = Annotated[Text, StringConstraints(max_length=2000)]
Quantity = Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY)]
Instant = Annotated[AwareDatetime, BeforeValidator(_from_text)]


class Body(BaseModel):
    """A request body: fields that it does not know are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)
