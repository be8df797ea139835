"""Linking many numbers to users at once: one round trip to `link_many.sql`, a result per row."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import orjson

from fusion.access.actor import Actor
from fusion.access.db_function import call_function
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Answer, hot_use_case
from fusion.kernel.database import longer_statements
from fusion.kernel.errors import problem_of
from fusion.numbers.resolve import resolve_numbers

MAX_LINKS = 10_000
"""Most rows of one list."""


@dataclass(frozen=True, slots=True)
class Link:
    """A number and its user, by id or by login."""

    number: str
    user_id: UUID | None = None
    login: str | None = None


@hot_use_case(PROVISION)
def link_numbers(actor: Actor, *, subscription_id: UUID, links: Sequence[Link]) -> Answer:
    """Link each number to its user as `link_user` does, each row after those before it; 200 and
    `{results: [{e164, status, number | problem}]}`.

    Users that exchange their numbers within the list do so. No number and no user may occur twice.

    Problems of the request: `forbidden`, `not-found`, `invalid-fields`, `idempotency-key-reused`,
    `subscription-suspended`, `subscription-terminated`.
    """
    numbers = resolve_numbers(
        actor,
        [link.number for link in links],
        subscription_id=subscription_id,
        field="links",
        member=".number",
    )
    rows = [
        {"number": e164, "user_id": link.user_id, "login": link.login}
        for link, e164 in zip(links, numbers, strict=True)
    ]
    with longer_statements():
        answer = call_function(
            actor, "users_link_many_v1", subscription_id=subscription_id, links=rows
        )
    if '"problem"' not in answer.text:
        return answer
    results = answer.body["results"]
    for result in results:
        if "problem" in result:
            result["problem"] = problem_of(result["problem"]).document()
    return replace(answer, text=orjson.dumps({"results": results}).decode())
