"""`@page` and `submit`: from a request to the use case, the same for all pages.

Signed in, else redirect to the sign-in page; a membership; the objects in the path are visible,
else 404; the permission, else 403. The use cases that a page calls check the permission again.

A form is carried out once, as its page showed it. Its one-time key becomes the idempotency key of
the use case, so that a double click, a reload and the back button repeat nothing. A browser sends
every field of a form, including empty ones: an unknown name, a missing field, or one that occurs
twice means that the result would differ from what the person intends.
"""

import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sized
from dataclasses import replace
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlsplit
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django_htmx.http import HttpResponseClientRedirect

from fusion.access.actor import Actor, Request
from fusion.access.idempotency import fingerprint
from fusion.access.permissions import Permission
from fusion.access.use_case import Answer
from fusion.kernel.errors import Problem
from fusion.portal.forms import EDIT_ROWS, ONCE, Form, RowsForm
from fusion.portal.formset_rows import with_edited_rows
from fusion.portal.session_actor import PageRequest, Person
from fusion.portal.templatetags.kit import KIND_WORDS, ROLE_WORDS

P = ParamSpec("P")

Finder = Callable[[Actor, UUID], object]
"""Finds an object by id as the actor sees it; raises Problem `not-found`."""

View = Callable[..., HttpResponseBase]

FORM, BUTTON = ("GET", "POST"), ("POST",)
"""The methods of a page with a form, and of a button."""

ROWS = 50
"""Rows of one page of a list."""

ACTING = "acting"
"""The name of the hidden field with the membership that the page was shown to."""

HIDDEN_FIELDS = (ONCE, ACTING, "csrfmiddlewaretoken")
"""Fields that every form has and that are not part of its data."""

LONGEST_NAME = 60
"""Most characters of an unknown field's name that a refusal shows."""


def page(
    permission: Permission | None, *, methods: tuple[str, ...] = ("GET",), **finders: Finder
) -> Callable[[Callable[Concatenate[PageRequest, P], HttpResponseBase]], View]:
    """Make a page of a view `(request, ...)`.

    `finders` maps an id in the path to the finder of the object that the actor must see; the view
    gets the object under the name without `_id`. Without a `permission` every member may see the
    page.
    """

    def decorate(view: Callable[Concatenate[PageRequest, P], HttpResponseBase]) -> View:
        @functools.wraps(view)
        def answer(request: HttpRequest, **named: Any) -> HttpResponseBase:
            if request.method not in (*methods, "HEAD"):
                raise _not_allowed(request.method, methods)
            person: Person | None = getattr(request, "person", None)
            if person is None:
                return _to_sign_in(request, methods)
            if person.actor is None:
                return render(request, "portal/nowhere.html", status=403)
            arguments = {
                name.removesuffix("_id") if name in finders else name: (
                    finders[name](person.actor, value) if name in finders else value
                )
                for name, value in named.items()
            }
            if permission is not None:
                _require(permission, person.actor, person)
            return cast(View, view)(cast(PageRequest, request), **arguments)

        return answer

    return decorate


def _require(permission: Permission, actor: Actor, person: Person) -> None:
    """Problem `forbidden`, in the reader's words, unless kind and role allow it."""
    if permission.allows(actor):
        return
    member = person.member
    words = {
        "name": member.organization.name if member else "",
        "kind": KIND_WORDS[actor.kind],
        "role": ROLE_WORDS[actor.role],
        "kinds": _listed(permission.kinds, KIND_WORDS),
        "roles": _listed(permission.roles, ROLE_WORDS),
    }
    if actor.kind not in permission.kinds:
        text = gettext(
            "Only these organizations can do this: %(kinds)s. You are acting for %(name)s: "
            "%(kind)s."
        )
    else:
        text = gettext(
            "This requires one of these roles: %(roles)s. Your role in %(name)s: %(role)s. "
            "An administrator there can change your role."
        )
    raise Problem("forbidden", text % words)


def _listed(names: tuple[str, ...], words: Mapping[str, Any]) -> str:
    return ", ".join(str(words[name]) for name in names)


def _not_allowed(method: str | None, methods: tuple[str, ...]) -> Problem:
    allowed = ", ".join(methods)
    detail = f"This route does not support {method}. It supports {allowed}."
    return Problem("method-not-allowed", detail, headers={"Allow": allowed})


def _to_sign_in(request: HttpRequest, methods: tuple[str, ...]) -> HttpResponse:
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(resolve_url("account_login"))
    back = request.get_full_path()
    if request.method == "POST":
        text = gettext(
            "Your session ended before you sent the form. Nothing was changed. Sign in, "
            "then send the form again."
        )
        messages.warning(request, text)
        back = back if "GET" in methods else _sent_from(request)
    return redirect_to_login(back, resolve_url("account_login"))


def _sent_from(request: HttpRequest) -> str:
    """The page whose button was pressed, from the `Referer`; the button itself is not a page."""
    referer = request.headers.get("Referer", "")
    hosts = {request.get_host()}
    if not url_has_allowed_host_and_scheme(referer, hosts, require_https=request.is_secure()):
        return resolve_url("home")
    parts = urlsplit(referer)
    page = parts._replace(scheme="", netloc="", fragment="").geturl()
    return page if page.startswith("/") else resolve_url("home")


