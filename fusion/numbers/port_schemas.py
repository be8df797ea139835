"""Shapes of port requests on the wire."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from fusion.kernel.fields import Body, Code, Id, Line, Name, Note, Reason
from fusion.kernel.schemas import Listing
from fusion.numbers.schemas import ACCEPT, Overlap, PortDate, WrittenNumbers

Direction = Literal["in", "out"]
PortState = Literal["open", "approved", "completed", "rejected", "withdrawn", "failed"]

MAX_ATTACHMENTS = 20
Attachment = Annotated[str, Line(1, 500)]

_OUT_WITHOUT_SKU: JsonValue = {
    "anyOf": [
        {"properties": {"direction": {"const": "in"}}},
        {
            "properties": {
                "direction": {"const": "out"},
                "sku": {"type": "null"},
                "accept_unknown": {"const": False},
            }
        },
    ]
}


class PortRequestBody(Body):
    """Numbers to port in to a subscription, or out of it."""

    model_config = ConfigDict(json_schema_extra={"allOf": [_OUT_WITHOUT_SKU]})

    direction: Direction
    numbers: WrittenNumbers
    sku: Code | None = Field(
        default=None,
        description="The SKU's code; only to port in, required only if several SKUs match.",
    )
    accept_unknown: bool = Field(
        default=False, description=f"{ACCEPT} Only to port in, with `sku`; the group decides."
    )
    reason: Reason | None = Field(default=None, description="Why; with `accept_unknown`.")
    port_date: PortDate | None = None
    carrier: Name | None = Field(
        default=None, description="The other operator: the losing or the gaining one."
    )
    note: Note | None = None
    attachments: Annotated[list[Attachment], Field(max_length=MAX_ATTACHMENTS)] = Field(
        default=[], description="References of documents that you keep elsewhere."
    )

    @model_validator(mode="after")
    def _consistent(self) -> "PortRequestBody":
        if self.direction == "out" and self.sku is not None:
            raise ValueError("`sku` is allowed only to port in")
        if self.direction == "out" and self.accept_unknown:
            raise ValueError("`accept_unknown` is allowed only to port in")
        return self


class PortApprovalBody(Body):
    """When to port; omitted: on the requested date, or immediately."""

    port_date: PortDate | None = None
    accept_unknown: bool = Field(
        default=False, description=f"{ACCEPT} Required if the request has it."
    )
    reason: Reason | None = Field(default=None, description="Why; with `accept_unknown`.")


class PortRejectionBody(Body):
    """The reason for the rejection; the requester can read it."""

    reason: Reason


class PortDocument(BaseModel):
    """A port request. `organization_id` is the requester; `history` has its states, oldest first,
    each `{state, at, by}`, with its note or reason. `accept_reason` is why unknown numbers are
    accepted: first the requester's words, after the approval those of the group.
    """

    id: UUID
    state: PortState
    direction: Direction
    subscription_id: UUID
    organization_id: UUID
    numbers: list[str]
    sku: str | None
    accept_unknown: bool
    accept_reason: str | None
    port_date: str | None
    carrier: str | None
    note: str | None
    attachments: list[str]
    requested_by: str
    requested_at: str
    decided_by: str | None
    decided_at: str | None
    reason: str | None
    completed_at: str | None
    failure: dict[str, Any] | None
    history: list[dict[str, Any]]


class WrittenPort(PortDocument):
    """A port request after a change. The group is warned of its shorter and longer numbers."""

    warnings: list[Overlap]


class OwnPortFilter(Listing):
    """Filters for the port requests of one subscription."""

    state: PortState | None = None
    direction: Direction | None = None


class PortFilter(OwnPortFilter):
    """Filters for the list of port requests."""

    subscription_id: Id | None = None
    organization_id: Id | None = Field(default=None, description="Of its subtree.")
