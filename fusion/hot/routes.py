"""The hot routes of all rooms, the most frequent first."""

from fusion.access.hot_route import HotRoute
from fusion.ledger import hot as ledger
from fusion.numbers import hot as numbers
from fusion.ordering import hot as ordering
from fusion.trunks import hot as trunks
from fusion.users import hot as users

ROUTES: tuple[HotRoute, ...] = (
    *trunks.HOT,
    *ledger.HOT,
    *ordering.HOT,
    *numbers.HOT,
    *users.HOT,
)
