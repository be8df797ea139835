"""The people and organizations of the demo. All are fictitious."""

from dataclasses import dataclass

from fusion.access.actor import DISTRIBUTOR, GROUP, RESELLER, ROLES, TENANT
from fusion.catalogue.change_product import ProductChanges
from fusion.catalogue.rules import Item
from fusion.seed.made_up import ENTITLEMENTS


@dataclass(frozen=True, slots=True)
class Node:
    """An organization below a group; `parent` is a reference, empty for the group itself."""

    kind: str
    reference: str
    name: str
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Goods:
    """A product and its items; `later` are its items after a change during the year."""

    code: str
    name: str
    description: str
    items: tuple[Item, ...]
    later: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """A person who can sign in: `kind` of organization and `role` there."""

    kind: str
    role: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Story:
    """One provider. Entitlements are (code, name, country, number type); subscriptions are
    (reference, the tenant's reference, name), in the order in which they became customers."""

    name: str
    tree: tuple[Node, ...]
    entitlements: tuple[tuple[str, str, str, str], ...]
    products: tuple[Goods, ...]
    subscriptions: tuple[tuple[str, str, str], ...]


_TREE = (
    Node(DISTRIBUTOR, "D-01", "Brackwater Distribution"),
    Node(DISTRIBUTOR, "D-02", "Halcombe Channel Partners"),
    Node(RESELLER, "R-11", "Tallowmere Telecom", "D-01"),
    Node(RESELLER, "R-12", "Quillfen Networks", "D-01"),
    Node(RESELLER, "R-21", "Osterbeck Connect", "D-02"),
    Node(RESELLER, "R-90", "Vantrell Voice and Data"),
    Node(TENANT, "T-1101", "Bramblewick Bakeries", "R-11"),
    Node(TENANT, "T-1102", "Larkhollow Clinics", "R-11"),
    Node(TENANT, "T-1103", "Fennimore and Sedge Solicitors", "R-11"),
    Node(TENANT, "T-1201", "Kettlestone Logistics", "R-12"),
    Node(TENANT, "T-1202", "Marlpit Ceramics", "R-12"),
    Node(TENANT, "T-2101", "Zuiderlicht Hotels", "R-21"),
    Node(TENANT, "T-2102", "Aldersfield Schools", "R-21"),
    Node(TENANT, "T-2103", "Wrenfoot Optics", "R-21"),
    Node(TENANT, "T-9001", "Copperthwaite Engineering", "R-90"),
    Node(TENANT, "T-9002", "Glasswater Media", "R-90"),
    Node(TENANT, "T-0201", "Pennyroyal Insurance", "D-02"),
    Node(TENANT, "T-0001", "Harrowgate Freight"),
)

_SUBSCRIPTIONS = (
    ("S-1001", "T-1101", "Head office"),
    ("S-1002", "T-1102", "Main"),
    ("S-1003", "T-1201", "Ghent terminal"),
    ("S-1004", "T-2101", "Reception and rooms"),
    ("S-1005", "T-1103", "Main"),
    ("S-1006", "T-2102", "All schools"),
    ("S-1007", "T-9001", "Works"),
    ("S-1008", "T-1101", "Shops"),
    ("S-1009", "T-1202", "Main"),
    ("S-1010", "T-9002", "Studio"),
    ("S-1011", "T-0201", "Contact centre"),
    ("S-1012", "T-2103", "Main"),
    ("S-1013", "T-0001", "Main"),
    ("S-1014", "T-1201", "Antwerp terminal"),
    ("S-1015", "T-9001", "Sales"),
    ("S-1016", "T-0201", "Branches"),
)
SHRINKING, LEAVING = "S-1012", "S-1010"
"""A subscription that returns half of its licences, and a terminated one."""

SHOWN = "S-1001"
"""The subscription of the main workflow; its tenant has a reseller and a distributor."""


def _items(**quantities: int) -> tuple[Item, ...]:
    return tuple(
        Item(sku=code.replace("_", "-"), quantity=quantity) for code, quantity in quantities.items()
    )


