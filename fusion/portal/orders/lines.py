"""The lines of an order or a request, as rows of a form."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.catalogue.models import ACTIVE, RETIRED, Product
from fusion.kernel.quantities import MAX_LINES, MAX_QUANTITY
from fusion.ordering.models import Holding
from fusion.ordering.place import Line
from fusion.portal.rows import RowForm, Rows, rows_of
from fusion.portal.visit import PageRequest
from fusion.tenancy.actor import Actor

ADD, REMOVE = "add", "remove"
ACTIONS = ((ADD, _("Add")), (REMOVE, _("Remove")))


class LineRow(RowForm):
    """Add or remove a quantity of one product."""

    action = forms.ChoiceField(label=_("What"), choices=ACTIONS, initial=ADD)
    product = forms.ChoiceField(label=_("Product"))
    quantity = forms.IntegerField(
        label=_("Quantity"), min_value=1, max_value=MAX_QUANTITY, initial=1
    )
    names = {"product_id": "product"}

    def __init__(self, *args: Any, products: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["product"]
        choice.choices = [("", _("Choose …")), *products]

    def line(self) -> Line:
        """For the use cases."""
        told = self.cleaned_data
        return Line(UUID(told["product"]), told["quantity"], told["action"])


def line_rows(
    request: PageRequest, subscription_id: UUID, initial: Sequence[Mapping[str, Any]] = ()
) -> Rows:
    """The lines of a form for that subscription."""
    given = {"products": orderable(request.actor, subscription_id)}
    return rows_of(request, LineRow, prefix="lines", most=MAX_LINES, initial=initial, given=given)


def orderable(actor: Actor, subscription_id: UUID) -> list[tuple[str, str]]:
    """(id, name) of what can be added, and of what is held and can be removed though retired."""
    held = Holding.objects.filter(subscription_id=subscription_id, quantity__gt=0)
    products = Product.objects.visible_to(actor).filter(
        Q(status=ACTIVE) | Q(id__in=held.values("product_id"))
    )
    return [(str(product.id), _label(product)) for product in products.order_by("name", "code")]


def _label(product: Product) -> str:
    name = f"{product.name} ({product.code})"
    if product.status == RETIRED:
        return gettext("%(name)s, retired: can only be removed") % {"name": name}
    return name


def lines_of(rows: Rows) -> tuple[Line, ...]:
    """The lines that were entered; the rows are right."""
    return tuple(row.line() for row in rows.forms)
