"""The shapes of what changes the state of a subscription."""

from typing import Any

from pydantic import BaseModel, Field

from fusion.kernel.fields import Body, Instant, Note, Reference
from fusion.lifecycle.placing import StateChange
from fusion.tenancy.schemas import Reason


class StateBody(Body):
    """Options to suspend, resume or terminate. All of them, and the body itself, are optional."""

    effective_at: Instant | None = Field(
        default=None,
        description="With an offset, at most five years ahead. Omitted or up to 24 hours past: "
        "immediately.",
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
