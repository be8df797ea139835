"""The limits of quantities.

The database's constraints and `ledger/thresholds.sql` have the same numbers.
"""

MAX_QUANTITY = 1_000_000
"""Largest quantity of a product's item or of an order line."""

MAX_ITEMS = 100
"""Most distinct SKUs of one product."""

MAX_REQUIRED = 20
"""Most products that one product requires."""

MAX_LINES = 100
"""Most lines of one order."""

MAX_BATCH = 1_000
"""Most orders of one batch."""

MAX_BALANCE = 2_000_000_000
"""Largest granted quantity of one SKU for one subscription."""

THRESHOLDS = (80, 100)
"""Per cent of `granted` whose upward crossing by `used` is an event.

From the first on, a balance is nearly full.
"""
