-- Numbers of a subscription that are to be changed together: which ones, and why single ones cannot
-- leave it. The caller holds the subscription's lock.

-- The numbers that a call names, in its order: the member `numbers`, or those that match `selection`
-- {sku?, status?, linked?, starts_with?, ends_with?, quantity?} by number. `quantity`: the first ones,
-- those without a link before the others. At most p_most + 1.
CREATE OR REPLACE FUNCTION numbers_chosen(s tenancy_subscription, p_call jsonb, p_most int)
RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    c CONSTANT jsonb := p_call -> 'selection';
    v_quantity CONSTANT int := c ->> 'quantity';
    v_linked CONSTANT boolean := c ->> 'linked';
    v_sku CONSTANT uuid := (SELECT k.id FROM catalogue_sku k
                            WHERE k.group_id = s.group_id AND k.code = c ->> 'sku');
BEGIN
    IF jsonb_typeof(p_call -> 'numbers') = 'array' THEN
        RETURN numbers_listed(p_call);
    END IF;
    RETURN ARRAY(
        SELECT n.e164 FROM numbers_number n
        WHERE n.group_id = s.group_id AND n.subscription_id = s.id
          AND n.status IN ('reserved', 'assigned')
          AND n.status = coalesce(c ->> 'status', n.status)
          AND (c ->> 'sku' IS NULL OR n.sku_id = v_sku)
          AND (v_linked IS NULL OR num_nonnulls(n.user_id, n.trunk_id) = v_linked::int)
          AND starts_with(n.e164, '+' || coalesce(c ->> 'starts_with', ''))
          AND right(n.e164, length(coalesce(c ->> 'ends_with', ''))) = coalesce(c ->> 'ends_with', '')
        ORDER BY CASE WHEN v_quantity IS NOT NULL THEN num_nonnulls(n.user_id, n.trunk_id) END, n.e164
        LIMIT coalesce(v_quantity, p_most + 1));
END
$$;

-- Why each of the numbers cannot leave the subscription, NULL if it can; in their order.
-- p_statuses: in which they can. p_unlink: whether their links will be ended. p_move: whether they go to
-- another subscription, also while they wait to be ported in.
CREATE OR REPLACE FUNCTION numbers_stay_problems(
    s tenancy_subscription, p_numbers text[], p_statuses text[], p_unlink boolean, p_move boolean
) RETURNS json[]
LANGUAGE sql STABLE AS $$
    -- Joined by the number alone: with the subscription, the planner would read all of its numbers for
    -- each row.
    SELECT coalesce(array_agg(CASE
        WHEN n.subscription_id IS DISTINCT FROM s.id
        THEN numbers_stays(w.e164, NULL::numbers_number, p_statuses)
        WHEN n.port_id IS NOT NULL AND n.status = 'reserved' AND NOT p_move
        THEN numbers_awaits_port(n, false)
        WHEN NOT (p_unlink AND n.status = ANY (p_statuses))
        THEN numbers_stays(w.e164, n, p_statuses) END ORDER BY w.i), '{}')
    FROM unnest(p_numbers) WITH ORDINALITY AS w(e164, i)
    LEFT JOIN numbers_number n ON n.e164 = w.e164
$$;

-- The refusal of a change that is done for all of the numbers or for none, from their problems; NULL
-- if there are none. The first problem gives the code; `numbers` lists all. p_help: what was not done.
CREATE OR REPLACE FUNCTION numbers_refusal_of_all(
    p_numbers text[], p_problems json[], p_help text
) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT (((array_agg(w.problem ORDER BY w.i))[1])::jsonb || jsonb_build_object(
        'detail', string_agg(w.problem ->> 'detail', ' ' ORDER BY w.nth) FILTER (WHERE w.nth <= 10)
                  || CASE WHEN count(*) > 10 THEN format(' And %s more.', count(*) - 10) ELSE '' END
                  || ' ' || p_help,
        'numbers', jsonb_agg(jsonb_build_object('e164', w.e164, 'code', w.problem ->> 'code')
                             ORDER BY w.i)))::text
    FROM (SELECT x.*, row_number() OVER (ORDER BY x.i) AS nth
          FROM unnest(p_numbers, p_problems) WITH ORDINALITY AS x(e164, problem, i)
          WHERE x.problem IS NOT NULL) w
    HAVING count(*) > 0
$$;
