"""The hot route of linking a user to a number: see `put_number` in `api.py`."""

from fusion.access.hot_route import HotRequest, HotRoute, Members
from fusion.access.permissions import PROVISION
from fusion.numbers.parse import depends_on_country, parse_number
from fusion.numbers.written import NotANumber
from fusion.users.link import FUNCTION
from fusion.users.schemas import LinkBody


def _read(request: HotRequest) -> Members | None:
    number = LinkBody.model_validate(request.body).number
    if depends_on_country(number):
        return None
    try:
        return {**request.parameters, "number": parse_number(number, country=None)}
    except NotANumber:
        return None


HOT = (
    HotRoute(
        "PUT",
        "subscriptions/<uuidstr:subscription_id>/users/<uuidstr:user_id>/number",
        PROVISION,
        FUNCTION,
        _read,
        has_body=True,
        is_repeatable=True,
        try_lock="access_try_lock_calls",
    ),
)
