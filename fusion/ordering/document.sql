-- Where an order comes from: of Fusion itself, of the portal, or of an API client, which may be a connector.
CREATE OR REPLACE FUNCTION ordering_origin(p_placed_by text, p_connector text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_connector IS NOT NULL THEN 'connector:' || p_connector
                WHEN p_placed_by LIKE 'client:%' THEN 'api'
                WHEN p_placed_by LIKE 'member:%' THEN 'portal' ELSE 'schedule' END
$$;

-- An order as the API shows it: the same text in answers, lists, events and stored answers.
CREATE OR REPLACE VIEW ordering_document AS
SELECT o.id,
       json_build_object(
           'id', o.id,
           'number', o.number,
           'kind', o.kind,
           'state', o.state,
           'subscription_id', o.subscription_id,
           'external_reference', o.external_reference,
           'placed_by', o.placed_by,
           'origin', ordering_origin(o.placed_by, o.connector),
           'placed_at', kernel_instant(o.placed_at),
           'effective_at', kernel_instant(o.effective_at),
           'completed_at', kernel_instant(o.completed_at),
           'charge_from', kernel_instant(o.charge_from),
           'reverses', o.reverses,
           'reversed_by', CASE WHEN o.state = 'completed' THEN (
               SELECT x.id FROM ordering_order x
               WHERE x.group_id = o.group_id AND x.reverses = o.id
                 AND x.state IN ('scheduled', 'completed')) END,
           'ends_at', kernel_instant(o.ends_at),
           'expired_by', CASE WHEN o.ends_at IS NOT NULL THEN (
               SELECT x.id FROM ordering_order x WHERE x.group_id = o.group_id AND x.expires = o.id) END,
           'expires', o.expires,
           'overdue', o.tried_at IS NOT NULL AND o.state = 'scheduled',
           'failure', o.failure,
           'seen', CASE WHEN o.state = 'failed' THEN (
               SELECT json_build_object('by', x.seen_by, 'at', kernel_instant(x.seen_at))
               FROM ordering_seenfailure x WHERE x.group_id = o.group_id AND x.order_id = o.id) END,
           'reason', o.reason,
           'note', o.note,
           'metadata', coalesce(o.metadata, '{}'),
           'warnings', coalesce(o.warnings, '[]'),
           'lines', coalesce((
               SELECT json_agg(
                   json_build_object(
                       'product_id', l.product_id, 'product_code', p.code, 'revision', l.revision,
                       'action', l.action, 'quantity', l.quantity, 'taken', l.taken,
                       'quantity_before', l.quantity_before,
                       'quantity_after', CASE WHEN l.quantity_before IS NOT NULL THEN l.quantity END,
                       'short', CASE WHEN o.kind = 'expiry' AND o.state = 'completed' THEN l.quantity - (
                           SELECT coalesce(sum(t.quantity), 0)
                           FROM json_to_recordset(l.taken) AS t(quantity bigint)) END,
                       'expected_quantity', l.expected_quantity,
                       'external_reference', l.external_reference)
                   ORDER BY l.position)
               FROM ordering_orderline l
               JOIN catalogue_product p ON p.id = l.product_id
               WHERE l.group_id = o.group_id AND l.order_id = o.id), '[]'),
           'changes', coalesce(o.changes, '[]')
       ) AS document
FROM ordering_order o;
