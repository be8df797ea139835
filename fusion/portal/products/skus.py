"""The SKUs that products consist of: the list, a new type of numbers, and new names."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext

from fusion.access.permissions import MANAGE_SKUS, READ_CATALOGUE
from fusion.catalogue.change_sku import SkuChanges, change_sku
from fusion.catalogue.create_sku import create_sku
from fusion.catalogue.queries import find_sku, list_skus
from fusion.portal.number_types import TYPE_WORDS
from fusion.portal.page import FORM, ROWS, form_of, page, submit
from fusion.portal.products.forms import SkuChangeForm, SkuForm
from fusion.portal.responses import done, show, show_form
from fusion.portal.session_actor import PageRequest


@page(READ_CATALOGUE)
def skus(request: PageRequest) -> HttpResponse:
    """`GET /products/skus`."""
    listed = list_skus(request.actor, limit=ROWS, cursor=request.GET.get("cursor"))
    context = {
        "rows": listed["items"],
        "next": listed["next"],
        "types": TYPE_WORDS,
        "may_add": MANAGE_SKUS.allows(request.actor),
    }
    return show(request, "portal/products/skus.html", context, parts=("more",))


@page(MANAGE_SKUS, methods=FORM)
def new_sku(request: PageRequest) -> HttpResponse:
    """`GET` and `POST /products/skus/new`."""
    form = form_of(request, SkuForm)
    answer = submit(
        request, form, lambda actor: create_sku(actor, **_with_reference(form.cleaned_data))
    )
    if answer is None:
        return show_form(request, "portal/products/new_sku.html", form)
    message = gettext("The number type was added.")
    return done(request, message, "products-skus", answer=answer)


@page(MANAGE_SKUS, methods=FORM)
def edit_sku(request: PageRequest, sku_id: UUID) -> HttpResponse:
    """`GET` and `POST /products/skus/<id>/edit`: its name and reference."""
    sku = find_sku(request.actor, sku_id)
    before = {"name": sku.name, "external_reference": sku.external_reference or ""}
    form = form_of(request, SkuChangeForm, before)
    answer = submit(
        request,
        form,
        lambda actor: change_sku(
            actor, sku_id=sku_id, changes=cast(SkuChanges, _with_reference(form.cleaned_data))
        ),
    )
    if answer is None:
        return show_form(request, "portal/products/edit_sku.html", form, {"sku": sku})
    return done(request, gettext("The changes were saved."), "products-skus", answer=answer)


def _with_reference(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    return {**cleaned, "external_reference": cleaned["external_reference"] or None}
