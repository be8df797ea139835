-- From when an order is charged: an instant at most 400 days from when it takes effect. It
-- changes nothing but what history reports.

-- The refusals of orders that are charged from too long before or after they take effect, which is at
-- once without `effective_at`.
CREATE OR REPLACE FUNCTION ordering_refused_charges(p_calls jsonb, p_now timestamptz[])
RETURNS TABLE (nth int, answer json)
LANGUAGE sql STABLE AS $$
    SELECT w.nth::int, json_build_object(
        'code', 'invalid-fields', 'detail', 'charge_from: ' || m.message,
        'errors', json_build_array(json_build_object('field', 'charge_from', 'message', m.message)))
    FROM jsonb_array_elements(p_calls) WITH ORDINALITY AS w(call, nth)
    CROSS JOIN LATERAL (
        SELECT (w.call ->> 'charge_from')::timestamptz AS charge,
               coalesce((w.call ->> 'effective_at')::timestamptz, p_now[w.nth]) AS effect) t
    CROSS JOIN LATERAL (SELECT format(
        'must be at most 400 days before or after the order takes effect: between %s and %s',
        kernel_instant(t.effect - interval '9600 hours'),
        kernel_instant(t.effect + interval '9600 hours')) AS message) m
    WHERE abs(extract(epoch FROM t.charge - t.effect)) > 400 * 86400
$$;
