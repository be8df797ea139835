"""Read models of users and jobs.

The database renders users' documents; they are passed on unparsed.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import orjson

from fusion.access.actor import Actor
from fusion.access.authenticate import Read
from fusion.kernel.clock import instant
from fusion.kernel.database import fetch_rows, fetch_value
from fusion.kernel.errors import or_not_found
from fusion.kernel.ids import read_id
from fusion.kernel.pagination import decode_cursor, json_page, newest
from fusion.tenancy.models import Subscription
from fusion.users.models import Job, User

USER_COLUMNS = ("login", "display_name", "kind", "number", "created_at")
"""The columns of users in a file; such a file can be uploaded again."""


def find_user(actor: Actor, id: UUID, subscription_id: UUID | None = None) -> User:
    """The user; Problem `not-found` unless `actor` sees it and it belongs to that subscription."""
    rows = User.objects.visible_to(actor).filter(id=id)
    if subscription_id is not None:
        rows = rows.filter(subscription_id=subscription_id)
    return or_not_found(rows.first(), "user")


DOCUMENT = Read(
    "(SELECT users_document(u)::text FROM tenancy_subscription s JOIN users_user u"
    " ON u.group_id = s.group_id AND u.subscription_id = s.id"
    " WHERE s.id = %s::uuid AND u.id = %s::uuid AND s.group_id = o.group_id"
    " AND access_sees(o.path, s.path))",
    ("subscription_id", "user_id"),
)
"""The document of a user of a subscription; null if the caller does not see it."""


def user_document(id: UUID) -> dict[str, Any]:
    """The document of a user. The caller has checked that the actor sees it."""
    sql = "SELECT users_document(u)::text FROM users_user u WHERE u.id = %s"
    document: dict[str, Any] = orjson.loads(or_not_found(fetch_value(sql, [id]), "user"))
    return document


# A search reads only the subscription's own users, newest first by their index.
USERS = """
SELECT u.id, users_document(u)::text
FROM users_user u
WHERE u.subscription_id = %(subscription)s::uuid
  AND (%(last)s::uuid IS NULL OR u.id < %(last)s::uuid)
  AND (%(login)s::text IS NULL OR u.login_key = kernel_text_key(%(login)s::text))
  AND (%(q)s::text IS NULL OR starts_with(u.login_key, kernel_text_key(%(q)s::text))
       OR starts_with(lower(u.display_name), lower(%(q)s::text)))
  AND (%(kind)s::text IS NULL OR u.kind = %(kind)s::text)
  AND (%(linked)s::boolean IS NULL
       OR %(linked)s::boolean = EXISTS (SELECT FROM numbers_number n WHERE n.user_id = u.id))
ORDER BY u.id DESC LIMIT %(limit)s::int
"""


def list_users(
    subscription_id: UUID,
    *,
    limit: int,
    cursor: str | None = None,
    q: str | None = None,
    login: str | None = None,
    kind: str | None = None,
    linked: bool | None = None,
) -> str:
    """One page of a subscription's users, newest first, as JSON text.

    `q` is the beginning of a login or display name, `login` a complete login; both ignore case. The
    caller has checked that the actor sees the subscription.
    """
    (last,) = decode_cursor(cursor, read_id) if cursor is not None else (None,)
    parameters = {
        "subscription": subscription_id,
        "last": last,
        "q": q,
        "login": login,
        "kind": kind,
        "linked": linked,
        "limit": limit + 1,
    }
    return json_page(fetch_rows(USERS, parameters), limit)


def user_names(subscription_id: UUID, ids: Iterable[UUID | str]) -> dict[str, str]:
    """Id → display name of those users of a subscription that exist, in one statement."""
    sql = (
        "SELECT id::text, display_name FROM users_user"
        " WHERE id = ANY (%s::uuid[]) AND subscription_id = %s::uuid"
    )
    return dict(fetch_rows(sql, [list(ids), subscription_id]))


HOLDERS = """
SELECT n.e164, u.login_key
FROM unnest(%s::text[]) AS w(e164)
JOIN numbers_number n ON n.e164 = w.e164
JOIN users_user u ON u.group_id = n.group_id AND u.id = n.user_id
WHERE n.group_id = %s::uuid AND n.subscription_id = %s::uuid
"""


def holders_of(subscription: Subscription, numbers: Sequence[str]) -> dict[str, str]:
    """Number → key of the login of the subscription's user that has it."""
    if not numbers:
        return {}
    return dict(fetch_rows(HOLDERS, [list(numbers), subscription.group_id, subscription.id]))


def list_jobs(
    actor: Actor, *, subscription_id: UUID, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """One page of the batches of a subscription, newest first, without their rows."""
    rows = Job.objects.visible_to(actor).defer("rows").filter(subscription_id=subscription_id)
    shown, following = newest(rows, limit=limit, cursor=cursor)
    return {"items": [job_document(row) for row in shown], "next": following}


def find_job(actor: Actor, id: UUID) -> Job:
    """The job without its rows; Problem `not-found` unless `actor` sees it."""
    rows = Job.objects.visible_to(actor).defer("rows").filter(id=id)
    return or_not_found(rows.first(), "job")


def job_document(job: Job) -> dict[str, Any]:
    """A job as the API shows it."""
    return {
        "id": str(job.id),
        "subscription_id": str(job.subscription_id),
        "state": "failed" if job.finished_at and job.error else job.state,
        "total": job.total,
        "done": job.done,
        "failed": job.failed,
        "created": job.created,
        "changed": job.changed,
        "unchanged": job.unchanged,
        "deleted": job.deleted,
        "source": job.source,
        "created_at": instant(job.created_at),
        "finished_at": instant(job.finished_at),
        "error": job.error,
    }
