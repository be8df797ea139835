"""Names, SKUs and products for fictitious providers that need not differ."""

from collections.abc import Sequence
from random import Random

from fusion.catalogue.rules import Item

# fmt: off
_FIRST = (
    "Amber", "Birch", "Cedar", "Delta", "Ember", "Fjord", "Garnet", "Harbour", "Indigo",
    "Juniper", "Kestrel", "Lumen", "Maple", "Northern", "Opal", "Pebble", "Quartz", "River",
    "Saffron", "Timber", "Umber", "Velvet", "Willow", "Zephyr",
)
# fmt: on
# fmt: off
_SECOND = (
    "Bakery", "Books", "Clinics", "Coffee", "Dental", "Engineering", "Farms", "Foods", "Freight",
    "Gardens", "Glass", "Hotels", "Law", "Logistics", "Machines", "Media", "Motors", "Optics",
    "Paper", "Pharmacy", "Schools", "Sports", "Tiles", "Travel",
)
# fmt: on

ENTITLEMENTS = (
    ("be-geographic", "Belgian geographic number", "BE", "geographic"),
    ("be-mobile", "Belgian mobile number", "BE", "mobile"),
    ("de-geographic", "German geographic number", "DE", "geographic"),
    ("fr-geographic", "French geographic number", "FR", "geographic"),
    ("gb-geographic", "UK geographic number", "GB", "geographic"),
    ("gb-toll-free", "UK freephone number", "GB", "toll_free"),
    ("nl-geographic", "Dutch geographic number", "NL", "geographic"),
    ("us-geographic", "US number", "US", "geographic"),
)
"""(code, name, country, number type)."""

_SIZES = (1, 5, 10, 25, 50)


def company(random: Random, index: int) -> str:
    """The name of a customer; the index keeps them apart."""
    return f"{random.choice(_FIRST)} {random.choice(_SECOND)} {index + 1}"


def product(index: int) -> tuple[str, str, Sequence[Item]]:
    """Code, name and items of the product with this index: seats, channels and numbers in turn."""
    size = _SIZES[index // 3 % len(_SIZES)]
    number, number_name, *_ = ENTITLEMENTS[index % len(ENTITLEMENTS)]
    match index % 3:
        case 0:
            items = [Item(sku="user", quantity=size), Item(sku=number, quantity=size)]
            return f"seats-{index + 1}", f"{size} seats with a {number_name}", items
        case 1:
            items = [Item(sku="sip-channel", quantity=size)]
            return f"channels-{index + 1}", f"{size} SIP channels", items
        case _:
            items = [Item(sku=number, quantity=size)]
            return f"numbers-{index + 1}", f"{size} times {number_name}", items


def revised(items: Sequence[Item]) -> Sequence[Item]:
    """The items of a later revision: one more of each."""
    return [Item(sku=item["sku"], quantity=item["quantity"] + 1) for item in items]
