"""Shapes of the catalogue's routes."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from fusion.catalogue.change_product import ProductChanges
from fusion.catalogue.change_sku import SkuChanges
from fusion.catalogue.metrics import MetricCode
from fusion.catalogue.models import NumberType
from fusion.catalogue.rules import Item
from fusion.kernel.countries import NumberingCountry
from fusion.kernel.fields import Body, Code, Name, Note, Quantity, Reference, Search
from fusion.kernel.quantities import MAX_ITEMS, MAX_REQUIRED
from fusion.kernel.schemas import Listing

Status = Literal["active", "retired"]


class SkuBody(Body):
    """A new entitlement SKU: one phone-number type."""

    code: Code = Field(examples=["be-geographic"])
    name: Name = Field(examples=["Belgian geographic number"])
    country: NumberingCountry
    number_type: NumberType
    external_reference: Reference | None = Field(
        default=None, description="The billing platform's id; unique among the group's SKUs."
    )


class SkuPatch(Body):
    """The changes to a SKU; omitted members stay unchanged. A null reference removes it."""

    name: Name | None = None
    external_reference: Reference | None = None

    def changes(self) -> SkuChanges:
        """The sent members, for the use case."""
        changes = SkuChanges()
        if self.name is not None:
            changes["name"] = self.name
        if "external_reference" in self.model_fields_set:
            changes["external_reference"] = self.external_reference
        return changes


class SkuDocument(BaseModel):
    """One countable unit of a group. Licences have neither a country nor a number type."""

    id: str
    code: str
    name: str
    type: Literal["license", "entitlement"]
    metric: MetricCode
    country: str | None
    number_type: NumberType | None
    external_reference: str | None


class SkuFilter(Listing):
    """Filters for the list of SKUs."""

    external_reference: Search | None = None


class ItemBody(Body):
    """One SKU of a product and its quantity per product."""

    sku: Code = Field(description="The SKU's code.", examples=["be-geographic"])
    quantity: Quantity

    def item(self) -> Item:
        """The item for the use cases."""
        return Item(sku=self.sku, quantity=self.quantity)


Items = Annotated[list[ItemBody], Field(min_length=1, max_length=MAX_ITEMS)]
Limit = Quantity | None
Requires = Annotated[list[Code], Field(max_length=MAX_REQUIRED)]


class ProductBody(Body):
    """A new product."""

    code: Code = Field(description="Never changes.", examples=["seat"])
    name: Name
    description: Note | None = None
    external_reference: Reference | None = Field(
        default=None, description="The billing platform's id; unique in the group."
    )
    items: Items
    min_quantity: Limit = Field(
        default=None, description="The least quantity that a subscription may hold, besides 0."
    )
    max_quantity: Limit = Field(
        default=None, description="The largest quantity that a subscription may hold."
    )
    step: Limit = Field(
        default=None, description="A subscription may only hold multiples of this quantity."
    )
    requires: Requires = Field(
        default_factory=list,
        description="Codes of products that a subscription with this product must also hold.",
    )


class ProductChangesBody(Body):
    """The fields to change; omitted fields keep their values.

    `items` and `requires` replace the whole list; null removes a limit.
    """

    name: Name = Field(default_factory=str)
    description: Note | None = None
    external_reference: Reference | None = None
    status: Status = Field(default_factory=lambda: "active")
    items: Items = Field(default_factory=list)
    min_quantity: Limit = None
    max_quantity: Limit = None
    step: Limit = None
    requires: Requires = Field(default_factory=list)

    def changes(self) -> ProductChanges:
        """The sent members, for the use case; a default here means that the member was omitted."""
        sent = self.model_fields_set
        changes = ProductChanges()
        if "name" in sent:
            changes["name"] = self.name
        if "description" in sent:
            changes["description"] = self.description or ""
        if "external_reference" in sent:
            changes["external_reference"] = self.external_reference
        if "status" in sent:
            changes["status"] = self.status
        if "items" in sent:
            changes["items"] = [item.item() for item in self.items]
        if "min_quantity" in sent:
            changes["min_quantity"] = self.min_quantity
        if "max_quantity" in sent:
            changes["max_quantity"] = self.max_quantity
        if "step" in sent:
            changes["step"] = self.step
        if "requires" in sent:
            changes["requires"] = self.requires
        return changes


class ItemDocument(BaseModel):
    """One SKU of a product, by its code, and its quantity per product."""

    sku: str
    quantity: int


class ProductDocument(BaseModel):
    """A product; its items are sorted by SKU code, what it requires by product code."""

    id: str
    code: str
    name: str
    description: str
    external_reference: str | None
    status: Status
    revision: int
    items: list[ItemDocument]
    min_quantity: int | None
    max_quantity: int | None
    step: int | None
    requires: list[str]
    created_at: str


class RevisionDocument(BaseModel):
    """The contents of a product since `at`."""

    revision: int
    items: list[ItemDocument]
    actor: str
    at: str


class ProductFilter(Listing):
    """Filters for the list of products."""

    status: Status | None = None
    q: Search | None = Field(default=None, description="Part of the code or name, ignoring case.")
    external_reference: Search | None = None
