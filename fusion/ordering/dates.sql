-- The dates of orders. An `effective_at` may be past by the group's grace: the order is then carried out
-- at once.

-- How many hours an `effective_at` of the group may be past.
CREATE OR REPLACE FUNCTION ordering_grace(p_group uuid) RETURNS int
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((SELECT s.order_grace_hours FROM tenancy_groupsettings s WHERE s.group_id = p_group), 24);
END
$$;

-- The refusal of an order whose `effective_at` is older than the group's grace; NULL for any other.
CREATE OR REPLACE FUNCTION ordering_too_late(p_group uuid, p_effective timestamptz, p_now timestamptz)
RETURNS json
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_hours int;
    v_message text;
BEGIN
    IF p_effective > p_now THEN
        RETURN NULL;
    END IF;
    v_hours := ordering_grace(p_group);
    IF p_effective >= p_now - make_interval(hours => v_hours) THEN
        RETURN NULL;
    END IF;
    v_message := format(CASE v_hours
        WHEN 0 THEN 'must be in the future (it is now %2$s); omit it for immediate effect'
        WHEN 1 THEN 'must be at most 1 hour in the past (it is now %2$s); omit it for immediate effect'
        ELSE 'must be at most %1$s hours in the past (it is now %2$s); omit it for immediate effect' END,
        v_hours, kernel_instant(p_now));
    RETURN json_build_object(
        'code', 'invalid-fields', 'detail', 'effective_at: ' || v_message,
        'errors', json_build_array(json_build_object('field', 'effective_at', 'message', v_message)));
END
$$;

-- The calls with the dates of those orders alone that are scheduled: an order whose date is past is
-- carried out at once. All that follows relies on it; a second look at the clock could differ.
CREATE OR REPLACE FUNCTION ordering_scheduled(c ordering_calls) RETURNS ordering_calls
LANGUAGE plpgsql AS $$
DECLARE
    v_now CONSTANT timestamptz[] := kernel_at(c.at, kernel_now());
BEGIN
    FOR o IN 1 .. cardinality(c.effective) LOOP
        CONTINUE WHEN c.effective[o] IS NULL OR c.effective[o] > v_now[o];
        c.effective[o] := NULL;
    END LOOP;
    RETURN c;
END
$$;

-- The warning that an order takes effect after its `effective_at`; NULL if that is not past.
CREATE OR REPLACE FUNCTION ordering_late(p_effective timestamptz, p_now timestamptz) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN p_effective <= p_now THEN json_build_array(json_build_object(
        'code', 'late',
        'detail', format(
            'The order took effect %s after its effective_at.',
            justify_hours(date_trunc('second', p_now - p_effective))),
        'seconds', floor(extract(epoch FROM p_now - p_effective))::bigint)) END
$$;

-- Move a scheduled order to another date. The warnings about terminations follow the date; the others
-- stay, but for the refusal of an overdue expiry. A date that is past gets the warning `late`, and the
-- caller carries the order out. The caller holds the locks of the subscription and of the order.
CREATE OR REPLACE FUNCTION ordering_reschedule(
    p_order uuid, p_effective timestamptz, p_now timestamptz
) RETURNS void
LANGUAGE sql AS $$
    UPDATE ordering_order o
    SET effective_at = p_effective,
        tried_at = NULL,
        reminded_at = NULL,
        warnings = ordering_join_warnings(
            CASE WHEN p_effective > p_now
                 THEN ordering_termination_warnings(o.subscription_id, o.id, p_effective, o.kind)
                 ELSE ordering_late(p_effective, p_now) END,
            (SELECT json_agg(w.warning) FROM json_array_elements(o.warnings) AS w(warning)
             WHERE o.tried_at IS NULL AND w.warning ->> 'code' NOT IN ('cancelled-by-termination', 'cancels-orders')))
    WHERE o.id = p_order
$$;
