-- Refusals of changes of numbers, as JSON text; NULL if the change is allowed.

CREATE OR REPLACE FUNCTION numbers_inactive(p_status text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT kernel_problem('subscription-' || p_status, format(
        'The subscription is %s. You cannot add numbers.', p_status))::text
$$;

-- Lists the numbers that this subscription cannot take. A number of another group looks like one
-- that does not exist.
CREATE OR REPLACE FUNCTION numbers_unavailable(
    p_numbers text[], p_group uuid, p_subscription uuid
) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT numbers_not_available(array_agg(x.e164 ORDER BY x.e164), array_agg(x.status ORDER BY x.e164),
        'No number was assigned. Remove these numbers, or request the next free numbers of a SKU.')
    FROM (
        SELECT w.e164, CASE WHEN n.e164 IS NULL THEN 'unknown'
                            WHEN n.subscription_id = p_subscription OR n.status = 'ported_out' THEN n.status
                            ELSE 'taken' END AS status
        FROM unnest(p_numbers) AS w(e164)
        LEFT JOIN LATERAL (SELECT x.* FROM numbers_number x
                           WHERE x.e164 = w.e164 AND (x.group_id = p_group) IS TRUE OFFSET 0) n ON true
        WHERE n.e164 IS NULL
           OR NOT (n.status = 'free' OR (n.status = 'reserved' AND n.subscription_id = p_subscription
                                         AND n.port_id IS NULL))
    ) x
    HAVING count(*) > 0
$$;

-- p_help: sentences that say what was not done and what the caller can do. `numbers` lists all. Only a
-- number of the caller's subscription has the status `reserved`: so its port request may be named.
CREATE OR REPLACE FUNCTION numbers_not_available(p_numbers text[], p_statuses text[], p_help text)
RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'code', 'number-not-available',
        'detail', format('Not available: %s. %s', numbers_with_reasons(p_numbers, array_agg(
            CASE WHEN p.id IS NOT NULL THEN format('waiting for port request %s dated %s', p.id,
                                                   kernel_instant(p.port_date))
                 ELSE CASE w.status WHEN 'unknown' THEN 'not in the inventory'
                                    WHEN 'taken' THEN 'assigned to another subscription'
                                    WHEN 'assigned' THEN 'already assigned to this subscription'
                                    WHEN 'reserved' THEN 'reserved for this subscription'
                                    WHEN 'quarantined' THEN 'in quarantine'
                                    WHEN 'ported_out' THEN 'ported out to another operator'
                                    ELSE w.status END END ORDER BY w.i)), p_help)
            || CASE WHEN count(p.id) > 0
                    THEN ' Withdraw or reject that port request, or change its date.' ELSE '' END,
        'numbers', json_agg(json_strip_nulls(json_build_object(
            'e164', w.e164, 'status', w.status, 'port_request_id', p.id,
            'port_date', kernel_instant(p.port_date))) ORDER BY w.i))::text
    FROM unnest(p_numbers, p_statuses) WITH ORDINALITY AS w(e164, status, i)
    LEFT JOIN numbers_number n ON n.e164 = w.e164 AND n.status = 'reserved' AND w.status = 'reserved'
    LEFT JOIN numbers_portrequest p ON p.id = n.port_id AND p.group_id = n.group_id
$$;

-- Lists the first ten numbers, each with its reason, and counts the rest.
CREATE OR REPLACE FUNCTION numbers_with_reasons(p_numbers text[], p_reasons text[]) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(w.e164 || ' (' || w.reason || ')', ', ' ORDER BY w.i) FILTER (WHERE w.i <= 10)
           || CASE WHEN count(*) > 10 THEN format(' and %s more', count(*) - 10) ELSE '' END
    FROM unnest(p_numbers, p_reasons) WITH ORDINALITY AS w(e164, reason, i)
$$;

