-- The refusal of an order whose external reference another order of the group carries. It names
-- that order, which a group always sees, and says whether it is the same request: same
-- subscription, lines (or order to reverse) and time.
CREATE OR REPLACE FUNCTION ordering_reference_in_use(p_order uuid, p_call jsonb) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'code', 'external-reference-taken',
        'detail', format(
            'Order %s already has the external reference %s. You can reuse it only if that order fails or '
            'is cancelled.', o.number, o.external_reference),
        'existing', json_build_object(
            'kind', 'order', 'id', o.id, 'number', o.number, 'state', o.state),
        'same_request',
            o.subscription_id = (p_call ->> 'subscription_id')::uuid
            AND o.effective_at IS NOT DISTINCT FROM (p_call ->> 'effective_at')::timestamptz
            AND o.ends_at IS NOT DISTINCT FROM (p_call ->> 'ends_at')::timestamptz
            AND o.kind IN ('change', 'reversal')
            AND o.reverses IS NOT DISTINCT FROM (p_call ->> 'reverses')::uuid
            AND (p_call ->> 'reverses' IS NOT NULL OR (SELECT jsonb_agg(jsonb_build_array(
                            w.product_id, w.action, w.quantity, w.expected_quantity, w.external_reference,
                            CASE w.action WHEN 'remove' THEN w.revision END)
                                  ORDER BY w.position)
                 FROM ordering_orderline w
                 WHERE w.group_id = o.group_id AND w.order_id = o.id)
                IS NOT DISTINCT FROM
                (SELECT jsonb_agg(jsonb_build_array(
                            coalesce((w.line ->> 'product_id')::uuid,
                                     ordering_named_product(o.group_id, w.line)),
                            w.line -> 'action', w.line -> 'quantity', w.line -> 'expected_quantity',
                            w.line -> 'external_reference', w.line -> 'revision')
                                  ORDER BY w.position)
                 FROM jsonb_array_elements(p_call -> 'lines') WITH ORDINALITY AS w(line, position))))
    FROM ordering_order o WHERE o.id = p_order
$$;
