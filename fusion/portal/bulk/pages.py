"""The changes of everything below an organization: submitted ones, and one with its outcomes."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh

from fusion.access.permissions import MOVE as MAY_MOVE
from fusion.access.permissions import READ_JOBS, SUSPEND
from fusion.kernel.clock import read_instant
from fusion.kernel.errors import Problem, problem_of
from fusion.kernel.sheets.send import paged_table
from fusion.lifecycle.cancel_job import cancel_job
from fusion.lifecycle.job_queries import (
    COLUMNS,
    PENDING,
    find_job,
    job_document,
    list_jobs,
    list_results,
)
from fusion.lifecycle.models import MOVE, OUTCOMES, Job
from fusion.ordering.models import RESUMPTION, SUSPENSION
from fusion.portal.downloads import download
from fusion.portal.errors import explain, title_of
from fusion.portal.forms import Confirmation
from fusion.portal.list_filters import ListFilters
from fusion.portal.organizations.frame import frame
from fusion.portal.page import BUTTON, ROWS, page
from fusion.portal.query_params import query_params
from fusion.portal.responses import confirmed, show
from fusion.portal.session_actor import PageRequest
from fusion.tenancy.models import Organization
from fusion.tenancy.queries import find_created_organization, find_organization

FILTERS = {"outcome": _("Outcome")}

SHOWN = (*OUTCOMES, PENDING)

TITLES = {
    SUSPENSION: _("Suspension of all subscriptions"),
    RESUMPTION: _("Resumption of all subscriptions"),
    MOVE: _("Move"),
}

WORDS = {
    (SUSPENSION, "changed"): _("Suspended"),
    (SUSPENSION, "unchanged"): _("Already suspended for this reason"),
    (RESUMPTION, "changed"): _("Reason lifted"),
    (RESUMPTION, "unchanged"): _("Nothing to lift"),
}
"""Kind of a change and outcome → what that means for a subscription."""


@page(READ_JOBS, organization_id=find_organization)
def jobs(request: PageRequest, organization: Organization) -> HttpResponse:
    """`GET /customers/<id>/changes`: those of this organization, newest first."""
    found = list_jobs(
        request.actor,
        organization_id=organization.id,
        limit=ROWS,
        cursor=request.GET.get("cursor"),
    )
    context = {
        **frame(request, organization, "jobs"),
        "rows": [_job(each) for each in found["items"]],
        "next": found["next"],
    }
    return show(request, "portal/bulk/list.html", context, parts=("more",))


@page(READ_JOBS, organization_id=find_organization)
def job(request: PageRequest, organization: Organization, bulk_id: UUID) -> HttpResponse:
    """`GET /customers/<id>/changes/<job id>`: the progress, and the outcome of each."""
    found = find_job(request.actor, bulk_id, organization.id)
    shown = _job(job_document(found))
    if request.htmx.target == "progress" and shown["finished_at"]:
        return HttpResponseClientRefresh()
    filters = ListFilters(request, FILTERS)
    outcome = filters.choice("outcome", SHOWN)
    cursor = request.GET.get("cursor")
    listed = filters.page(lambda: list_results(found, outcome=outcome, limit=ROWS, cursor=cursor))
    context = {
        **frame(request, organization, "jobs"),
        "job": shown,
        "parent_name": _parent_name(request, found.parent_id),
        "percent": shown["done"] * 100 // (shown["total"] or 1),
        "rows": _outcomes(found.kind, listed["items"]),
        "next": listed["next"],
        **filters.context,
        "may_cancel": _may_cancel(request, found),
        "confirmation": Confirmation(),
    }
    parts = ("progress", "list", "more")
    return show(request, "portal/bulk/detail.html", context, parts=parts, status=filters.status)


@page(READ_JOBS, organization_id=find_organization)
def results(
    request: PageRequest, organization: Organization, bulk_id: UUID, format: str
) -> HttpResponseBase:
    """`GET /customers/<id>/changes/<job id>/rows.csv` and `.xlsx`: the shown rows."""
    found = find_job(request.actor, bulk_id, organization.id)
    filters = ListFilters(request, FILTERS)
    outcome = filters.choice("outcome", SHOWN)
    if filters.wrong:
        return filters.refusal()
    return download(
        paged_table("subscriptions", COLUMNS, partial(list_results, found, outcome=outcome)), format
    )


@page(SUSPEND, methods=BUTTON, organization_id=find_created_organization)
def cancel(request: PageRequest, organization: Organization, bulk_id: UUID) -> HttpResponse:
    """`POST /customers/<id>/changes/<job id>/cancel`."""
    return confirmed(
        request,
        lambda actor: cancel_job(actor, organization_id=organization.id, job_id=bulk_id),
        gettext("It was cancelled. What was already done stays."),
        "organizations-job",
        organization.id,
        bulk_id,
    )


def reason_in_url(request: PageRequest, known: Sequence[str]) -> str | None:
    """The reason whose effect is wanted."""
    text = query_params(request, "reason")["reason"]
    return text if text in known else None


def _may_cancel(request: PageRequest, job: Job) -> bool:
    permission = MAY_MOVE if job.kind == MOVE else SUSPEND
    return job.finished_at is None and permission.allows(request.actor)


def _parent_name(request: PageRequest, parent_id: UUID | None) -> str:
    """Where a move goes; empty for other changes, and if that was deleted since."""
    if parent_id is None:
        return ""
    rows = Organization.objects.visible_to(request.actor).filter(id=parent_id)
    return rows.values_list("name", flat=True).first() or ""


def _job(document: dict[str, Any]) -> dict[str, Any]:
    problem = document["problem"]
    return {
        **document,
        "key": document["id"],
        "title": TITLES[document["kind"]],
        "at": read_instant(document["created_at"]),
        "has_rows": document["kind"] != MOVE,
        "text": _why_failed(problem_of(problem)) if problem else "",
    }


def _why_failed(problem: Problem) -> str:
    """Why a move failed. Its organization and the new place existed when it was submitted."""
    if problem.code == "not-found":
        return gettext(
            "This organization or its new place was deleted before the move. Nothing was moved. "
            "Choose another place, and move it again."
        )
    return explain(problem)


def _outcomes(kind: str, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with words; a refusal with its title and explanation."""
    shown = []
    for row in rows:
        problem = problem_of(row["problem"]) if row["problem"] else None
        shown.append(
            {
                **row,
                "word": WORDS.get((kind, row["outcome"]), ""),
                "title": title_of(problem) if problem else "",
                "text": explain(problem) if problem else "",
            }
        )
    return shown