_PRODUCTS = (
    Goods(
        "team-be-10",
        "Team of ten, Belgium",
        "Ten users, each with a Belgian number.",
        _items(user=10, be_geographic=10),
    ),
    Goods(
        "seat",
        "Seat",
        "One user. Order numbers apart from it.",
        _items(user=1),
    ),
    Goods(
        "sip-10",
        "SIP trunk 10",
        "Ten simultaneous calls over a SIP trunk.",
        _items(sip_channel=10),
    ),
    Goods(
        "numbers-be-10",
        "Ten Belgian numbers",
        "A pack of ten geographic numbers.",
        _items(be_geographic=10),
    ),
    Goods(
        "office-gb-25",
        "Office of 25, UK",
        "25 users with UK numbers, five channels, and a freephone number.",
        _items(user=25, gb_geographic=25, sip_channel=5),
        _items(user=25, gb_geographic=25, sip_channel=5, gb_toll_free=1),
    ),
    Goods(
        "numbers-gb-10",
        "Ten UK numbers",
        "A pack of ten geographic numbers.",
        _items(gb_geographic=10),
    ),
    Goods(
        "freephone-gb",
        "UK freephone number",
        "One number that is free to call.",
        _items(gb_toll_free=1),
    ),
    Goods(
        "team-nl-10",
        "Team of ten, Netherlands",
        "Ten users, each with a Dutch number.",
        _items(user=10, nl_geographic=10),
    ),
    Goods(
        "sip-30",
        "SIP trunk 30",
        "Many simultaneous calls over a SIP trunk: 32 now, 30 before.",
        _items(sip_channel=30),
        _items(sip_channel=32),
    ),
    Goods(
        "team-de-10",
        "Team of ten, Germany",
        "Ten users, each with a German number.",
        _items(user=10, de_geographic=10),
    ),
    Goods(
        "numbers-fr-10",
        "Ten French numbers",
        "A pack of ten geographic numbers.",
        _items(fr_geographic=10),
    ),
    Goods(
        "mobile-be",
        "Belgian mobile seat",
        "One user with a Belgian mobile number.",
        _items(user=1, be_mobile=1),
    ),
    Goods(
        "numbers-us-10",
        "Ten US numbers",
        "A pack of ten numbers.",
        _items(us_geographic=10),
    ),
    Goods(
        "fax-line",
        "Fax line",
        "No longer sold.",
        _items(sip_channel=1, be_geographic=1),
    ),
)

CHANNELS = ("sip-10", "sip-30", "fax-line")
"""Products that contain only channels."""

RETIRED = "fax-line"
ORDERED = "team-be-10"
"""The product of the main workflow."""

RULES: tuple[tuple[str, ProductChanges], ...] = (
    ("sip-10", {"max_quantity": 20}),
    ("numbers-us-10", {"requires": ["sip-10"]}),
)
"""Rules that were added lately: whoever needs more than 20 trunks of ten takes those of thirty, and
US numbers need a trunk."""

NUMBERED = "be-geographic"
"""The SKU whose numbers the main workflow assigns."""

UPCOMING = (
    (6, "PO-77120", "seat", 4),
    (19, "PO-77134", "sip-10", 1),
    (33, "PO-77141", "numbers-be-10", 2),
)
"""Scheduled orders of the featured subscription: days from now, reference, product code and
quantity. The last one is cancelled again."""

TRIAL = ("sip-10", 1, 26)
"""The order of the featured subscription that ends: product code, quantity, days."""

MISTAKE = ("PO-77118", "seat", 40, "Ordered 40 instead of 4")
"""The order that is taken back: reference, product code, quantity, and why."""

MERIDIAN = Story("Meridian Voice (demo)", _TREE, ENTITLEMENTS, _PRODUCTS, _SUBSCRIPTIONS)

LOWMOOR = Story(
    "Lowmoor Dialtone (demo)",
    (Node(TENANT, "1", "Thistledown Garden Centres"),),
    tuple(row for row in ENTITLEMENTS if row[2] == "GB"),
    (
        Goods("desk", "Desk phone", "One user, one UK number.", _items(user=1, gb_geographic=1)),
        Goods("line-5", "Five lines", "Five simultaneous calls.", _items(sip_channel=5)),
    ),
    (("1", "1", "Main"),),
)
"""A second provider, invisible to the first one and its customers."""

_STAFF = {
    GROUP: ("meridian.example.com", "Imke Vanderlaer", "Jonas Weatherby", "Silvan Marsh"),
    DISTRIBUTOR: ("brackwater.example.net", "Rowan Ashgrove", "Petra Lindqvale", "Greta Thorn"),
    RESELLER: ("tallowmere.example.net", "Tamsin Holloway", "Callum Reedmace", "Idris Coldwell"),
    TENANT: ("bramblewick.example.com", "Odette Bramble", "Noor Hazelden", "Femke Straatman"),
}

PEOPLE = tuple(
    Person(kind, role, name, f"{name.lower().replace(' ', '.')}@{domain}")
    for kind, (domain, *names) in _STAFF.items()
    for role, name in zip(ROLES, names, strict=True)
)
"""The people who can sign in to the organizations of the first provider that have an API client."""

RANGES = (
    ("be-geographic", 3225550000),
    ("be-mobile", 32470000000),
    ("de-geographic", 493023125000),
    ("gb-geographic", 442079460000),
    ("gb-toll-free", 448081570000),
    ("nl-geographic", 31201230000),
)
"""The first numbers of the first provider's inventory, by SKU."""

TRUNK = "Main"
ACCOUNTS = ("Reception", "Night queue")
"""Resource accounts of customers with many users."""

FIRST = (
    *("Anouk", "Bram", "Cato", "Dries", "Elif", "Finn", "Greta", "Hugo", "Ines", "Joris", "Katja"),
    *("Lars", "Mira", "Niels", "Oona", "Pim", "Quinten", "Roos", "Stijn", "Thea", "Umar", "Vera"),
    *("Wout", "Yara"),
)
LAST = (
    *("Abbeel", "Brook", "Claes", "Dunmore", "Eeckhout", "Fairley", "Goossens", "Hartwell"),
    *("Iversen", "Jacobs", "Kemp", "Lindqvist", "Merton", "Nachtergaele", "Oakes", "Peeters"),
    *("Rosseel", "Stokes", "Tuytens", "Underhill", "Verbeke", "Wainwright", "Yates", "Zeller"),
)
