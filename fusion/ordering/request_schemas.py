"""Shapes of order requests on the wire."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from fusion.kernel.fields import Body, Id, Note, Quantity, Reason
from fusion.kernel.quantities import MAX_LINES
from fusion.kernel.schemas import Listing
from fusion.ordering.place import Line

RequestState = Literal["open", "approved", "rejected", "withdrawn"]

RequestAction = Literal["add", "remove"]


class RequestLineBody(Body):
    """Add or remove a quantity of one product."""

    product_id: Id
    action: RequestAction = "add"
    quantity: Quantity


Lines = Annotated[list[RequestLineBody], Field(min_length=1, max_length=MAX_LINES)]


def drafted(lines: list[RequestLineBody]) -> tuple[Line, ...]:
    """The lines for the verb."""
    return tuple(Line(line.product_id, line.quantity, line.action) for line in lines)


class RequestBody(Body):
    """A new order request for one subscription."""

    subscription_id: Id
    lines: Lines
    note: Note | None = None


class ApprovalBody(Body):
    """The lines to order instead of the requested ones; omit them to order the requested ones."""

    lines: Lines | None = None


class RejectionBody(Body):
    """The reason for the rejection; the requester can read it."""

    reason: Reason


class RequestLineDocument(BaseModel):
    """One product to add or to remove."""

    product_id: UUID
    product_code: str
    action: RequestAction
    quantity: int


class RequestDocument(BaseModel):
    """An order request. `organization_id` is the requester; `order_id` is the resulting order."""

    id: UUID
    state: RequestState
    subscription_id: UUID
    organization_id: UUID
    lines: list[RequestLineDocument]
    note: str | None
    requested_by: str
    requested_at: str
    decided_by: str | None
    decided_at: str | None
    reason: str | None
    order_id: UUID | None
    order_number: int | None


class RequestFilter(Listing):
    """Filters for the list of order requests."""

    subscription_id: Id | None = None
    organization_id: Id | None = Field(default=None, description="Of its subtree.")
    state: RequestState | None = None
