"""Checks of the inventory for `fusion verify`: every number has its entitlement and its place."""

from collections.abc import Mapping

CHECKS: Mapping[str, str] = {
    "number in use without exactly one unit consumed, or unit consumed without a number": """
        SELECT format('number %s, subscription %s, SKU %s: %s units consumed', e164,
                      subscription_id, sku_id, coalesce(e.open, 0))
        FROM (SELECT e164, subscription_id, sku_id, 1 AS open FROM numbers_number
              WHERE status IN ('reserved', 'assigned')) n
        FULL JOIN (
            SELECT holder_id AS e164, subscription_id, sku_id,
                   sum(CASE kind WHEN 'consume' THEN quantity ELSE -quantity END) AS open
            FROM ledger_entry
            WHERE kind IN ('consume', 'release') AND holder_type = 'number'
            GROUP BY 1, 2, 3
        ) e USING (e164, subscription_id, sku_id)
        WHERE coalesce(n.open, 0) <> coalesce(e.open, 0)""",
    "number outside of its range, or of another SKU or group than it": """
        SELECT format('number %s, range %s', n.e164, n.range_id)
        FROM numbers_number n LEFT JOIN numbers_range r ON r.id = n.range_id
        WHERE n.origin = 'inventory'
          AND (r.id IS NULL OR n.sku_id <> r.sku_id OR n.group_id <> r.group_id
               OR substr(n.e164, 2)::bigint NOT BETWEEN r.first AND r.last)""",
    "number that was accepted otherwise than its range": """
        SELECT format('number %s, range %s', n.e164, n.range_id)
        FROM numbers_number n JOIN numbers_range r ON r.id = n.range_id
        WHERE n.accepted <> (r.accepted_reason IS NOT NULL)""",
    "number with a SKU of another group, or with a SKU that is not an entitlement": """
        SELECT format('number %s, SKU %s', n.e164, n.sku_id)
        FROM numbers_number n LEFT JOIN catalogue_sku k ON k.id = n.sku_id
        WHERE k.group_id IS DISTINCT FROM n.group_id OR k.metric <> 'number'""",
    "number with other organizations than its subscription": """
        SELECT format('number %s, subscription %s', n.e164, n.subscription_id)
        FROM numbers_number n LEFT JOIN tenancy_subscription s ON s.id = n.subscription_id
        WHERE n.subscription_id IS NOT NULL
          AND (s.group_id, s.distributor_id, s.reseller_id, s.tenant_id)
              IS DISTINCT FROM (n.group_id, n.distributor_id, n.reseller_id, n.tenant_id)""",
    "number and its approved port request do not agree": """
        SELECT format('number %s, port request %s', e164, port_id)
        FROM (SELECT e164, port_id, subscription_id,
                     CASE status WHEN 'reserved' THEN 'in' ELSE 'out' END AS direction,
                     true AS marked
              FROM numbers_number WHERE port_id IS NOT NULL) n
        FULL JOIN (SELECT e AS e164, w.id AS port_id, w.subscription_id, w.direction,
                          true AS listed
                   FROM numbers_portrequest w, json_array_elements_text(w.numbers) AS e
                   WHERE w.state = 'approved') p USING (e164, port_id, subscription_id, direction)
        WHERE marked IS NULL OR listed IS NULL""",
    "port request carries other organizations than its subscription": """
        SELECT format('port request %s, subscription %s', p.id, p.subscription_id)
        FROM numbers_portrequest p LEFT JOIN tenancy_subscription s ON s.id = p.subscription_id
        WHERE (s.group_id, s.distributor_id, s.reseller_id, s.tenant_id)
              IS DISTINCT FROM (p.group_id, p.distributor_id, p.reseller_id, p.tenant_id)""",
    "terminated subscription with a number": """
        SELECT format('subscription %s: %s is %s', s.id, n.e164, n.status)
        FROM tenancy_subscription s JOIN numbers_number n ON n.subscription_id = s.id
        WHERE s.status = 'terminated' AND n.status IN ('reserved', 'assigned')""",
}
