-- The warnings for a scheduled order: the scheduled termination that will cancel it and, for a
-- termination, how many orders it will cancel. NULL if there are none. The caller holds the
-- subscription's lock.
CREATE OR REPLACE FUNCTION ordering_warnings(
    p_subscription uuid, p_effective timestamptz, p_kind text
) RETURNS json
LANGUAGE sql STABLE
SET enable_seqscan = off
AS $$
    SELECT json_agg(w.warning) FROM (
        (SELECT json_build_object(
             'code', 'cancelled-by-termination',
             'detail', format(
                 'Order %s terminates the subscription at %s and will then cancel this order. To prevent '
                 'that, cancel the termination.', o.number, kernel_instant(o.effective_at)),
             'order_id', o.id, 'number', o.number,
             'effective_at', kernel_instant(o.effective_at)) AS warning
         FROM ordering_order o
         WHERE o.subscription_id = p_subscription AND o.state = 'scheduled'
           AND o.kind = 'termination'
           AND (o.effective_at < p_effective
                OR p_kind = 'termination' AND o.effective_at = p_effective)
         ORDER BY o.effective_at, o.placed_at, o.id LIMIT 1)
        UNION ALL
        (SELECT json_build_object(
             'code', 'cancels-orders',
             'detail', format(
                 'This termination will cancel these later orders: %s.',
                 count(*)),
             'orders', count(*))
         FROM ordering_order o
         WHERE p_kind = 'termination' AND o.subscription_id = p_subscription
           AND o.state = 'scheduled' AND o.effective_at > p_effective
         HAVING count(*) > 0)
    ) w
$$;
