"""The shapes of jobs of organizations."""

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from fusion.kernel.fields import Body, Note
from fusion.kernel.schemas import Listing, ProblemDocument
from fusion.tenancy.schemas import Reason


class AllBelowBody(Body):
    """Options to suspend or resume all below an organization; all optional, as the body itself."""

    reason: Reason | None = Field(
        default=None,
        description="For a suspension, defaults to `other`. For a resumption, the hold to lift; "
        "defaults to all.",
    )
    note: Note | None = Field(default=None, description="Stored with the order of each.")
    dry_run: bool = Field(
        default=False, description="Return what would change, without changing anything."
    )


class AllBelowPreview(BaseModel):
    """The result of a dry run: how many subscriptions would change, and how many are so already.

    `status_changed` counts those that are not suspended for another reason: they stop, or start,
    to work. `users` and `calls` count linked users and live calls of all. A refusal has a `code`
    and a `detail`.
    """

    allowed: bool
    subscriptions: int
    changed: int
    unchanged: int
    status_changed: int
    users: int
    calls: int
    refusals: list[dict[str, Any]]


class OrganizationJobDocument(BaseModel):
    """The progress of a job. Of the subscriptions `done`, some `changed`, others were so already
    (`unchanged`), were `refused`, or `failed` through an error in Fusion.

    It ends as `finished`, as `cancelled`, or as `failed`; the remaining ones were then not reached.
    `number` counts the jobs of the provider; of two jobs that change the same subscription, the
    one with the lower number comes first.
    """

    id: UUID
    number: int
    organization_id: UUID
    kind: Literal["suspension", "resumption", "move"]
    parent_id: UUID | None = Field(description="The new parent, of a move.")
    reason: Reason | None
    note: str | None
    state: Literal["queued", "running", "finished", "failed", "cancelled"]
    total: int
    done: int
    changed: int
    unchanged: int
    refused: int
    failed: int
    created_at: str
    finished_at: str | None
    problem: ProblemDocument | None = Field(description="Why a move was refused.")
    error: str | None


Outcome = Literal["changed", "unchanged", "refused", "failed", "pending"]


class JobResultFilter(Listing):
    """Filters for the list of results."""

    outcome: Outcome | None = Field(
        default=None, description="`pending`: not reached, or not reached yet."
    )


class JobResultDocument(BaseModel):
    """The outcome for one subscription, null until it is reached; names are those of now.

    A change has its completed order, a refusal its problem.
    """

    position: int
    subscription_id: UUID
    subscription_name: str
    tenant_id: UUID
    tenant_name: str
    outcome: Literal["changed", "unchanged", "refused", "failed"] | None
    order_id: UUID | None
    order_number: int | None
    problem: ProblemDocument | None
    settled_at: str | None
