"""The hot route of assigning numbers: see `assign` in `api.py`."""

from fusion.access.hot_route import HotRequest, HotRoute, Members
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Answer
from fusion.numbers.assign import ASSIGNED, FUNCTION
from fusion.numbers.parse import E164
from fusion.numbers.schemas import AssignmentBody


def _read(request: HotRequest) -> Members | None:
    body = AssignmentBody.model_validate(request.body)
    numbers = body.numbers or ()
    if body.status != ASSIGNED or body.until is not None:
        return None
    if not all(map(E164.fullmatch, numbers)) or len(set(numbers)) < len(numbers):
        return None
    return {**request.parameters, **body.model_dump()}


def _headers(request: HotRequest, answer: Answer) -> dict[str, str]:
    return {"Location": request.path}


HOT = (
    HotRoute(
        "POST",
        "subscriptions/<uuidstr:subscription_id>/numbers",
        PROVISION,
        FUNCTION,
        _read,
        _headers,
        has_body=True,
        takes_key=True,
        try_lock="access_try_lock_calls",
    ),
)
