"""The forms of products and SKUs."""

import re
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from fusion.catalogue.models import NUMBER_TYPES
from fusion.catalogue.rules import Item, Limits
from fusion.kernel.countries import NO_COUNTRY, is_country
from fusion.kernel.quantities import MAX_ITEMS, MAX_QUANTITY, MAX_REQUIRED
from fusion.portal.forms import Choices, Form, LineField, ListedField, NoteField, RowForm, RowsForm
from fusion.portal.number_types import TYPE_WORDS

IS_CODE = RegexValidator(
    r"^[A-Za-z0-9._-]+\Z", _("Letters, digits, dots, underscores and hyphens, without spaces.")
)


LIMITS = ("min_quantity", "max_quantity", "step")

REQUIRES = "requires_"
"""The beginning of the names of fields with a required product."""

MORE_REQUIRED = 2
"""How many empty fields for required products a new form has."""


PLACES = r"[1-9]|1[0-9]|20"
"""How many fields for required products a page had: 1 to MAX_REQUIRED."""


class ItemRow(RowForm):
    """One SKU, and its quantity in one product."""

    sku = ListedField(label=_("Licence or number type"), list_id="skus")
    quantity = forms.IntegerField(
        label=_("Quantity"), min_value=1, max_value=MAX_QUANTITY, initial=1
    )

    def __init__(self, *args: Any, skus: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["sku"]
        field.offer(skus)


class ProductForm(RowsForm):
    """A product: its texts, its SKUs, of which `skus` can be chosen, and its rules.

    `products` are those that it may require.
    """

    row, rows_prefix, most_rows = ItemRow, "items", MAX_ITEMS

    name = LineField(label=_("Name"), max_length=200)
    description = NoteField(
        label=_("Description"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    external_reference = LineField(
        label=_("Billing reference"),
        max_length=100,
        required=False,
        help_text=_("The billing platform's id. Unique among your products."),
    )

    min_quantity = forms.IntegerField(
        label=_("At least"), required=False, min_value=1, max_value=MAX_QUANTITY
    )
    max_quantity = forms.IntegerField(
        label=_("At most"), required=False, min_value=1, max_value=MAX_QUANTITY
    )
    step = forms.IntegerField(
        label=_("In steps of"), required=False, min_value=1, max_value=MAX_QUANTITY
    )

    places = forms.RegexField(rf"^({PLACES})\Z", widget=forms.HiddenInput)

    def __init__(self, *args: Any, skus: Choices, products: Choices, **kwargs: Any) -> None:
        super().__init__(*args, row_options={"skus": skus}, **kwargs)
        self.rows.lists = {"skus": list(skus), "others": list(products)}
        places = self._count_required()
        self.initial["places"] = places
        for position in range(places):
            field = ListedField(label=_("Requires"), list_id="others", required=False)
            field.offer(products)
            self.fields[f"{REQUIRES}{position}"] = field

    def _count_required(self) -> int:
        """As many as the page had; otherwise those that have a product, and some more."""
        if self.is_bound:
            sent = str(self.data.get("places", ""))
            return int(sent) if re.fullmatch(PLACES, sent, re.ASCII) else 1
        names = [f"{REQUIRES}{position}" for position in range(MAX_REQUIRED)]
        filled = [position for position, name in enumerate(names) if self.initial.get(name)]
        return min(max(filled, default=-1) + 1 + MORE_REQUIRED, MAX_REQUIRED)

    @property
    def texts(self) -> list[forms.BoundField]:
        """The fields of the first section."""
        return [field for field in self.visible_fields() if not _is_of_rules(field.name)]

    @property
    def limit_fields(self) -> list[forms.BoundField]:
        """The fields of what a subscription may hold."""
        return [self[name] for name in LIMITS]

    @property
    def required_fields(self) -> list[forms.BoundField]:
        """The fields of the required products."""
        return [field for field in self.visible_fields() if field.name.startswith(REQUIRES)]

    def limits(self) -> Limits:
        """The limits for the use cases; the form is valid."""
        return Limits(*(self.cleaned_data[name] for name in LIMITS))

    def requires(self) -> list[str]:
        """The codes of the required products; the form is valid. Refusals find their fields."""
        chosen = [each.name for each in self.required_fields if self.cleaned_data[each.name]]
        self.names = {f"requires.{position}": name for position, name in enumerate(chosen)}
        return [self.cleaned_data[name] for name in chosen]

    def items(self) -> list[Item]:
        """The SKUs with their quantities for the use cases; the rows are valid."""
        return [Item(sku=row["sku"], quantity=row["quantity"]) for row in self.rows.cleaned_data]


def _is_of_rules(name: str) -> bool:
    return name in LIMITS or name.startswith(REQUIRES)


class NewProductForm(ProductForm):
    """A new product, with its code, which never changes."""

    code = LineField(
        label=_("Code"),
        max_length=64,
        validators=[IS_CODE],
        help_text=_("Used by orders and other systems. You cannot change it later."),
    )
    field_order = ("code", "name")


class EditForm(ProductForm):
    """A product as it was when the page was opened: `version` detects later changes."""

    version = forms.IntegerField(widget=forms.HiddenInput)


class SkuChangeForm(Form):
    """The name and the reference of a SKU."""

    name = LineField(label=_("Name"), max_length=200)
    external_reference = LineField(
        label=_("Billing reference"),
        max_length=100,
        required=False,
        help_text=_("The billing platform's id. Unique among your licences and number types."),
    )


class SkuForm(Form):
    """A new entitlement SKU: one type of phone numbers in one country."""

    code = LineField(
        label=_("Code"),
        max_length=64,
        validators=[IS_CODE],
        help_text=_("Used by products and other systems. You cannot change it later."),
    )
    name = LineField(label=_("Name"), max_length=200)
    country = LineField(
        label=_("Country"),
        max_length=3,
        help_text=_("Two letters, such as BE; 001 for numbers of no country, such as +800."),
    )
    number_type = forms.ChoiceField(
        label=_("Number type"), choices=[(name, TYPE_WORDS[name]) for name in NUMBER_TYPES]
    )
    external_reference = LineField(
        label=_("Billing reference"),
        max_length=100,
        required=False,
        help_text=_("The billing platform's id. Unique among your licences and number types."),
    )

    def clean_country(self) -> str:
        """The country in capitals, if it has phone numbers."""
        country = str(self.cleaned_data["country"]).upper()
        if country != NO_COUNTRY and not is_country(country):
            raise forms.ValidationError(_("This country code has no telephone numbers."))
        return country
