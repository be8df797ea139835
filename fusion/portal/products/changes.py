"""Changes of products by group administrators: add, edit, duplicate, retire, reactivate, delete."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from fusion.access.permissions import MANAGE_PRODUCTS
from fusion.catalogue.change_product import ProductChanges, change_product
from fusion.catalogue.create_product import create_product
from fusion.catalogue.delete_product import delete_product
from fusion.catalogue.etag import etag
from fusion.catalogue.models import ACTIVE, RETIRED, Product
from fusion.catalogue.queries import current_items, current_requirements, find_product
from fusion.kernel.ids import parse_id
from fusion.portal.forms import Choice, Choices
from fusion.portal.page import BUTTON, FORM, form_of, page, submit
from fusion.portal.products.forms import LIMITS, REQUIRES, EditForm, NewProductForm
from fusion.portal.responses import confirmed, done, show_form
from fusion.portal.session_actor import PageRequest
from fusion.portal.skus import sku_names


@page(MANAGE_PRODUCTS, methods=FORM)
def new(request: PageRequest) -> HttpResponse:
    """`GET` and `POST /products/new`; `from` is the id of a product to copy."""
    model = _model(request)
    initial = {"name": model.name, "description": model.description} if model else {}
    initial |= _rule_values(model) if model else {}
    items = _item_values(current_items(model)) if model else ()
    form = form_of(request, NewProductForm, initial, row_values=items, **_choices(request))
    answer = submit(
        request,
        form,
        lambda actor: create_product(
            actor,
            code=form.cleaned_data["code"],
            name=form.cleaned_data["name"],
            description=form.cleaned_data["description"],
            external_reference=form.cleaned_data["external_reference"] or None,
            items=form.items(),
            limits=form.limits(),
            requires=form.requires(),
        ),
    )
    if answer is None:
        context = {"model": model}
        return show_form(request, "portal/products/new.html", form, context, parts=("rows",))
    message = gettext("The product was added.")
    return done(request, message, "products-detail", answer.body["id"], answer=answer)


def _model(request: PageRequest) -> Product | None:
    product_id = parse_id(request.GET.get("from"))
    return find_product(request.actor, product_id) if product_id else None


def _choices(request: PageRequest, product: Product | None = None) -> dict[str, Choices]:
    """The SKUs, and the products that `product` may require, as options of the form."""
    names = sorted(sku_names(request.actor).items())
    others = Product.objects.visible_to(request.actor).order_by("name", "code")
    if product is not None:
        others = others.exclude(id=product.id)
    retired = gettext("retired")
    return {
        "skus": Choices(Choice(code, name, code, lists=("skus",)) for code, name in names),
        "products": Choices(
            Choice(each.code, each.name, each.code, retired if each.status == RETIRED else "")
            for each in others
        ),
    }


def _rule_values(product: Product) -> dict[str, Any]:
    required = {
        f"{REQUIRES}{position}": code
        for position, code in enumerate(sorted(current_requirements(product)))
    }
    return {**{name: getattr(product, name) for name in LIMITS}, **required}


def _item_values(items: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"sku": sku, "quantity": quantity} for sku, quantity in sorted(items.items())]


@page(MANAGE_PRODUCTS, methods=FORM, product_id=find_product)
def edit(request: PageRequest, product: Product) -> HttpResponse:
    """`GET` and `POST /products/<id>/edit`."""
    initial = {
        "name": product.name,
        "description": product.description,
        "external_reference": product.external_reference or "",
        "version": product.version,
        **_rule_values(product),
    }
    items = _item_values(current_items(product))
    form = form_of(request, EditForm, initial, row_values=items, **_choices(request, product))
    answer = submit(
        request,
        form,
        lambda actor: change_product(
            actor,
            product_id=product.id,
            changes=_changes(form),
            if_match=etag(form.cleaned_data["version"]),
        ),
    )
    if answer is None:
        context = {"product": product}
        return show_form(request, "portal/products/edit.html", form, context, parts=("rows",))
    message = gettext("The product was changed.")
    return done(request, message, "products-detail", product.id, answer=answer)


def _changes(form: EditForm) -> ProductChanges:
    return ProductChanges(
        name=form.cleaned_data["name"],
        description=form.cleaned_data["description"],
        external_reference=form.cleaned_data["external_reference"] or None,
        items=form.items(),
        min_quantity=form.cleaned_data["min_quantity"],
        max_quantity=form.cleaned_data["max_quantity"],
        step=form.cleaned_data["step"],
        requires=form.requires(),
    )


@page(MANAGE_PRODUCTS, methods=BUTTON, product_id=find_product)
def retire(request: PageRequest, product: Product) -> HttpResponse:
    """`POST /products/<id>/retire`."""
    return _set_status(request, product, RETIRED, gettext("The product was retired."))


@page(MANAGE_PRODUCTS, methods=BUTTON, product_id=find_product)
def reactivate(request: PageRequest, product: Product) -> HttpResponse:
    """`POST /products/<id>/reactivate`."""
    return _set_status(request, product, ACTIVE, gettext("The product can now be ordered again."))


def _set_status(request: PageRequest, product: Product, status: str, message: str) -> HttpResponse:
    changes = ProductChanges(status=status)
    return confirmed(
        request,
        lambda actor: change_product(actor, product_id=product.id, changes=changes),
        message,
        "products-detail",
        product.id,
    )


@page(MANAGE_PRODUCTS, methods=BUTTON)
def delete(request: PageRequest, product_id: UUID) -> HttpResponse:
    """`POST /products/<id>/delete`: deleted, or retired if it was ever ordered."""
    response = confirmed(
        request,
        lambda actor: delete_product(actor, product_id=product_id),
        gettext("The product is no longer sold."),
        "products",
    )
    if Product.objects.visible_to(request.actor).filter(id=product_id).exists():
        return redirect("products-detail", product_id)
    return response
