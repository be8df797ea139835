"""Forms: rendering, refusals beside their fields, and protection against double submission.

A form carries a one-time key, which becomes the idempotency key of the use case, so that a double
click, a reload and the back button repeat nothing: the second attempt gets the first one's answer.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.utils.translation import gettext

from fusion.access.actor import Actor, Request
from fusion.access.idempotency import fingerprint
from fusion.access.use_case import Answer
from fusion.kernel.errors import Problem
from fusion.kernel.ids import new_id, parse_id
from fusion.portal.errors import EXPLANATIONS, explain, explain_field, sentences
from fusion.portal.page import show
from fusion.portal.rows import Rows, asks_for_rows, refuse_row
from fusion.portal.sent import ACTING, BESIDE, ONCE, require_as_shown
from fusion.portal.skus import sku_names
from fusion.portal.visit import PageRequest, visit_of

LONG = 8_000
"""Longest URL that is sent on, in characters: some servers refuse longer ones."""


class Renderer(TemplatesSetting):
    """Renders every form of the portal, django-allauth's included, with these templates."""

    form_template_name = "portal/kit/fields.html"
    field_template_name = "portal/kit/field.html"


class Form(forms.Form):
    """A form with a one-time key; `names` maps the API's field names to the form's.

    `rows` are the form's rows, if any (`rows.py`). `several` names parameters that its page reads
    besides its fields, each any number of times.
    """

    names: dict[str, str] = {}
    problem: Problem | None = None
    rows: Rows | None = None
    several: tuple[str, ...] = ()

    @cached_property
    def once(self) -> str:
        """The key to send with the form: the one received, while it can be used for another
        attempt.
        """
        given = self.data.get(ONCE) if self.is_bound else None
        known = parse_id(given) if given else None
        return str(known or new_id())

    def refuse(self, problem: Problem) -> None:
        """Show a refusal: each of its errors beside its field, the rest in the summary."""
        self.problem = problem
        for error in problem.errors:
            if self.rows and refuse_row(self.rows, error["field"], error["message"]):
                continue
            name = self._field_of(error["field"])
            text = explain_field(error["message"])
            self.add_error(name, text if name else f"{error['field']}: {text}")
        # The detail would only repeat the numbers of refusals, which `{% errors %}` shows.
        if not problem.errors and (not problem.refusals or problem.code in EXPLANATIONS):
            self.add_error(None, explain(problem))
        if problem.code == "idempotency-key-reused":
            self.once = str(new_id())

    def is_right(self) -> bool:
        """Whether the form and each of its rows are valid; both report their errors."""
        rows_right = self.rows is None or self.rows.is_valid()
        return self.is_valid() and rows_right

    @property
    def has_errors(self) -> bool:
        """Whether the form has an error in a field, a row or from a refusal."""
        if not self.is_bound:
            return False
        in_rows = self.rows is not None and self.rows.is_bound and not self.rows.is_valid()
        return bool(self.errors) or in_rows or self.problem is not None

    def _field_of(self, field: str) -> str | None:
        name = self.names.get(field, field)
        return name if name in self.fields else None


