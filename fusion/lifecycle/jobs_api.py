"""The routes of jobs of organizations."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Body, Query, Router

from fusion.access.http_auth import RequirePermission, actor_of, respond, retrying_actor
from fusion.access.permissions import READ_JOBS, SUSPEND
from fusion.access.use_case import Answer
from fusion.kernel.http import json_response
from fusion.kernel.openapi import also_files
from fusion.kernel.schemas import PROBLEMS, READ_PROBLEMS, Listing, Page
from fusion.kernel.sheets.send import send_list
from fusion.lifecycle.cancel_job import cancel_job
from fusion.lifecycle.job_preview import preview_job
from fusion.lifecycle.job_queries import (
    COLUMNS,
    find_any_job,
    find_job,
    job_document,
    list_jobs,
    list_results,
)
from fusion.lifecycle.job_schemas import (
    AllBelowBody,
    AllBelowPreview,
    JobResultDocument,
    JobResultFilter,
    OrganizationJobDocument,
)
from fusion.lifecycle.submit_job import resume_organization, suspend_organization
from fusion.ordering.models import RESUMPTION, SUSPENSION
from fusion.tenancy import api as tenancy
from fusion.tenancy.queries import find_created_organization, find_organization

router = Router(tags=["organizations"])

JOBS = tenancy.ORGANIZATION + "/jobs"
JOB = JOBS + "/{uuid:job_id}"

ANSWERS = {200: AllBelowPreview, 202: OrganizationJobDocument, **PROBLEMS}
DEFAULTS: AllBelowBody = Body(default=AllBelowBody())  # type: ignore[type-arg]
"""The body if it is left out: every option has its default."""


@router.post(
    tenancy.ORGANIZATION + "/suspend",
    auth=RequirePermission(SUSPEND, organization_id=find_organization),
    response=ANSWERS,
)
def post_suspend_organization(
    request: HttpRequest, organization_id: UUID, body: AllBelowBody = DEFAULTS
) -> HttpResponse:
    """Suspend all subscriptions below a distributor, reseller or tenant; returns a job."""
    return _submit(request, organization_id, SUSPENSION, body, suspend_organization)


@router.post(
    tenancy.ORGANIZATION + "/resume",
    auth=RequirePermission(SUSPEND, organization_id=find_organization),
    response=ANSWERS,
)
def post_resume_organization(
    request: HttpRequest, organization_id: UUID, body: AllBelowBody = DEFAULTS
) -> HttpResponse:
    """Lift the hold with this reason, or all holds, of all subscriptions below; returns a job."""
    return _submit(request, organization_id, RESUMPTION, body, resume_organization)


@router.get(
    JOBS,
    auth=RequirePermission(READ_JOBS, organization_id=find_created_organization),
    response={200: Page[OrganizationJobDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def get_organization_jobs(
    request: HttpRequest, organization_id: UUID, params: Query[Listing]
) -> HttpResponseBase:
    """List the jobs of an organization, newest first."""
    columns = tuple(OrganizationJobDocument.model_fields)
    pages = partial(list_jobs, actor_of(request), organization_id=organization_id)
    return send_list(request, params, "jobs", columns, pages)


@router.get(
    JOB,
    auth=RequirePermission(
        READ_JOBS, organization_id=find_created_organization, job_id=find_any_job
    ),
    response={200: OrganizationJobDocument, **READ_PROBLEMS},
)
def get_organization_job(request: HttpRequest, organization_id: UUID, job_id: UUID) -> HttpResponse:
    """Read the progress of a job."""
    return json_response(job_document(find_job(actor_of(request), job_id, organization_id)))


@router.get(
    JOB + "/results",
    auth=RequirePermission(
        READ_JOBS, organization_id=find_created_organization, job_id=find_any_job
    ),
    response={200: Page[JobResultDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def get_organization_job_results(
    request: HttpRequest, organization_id: UUID, job_id: UUID, params: Query[JobResultFilter]
) -> HttpResponseBase:
    """List the subscriptions of a job with their outcomes. A move has none."""
    job = find_job(actor_of(request), job_id, organization_id)
    pages = partial(list_results, job, **params.filters())
    return send_list(request, params, "job", COLUMNS, pages)


@router.post(
    JOB + "/cancel",
    auth=RequirePermission(SUSPEND, organization_id=find_created_organization, job_id=find_any_job),
    response={200: OrganizationJobDocument, **PROBLEMS},
)
def post_cancel_organization_job(
    request: HttpRequest, organization_id: UUID, job_id: UUID
) -> HttpResponse:
    """Cancel a job: what was not reached yet stays as it is, what has changed stays changed."""
    actor = retrying_actor(request)
    return respond(cancel_job(actor, organization_id=organization_id, job_id=job_id))


def _submit(
    request: HttpRequest,
    organization_id: UUID,
    kind: str,
    body: AllBelowBody,
    submit: Callable[..., Answer],
) -> HttpResponse:
    if body.dry_run:
        return json_response(
            preview_job(
                actor_of(request), organization_id=organization_id, kind=kind, reason=body.reason
            )
        )
    answer = submit(
        retrying_actor(request),
        organization_id=organization_id,
        reason=body.reason,
        note=body.note,
    )
    return accepted(answer, organization_id)


def accepted(answer: Answer, organization_id: UUID) -> HttpResponse:
    """202 with the place of the job."""
    location = f"/api/v1/organizations/{organization_id}/jobs/{answer.body['id']}"
    return respond(answer, headers={"Location": location})
