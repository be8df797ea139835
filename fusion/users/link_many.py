"""Linking many numbers to users at once: one round trip to `link_many.sql`, a result per row."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson

from fusion.access.actor import Actor
from fusion.access.db_function import call_function
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Answer, hot_use_case
from fusion.kernel.database import longer_statements
from fusion.kernel.errors import Problem, problem_of
from fusion.numbers.rows import Row, refuse_doubled, resolve_rows, shown_item
from fusion.users.batch_row import storable

MAX_LINKS = 10_000
"""Most rows of one list."""


@dataclass(frozen=True, slots=True)
class Link:
    """A number and its user, by id or by login; `problem` if the row cannot be read.

    `row` is its number for those who wrote the list, if that is not its position.
    """

    number: Any
    user_id: UUID | None = None
    login: str | None = None
    problem: Problem | None = None
    row: int | None = None


@hot_use_case(PROVISION)
def link_numbers(actor: Actor, *, subscription_id: UUID, links: Sequence[Link]) -> Answer:
    """Link each number to its user as `link_user` does, each row after those before it; 200 and
    `{results: [{e164, status, number | problem}]}`.

    Users that exchange their numbers within the list do so. A row that cannot be read is refused
    alone; several rows with one number, or with one user, are all refused.

    Problems of the request: `forbidden`, `not-found`, `idempotency-key-reused`,
    `subscription-suspended`, `subscription-terminated`.
    """
    numbers = resolve_rows(actor, [link.number for link in links], subscription_id=subscription_id)
    places = [link.row or position for position, link in enumerate(links, start=1)]
    judged = zip(links, numbers, refuse_doubled(numbers, places), strict=True)
    rows = [_row(link, number, row) for link, number, row in judged]
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


def _row(link: Link, number: Row, row: Row) -> dict[str, Any]:
    """The row for `link_many.sql`; one whose number cannot be read keeps what was written."""
    written = shown_item(link.number) if isinstance(number, Problem) else number
    made: dict[str, Any] = {"number": written, "user_id": link.user_id, "login": link.login}
    if link.row is not None:
        made["row"] = link.row
    problem = link.problem or (row if isinstance(row, Problem) else None)
    return made if problem is None else {**made, "problem": storable(problem.refusal())}
