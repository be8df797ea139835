"""Routes of users, their numbers, and batches of them."""

import hashlib
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Query, Router
from pydantic import ValidationError

from fusion.access.http_auth import (
    RequirePermission,
    actor_of,
    read_of,
    respond,
    retrying_actor,
)
from fusion.access.permissions import PROVISION, READ_PROVISIONING
from fusion.kernel.errors import InvalidFields, Problem, fields_problem, or_not_found
from fusion.kernel.http import (
    CSV,
    XLSX,
    declared_charset,
    json_response,
    media_type_of,
    read_json,
    refuse_compression,
)
from fusion.kernel.openapi import also_files
from fusion.kernel.schemas import PROBLEMS, READ_PROBLEMS, Page
from fusion.kernel.sheets.charsets import LABELS, NAMES
from fusion.kernel.sheets.send import require_whole, send_list, send_table
from fusion.kernel.stream import wanted_format
from fusion.tenancy.queries import find_subscription
from fusion.users.batch_row import rows_of_list
from fusion.users.cancel_batch import cancel_batch
from fusion.users.create_user import create_user
from fusion.users.delete_user import delete_user
from fusion.users.edit_user import edit_user
from fusion.users.link import link_user
from fusion.users.queries import (
    DOCUMENT,
    USER_COLUMNS,
    find_job,
    find_user,
    job_document,
    list_users,
)
from fusion.users.read_list import CSV_PATTERN, UserList, read_list
from fusion.users.results import list_results, rows_table
from fusion.users.schemas import (
    BatchBody,
    JobDocument,
    LinkBody,
    ResultDocument,
    ResultFilter,
    UserBody,
    UserDocument,
    UserFilter,
    UserPatch,
)
from fusion.users.submit_batch import submit_batch
from fusion.users.unlink import unlink_user

router = Router(tags=["users"])

USERS = "/subscriptions/{uuid:subscription_id}/users"
USER = USERS + "/{uuid:user_id}"
JOB = "/jobs/{uuid:job_id}"

BATCH = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": BatchBody.model_json_schema()},
            CSV: {
                "schema": {
                    "type": "string",
                    "description": "A list as spreadsheets save it: with commas, semicolons, tabs "
                    "or pipes; UTF-8, UTF-16, or an older character set, which `charset=` may "
                    "name. The header line names the columns, in any order: `login`, and "
                    "optionally `display_name`, `kind`, `number`, `sku`, `action`. The pattern "
                    "describes the simplest such file.",
                    "pattern": CSV_PATTERN,
                    "examples": ["login,display_name,kind,number\nann,Ann,user,+3225551234\n"],
                }
            },
            XLSX: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.post(
    USERS,
    auth=RequirePermission(PROVISION, subscription_id=find_subscription),
    response={201: UserDocument, **PROBLEMS},
)
def post_user(request: HttpRequest, subscription_id: UUID, body: UserBody) -> HttpResponse:
    """Create a user or a resource account; it uses a licence once linked to a number."""
    answer = create_user(
        retrying_actor(request), subscription_id=subscription_id, **body.model_dump()
    )
    return respond(answer, location=f"/api/v1/subscriptions/{subscription_id}/users")


