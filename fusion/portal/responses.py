"""Responses: a page or a part of it, a form, and the redirect after a change."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext
from django_htmx.http import HttpResponseClientRefresh

from fusion.access.actor import Actor
from fusion.access.use_case import Answer
from fusion.kernel.ids import parse_id
from fusion.portal.errors import sentences
from fusion.portal.forms import ONCE, Confirmation, Form
from fusion.portal.page import is_draft, submit
from fusion.portal.session_actor import PageRequest, person_of
from fusion.portal.skus import sku_names

LONG = 8_000
"""Longest URL that is sent on, in characters: some servers refuse longer ones."""


def show(
    request: PageRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    parts: tuple[str, ...] = (),
    status: int = 200,
) -> HttpResponse:
    """The page; for htmx only the part to be replaced.

    `parts` names partials of the template after the ids of the elements that they replace. A part
    is always 200, because htmx ignores other statuses. Instead of more rows of a list whose filter
    has become wrong, the page is loaded anew.
    """
    target = request.htmx.target
    if target == "more" and status == 422:
        return HttpResponseClientRefresh()
    if target in parts:
        template, status = f"{template}#{target}", 200
    response = render(request, template, dict(context), status=status)
    if parts:
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def show_form(
    request: PageRequest,
    template: str,
    form: Form,
    context: Mapping[str, Any] | None = None,
    *,
    parts: tuple[str, ...] = (),
) -> HttpResponse:
    """The page with the form: 422 if it was sent and is invalid, unless it is only a draft.

    The key of a new form is also in its URL, so that the back button and a reload restore the same
    key if the browser requests the page again. A very long URL stays unchanged.
    """
    if not form.is_bound:
        once = parse_id(request.GET.get(ONCE))
        if once is not None:
            form.once = str(once)
        elif len(request.get_full_path()) < LONG:
            return _with_key(request, form)
    status = 422 if form.has_errors and not is_draft(request, form) else 200
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
    change: Callable[[Actor], Answer],
    message: str,
    to: str,
    *named: Any,
) -> HttpResponse:
    """Run the use case of a button without fields, and redirect to a page with the result as a
    message.

    A refusal is shown there too. Raises Problem `not-found` and `forbidden`.
    """
    form = Confirmation(request.POST)
    answer = submit(request, form, change)
    if answer is not None:
        return done(request, message, to, *named, answer=answer)
    return refused(request, form, to, *named)


def refused(request: HttpRequest, form: Form, to: str, *named: Any) -> HttpResponse:
    """Redirect to the page named `to`, with the refusal as a message."""
    if form.problem is not None:
        person = person_of(request)
        actor = person.actor if person else None
        for text in sentences(form.problem, sku_names(actor) if actor else {}):
            messages.error(request, text)
    response = redirect(to, *named)
    response.status_code = 303
    return response
