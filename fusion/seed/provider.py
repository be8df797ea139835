"""What history needs to know of a made-up provider: who orders, and what there is to be ordered."""

from dataclasses import dataclass, field
from uuid import UUID

from fusion.catalogue.models import Sku

ASSORTMENT = 6
"""Most products that one subscription ever orders."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A product on sale, with the instant of each of its revisions."""

    id: str
    code: str
    revisions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """A tenant and what is above it, each as text for COPY; the same for all it subscribes to."""

    path: str
    group: str
    distributor: str
    reseller: str
    tenant: str


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A subscription."""

    id: str
    site: Site


@dataclass(slots=True)
class Provider:
    """A group. Its SKUs stand in the order of their ids, as the ledger's entries of an order do."""

    group: UUID
    skus: list[Sku] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    subscribers: list[Subscriber] = field(default_factory=list)

    def assortment(self, subscriber: int) -> list[int]:
        """The indexes of the offers that a subscriber orders: the same ones at all times."""
        count = len(self.offers)
        return [(subscriber * 5 + slot) % count for slot in range(min(ASSORTMENT, count))]