@router.get(
    USERS,
    auth=RequirePermission(READ_PROVISIONING, subscription_id=find_subscription),
    response={200: Page[UserDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def get_users(
    request: HttpRequest, subscription_id: UUID, params: Query[UserFilter]
) -> HttpResponseBase:
    """List the users of a subscription, newest first."""
    pages = partial(list_users, subscription_id, **params.filters())
    return send_list(request, params, "users", USER_COLUMNS, pages)


@router.get(
    USER,
    auth=RequirePermission(
        READ_PROVISIONING,
        hot=True,
        reads=DOCUMENT,
        subscription_id=find_subscription,
        user_id=find_user,
    ),
    response={200: UserDocument, **READ_PROBLEMS},
)
def get_user(request: HttpRequest, subscription_id: UUID, user_id: UUID) -> HttpResponse:
    """One user."""
    text = read_of(request)
    if text is None:
        find_subscription(actor_of(request), subscription_id)
    return json_response(or_not_found(text, "user"))


@router.patch(
    USER,
    auth=RequirePermission(PROVISION, subscription_id=find_subscription, user_id=find_user),
    response={200: UserDocument, **PROBLEMS},
)
def patch_user(
    request: HttpRequest, subscription_id: UUID, user_id: UUID, body: UserPatch
) -> HttpResponse:
    """Change the login or the display name."""
    answer = edit_user(
        actor_of(request), subscription_id=subscription_id, user_id=user_id, **body.model_dump()
    )
    return respond(answer)


@router.delete(
    USER,
    auth=RequirePermission(PROVISION, subscription_id=find_subscription, user_id=find_user),
    response={204: None, **PROBLEMS},
)
def remove_user(request: HttpRequest, subscription_id: UUID, user_id: UUID) -> HttpResponse:
    """Delete a user; the subscription keeps the number, and the licence is free again."""
    return respond(delete_user(actor_of(request), subscription_id=subscription_id, user_id=user_id))


@router.put(
    USER + "/number",
    auth=RequirePermission(
        PROVISION, hot=True, subscription_id=find_subscription, user_id=find_user
    ),
    response={200: UserDocument, **PROBLEMS},
)
def put_number(
    request: HttpRequest, subscription_id: UUID, user_id: UUID, body: LinkBody
) -> HttpResponse:
    """Link the user to a number of the subscription, in place of any previous number."""
    return respond(
        link_user(
            actor_of(request),
            subscription_id=subscription_id,
            user_id=user_id,
            number=body.number,
        )
    )


@router.delete(
    USER + "/number",
    auth=RequirePermission(
        PROVISION, hot=True, subscription_id=find_subscription, user_id=find_user
    ),
    response={204: None, **PROBLEMS},
)
def remove_number(request: HttpRequest, subscription_id: UUID, user_id: UUID) -> HttpResponse:
    """Unlink the user; no effect if it has no number."""
    return respond(unlink_user(actor_of(request), subscription_id=subscription_id, user_id=user_id))


@router.post(
    USERS + "/batch",
    auth=RequirePermission(PROVISION, subscription_id=find_subscription),
    response={202: JobDocument, **PROBLEMS},
    openapi_extra=BATCH,
)
def post_batch(request: HttpRequest, subscription_id: UUID) -> HttpResponse:
    """Bring up to 10,000 users into the state of a list, in the background; returns a job."""
    source = None
    if media_type_of(request) in (CSV, XLSX):
        params, listed = hashlib.sha256(request.body).hexdigest(), _read_file(request)
        rows, source = listed.rows, listed.source
    else:
        params, rows = None, rows_of_list(_read_list(request))
    answer = submit_batch(
        retrying_actor(request, params), subscription_id=subscription_id, rows=rows, source=source
    )
    return respond(answer, headers={"Location": f"/api/v1/jobs/{answer.body['id']}"})


def _read_file(request: HttpRequest) -> UserList:
    refuse_compression(request)
    charset = declared_charset(request) if media_type_of(request) == CSV else None
    if charset is not None and charset not in LABELS:
        known = ", ".join(sorted(NAMES.values()))
        raise Problem(
            "unsupported-media-type",
            f"The body has the character set {charset[:100]!r}. Send UTF-8, or one of {known}.",
        )
    return read_list(request.body, charset)


def _read_list(request: HttpRequest) -> list[Any]:
    if not request.body:
        raise InvalidFields(body="is missing")
    try:
        return BatchBody.model_validate(read_json(request)).users
    except ValidationError as error:
        raise fields_problem(error.errors(include_url=False), 0) from None


@router.post(
    JOB + "/cancel",
    auth=RequirePermission(PROVISION, job_id=find_job),
    response={200: JobDocument, **PROBLEMS},
    tags=["jobs"],
)
def post_cancel(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Cancel a batch: rows that were not processed yet are left out, the others stay done."""
    return respond(cancel_batch(retrying_actor(request), job_id=job_id))


@router.get(
    JOB,
    auth=RequirePermission(READ_PROVISIONING, job_id=find_job),
    response={200: JobDocument, **READ_PROBLEMS},
    tags=["jobs"],
)
def get_job(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Read the progress of a batch."""
    return json_response(job_document(find_job(actor_of(request), job_id)))


@router.get(
    JOB + "/results",
    auth=RequirePermission(READ_PROVISIONING, job_id=find_job),
    response={200: Page[ResultDocument], **READ_PROBLEMS},
    tags=["jobs"],
    openapi_extra=also_files(),
)
def get_results(
    request: HttpRequest, job_id: UUID, params: Query[ResultFilter]
) -> HttpResponseBase:
    """List the results of the rows processed so far; a file has all rows."""
    format = wanted_format(request, params.format)
    if format == "json":
        job = find_job(actor_of(request), job_id)
        return json_response(
            list_results(job, limit=params.limit, cursor=params.cursor, **params.filters())
        )
    require_whole(params)
    return send_table(rows_table(job_id, params.failed, lambda problem: problem.detail), format)
