"""The metrics: what one unit of a SKU counts. A new one is an entry here, and its consuming verb.

SKUs, balances, orders, reports and pages derive from these entries; SQL joins the table
`catalogue_metric`, which `fusion migrate` fills from them. See "Add a metric" in CONTRIBUTING.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from django.utils.translation import gettext_lazy as _
from pydantic import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """How one metric is counted, sold and shown.

    `live`: live calls count, not entries of the ledger, and may exceed the granted quantity.
    `license`: code and name of the licence SKU that every group has; None for entitlements.
    `page`: URL name of the page of a subscription that lists what uses the units. Without a
    `page_title` and a column `heading` of its own it has the licence's name.
    """

    code: str
    live: bool = False
    license: tuple[str, str] | None = None
    page: str
    page_title: Any = ""
    heading: Any = ""
    meaning: Any = ""

    @property
    def name(self) -> str:
        """The licence's name, or else the code."""
        return self.license[1] if self.license else self.code


_ENTRIES = (
    Metric(
        code="user",
        license=("user", "User licence"),
        page="subscriptions-users",
        page_title=_("Users"),
        heading=_("Users"),
        meaning=_("Licence for one user"),
    ),
    Metric(
        code="number",
        page="subscriptions-numbers",
        page_title=_("Numbers"),
        heading=_("Numbers"),
    ),
    Metric(
        code="sip_channel",
        live=True,
        license=("sip-channel", "SIP channel"),
        page="subscriptions-trunks",
        page_title=_("Trunks"),
        heading=_("Live calls"),
        meaning=_("One simultaneous call"),
    ),
)

METRICS: dict[str, Metric] = {metric.code: metric for metric in _ENTRIES}
"""Code → metric, in the order of columns on pages."""

MetricCode = Annotated[str, Field(json_schema_extra={"enum": list(METRICS)})]
"""A metric in a response. The API does not reject codes that a later release has added."""


def licenses() -> Iterator[tuple[str, str, str]]:
    """Code, name and metric of the licence SKUs of every group."""
    for metric in METRICS.values():
        if metric.license is not None:
            yield *metric.license, metric.code


def metric_of(code: str) -> Metric:
    """The metric with this code; one that a later release has added is shown by its code."""
    return METRICS.get(code) or Metric(code=code, page="subscriptions-ledger")


def is_live(code: str) -> bool:
    """Whether live calls count the units of this metric."""
    return metric_of(code).live
