"""The shapes of what changes the state of a subscription."""

from typing import Any

from pydantic import BaseModel, Field

from fusion.kernel.fields import Body, Instant, Note, Reference
from fusion.lifecycle.placing import Wish
from fusion.tenancy.schemas import Reason


class StateBody(Body):
    """How to suspend, resume or terminate. All may be left out, the whole body too."""

    effective_at: Instant | None = Field(
        default=None,
        description="With an offset, at most five years ahead; up to 24 hours past is done at "
        "once. Left out: at once.",
    )
    reason: Reason | None = Field(
        default=None,
        description="A suspension's is `other` unless said. A resumption lifts this one, or all.",
    )
    note: Note | None = None
    external_reference: Reference | None = None
    dry_run: bool = Field(default=False, description="Tell what it would release; do nothing.")

    def wish(self, kind: str) -> Wish:
        """The change that is asked for."""
        return Wish(
            kind=kind,
            reason=self.reason,
            note=self.note,
            external_reference=self.external_reference,
            effective_at=self.effective_at,
        )


class Releases(BaseModel):
    """How many linked users, numbers, trunks, live calls and holdings end."""

    users: int
    numbers: int
    trunks: int
    calls: int
    holdings: int


class StatePreview(BaseModel):
    """What a dry run tells. A refusal has a `code` and a `detail`."""

    allowed: bool
    releases: Releases
    refusals: list[dict[str, Any]]