class ChangeForm(Form):
    """A form that changes some fields of an existing object.

    It carries the values that its page was opened with, so that only edited fields are changed: two
    people who edit at once do not revert each other's changes in other fields of the form.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True

    def changed(self) -> dict[str, Any]:
        """The edited fields and their new values."""
        return {name: text for name, text in self.cleaned_data.items() if self._is_changed(name)}

    def _is_changed(self, name: str) -> bool:
        known = self[name].html_initial_name in self.data
        return not known or name in self.changed_data


def form_of[Kind: Form](
    request: HttpRequest, kind: type[Kind], initial: Mapping[str, Any], rows: Rows | None = None
) -> Kind:
    """The form, bound or new; adding and removing rows keeps the input."""
    if asks_for_rows(request):
        form = kind(initial=request.POST.dict())
    elif request.method == "POST":
        form = kind(request.POST, request.FILES)
    else:
        form = kind(initial=dict(initial))
    form.rows = rows
    return form


class Confirmation(Form):
    """A form without fields: a button that changes something."""


def submit(request: PageRequest, form: Form, deed: Callable[[Actor], Answer]) -> Answer | None:
    """Run the use case once; None if the form is invalid or the change was refused: the form says
    why.

    Raises Problem `not-found` and `forbidden`, which have their own pages.
    """
    try:
        _require_same_member(request)
        if not is_as_shown(request, form) or not form.is_right():
            return None
        return deed(acting_once(request, form.once))
    except Problem as problem:
        if problem.status in (403, 404):
            raise
        form.refuse(problem)
        return None


def is_as_shown(request: HttpRequest, form: Form) -> bool:
    """Whether the request has the fields of the page (`sent.py`); otherwise the form says so."""
    try:
        require_as_shown(request, form, form.rows, form.several)
    except Problem as problem:
        form.refuse(problem)
        return False
    return True


def _require_same_member(request: PageRequest) -> None:
    """Problem `conflict` if the page was shown to another membership.

    The person switched in another tab, or that membership has ended: the page shows one
    organization, and the change must not be applied to another.
    """
    visit = visit_of(request)
    shown_to = request.POST.get(ACTING)
    if visit is None or visit.member is None or shown_to in (None, str(visit.member.id)):
        return
    name = visit.member.organization.name
    raise Problem(
        "conflict",
        f"You opened this page for another organization, but you are now acting for {name}. "
        "Nothing was changed.",
        extra={"acting": name},
    )


def show_form(
    request: PageRequest,
    template: str,
    form: Form,
    context: Mapping[str, Any] | None = None,
    *,
    parts: tuple[str, ...] = (),
    looking: bool = False,
) -> HttpResponse:
    """The page with the form: 422 if it was sent and is invalid, unless it is only shown
    (`looking`).

    The key of a new form is in its URL too, so that the back button and a reload, which may fetch
    the page anew, restore the same key. A very long URL is left as it is.
    """
    if not form.is_bound:
        given = parse_id(request.GET.get(ONCE))
        if given is not None:
            form.once = str(given)
        elif len(request.get_full_path()) < LONG:
            return _with_key(request, form)
    status = 422 if form.has_errors and not looking else 200
    return show(request, template, {"form": form, **(context or {})}, parts=parts, status=status)


def _with_key(request: PageRequest, form: Form) -> HttpResponse:
    query = request.GET.copy()
    query[ONCE] = form.once
    return HttpResponseRedirect(f"{request.path}?{query.urlencode()}")


def done(
    request: HttpRequest, message: str, to: str, *named: Any, answer: Answer | None = None
) -> HttpResponse:
    """Redirect to the page named `to` (with `named` in its URL), with a message.

    If `answer` is a replay, the message says that the form had been sent before.
    """
    if answer is not None and answer.replayed:
        messages.info(request, gettext("This was done before; it was not done again."))
    else:
        messages.success(request, message)
    response = redirect(to, *named)
    response.status_code = 303
    return response


def confirmed(
    request: PageRequest,
    deed: Callable[[Actor], Answer],
    message: str,
    to: str,
    *named: Any,
) -> HttpResponse:
    """Run the use case of a button without fields, and redirect to a page with the result as a
    message.

    A refusal is shown there too. Raises Problem `not-found` and `forbidden`.
    """
    form = Confirmation(request.POST)
    answer = submit(request, form, deed)
    if answer is not None:
        return done(request, message, to, *named, answer=answer)
    return refused(request, form, to, *named)


def refused(request: HttpRequest, form: Form, to: str, *named: Any) -> HttpResponse:
    """Redirect to the page named `to`, with the refusal as a message."""
    if form.problem is not None:
        visit = visit_of(request)
        actor = visit.actor if visit else None
        for text in sentences(form.problem, sku_names(actor) if actor else {}):
            messages.error(request, text)
    response = redirect(to, *named)
    response.status_code = 303
    return response


def acting_once(request: PageRequest, once: str) -> Actor:
    """The actor, whose request has the form's one-time key.

    The key is valid for this membership alone, and never collides with those of API clients.
    """
    actor = request.actor
    key = f"{actor.label}:{once}"
    print_ = fingerprint("POST", request.path, _asked(request))
    return replace(actor, request=Request(actor.request.id, key, print_))


def _asked(request: HttpRequest) -> dict[str, Any]:
    fields = {name: values for name, values in request.POST.lists() if name not in BESIDE}
    # Parameters may also be in the URL, such as the subscription of an order.
    of = {name: values for name, values in request.GET.lists() if name not in BESIDE}
    files = {name: _checksum(file) for name, file in request.FILES.items()}
    return {"fields": fields, "of": of, "files": files}


def _checksum(file: Any) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
