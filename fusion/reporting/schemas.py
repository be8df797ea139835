"""The shapes of reports in the API."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from fusion.catalogue.metrics import MetricCode
from fusion.kernel.fields import Id, Instant, ends


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


class UsageRow(Owned):
    """A user's link to a number from `linked_at` to `unlinked_at`, which is null while linked."""

    number: str
    sku: str
    country: str
    number_type: str
    origin: Literal["inventory", "ported"]
    user_id: UUID
    login: str
    display_name: str
    kind: Literal["user", "resource_account"]
    linked_at: str
    unlinked_at: str | None


class UsageReport(BaseModel):
    """All rows at once."""

    items: list[UsageRow]
    next: None


class Consumption(BaseModel):
    """The granted, used and available quantity of a SKU."""

    sku: str
    type: Literal["license", "entitlement"]
    metric: MetricCode
    granted: int
    used: int
    available: int


class LicenseRow(Owned, Consumption):
    """The totals of one SKU in one subscription."""

    subscription_status: Literal["active", "suspended", "terminated"]


class LicenseReport(BaseModel):
    """Totals per SKU, and all rows per subscription and SKU."""

    as_of: str
    totals: list[Consumption]
    items: list[LicenseRow]
    next: None


class ReportFilter(BaseModel):
    """The subtree and the format of a report. Without an id: your organization's subtree."""

    organization_id: Id | None = None
    subscription_id: Id | None = None
    format: Literal["json", "csv"] | None = Field(
        default=None, description="Defaults to the preference of the Accept header."
    )


class UsageFilter(ReportFilter):
    """The links that existed in a period; without a period, the current links."""

    from_: Instant | None = Field(default=None, alias="from", description="Included.")
    to: Annotated[Instant | None, ends("from_", "from")] = Field(
        default=None, description="Not included."
    )
