"""Schemas that all routes share in the OpenAPI document: problems, pages and their parameters.

A route documents its answers as `response={200: Page[ProductDocument], **READ_PROBLEMS}`, a
route that changes something with `**PROBLEMS`.
"""

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from fusion.kernel.fields import Cursor
from fusion.kernel.pagination import DEFAULT_LIMIT, MAX_LIMIT


class FieldError(BaseModel):
    """One invalid field; `field` is a path such as `lines.0.quantity`."""

    field: str
    message: str


class Existing(BaseModel):
    """The conflicting object; `number` is set for orders."""

    kind: str = Field(examples=["order"])
    id: UUID
    number: int | None = None
    state: str | None = None


class ProblemDocument(BaseModel):
    """A refusal (RFC 9457). `code` is stable; `detail` explains the reason and the remedy."""

    model_config = ConfigDict(title="Problem", extra="allow")

    type: str = Field(examples=["urn:fusion:problem:not-found"])
    title: str
    status: int
    code: str = Field(examples=["not-found"])
    detail: str
    errors: list[FieldError] = Field(default=[], description="Only with `invalid-fields`.")
    refusals: list[dict[str, Any]] = Field(
        default=[], description="Per SKU, if quantities are the reason."
    )
    existing: Existing | None = Field(
        default=None,
        description="With `external-reference-taken`: the object with that reference, if visible.",
    )
    same_request: bool = Field(
        default=False,
        description="With `external-reference-taken`: true if that order equals your request.",
    )


READ_PROBLEMS: dict[int, None] = dict.fromkeys((401, 403, 404, 405, 422, 429, 503))
"""The refusals of routes that only read, by HTTP status. The OpenAPI document gives all of them the
shape of `ProblemDocument`. If it stood here, Ninja would make a model of it for each status of each
route.
"""

PROBLEMS: dict[int, None] = dict.fromkeys(
    (400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429, 503)
)
"""The same of routes that take a body or change something."""


class Page[Item](BaseModel):
    """One page of a list; `next` is the cursor of the page after it, null on the last one."""

    items: list[Item]
    next: str | None


class Paging(BaseModel):
    """The query parameters of every list: the page and its size."""

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    cursor: Cursor | None = Field(
        default=None, description="The `next` value of the previous page."
    )


class Listing(Paging):
    """The same of a list that is also sent as a file, for spreadsheets or programs."""

    format: Literal["json", "csv", "xlsx"] | None = Field(
        default=None,
        description="A file has the whole list instead of a page. Defaults to the preference of "
        "the Accept header.",
    )

    def filters(self) -> dict[str, Any]:
        """The other parameters."""
        return self.model_dump(exclude=set(Listing.model_fields))
