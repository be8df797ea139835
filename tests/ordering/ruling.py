"""Products with rules in tests: what a subscription may hold, and what they require."""

from typing import Any

from fusion.catalogue.change_product import ProductChanges, change_product
from fusion.catalogue.models import Product
from tests.world import World

LIMITS = ("min_quantity", "max_quantity", "step")

Bounds = tuple[int | None, int | None, int | None]
"""The limits in that sequence; None is no limit."""

NO_LIMITS: Bounds = (None, None, None)


def rule(world: World, product: Product, **changes: Any) -> Product:
    """Give `product` rules through the use case; returns it as it is then."""
    made = ProductChanges(**changes)  # type: ignore[typeddict-item]
    change_product(world.actor(), product_id=product.id, changes=made)
    product.refresh_from_db()
    return product


def is_possible(limits: Bounds) -> bool:
    """Whether some quantity above 0 is allowed, found by trying."""
    least, most, step = limits[0] or 1, limits[1], limits[2] or 1
    return most is None or any(each % step == 0 for each in range(least, most + 1))


def nearest(quantity: int, limits: Bounds) -> set[int]:
    """The allowed quantities next to `quantity`, found by trying."""
    least, most, step = limits[0] or 1, limits[1], limits[2] or 1
    tried = {0} | {
        (at // step + more) * step
        for at in (quantity, least, quantity if most is None else most)
        for more in (-1, 0, 1)
    }
    allowed = {
        each
        for each in tried
        if each == 0 or (least <= each and (most is None or each <= most) and each % step == 0)
    }
    below = max(each for each in allowed if each <= quantity)
    return {below, min((each for each in allowed if each >= quantity), default=below)}


def distance(quantity: int, limits: Bounds) -> int:
    """How far `quantity` is from what is allowed."""
    return min(abs(quantity - each) for each in nearest(quantity, limits))
