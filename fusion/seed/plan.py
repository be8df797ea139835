"""The size of the generated data."""

from dataclasses import dataclass, fields

from fusion.kernel.errors import InvalidFields

MAX_PRODUCTS = 1_000
LONGEST = 3_650
"""Most days over which the orders are spread."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Totals over all groups; `products` is per group, and `days` how far back the orders reach.

    `random_seed` determines names, quantities and orders; ids and times differ in each run.
    """

    groups: int = 1
    distributors: int = 3
    resellers: int = 12
    tenants: int = 120
    subscriptions: int = 200
    orders: int = 2_000
    products: int = 12
    days: int = 180
    random_seed: int = 1

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 0:
                raise InvalidFields(**{field.name: "must not be negative"})
        self._require(groups=1, tenants=self.groups if self.subscriptions else 0)
        self._require(products=1, days=1, subscriptions=self.groups if self.orders else 0)
        if self.products > MAX_PRODUCTS:
            raise InvalidFields(products=f"must be {MAX_PRODUCTS} at most")
        if self.days > LONGEST:
            raise InvalidFields(days=f"must be {LONGEST} at most")

    def _require(self, **least: int) -> None:
        for name, number in least.items():
            if getattr(self, name) < number:
                raise InvalidFields(**{name: f"must be {number} at least"})

    @property
    def steps(self) -> int:
        """How many organizations, subscriptions and orders are made: what progress counts."""
        organizations = self.groups + self.distributors + self.resellers + self.tenants
        return organizations + self.subscriptions + self.orders

    def of_group(self, index: int) -> "Plan":
        """The share of one of the groups, by its index from 0; the shares sum up to the whole."""
        shared = ("distributors", "resellers", "tenants", "subscriptions", "orders")
        share = {name: _share(getattr(self, name), self.groups, index) for name in shared}
        return Plan(
            groups=1,
            products=self.products,
            days=self.days,
            random_seed=self.random_seed + index,
            **share,
        )


def _share(total: int, parts: int, index: int) -> int:
    return total // parts + (index < total % parts)