def form_of[Kind: Form](
    request: HttpRequest, kind: type[Kind], initial: Mapping[str, Any] | None = None, **options: Any
) -> Kind:
    """The form as it was sent; new if it was not, or only to add or remove a row.

    `options` are further arguments of a form with rows.
    """
    if request.method != "POST":
        return kind(initial=dict(initial or {}), **options)
    if issubclass(kind, RowsForm) and EDIT_ROWS in request.POST:
        return with_edited_rows(kind, request.POST, **options)
    return kind(request.POST, request.FILES, **options)


def is_draft(request: HttpRequest, form: Form) -> bool:
    """Whether the form was only shown: it is new, previewed, or a row was added or removed."""
    return request.method != "POST" or any(name in request.POST for name in form.draft_buttons)


def submit(request: PageRequest, form: Form, change: Callable[[Actor], Answer]) -> Answer | None:
    """Run the use case once; None if the form is a draft or invalid, or the change was refused.

    The form then says why. Raises Problem `not-found` and `forbidden`, which have their own pages.
    """
    if is_draft(request, form):
        return None
    try:
        _require_same_member(request)
        if not is_as_shown(request, form) or not form.is_right():
            return None
        return change(acting_once(request, form.once))
    except Problem as problem:
        if problem.status in (403, 404):
            raise
        form.refuse(problem)
        return None


def is_as_shown(request: HttpRequest, form: Form) -> bool:
    """Whether the request has exactly the fields of the page; otherwise the form says so."""
    try:
        _require_fields(request, form)
    except Problem as problem:
        form.refuse(problem)
        return False
    return True


def _require_same_member(request: PageRequest) -> None:
    """Problem `conflict` if the page was shown to another membership.

    The person switched in another tab, or that membership has ended: the page shows one
    organization, and the change must not be applied to another.
    """
    person: Person | None = getattr(request, "person", None)
    shown_to = request.POST.get(ACTING)
    if person is None or person.member is None or shown_to in (None, str(person.member.id)):
        return
    name = person.member.organization.name
    raise Problem(
        "conflict",
        f"You opened this page for another organization, but you are now acting for {name}. "
        "Nothing was changed.",
        extra={"acting": name},
    )


def _require_fields(request: HttpRequest, form: Form) -> None:
    """Problem `invalid-fields` unless the request has the fields of `form` and its rows, each once.

    Those that `form.several` names may occur any number of times.
    """
    rows = form.rows
    shown: list[forms.Form] = [form, *(rows.forms if rows is not None else [])]
    parts = [*shown, *([rows.management_form] if rows is not None else [])]
    known = {*HIDDEN_FIELDS, *form.several, *(name for part in parts for name in _names(part))}
    repeatable = {*form.several, *(name for part in parts for name in _names(part, several=True))}
    sent: list[tuple[str, Sized]] = [*request.POST.lists(), *request.FILES.lists()]
    for name, values in sent:
        if name not in known:
            raise _refused(gettext("This form has no field “%(name)s”."), name)
        if len(values) > 1 and name not in repeatable:
            raise _refused(gettext("The form contains the field “%(name)s” more than once."), name)
    for part in shown:
        for name in part.fields:
            if _is_missing(request, part, name):
                raise _refused(gettext("The form lacks the field “%(name)s”."), name)


def _is_missing(request: HttpRequest, part: forms.Form, name: str) -> bool:
    """Whether an optional field is missing. (Validation reports missing required fields.)

    Browsers send nothing for check boxes and files if nothing was chosen.
    """
    field = part.fields[name]
    if field.required or isinstance(field.widget, forms.FileInput):
        return False
    html_name = part.add_prefix(name)
    return bool(field.widget.value_omitted_from_data(request.POST, request.FILES, html_name))


def _names(part: forms.Form, *, several: bool = False) -> Iterator[str]:
    """The names of the fields of `part`; with `several`, of those that may have several values."""
    for name, field in part.fields.items():
        if not several or isinstance(field, forms.MultipleChoiceField):
            yield part.add_prefix(name)
        if field.show_hidden_initial and not several:
            yield part.add_initial_prefix(name)


def _refused(text: str, name: str) -> Problem:
    shown = "".join(each for each in name if each.isprintable())[:LONGEST_NAME]
    return Problem(
        "invalid-fields",
        text % {"name": shown}
        + " "
        + gettext("Nothing was changed. Reload the page and fill it in again."),
    )


def acting_once(request: PageRequest, once: str) -> Actor:
    """The actor, whose request has the form's one-time key.

    The key is valid for this membership alone, and never collides with those of API clients.
    """
    actor = request.actor
    key = f"{actor.label}:{once}"
    print_ = fingerprint("POST", request.path, _sent(request))
    return replace(actor, request=Request(actor.request.id, key, print_))


def _sent(request: HttpRequest) -> dict[str, Any]:
    """Everything that the form was sent with, files by their checksums."""
    fields = {name: values for name, values in request.POST.lists() if name not in HIDDEN_FIELDS}
    # Parameters may also be in the URL, such as the subscription of an order.
    of = {name: values for name, values in request.GET.lists() if name not in HIDDEN_FIELDS}
    files = {name: _checksum(file) for name, file in request.FILES.items()}
    return {"fields": fields, "of": of, "files": files}


def _checksum(file: Any) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
