"""The forms of products and SKUs."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from fusion.catalogue.models import NUMBER_TYPES
from fusion.catalogue.rules import Item
from fusion.kernel.countries import NO_COUNTRY, is_country
from fusion.kernel.quantities import MAX_ITEMS, MAX_QUANTITY
from fusion.portal.forms import Choices, Form, LineField, ListedField, NoteField, RowForm, RowsForm
from fusion.portal.number_types import TYPE_WORDS

IS_CODE = RegexValidator(
    r"^[A-Za-z0-9._-]+\Z", _("Letters, digits, dots, underscores and hyphens, without spaces.")
)


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
    """A product: its texts, which may change at any time, and its SKUs, of which `skus` can be
    chosen.
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

    def __init__(self, *args: Any, skus: Choices, **kwargs: Any) -> None:
        super().__init__(*args, row_options={"skus": skus}, **kwargs)
        self.rows.lists = {"skus": list(skus)}

    def items(self) -> list[Item]:
        """The SKUs with their quantities for the use cases; the rows are valid."""
        return [Item(sku=row["sku"], quantity=row["quantity"]) for row in self.rows.cleaned_data]


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


class SkuNameForm(Form):
    """The name of a SKU."""

    name = LineField(label=_("Name"), max_length=200)


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

    def clean_country(self) -> str:
        """The country in capitals, if it has phone numbers."""
        country = str(self.cleaned_data["country"]).upper()
        if country != NO_COUNTRY and not is_country(country):
            raise forms.ValidationError(_("This country code has no telephone numbers."))
        return country
