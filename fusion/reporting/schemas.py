"""The shapes that all reports share; each report has its own beside its query."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from fusion.kernel.fields import Id


class Owned(BaseModel):
    """Whose subscription it is; `external_reference` is the billing platform's id."""

    group_id: UUID
    group_name: str
    group_external_reference: str | None
    distributor_id: UUID | None
    distributor_name: str | None
    distributor_external_reference: str | None
    reseller_id: UUID | None
    reseller_name: str | None
    reseller_external_reference: str | None
    tenant_id: UUID
    tenant_name: str
    tenant_external_reference: str | None
    subscription_id: UUID
    subscription_name: str
    subscription_external_reference: str | None


class ReportFilter(BaseModel):
    """The subtree and the format of a report. Without an id: your organization's subtree."""

    organization_id: Id | None = None
    subscription_id: Id | None = None
    format: Literal["json", "csv", "xlsx"] | None = Field(
        default=None, description="Defaults to the preference of the Accept header."
    )
