-- Move numbers from one subscription to another: parts of lifecycle_change_numbers_v1, which ends
-- their links first. The caller holds the locks of both subscriptions.

-- Lock the balances of both subscriptions for the SKUs of the numbers.
CREATE OR REPLACE FUNCTION numbers_lock_balances(
    s tenancy_subscription, t tenancy_subscription, p_numbers text[]
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM ledger_balance b
    WHERE b.group_id = s.group_id AND b.subscription_id = ANY (ARRAY[s.id, t.id])
      AND b.sku_id IN (SELECT n.sku_id FROM numbers_number n WHERE n.e164 = ANY (p_numbers))
    ORDER BY b.subscription_id, b.sku_id FOR UPDATE;
END
$$;

-- Why a subscription cannot take all of the numbers; NULL if it can.
CREATE OR REPLACE FUNCTION numbers_not_entitled_to(t tenancy_subscription, p_numbers text[])
RETURNS text
LANGUAGE sql AS $$
    SELECT numbers_not_entitled(t.group_id, t.id, array_agg(x.sku_id), array_agg(x.needed),
        'No number was moved. Order more for the subscription that is to get them.')
    FROM (SELECT n.sku_id, count(*)::int AS needed FROM numbers_number n
          WHERE n.e164 = ANY (p_numbers) GROUP BY n.sku_id ORDER BY n.sku_id) x
$$;

-- The problems of the numbers, with those that a subscription has no entitlement for: each counts
-- after the ones before it. The caller has locked the balances.
CREATE OR REPLACE FUNCTION numbers_entitlement_problems(
    t tenancy_subscription, p_numbers text[], p_problems json[]
) RETURNS json[]
LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(coalesce(x.problem, CASE WHEN x.nth > x.granted - x.used THEN
        json_build_object(
            'code', 'no-entitlement',
            'detail', format('%s: %s ordered, %s in use. Order more for the subscription that is to get '
                             '%s.', x.code, x.granted, x.used, x.e164),
            'refusals', json_build_array(json_build_object(
                'sku', x.code, 'granted', x.granted, 'used', x.used, 'requested', 1, 'missing', 1)))
        END) ORDER BY x.i), '{}')
    FROM (
        SELECT w.i, w.e164, w.problem, k.code, coalesce(b.granted, 0) AS granted,
               coalesce(b.used, 0) AS used,
               count(*) FILTER (WHERE w.problem IS NULL)
                   OVER (PARTITION BY n.sku_id ORDER BY w.i) AS nth
        FROM unnest(p_numbers, p_problems) WITH ORDINALITY AS w(e164, problem, i)
        LEFT JOIN numbers_number n ON n.e164 = w.e164
        LEFT JOIN catalogue_sku k ON k.id = n.sku_id
        LEFT JOIN ledger_balance b ON b.group_id = t.group_id AND b.subscription_id = t.id
                                  AND b.sku_id = n.sku_id
    ) x
$$;

-- Move the numbers, which are not linked and for which t has entitlements: s gets its entitlements
-- back. Reserved ones keep `until`. Returns their new documents.
--
-- Each number has two events: it left s, and it arrived at t. Who sees only one of the two does not
-- learn the other (see events_shown), so the audit records name it only where all readers see both.
CREATE OR REPLACE FUNCTION numbers_move(
    s tenancy_subscription, t tenancy_subscription, p_numbers text[], p_call jsonb
) RETURNS json[]
LANGUAGE plpgsql AS $$
DECLARE
    v_actor CONSTANT text := p_call ->> 'actor';
    v_shared CONSTANT text := numbers_shared_path(s.path, t.path);
    v_before CONSTANT json[] := numbers_documents(p_numbers);
    v_after json[];
    v_at timestamptz;
    r record;
BEGIN
    PERFORM numbers_give_back(s.group_id, s.id, p_numbers, v_actor);
    FOR r IN
        SELECT n.sku_id, array_agg(n.e164 ORDER BY n.e164) AS holders
        FROM numbers_number n WHERE n.e164 = ANY (p_numbers)
        GROUP BY n.sku_id ORDER BY n.sku_id
    LOOP
        IF ledger_consume(t.group_id, t.id, r.sku_id, 'number', r.holders, v_actor)
           IS NOT NULL THEN
            RAISE EXCEPTION 'an entitlement was consumed under a lock that was held';
        END IF;
    END LOOP;
    UPDATE numbers_number n
    SET subscription_id = t.id, distributor_id = t.distributor_id, reseller_id = t.reseller_id,
        tenant_id = t.tenant_id
    WHERE n.e164 = ANY (p_numbers);
    v_at := kernel_now();
    PERFORM numbers_move_ports(s, t, p_numbers, v_actor, v_at);
    v_after := numbers_documents(p_numbers);
    PERFORM access_finish(
        s.group_id, ARRAY[v_at],
        numbers_moved_facts(s, v_before, v_actor, json_build_object(
            'direction', 'left', 'to_subscription_id', t.id, 'shared_path', v_shared))
        || numbers_moved_facts(t, v_after, v_actor, json_build_object(
            'direction', 'arrived', 'from_subscription_id', s.id, 'shared_path', v_shared)),
        numbers_moved_records(s, t, v_shared, p_numbers, p_call), '{}');
    RETURN v_after;
END
$$;

CREATE OR REPLACE FUNCTION numbers_moved_facts(
    s tenancy_subscription, p_documents json[], p_actor text, p_members json
) RETURNS events_fact[]
LANGUAGE sql STABLE AS $$
    SELECT ARRAY(
        -- As texts: to change ten thousand documents as jsonb takes three times as long.
        SELECT ROW(s.path, s.id, 'number.moved', d ->> 'e164', p_actor,
                   (rtrim(d::text, '}') || ', ' || ltrim(p_members::text, '{'))::json)::events_fact
        FROM unnest(p_documents) AS d)
$$;

-- One record for each subscription, and one for the organization above both if there is none below
-- that sees both.
CREATE OR REPLACE FUNCTION numbers_moved_records(
    s tenancy_subscription, t tenancy_subscription, p_shared text, p_numbers text[], p_call jsonb
) RETURNS access_record[]
LANGUAGE sql STABLE AS $$
    SELECT array_agg(ROW(w.path, w.id, p_call ->> 'actor', p_call ->> 'request', 'number.moved',
                         'subscription', coalesce(w.id, s.id), json_strip_nulls(json_build_object(
                             'direction', w.direction, 'from_subscription_id', f.id,
                             'to_subscription_id', o.id, 'numbers', p_numbers)))::access_record
                     ORDER BY w.i)
    FROM (VALUES (1, s.path, s.id, 'left'), (2, t.path, t.id, 'arrived'), (3, p_shared, NULL, NULL))
         AS w(i, path, id, direction)
    LEFT JOIN LATERAL (SELECT s.id WHERE w.path = p_shared) f ON true
    LEFT JOIN LATERAL (SELECT t.id WHERE w.path = p_shared) o ON true
    WHERE w.i < 3 OR p_shared NOT IN (s.path, t.path)
$$;

-- The path of the lowest organization that is at or above both paths. Each id in a path takes 33
-- characters.
CREATE OR REPLACE FUNCTION numbers_shared_path(p_path text, p_other text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(max(left(p_path, 33 * i)), '')
    FROM generate_series(1, length(p_path) / 33) AS i
    WHERE left(p_path, 33 * i) = left(p_other, 33 * i)
$$;
