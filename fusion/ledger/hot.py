"""The hot route of balances: see `read_balances` in `api.py`."""

from fusion.access.hot_route import HotRequest, HotRoute, Members
from fusion.access.permissions import READ_BALANCES

FUNCTION = "ledger_balances_v2"


def _read(request: HotRequest) -> Members:
    return {"subscription_id": request.parameters["subscription_id"]}


HOT = (
    HotRoute(
        "GET",
        "subscriptions/<uuidstr:subscription_id>/balances",
        READ_BALANCES,
        FUNCTION,
        _read,
        is_audited=False,
        is_repeatable=True,
    ),
)
