"""Requests of the model's lines, and comparisons of the answers with the model's results."""

import hashlib
from typing import Any
from uuid import UUID

from fusion.ordering import place
from tests.ordering.shapes import Draft, Line, Outcome


def requested(line: Line, product_id: UUID) -> place.Line:
    """The line as the use case takes it."""
    return place.Line(
        product_id,
        line.quantity,
        line.action,
        revision=line.revision,
        expected_quantity=line.expected,
    )


def compare_lines(answered: dict[str, Any], outcome: Outcome) -> None:
    """The lines of a completed order say what they found and took."""
    lines = answered["lines"]
    assert [line["taken"] for line in lines] == outcome.taken
    assert [line["quantity_before"] for line in lines] == outcome.before
    for line, before in zip(lines, outcome.before, strict=True):
        if before is not None:
            assert line["quantity_after"] == line["quantity"]
            assert (line["revision"] is not None) is (line["quantity"] > before)
    changes = {change["sku"]: change["granted_delta"] for change in answered["changes"]}
    assert changes == outcome.changes


def compare_unplaced(status: int, answered: dict[str, Any], outcome: Outcome) -> None:
    """The problem has the code and the figures of the model, in any sequence.

    Or the order had no effect: then the answer has the quantities that are held already.
    """
    if outcome.is_unchanged:
        assert (status, answered["unchanged"]) == (200, True), answered
        held = [each["held"] for each in answered.get("holdings", [answered])]
        assert held == outcome.before
        return
    assert status not in (200, 201), answered
    assert answered["code"] in outcome.codes(), answered
    refusals = answered.get("refusals", [])
    for refusal in refusals:
        refusal.pop("detail")
        refusal.pop("product_id", None)
    assert in_order(refusals) == in_order(outcome.refusals)
    missing = answered.get("holdings", [])
    for each in missing:
        each.pop("product_id")
    assert in_order(missing) == in_order(outcome.missing)


def compare_warnings(answered: dict[str, Any], outcome: Outcome) -> None:
    """The warnings that the lines of an order cause."""
    warned = {warning["code"]: warning for warning in answered["warnings"]}
    found = warned.keys() - {"pending-orders", "cancelled-by-termination", "cancels-orders"}
    assert found <= set(outcome.warnings) and bool(found) == bool(outcome.warnings)
    pending = warned.get("pending-orders", {"orders": []})
    assert len(pending["orders"]) == min(outcome.pending, 20)


def fingerprint_of(draft: Draft) -> bytes:
    """The request of an idempotency key of this draft."""
    return hashlib.sha256(repr(draft).encode()).digest()


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, independent of their sequence."""
    return sorted(rows, key=lambda row: sorted(map(str, row.items())))
