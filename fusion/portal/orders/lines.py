"""The lines of an order or an order request, as rows of a form."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BigIntegerField, OuterRef, Q, Sum
from django.db.models.functions import Cast
from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.access.actor import Actor
from fusion.catalogue.models import ACTIVE, RETIRED, Product, Requirement
from fusion.kernel.quantities import MAX_BALANCE, MAX_LINES, MAX_QUANTITY
from fusion.ordering.models import Holding
from fusion.ordering.place import Line
from fusion.portal.forms import Choice, Choices, ListedField, RowForm, RowsForm
from fusion.portal.product_rules import limits_in_words

ADD, REMOVE, SET = "add", "remove", "set"
ACTIONS = ((ADD, _("Add")), (REMOVE, _("Remove")))

PRODUCTS, HELD = "products", "held"
"""The lists that lines share: products that can be ordered or removed, and held ones."""

LISTS = {ADD: PRODUCTS, REMOVE: HELD}
"""Action of a line → the list that it offers."""


class LineRow(RowForm):
    """Add or remove a quantity of one product."""

    action = forms.ChoiceField(label=_("What"), choices=ACTIONS, initial=ADD)
    product = ListedField(label=_("Product"), list_id=PRODUCTS)
    quantity = forms.IntegerField(
        label=_("Quantity"), min_value=1, max_value=MAX_QUANTITY, initial=1
    )
    names = {"product_id": "product"}

    def __init__(self, *args: Any, products: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["product"]
        field.offer(products, LISTS.get(str(self["action"].value()), PRODUCTS))


class OrderRow(LineRow):
    """A line of an order, which can also set the quantity held, to nothing too."""

    action = forms.ChoiceField(label=_("What"), choices=(*ACTIONS, (SET, _("Set to"))), initial=ADD)
    quantity = forms.IntegerField(
        label=_("Quantity"), min_value=0, max_value=MAX_BALANCE, initial=1
    )

    def clean(self) -> dict[str, Any]:
        """Checks the quantity of a line that adds or removes."""
        quantity = self.cleaned_data.get("quantity")
        if quantity is not None and self.cleaned_data.get("action") != SET:
            try:
                LineRow.base_fields["quantity"].run_validators(quantity)
            except forms.ValidationError as error:
                self.add_error("quantity", error)
        return self.cleaned_data


class LinesForm(RowsForm):
    """A form with lines; `products` can be chosen."""

    row: type[RowForm] = LineRow
    rows_prefix, most_rows = "lines", MAX_LINES

    def __init__(self, *args: Any, products: Choices, **kwargs: Any) -> None:
        super().__init__(*args, row_options={"products": products}, **kwargs)
        self.rows.lists = {name: products.of_list(name) for name in (PRODUCTS, HELD)}

    def lines(self) -> tuple[Line, ...]:
        """The lines for the use cases; the rows are valid."""
        return tuple(
            Line(UUID(row["product"]), row["quantity"], row["action"])
            for row in self.rows.cleaned_data
        )


def orderable(actor: Actor, subscription_id: UUID) -> Choices:
    """What can be added, and held products that can be removed although retired; two statements."""
    holdings = Holding.objects.filter(
        group_id=actor.group_id, subscription_id=subscription_id, quantity__gt=0
    )
    held = dict(
        holdings.values("product_id")
        .annotate(n=Cast(Sum("quantity"), BigIntegerField()))
        .values_list("product_id", "n")
    )
    products = Product.objects.visible_to(actor).filter(Q(status=ACTIVE) | Q(id__in=list(held)))
    required = Requirement.objects.filter(
        group_id=OuterRef("group_id"), product_id=OuterRef("id")
    ).order_by("required__code")
    products = products.annotate(requires=ArraySubquery(required.values("required__code")))
    return Choices(
        _choice(each, held.get(each.id, 0)) for each in products.order_by("name", "code")
    )


def _choice(product: Any, held: int) -> Choice:
    lists = (PRODUCTS, HELD) if held else (PRODUCTS,)
    # The notes are only put into words if the page is shown.
    return Choice(str(product.id), product.name, product.code, _note_later(product, held), lists)


def _note(product: Any, held: int) -> str:
    """What is held of the product, and its rules."""
    notes = []
    if held:
        notes.append(gettext("%(count)s held") % {"count": held})
    if product.status == RETIRED:
        notes.append(gettext("retired; can only be removed"))
    if limits := limits_in_words(product.min_quantity, product.max_quantity, product.step):
        notes.append(gettext("allowed: %(limits)s") % {"limits": limits})
    if product.requires:
        notes.append(gettext("requires %(codes)s") % {"codes": ", ".join(product.requires)})
    return " · ".join(notes)


_note_later = lazy(_note, str)