-- Locks the balances of several SKUs and returns those with less left than needed. p_help: what was not
-- done, and what helps; NULL where it is assigning.
CREATE OR REPLACE FUNCTION numbers_not_entitled(
    p_group uuid, p_subscription uuid, p_skus uuid[], p_needed int[],
    p_help text DEFAULT NULL
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_refusals json;
    v_detail text;
    v_left CONSTANT bigint[] := ARRAY(
        SELECT b.granted - b.used FROM ledger_balance b
        WHERE b.group_id = p_group AND b.subscription_id = p_subscription
          AND b.sku_id = ANY (p_skus)
        ORDER BY b.sku_id FOR UPDATE);
BEGIN
    -- Nearly every time there is one SKU, and enough of it.
    IF cardinality(p_skus) = 1 AND v_left[1] >= p_needed[1] THEN
        RETURN NULL;
    END IF;
    -- A new statement: it sees what was committed while the first one waited for the locks.
    SELECT json_agg(json_build_object(
               'sku', k.code, 'granted', x.granted, 'used', x.used, 'requested', x.needed,
               'missing', x.needed - (x.granted - x.used)) ORDER BY k.code),
           string_agg(format('%s: %s ordered, %s in use; %s more needed.', k.code, x.granted, x.used,
                             x.needed - (x.granted - x.used)), ' ' ORDER BY k.code)
    INTO v_refusals, v_detail
    FROM (
        SELECT w.sku_id, w.needed, coalesce(b.granted, 0) AS granted, coalesce(b.used, 0) AS used
        FROM unnest(p_skus, p_needed) AS w(sku_id, needed)
        LEFT JOIN ledger_balance b ON b.group_id = p_group AND b.subscription_id = p_subscription
                                  AND b.sku_id = w.sku_id
        WHERE w.needed > coalesce(b.granted - b.used, 0)
    ) x JOIN catalogue_sku k ON k.id = x.sku_id;
    IF v_refusals IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN json_build_object('code', 'no-entitlement',
        'detail', v_detail || ' ' || coalesce(
            p_help, 'No number was assigned. Release numbers, or order more.'),
        'refusals', v_refusals)::text;
END
$$;

CREATE OR REPLACE FUNCTION numbers_none_free(p_sku uuid, p_quantity int, p_contiguous boolean)
RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT kernel_problem('no-free-number', CASE WHEN p_contiguous
        THEN format('Fewer than %s consecutive numbers of %s are free. No number was assigned. '
                    'Request fewer numbers, or allow gaps.', p_quantity, k.code)
        ELSE format('Fewer than %s numbers of %s are free. No number was assigned. Request fewer '
                    'numbers, or ask the provider to add a range.', p_quantity, k.code) END)::text
    FROM catalogue_sku k WHERE k.id = p_sku
$$;

-- Why a number of the caller's subscription cannot leave it; NULL if it can.
CREATE OR REPLACE FUNCTION numbers_stays(
    p_e164 text, n numbers_number, p_statuses text[]
) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN n.status IS NULL OR n.status <> ALL (p_statuses) THEN coalesce(
            CASE WHEN n.status = 'reserved' THEN numbers_waits_for_port(n, 'number-not-assigned') END,
            kernel_problem('number-not-assigned', format(
                '%s is not %s to this subscription.', p_e164, array_to_string(p_statuses, ' or '))))
        WHEN n.user_id IS NOT NULL OR n.trunk_id IS NOT NULL THEN json_build_object(
            'code', 'number-in-use',
            'detail', format('%s is linked to a %s. Unlink it there first.', p_e164,
                             CASE WHEN n.user_id IS NULL THEN 'trunk' ELSE 'user' END),
            'user_id', n.user_id, 'trunk_id', n.trunk_id)
    END
$$;

-- Why a port that is approved prevents that a number is released or ported out now; NULL if it does not.
CREATE OR REPLACE FUNCTION numbers_awaits_port(n numbers_number, p_any boolean) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN p_any OR n.status = 'reserved' THEN numbers_waits_for_port(n, 'conflict') END
$$;

-- The refusal that names the approved port for which a number waits; NULL if there is none. The caller
-- sees the number's subscription.
CREATE OR REPLACE FUNCTION numbers_waits_for_port(n numbers_number, p_code text) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'code', p_code,
        'detail', format('%s is waiting for port request %s dated %s, which ports it %s. Withdraw or reject '
                         'that request, or change its date.',
                         n.e164, p.id, kernel_instant(p.port_date), p.direction),
        'e164', n.e164, 'port_request_id', p.id, 'port_date', kernel_instant(p.port_date),
        'port_direction', p.direction)
    FROM numbers_portrequest p
    WHERE p.group_id = n.group_id AND p.id = n.port_id
$$;

-- The refusal to port in numbers that the subscription already waits for; NULL if it waits for none.
CREATE OR REPLACE FUNCTION numbers_already_coming(s tenancy_subscription, p_numbers text[])
RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT (numbers_waits_for_port((array_agg(n ORDER BY n.e164))[1], 'number-not-available')::jsonb
            || jsonb_build_object('numbers', jsonb_agg(
                jsonb_build_object('e164', n.e164, 'status', 'reserved', 'port_request_id', n.port_id)
                ORDER BY n.e164)))::text
    FROM numbers_number n
    WHERE n.e164 = ANY (p_numbers) AND (n.subscription_id = s.id AND n.status = 'reserved') IS TRUE
      AND n.port_id IS NOT NULL
    HAVING count(*) > 0
$$;
