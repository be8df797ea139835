"""The shapes of what changes the state of a subscription."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from fusion.kernel.fields import Body, Id, Instant, Note, Reference
from fusion.lifecycle.placing import StateChange
from fusion.tenancy.group_settings import DEFAULT_ORDER_GRACE
from fusion.tenancy.models import MOST_ORDER_GRACE
from fusion.tenancy.schemas import Reason
from fusion.trunks.emergency_numbers import MOST_NUMBERS
from fusion.trunks.emergency_written import read_emergency_number
from fusion.trunks.schemas import Country, distinct


class StateBody(Body):
    """Options to suspend, resume or terminate. All of them, and the body itself, are optional."""

    effective_at: Instant | None = Field(
        default=None,
        description="With an offset, at most five years ahead. Omitted, or past by at most the "
        "provider's `order_grace_hours`: immediately.",
    )
    reason: Reason | None = Field(
        default=None,
        description="For a suspension, defaults to `other`. For a resumption, the hold to lift; "
        "defaults to all.",
    )
    note: Note | None = None
    external_reference: Reference | None = None
    dry_run: bool = Field(
        default=False, description="Return what would be released, without changing anything."
    )

    def change(self, kind: str) -> StateChange:
        """The requested change."""
        return StateChange(
            kind=kind,
            reason=self.reason,
            note=self.note,
            external_reference=self.external_reference,
            effective_at=self.effective_at,
        )


class OrderPatch(Body):
    """Another date for a scheduled order."""

    effective_at: Instant = Field(
        description="With an offset, at most five years ahead. Past by at most the provider's "
        "`order_grace_hours`: the order is carried out at once.",
    )


class Releases(BaseModel):
    """How many linked users, numbers, trunks, live calls and holdings would end."""

    users: int
    numbers: int
    trunks: int
    calls: int
    holdings: int


class StatePreview(BaseModel):
    """The result of a dry run. A refusal has a `code` and a `detail`."""

    allowed: bool
    releases: Releases
    refusals: list[dict[str, Any]]


class OrganizationMove(Body):
    """The new parent of a reseller or tenant."""

    parent_id: Id
    dry_run: bool = Field(
        default=False, description="Return who would gain and lose sight of it; change nothing."
    )


class SubscriptionMove(Body):
    """The new tenant of a subscription."""

    tenant_id: Id
    dry_run: bool = Field(
        default=False, description="Return who would gain and lose sight of it; change nothing."
    )


class SeenBy(BaseModel):
    """An organization above what moves."""

    id: UUID
    kind: Literal["group", "distributor", "reseller", "tenant"]
    name: str


class MovePreview(BaseModel):
    """The result of a dry run: how many organizations and subscriptions move, and what changes.

    A refusal has a `code` and a `detail`.
    """

    allowed: bool
    organizations: int
    subscriptions: int
    will_see: list[SeenBy]
    will_no_longer_see: list[SeenBy]
    references_cleared: int = Field(
        description="External references of organizations that will no longer see the object."
    )
    requests_withdrawn: int = Field(
        description="Open order and port requests of organizations that will no longer see them."
    )
    as_job: bool = Field(description="Whether it is so large that it is carried out as a job.")
    refusals: list[dict[str, Any]]


EmergencyNumber = Annotated[
    str,
    AfterValidator(read_emergency_number),
    Field(
        description="2 to 6 digits; spaces, dots, hyphens, slashes and brackets are ignored.",
        examples=["933"],
    ),
]
EmergencyNumbers = dict[
    Country,
    Annotated[list[EmergencyNumber], AfterValidator(distinct), Field(max_length=MOST_NUMBERS)],
]


Porting = Literal["group", "request", "anyone"]


class Settings(BaseModel):
    """The settings of a provider.

    `porting`: who ports numbers, the group alone, others by port requests, or everyone who may
    provision. `order_grace_hours`: how many hours the `effective_at` of an order may be past.
    `emergency_numbers` are those that it added, by country; the country's own are not listed.
    """

    porting: Porting
    order_grace_hours: int
    emergency_numbers: dict[str, list[str]]


class SettingsPatch(Body):
    """The settings to change; omitted ones keep their values."""

    porting: Porting = Field(
        default="request",
        description="Who ports numbers: the group alone, others by port requests, or everyone who "
        "may provision.",
    )
    order_grace_hours: Annotated[int, Field(ge=0, le=MOST_ORDER_GRACE)] = Field(
        default=DEFAULT_ORDER_GRACE,
        description="How many hours the `effective_at` of an order may be past; the order is then "
        "carried out at once. 0: only dates in the future.",
    )
    emergency_numbers: EmergencyNumbers = Field(
        default_factory=dict,
        description="By country, the numbers to which calls pass as emergency calls, besides those "
        "of the country, which cannot be removed. Replaces the previous ones.",
        examples=[{"US": ["933"]}],
    )
