"""Checks of the ledger for `fusion verify`: each balance is the sum of gapless entries."""

from collections.abc import Mapping

CHECKS: Mapping[str, str] = {
    "balance differs from the sum of its entries": """
        SELECT format('subscription %s, SKU %s: granted %s, entries %s; used %s, entries %s',
                      subscription_id, b.sku, b.granted, e.granted, b.used, e.used)
        FROM ledger_balance b
        JOIN (SELECT group_id, subscription_id, sku_id,
                     sum(CASE kind WHEN 'grant' THEN quantity WHEN 'revoke' THEN -quantity ELSE 0
                         END) AS granted,
                     sum(CASE kind WHEN 'consume' THEN quantity WHEN 'release' THEN -quantity
                         ELSE 0 END) AS used
              FROM ledger_entry GROUP BY 1, 2, 3) e USING (group_id, subscription_id, sku_id)
        WHERE b.granted <> e.granted OR b.used <> e.used""",
    "balance with another number of entries than it counts": """
        SELECT format('subscription %s, SKU %s: balance at %s, %s entries up to %s',
                      subscription_id, sku_id, b.sequence, e.entries, e.last)
        FROM ledger_balance b
        FULL JOIN (
            SELECT group_id, subscription_id, sku_id, count(*) AS entries, max(sequence) AS last
            FROM ledger_entry GROUP BY 1, 2, 3) e USING (group_id, subscription_id, sku_id)
        WHERE b.sequence IS DISTINCT FROM e.entries OR b.sequence IS DISTINCT FROM e.last""",
    "entry does not follow from the one before it": """
        SELECT format('subscription %s, SKU %s, entry %s', subscription_id, sku_id, sequence)
        FROM (
            SELECT e.*,
                   granted_after - CASE kind WHEN 'grant' THEN quantity WHEN 'revoke'
                       THEN -quantity ELSE 0 END AS granted_before,
                   used_after - CASE kind WHEN 'consume' THEN quantity WHEN 'release'
                       THEN -quantity ELSE 0 END AS used_before,
                   coalesce(lag(granted_after) OVER w, 0) AS granted_then,
                   coalesce(lag(used_after) OVER w, 0) AS used_then,
                   lag(at) OVER w > at AS earlier
            FROM ledger_entry e
            WINDOW w AS (PARTITION BY subscription_id, sku_id ORDER BY sequence)
        ) e
        WHERE granted_before <> granted_then OR used_before <> used_then OR earlier""",
    "holder uses a SKU twice, or released a SKU that it did not use": """
        SELECT format('subscription %s, SKU %s, %s %s: %s', subscription_id, sku_id, holder_type,
                      holder_id, sum(CASE kind WHEN 'consume' THEN quantity ELSE -quantity END))
        FROM ledger_entry WHERE kind IN ('consume', 'release')
        GROUP BY subscription_id, sku_id, holder_type, holder_id
        HAVING sum(CASE kind WHEN 'consume' THEN quantity ELSE -quantity END) NOT IN (0, 1)""",
    "balance of a subscription that does not exist, or of another group": """
        SELECT format('subscription %s, SKU %s', b.subscription_id, b.sku)
        FROM ledger_balance b LEFT JOIN tenancy_subscription s ON s.id = b.subscription_id
        WHERE s.group_id IS DISTINCT FROM b.group_id""",
}
"""Description of an inconsistency → a query that returns one line of text for each occurrence."""
