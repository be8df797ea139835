"""Lists of users: uploaded, provisioned in the background, with a result for each row."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh

from fusion.access.permissions import PROVISION, READ_PROVISIONING
from fusion.kernel.clock import read_instant
from fusion.kernel.errors import InvalidFields, Problem, not_found, problem_of
from fusion.kernel.sheets.send import Table
from fusion.portal.downloads import download
from fusion.portal.errors import explain, explain_field, title_of
from fusion.portal.forms import Confirmation, Form
from fusion.portal.list_filters import ListFilters
from fusion.portal.page import BUTTON, FORM, ROWS, form_of, page, submit
from fusion.portal.responses import confirmed, done, show, show_form
from fusion.portal.session_actor import PageRequest
from fusion.portal.subscriptions.frame import frame
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription
from fusion.users.batch_row import CELLS
from fusion.users.cancel_batch import cancel_batch
from fusion.users.models import Job
from fusion.users.queries import find_job, job_document, list_jobs
from fusion.users.read_list import UserList, read_list
from fusion.users.results import list_results, requested_cells, rows_table
from fusion.users.rules import MAX_ROWS
from fusion.users.submit_batch import submit_batch

FORMER = 10

ACCEPTED = ".csv,.txt,.tsv,.xlsx,text/csv"

MAX_FILE = 8 * 1024 * 1024
"""Largest list, in bytes."""

SAMPLE = (
    ("anna@example.com", "Anna Example", "user", "+3225550101"),
    ("bob@example.com", "Bob Example", "user", None),
    ("reception", "Reception", "resource_account", "+3225550102"),
)

SHOWN = {"failed": True, "done": False}

FILTERS = {"show": _("Show")}

OUTCOMES = {
    "created": _("Added"),
    "changed": _("Changed"),
    "unchanged": _("Unchanged"),
    "deleted": _("Deleted"),
}
"""Outcome of a row → its name."""

STATUSES = {201: "created", 200: "changed"}
"""Status of a result of the previous release → its outcome."""


class UploadForm(Form):
    """A list of users; `file` becomes its rows."""

    file = forms.FileField(label=_("List"), widget=forms.FileInput(attrs={"accept": ACCEPTED}))

    def clean_file(self) -> UserList:
        """The rows; never reads more of the file than the allowed size."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > MAX_FILE:
            raise forms.ValidationError(
                _("The file is larger than %(most)s MiB. Split it.") % {"most": MAX_FILE // 2**20}
            )
        content = file.read(MAX_FILE + 1)
        file.seek(0)
        try:
            return read_list(content)
        except InvalidFields as problem:
            raise forms.ValidationError([_error_text(error) for error in problem.errors]) from None


def _error_text(error: Any) -> str:
    field, text = error["field"], explain_field(error["message"])
    return f"{field}: {text}" if field not in ("users", "body") else text


@page(READ_PROVISIONING, methods=FORM, subscription_id=find_subscription)
def uploads(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/users/uploads`."""
    form = form_of(request, UploadForm)
    if request.method == "POST":
        PROVISION.require_role(request.actor)
    answer = submit(
        request,
        form,
        lambda actor: submit_batch(
            actor,
            subscription_id=subscription.id,
            rows=form.cleaned_data["file"].rows,
            source=form.cleaned_data["file"].source,
        ),
    )
    if answer is None:
        found = list_jobs(
            request.actor,
            subscription_id=subscription.id,
            limit=FORMER,
            cursor=request.GET.get("cursor"),
        )
        context = {
            **frame(request, subscription, "users"),
            "rows": [_job(job) for job in found["items"]],
            "next": found["next"],
            "most_rows": MAX_ROWS,
        }
        template = "portal/subscriptions/uploads.html"
        return show_form(request, template, form, context, parts=("more",))
    message = gettext("The upload was accepted and is being processed.")
    ids = (subscription.id, answer.body["id"])
    return done(request, message, "subscriptions-upload", *ids, answer=answer)


@page(READ_PROVISIONING, subscription_id=find_subscription)
def sample(request: PageRequest, subscription: Subscription, format: str) -> HttpResponseBase:
    """`GET /subscriptions/<id>/users/uploads/sample.csv` and `.xlsx`."""
    del request, subscription
    return download(Table("users", CELLS[:4], lambda _query: iter(SAMPLE)), format)


@page(READ_PROVISIONING, subscription_id=find_subscription)
def results(
    request: PageRequest, subscription: Subscription, job_id: UUID, format: str
) -> HttpResponseBase:
    """`GET /subscriptions/<id>/users/uploads/<job id>/rows.csv` and `.xlsx`: the shown rows."""
    job = _find(request, subscription, job_id)
    filters = ListFilters(request, FILTERS)
    chosen = filters.choice("show", SHOWN)
    if filters.wrong:
        return filters.refusal()
    return download(rows_table(job.id, SHOWN[chosen] if chosen else None, _explained), format)


@page(PROVISION, methods=BUTTON, subscription_id=find_subscription)
def cancel(request: PageRequest, subscription: Subscription, job_id: UUID) -> HttpResponse:
    """`POST /subscriptions/<id>/users/uploads/<job id>/cancel`."""
    job = _find(request, subscription, job_id)
    return confirmed(
        request,
        lambda actor: cancel_batch(actor, job_id=job.id),
        gettext("The upload was cancelled. Rows that were already processed stay as they are."),
        "subscriptions-upload",
        subscription.id,
        job.id,
    )


def _find(request: PageRequest, subscription: Subscription, job_id: UUID) -> Job:
    found = find_job(request.actor, job_id)
    if found.subscription_id != subscription.id:
        raise not_found("upload")
    return found


@page(READ_PROVISIONING, subscription_id=find_subscription)
def upload(request: PageRequest, subscription: Subscription, job_id: UUID) -> HttpResponse:
    """`GET /subscriptions/<id>/users/uploads/<job id>`: the progress, and the results of rows."""
    found = _find(request, subscription, job_id)
    job = _job(job_document(found))
    if request.htmx.target == "progress" and job["finished_at"]:
        return HttpResponseClientRefresh()
    filters = ListFilters(request, FILTERS)
    chosen = filters.choice("show", SHOWN)
    pages = partial(list_results, found, failed=SHOWN[chosen] if chosen else None)
    cursor = request.GET.get("cursor")
    results = filters.page(lambda: orjson.loads(pages(limit=ROWS, cursor=cursor)))
    context = {
        **frame(request, subscription, "users"),
        "job": job,
        "percent": job["done"] * 100 // job["total"],
        "rows": _outcomes(job_id, results["items"]),
        "next": results["next"],
        **filters.context,
        "notes": _notes(job["source"] or {}),
        "may_cancel": PROVISION.allows(request.actor) and not job["finished_at"],
        "confirmation": Confirmation(),
    }
    template = "portal/subscriptions/upload.html"
    parts = ("progress", "list", "more")
    return show(request, template, context, parts=parts, status=filters.status)


def _job(document: dict[str, Any]) -> dict[str, Any]:
    return {
        **document,
        "at": read_instant(document["created_at"]),
        "nothing_changed": document["unchanged"] == document["total"],
    }


def _notes(source: Mapping[str, Any]) -> list[str]:
    """What a person should know about how the file was read."""
    notes = []
    if source.get("assumed"):
        text = gettext(
            "The file does not say its character set. It was read as %(charset)s. If letters such "
            "as ä or é are wrong, save the list as XLSX or as CSV (UTF-8) and upload it again."
        )
        notes.append(text % source)
    if source.get("other_sheets"):
        text = gettext("Only the sheet “%(sheet)s” was read, not: %(others)s.")
        notes.append(text % {**source, "others": ", ".join(source["other_sheets"])})
    if source.get("header_row"):
        text = gettext(
            "Row %(header_row)s was read as the header; the rows above it were left out."
        )
        notes.append(text % source)
    if source.get("hidden_rows"):
        notes.append(gettext("Hidden rows were read, too: %(hidden_rows)s.") % source)
    return notes


def _outcomes(job_id: UUID, results: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Results for the template, with words; a refusal with its title, explanation and login."""
    for each in results:
        each["word"] = OUTCOMES.get(each["outcome"] or STATUSES.get(each["status"], ""), "")
    failed = [each for each in results if "problem" in each]
    cells = requested_cells(job_id, [each["position"] for each in failed])
    for each in failed:
        document = each["problem"]
        problem = problem_of(document)
        each |= {
            "login": cells[each["position"]].get("login"),
            "number": cells[each["position"]].get("number"),
            "title": title_of(problem),
            "text": _explained(problem),
        }
    return list(results)


def _explained(problem: Problem) -> str:
    texts = [f"{error['field']}: {explain_field(error['message'])}" for error in problem.errors]
    return " ".join(texts) or explain(problem)
