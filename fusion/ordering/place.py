"""Placing an order: one round trip to `place.sql`, which decides, writes and audits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from fusion.access.actor import Actor
from fusion.access.audit import traced
from fusion.access.permissions import PLACE_ORDERS
from fusion.access.use_case import Answer, hot_use_case
from fusion.kernel.clock import now
from fusion.kernel.database import fetch_rows
from fusion.kernel.errors import InvalidFields, Problem, problem_of
from fusion.kernel.ids import new_id
from fusion.ordering.rules import is_too_far, repeated_products

FUNCTION = "ordering_place_v2"

PLACE = f"SELECT status, replayed, answer FROM {FUNCTION}(%s::uuid, %s::jsonb)"


@dataclass(frozen=True, slots=True)
class Line:
    """Add or remove a quantity of one product, or set the quantity held (`quantity` may be 0).

    The product is named by its id, code or external reference. `revision` names what `remove`
    takes. `expected_quantity` is what must be held before the order, of that revision or of all.
    """

    product_id: UUID | None
    quantity: int
    action: str = "add"
    product_code: str | None = None
    product_external_reference: str | None = None
    revision: int | None = None
    expected_quantity: int | None = None
    external_reference: str | None = None

    @property
    def product(self) -> tuple[str, object]:
        """How the line names its product, and the name."""
        if self.product_id is not None:
            return "product_id", self.product_id
        if self.product_code is not None:
            return "product_code", self.product_code
        return "product_external_reference", self.product_external_reference

    def document(self) -> dict[str, object]:
        """The line as `ordering_place_v2` takes it: without the members that it does not use."""
        name, value = self.product
        document = {name: value, "action": self.action, "quantity": self.quantity}
        if self.revision is not None:
            document["revision"] = self.revision
        if self.expected_quantity is not None:
            document["expected_quantity"] = self.expected_quantity
        if self.external_reference is not None:
            document["external_reference"] = self.external_reference
        return document


@dataclass(frozen=True, slots=True)
class Draft:
    """An order to be placed; its fields already have the right types and sizes.

    `reverses` is the id of an order that it takes back; such a draft has no lines of its own. At
    `ends_at` another order takes back what is still held of its lines. `charge_from` is stored, and
    changes nothing else.
    """

    subscription_id: UUID
    lines: tuple[Line, ...]
    external_reference: str | None = None
    effective_at: datetime | None = None
    note: str | None = None
    metadata: Mapping[str, str] | None = None
    reverses: UUID | None = None
    ends_at: datetime | None = None
    charge_from: datetime | None = None

    def check(self) -> None:
        """Problem `duplicate-line` or `invalid-fields` if the fields contradict each other.

        `place.sql` finds lines that name the same product in different ways. It checks last that
        `effective_at` is not too long past: a request that is repeated after that time gets the
        answer that it got before.
        """
        repeated = repeated_products([(line.product, line.action) for line in self.lines])
        if repeated:
            raise Problem(
                "duplicate-line",
                f"Product {repeated[0][1]} appears in more than one line. A product can have one"
                " `set` line, or one `add` line and one `remove` line.",
            )
        if self.effective_at is not None and is_too_far(self.effective_at, now()):
            raise InvalidFields(effective_at="must be at most five years ahead")
        if self.ends_at is not None:
            if is_too_far(self.ends_at, now()):
                raise InvalidFields(ends_at="must be at most five years ahead")
            if any(line.action != "add" for line in self.lines):
                raise InvalidFields(ends_at="is only for orders whose lines all add")


@hot_use_case(PLACE_ORDERS)
def place_order(actor: Actor, *, draft: Draft) -> Answer:
    """Place one order: 201 and its document, scheduled if dated in the future, else completed.

    200 with {unchanged, held} if all lines set what is held already, and the order has no key and
    no reference: then nothing is stored.

    Problems: `forbidden`, `not-found`, `invalid-fields`, `duplicate-line`,
    `idempotency-key-reused`, `subscription-terminated`, `external-reference-taken`,
    `product-retired`, `quantity-changed`, `not-held`, `below-use`, `conflict` (a balance above its
    ceiling); for a reversal also `order-not-reversible`, `already-reversed`.
    """
    draft.check()
    document = order_document(actor, draft, actor.request.key, actor.request.fingerprint)
    ((status, replayed, answer),) = call_place(actor, [document])
    if status not in (200, 201):
        raise problem_of(orjson.loads(answer))
    return Answer(status, answer, replayed)


def order_document(
    actor: Actor, draft: Draft, key: str | None, fingerprint: bytes
) -> dict[str, object]:
    """The draft with its caller and the new order's id, as `ordering_place_v2` takes it."""
    return {
        "actor": actor.label,
        "connector": actor.connector,
        "request": traced(actor),
        "path": actor.path,
        "key": key,
        "fingerprint": fingerprint.hex(),
        **order_members(draft),
    }


def order_members(draft: Draft) -> dict[str, object]:
    """The draft with the new order's id: the members that do not depend on the caller."""
    document: dict[str, object] = {
        "id": new_id(),
        "subscription_id": draft.subscription_id,
        "external_reference": draft.external_reference,
        "effective_at": draft.effective_at,
        "lines": [line.document() for line in draft.lines],
    }
    if draft.note:
        document["note"] = draft.note
    if draft.metadata:
        document["metadata"] = draft.metadata
    if draft.ends_at is not None:
        document["ends_at"], document["expiry_id"] = draft.ends_at, new_id()
    if draft.charge_from is not None:
        document["charge_from"] = draft.charge_from
    if draft.reverses is not None:
        document["reverses"] = draft.reverses
    return document


def call_place(actor: Actor, orders: list[dict[str, object]]) -> list[tuple[int, bool, str]]:
    """(status, replayed, answer) of each order, in their order."""
    return fetch_rows(PLACE, [actor.group_id, orjson.dumps(orders).decode()])
