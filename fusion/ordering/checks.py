"""Consistency checks of orders and holdings, for `fusion verify`."""

from collections.abc import Mapping

CHECKS: Mapping[str, str] = {
    "holding differs from what orders added and took": """
        SELECT format('subscription %s, product %s, revision %s: holds %s, orders say %s',
                      subscription_id, product_id, revision, coalesce(h.quantity, 0),
                      coalesce(w.quantity, 0))
        FROM ordering_holding h
        FULL JOIN (
            SELECT group_id, subscription_id, product_id, revision, sum(quantity) AS quantity
            FROM (
                SELECT l.group_id, o.subscription_id, l.product_id, l.revision,
                       l.quantity - coalesce(l.quantity_before, 0) AS quantity
                FROM ordering_order o JOIN ordering_orderline l ON l.order_id = o.id
                WHERE o.state = 'completed' AND l.action IN ('add', 'set')
                  AND l.revision IS NOT NULL
                UNION ALL
                SELECT l.group_id, o.subscription_id, l.product_id, t.revision, -t.quantity
                FROM ordering_order o JOIN ordering_orderline l ON l.order_id = o.id
                CROSS JOIN json_to_recordset(l.taken) AS t(revision int, quantity bigint)
                WHERE o.state = 'completed' AND l.action IN ('remove', 'set')
            ) moves GROUP BY 1, 2, 3, 4
        ) w USING (group_id, subscription_id, product_id, revision)
        WHERE coalesce(h.quantity, 0) <> coalesce(w.quantity, 0)""",
    "granted quantity differs from the products held": """
        SELECT format('subscription %s, SKU %s: granted %s, holdings say %s',
                      subscription_id, sku_id, coalesce(b.granted, 0), coalesce(h.granted, 0))
        FROM ledger_balance b
        FULL JOIN (
            SELECT h.subscription_id, i.sku_id, sum(h.quantity * i.quantity) AS granted
            FROM ordering_holding h
            JOIN catalogue_revisionitem i ON i.product_id = h.product_id AND i.revision = h.revision
            GROUP BY 1, 2
        ) h USING (subscription_id, sku_id)
        WHERE coalesce(b.granted, 0) <> coalesce(h.granted, 0)""",
    "entries of an order differ from the changes in its result": """
        SELECT format('order %s, SKU %s: entries say %s, the order says %s', order_id, sku,
                      coalesce(e.delta, 0), coalesce(c.delta, 0))
        FROM (
            SELECT order_id, b.sku,
                   sum(CASE kind WHEN 'grant' THEN quantity ELSE -quantity END) AS delta
            FROM ledger_entry JOIN ledger_balance b USING (group_id, subscription_id, sku_id)
            WHERE order_id IS NOT NULL GROUP BY 1, 2
        ) e
        FULL JOIN (
            SELECT o.id AS order_id, c.sku, c.granted_delta AS delta
            FROM ordering_order o
            CROSS JOIN json_to_recordset(o.changes) AS c(sku text, granted_delta bigint)
        ) c USING (order_id, sku)
        WHERE coalesce(e.delta, 0) <> coalesce(c.delta, 0)""",
    "removal of another quantity than the sum over its revisions": """
        SELECT format('order %s, line %s', l.order_id, l.position)
        FROM ordering_orderline l JOIN ordering_order o ON o.id = l.order_id
        WHERE l.action = 'remove' AND o.state = 'completed' AND o.kind <> 'expiry'
          AND l.quantity IS DISTINCT FROM (
              SELECT sum(t.quantity)
              FROM json_to_recordset(l.taken) AS t(revision int, quantity bigint)
              WHERE t.revision = coalesce(l.revision, t.revision))""",
    "set quantity that differs from what was held, added and taken": """
        SELECT format('order %s, line %s', l.order_id, l.position)
        FROM ordering_orderline l JOIN ordering_order o ON o.id = l.order_id
        WHERE l.action = 'set' AND o.state = 'completed'
          AND (l.quantity_before IS NULL
               OR (l.revision IS NOT NULL) <> (l.quantity > l.quantity_before)
               OR greatest(l.quantity_before - l.quantity, 0) IS DISTINCT FROM (
                   SELECT coalesce(sum(t.quantity), 0)
                   FROM json_to_recordset(l.taken) AS t(revision int, quantity bigint)))""",
    "expiry without its order, or of one that did not or does no longer count": """
        SELECT format('order %s, which order %s ends', o.number, e.number)
        FROM ordering_order o
        FULL JOIN (SELECT * FROM ordering_order x WHERE x.kind = 'expiry') e
               ON e.group_id = o.group_id AND e.expires = o.id
        WHERE (o.ends_at IS NULL) <> (e.expires IS NULL)
           OR o.subscription_id <> e.subscription_id
           OR (e.state = 'scheduled'
               AND (o.state IN ('failed', 'cancelled') OR EXISTS (
                   SELECT FROM ordering_order r
                   WHERE r.group_id = o.group_id AND r.reverses = o.id
                     AND r.state = 'completed')))""",
    "expiry that took more than its order granted": """
        SELECT format('order %s, line %s', l.order_id, l.position)
        FROM ordering_orderline l JOIN ordering_order o ON o.id = l.order_id
        WHERE o.kind = 'expiry' AND o.state = 'completed'
          AND (l.taken IS NULL OR l.quantity < (
              SELECT coalesce(sum(t.quantity), 0)
              FROM json_to_recordset(l.taken) AS t(quantity bigint)))""",
    "reversal that is not the opposite of its order": """
        SELECT format('order %s, reversed by order %s: product %s, revision %s', o.number, r.number,
                      product_id, revision)
        FROM ordering_order r
        LEFT JOIN ordering_order o ON o.group_id = r.group_id AND o.id = r.reverses
                                  AND o.subscription_id = r.subscription_id
        CROSS JOIN LATERAL (
            SELECT product_id, revision FROM (
                SELECT e.product_id, e.revision, e.quantity
                FROM ordering_effect_of(r.group_id, r.id) e
                UNION ALL
                SELECT e.product_id, e.revision, e.quantity
                FROM ordering_effect_of(o.group_id, o.id) e) moves
            GROUP BY product_id, revision HAVING sum(quantity) <> 0) w
        WHERE r.kind = 'reversal' AND r.state = 'completed'""",
    "order without lines or with lines of another kind, or line without its order or revision": """
        SELECT format('order %s, line %s', coalesce(o.id, l.order_id), l.position)
        FROM ordering_order o
        FULL JOIN ordering_orderline l ON l.group_id = o.group_id AND l.order_id = o.id
        LEFT JOIN catalogue_product p ON p.id = l.product_id
        LEFT JOIN catalogue_productrevision r
               ON r.group_id = l.group_id AND r.product_id = l.product_id
              AND r.revision = l.revision
        WHERE o.id IS NULL OR (l.order_id IS NULL AND o.kind = 'change')
           OR (l.order_id IS NOT NULL AND o.kind IN ('suspension', 'resumption'))
           OR (l.order_id IS NOT NULL AND p.group_id IS DISTINCT FROM o.group_id)
           OR (l.action <> 'remove' AND l.revision IS NOT NULL AND r.revision IS NULL)
           OR (l.action = 'add' AND l.revision IS NULL AND o.state = 'completed')""",
    "order with other organizations than its subscription": """
        SELECT format('order %s', o.id)
        FROM ordering_order o LEFT JOIN tenancy_subscription s ON s.id = o.subscription_id
        WHERE (o.group_id, o.distributor_id, o.reseller_id, o.tenant_id)
              IS DISTINCT FROM (s.group_id, s.distributor_id, s.reseller_id, s.tenant_id)""",
    "entry without its completed order": """
        SELECT format('subscription %s, SKU %s, entry %s', e.subscription_id, e.sku_id, e.sequence)
        FROM ledger_entry e LEFT JOIN ordering_order o ON o.id = e.order_id
        WHERE e.order_id IS NOT NULL
          AND (o.state IS DISTINCT FROM 'completed' OR o.number IS DISTINCT FROM e.order_number
               OR o.subscription_id IS DISTINCT FROM e.subscription_id OR o.completed_at < e.at)""",
    "scheduled order without a date": """
        SELECT format('order %s', o.id) FROM ordering_order o
        WHERE o.state = 'scheduled' AND o.effective_at IS NULL""",
    "external reference or login that differs from its cleaned text": """
        SELECT format('%s %s: %s', w.noun, w.id, w.text) FROM (
            SELECT 'organization' AS noun, id, external_reference AS text FROM tenancy_organization
            WHERE status = 'active'
            UNION ALL
            SELECT 'subscription', id, external_reference FROM tenancy_subscription
            WHERE status <> 'terminated'
            UNION ALL SELECT 'product', id, external_reference FROM catalogue_product
            UNION ALL SELECT 'user', id, login FROM users_user
            UNION ALL
            SELECT 'order', id, external_reference FROM ordering_order WHERE state = 'scheduled'
        ) w
        WHERE w.text <> kernel_clean(w.text)""",
    # A completed order keeps its reference as the first release stored it. Two references can be
    # confused only if another order carries the same text after cleaning.
    "two orders with the same external reference once cleaned": """
        SELECT format('order %s: %s, as order %s', o.id, o.external_reference, other.id)
        FROM ordering_order o JOIN ordering_order other
          ON other.group_id = o.group_id
         AND other.external_reference = kernel_clean(o.external_reference)
        WHERE o.external_reference <> kernel_clean(o.external_reference)
          AND o.state IN ('scheduled', 'completed')
          AND other.state IN ('scheduled', 'completed')""",
    "completed, cancelled or failed order without exactly one event of its state": """
        SELECT format('order %s: %s events', o.id, count(e.id))
        FROM ordering_order o
        LEFT JOIN events_event e
               ON e.subject = o.id::text AND e.type = 'order.' || o.state
              AND e.group_id = o.group_id
        WHERE o.state IN ('completed', 'cancelled', 'failed')
        GROUP BY o.id HAVING count(e.id) <> 1""",
    "approved request without its order, or with that of another subscription": """
        SELECT format('request %s, order %s', r.id, r.order_id)
        FROM ordering_orderrequest r LEFT JOIN ordering_order o ON o.id = r.order_id
        WHERE r.state = 'approved' AND o.subscription_id IS DISTINCT FROM r.subscription_id""",
    "open request of a terminated subscription, or request with other organizations above it": """
        SELECT format('request %s', r.id)
        FROM ordering_orderrequest r LEFT JOIN tenancy_subscription s ON s.id = r.subscription_id
        WHERE (r.state = 'open' AND s.status = 'terminated')
           OR (r.group_id, r.tenant_id) IS DISTINCT FROM (s.group_id, s.tenant_id)
           OR (r.distributor_id, r.reseller_id)
              IS DISTINCT FROM (s.distributor_id, s.reseller_id)""",
}
