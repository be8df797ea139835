"""CSV lists of users: uploaded, provisioned in the background, with a result for each row."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh

from fusion.access.permissions import PROVISION, READ_PROVISIONING
from fusion.kernel.clock import read_instant
from fusion.kernel.errors import InvalidFields, not_found, problem_of
from fusion.portal.errors import explain, explain_field, title_of
from fusion.portal.forms import Form
from fusion.portal.page import form_of, page, submit
from fusion.portal.responses import done, show, show_form
from fusion.portal.session_actor import PageRequest
from fusion.portal.subscriptions.frame import frame
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription
from fusion.users.queries import find_job, job_document, list_jobs, list_results, requested_logins
from fusion.users.read_csv import Row, read_csv
from fusion.users.rules import MAX_ROWS
from fusion.users.submit_batch import submit_batch

ROWS = 50
FORMER = 10

MAX_FILE = 8 * 1024 * 1024
"""Largest list, in bytes."""

NOT_CSV = {b"PK\x03\x04": _("an Excel or OpenDocument file"), b"%PDF": _("a PDF file")}
"""First bytes of files that are often mistaken for CSV → their type."""

SAMPLE = (
    "login,display_name,kind,number\r\n"
    "anna@example.com,Anna Example,user,+3225550101\r\n"
    "bob@example.com,Bob Example,user,\r\n"
    "reception,Reception,resource_account,+3225550102\r\n"
)

SHOWN = {"failed": True, "done": False}


class UploadForm(Form):
    """A list of users; `file` becomes its rows."""

    file = forms.FileField(
        label=_("List"), widget=forms.FileInput(attrs={"accept": ".csv,text/csv"})
    )

    def clean_file(self) -> Sequence[Row]:
        """The rows; never reads more of the file than the allowed size."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > MAX_FILE:
            raise forms.ValidationError(
                _("The file is larger than %(most)s MiB. Split it.") % {"most": MAX_FILE // 2**20}
            )
        content = file.read(MAX_FILE + 1)
        file.seek(0)
        _refuse_other_kinds(content)
        try:
            return read_csv(content)
        except InvalidFields as problem:
            raise forms.ValidationError([_error_text(error) for error in problem.errors]) from None


def _refuse_other_kinds(content: bytes) -> None:
    for beginning, kind in NOT_CSV.items():
        if content.startswith(beginning):
            raise forms.ValidationError(
                _("This is %(kind)s. Save the list as CSV (UTF-8) and upload it again.")
                % {"kind": kind}
            )
    if b"\0" in content:
        raise forms.ValidationError(
            _("This file is not UTF-8 text. Save the list as CSV (UTF-8) and upload it again.")
        )


def _error_text(error: Any) -> str:
    field, text = error["field"], explain_field(error["message"])
    return f"{field}: {text}" if field not in ("users", "body") else text


@page(READ_PROVISIONING, methods=("GET", "POST"), subscription_id=find_subscription)
def uploads(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/users/uploads`."""
    form = form_of(request, UploadForm)
    if request.method == "POST":
        PROVISION.require_role(request.actor)
    answer = submit(
        request,
        form,
        lambda actor: submit_batch(
            actor, subscription_id=subscription.id, rows=form.cleaned_data["file"]
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
def sample(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET /subscriptions/<id>/users/uploads/sample.csv`."""
    del subscription
    return HttpResponse(
        SAMPLE,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="users.csv"'},
    )


@page(READ_PROVISIONING, subscription_id=find_subscription)
def upload(request: PageRequest, subscription: Subscription, job_id: UUID) -> HttpResponse:
    """`GET /subscriptions/<id>/users/uploads/<job id>`: the progress, and the results of rows."""
    found = find_job(request.actor, job_id)
    if found.subscription_id != subscription.id:
        raise not_found("upload")
    job = _job(job_document(found))
    if request.htmx.target == "progress" and job["finished_at"]:
        return HttpResponseClientRefresh()
    show_param = request.GET.get("show", "")
    text = list_results(
        job_id, limit=ROWS, cursor=request.GET.get("cursor"), failed=SHOWN.get(show_param)
    )
    results = orjson.loads(text)
    context = {
        **frame(request, subscription, "users"),
        "job": job,
        "percent": job["done"] * 100 // job["total"],
        "rows": _outcomes(job_id, results["items"]),
        "next": results["next"],
        "show": show_param if show_param in SHOWN else "",
    }
    template = "portal/subscriptions/upload.html"
    return show(request, template, context, parts=("progress", "list", "more"))


def _job(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "at": read_instant(document["created_at"])}


def _outcomes(job_id: UUID, results: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Results for the template; a refusal with its title, its explanation and the login."""
    failed = [each for each in results if "problem" in each]
    logins = requested_logins(job_id, [each["position"] for each in failed])
    for each in failed:
        document = each["problem"]
        problem = problem_of(document)
        texts = [f"{error['field']}: {explain_field(error['message'])}" for error in problem.errors]
        each |= {
            "login": logins.get(each["position"]),
            "title": title_of(problem),
            "text": " ".join(texts) or explain(problem),
        }
    return list(results)
