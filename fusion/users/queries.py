"""Read models of users and jobs.

The database renders users' documents; they are passed on unparsed.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from fusion.access.actor import Actor
from fusion.kernel.clock import instant
from fusion.kernel.errors import InvalidFields, not_found
from fusion.kernel.ids import parse_id
from fusion.kernel.pagination import decode_cursor, encode_cursor, newest, page
from fusion.users.models import Job, User

NOT_OURS = "Invalid cursor: pass the `next` value of a previous page of this list."


def find_user(actor: Actor, id: UUID, subscription_id: UUID | None = None) -> User:
    """The user; Problem `not-found` unless `actor` sees it and it belongs to that subscription."""
    rows = User.objects.visible_to(actor).filter(id=id)
    if subscription_id is not None:
        rows = rows.filter(subscription_id=subscription_id)
    user = rows.first()
    if user is None:
        raise not_found("user")
    return user


def user_text(id: UUID) -> str:
    """The JSON document of a user. The caller has checked that the actor sees it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT users_document(u)::text FROM users_user u WHERE u.id = %s", [id])
        row = cursor.fetchone()
    if row is None:
        raise not_found("user")
    return str(row[0])


def user_document(id: UUID) -> dict[str, Any]:
    """The same as an object."""
    document: dict[str, Any] = orjson.loads(user_text(id))
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
    last = None
    if cursor is not None:
        last = parse_id(decode_cursor(cursor, 1)[0])
        if last is None:
            raise InvalidFields(cursor=NOT_OURS)
    with connection.cursor() as sql:
        sql.execute(
            USERS,
            {
                "subscription": subscription_id,
                "last": last,
                "q": q,
                "login": login,
                "kind": kind,
                "linked": linked,
                "limit": limit + 1,
            },
        )
        rows, more = page(sql.fetchall(), limit)
    items = ",".join(text for _, text in rows)
    next_ = f'"{encode_cursor(rows[-1][0])}"' if more else "null"
    return f'{{"items":[{items}],"next":{next_}}}'


def user_names(subscription_id: UUID, ids: Iterable[UUID | str]) -> dict[str, str]:
    """Id → display name of those users of a subscription that exist, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id::text, display_name FROM users_user"
            " WHERE id = ANY (%s::uuid[]) AND subscription_id = %s::uuid",
            [list(ids), subscription_id],
        )
        return dict(cursor.fetchall())


def list_jobs(
    actor: Actor, *, subscription_id: UUID, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """One page of the batches of a subscription, newest first, without their rows."""
    rows = Job.objects.visible_to(actor).defer("rows").filter(subscription_id=subscription_id)
    shown, following = newest(rows, limit=limit, cursor=cursor)
    return {"items": [job_document(row) for row in shown], "next": following}


def find_job(actor: Actor, id: UUID) -> Job:
    """The job without its rows; Problem `not-found` unless `actor` sees it."""
    job = Job.objects.visible_to(actor).defer("rows").filter(id=id).first()
    if job is None:
        raise not_found("job")
    return job


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
