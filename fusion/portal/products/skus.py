"""The SKUs that products consist of: the list, and a new type of numbers."""

from django.http import HttpResponse
from django.utils.translation import gettext

from fusion.access.permissions import MANAGE_SKUS, READ_CATALOGUE
from fusion.catalogue.create_sku import create_sku
from fusion.catalogue.queries import list_skus
from fusion.portal.number_types import TYPE_WORDS
from fusion.portal.page import FORM, ROWS, form_of, page, submit
from fusion.portal.products.forms import SkuForm
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
    answer = submit(request, form, lambda actor: create_sku(actor, **form.cleaned_data))
    if answer is None:
        return show_form(request, "portal/products/new_sku.html", form)
    message = gettext("The number type was added.")
    return done(request, message, "products-skus", answer=answer)
