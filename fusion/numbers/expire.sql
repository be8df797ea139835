-- Expire reservations and quarantines of one subscription, among the numbers given. An expired
-- reservation frees its entitlement; a ported number leaves the inventory when its quarantine ends.
-- Returns how many expired, or NULL if another transaction holds the subscription: a sweep never
-- waits, and concurrent sweeps share the work.
CREATE OR REPLACE FUNCTION numbers_expire(
    p_subscription uuid, p_numbers text[], p_actor text, p_request text
) RETURNS int
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE
    s tenancy_subscription;
    v_call CONSTANT jsonb := jsonb_build_object('actor', p_actor, 'request', p_request);
    v_now timestamptz;
    v_reserved text[];
    v_quarantined text[];
    v_before json[];
BEGIN
    SELECT w.* INTO s FROM tenancy_subscription w
    WHERE w.id = p_subscription FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    -- New statements: they see what was committed before the lock was acquired.
    v_now := kernel_now();
    v_reserved := numbers_due(s.id, p_numbers, 'reserved', v_now);
    v_quarantined := numbers_due(s.id, p_numbers, 'quarantined', v_now);
    IF cardinality(v_reserved) > 0 THEN
        PERFORM numbers_give_back(s.group_id, s.id, v_reserved, p_actor);
        PERFORM numbers_set_free(v_reserved, 'reserved');
        PERFORM numbers_audit_and_emit(s, v_call, 'number.released', numbers_documents(v_reserved));
    END IF;
    IF cardinality(v_quarantined) > 0 THEN
        PERFORM FROM numbers_number n WHERE n.e164 = ANY (v_quarantined) ORDER BY n.e164 FOR UPDATE;
        v_before := numbers_documents(v_quarantined);
        PERFORM numbers_join_ranges(s.group_id, v_quarantined);
        DELETE FROM numbers_number n WHERE n.e164 = ANY (v_quarantined) AND n.origin = 'ported';
        PERFORM numbers_set_free(v_quarantined, 'quarantined');
        PERFORM numbers_audit_and_emit(s, v_call, 'number.quarantine-ended', ARRAY(
            SELECT CASE d ->> 'became' WHEN 'removed' THEN d ELSE numbers_document(n) END
            FROM unnest(numbers_became(v_before)) WITH ORDINALITY AS w(d, i)
            LEFT JOIN numbers_number n ON n.e164 = d ->> 'e164' ORDER BY i));
    END IF;
    RETURN cardinality(v_reserved) + cardinality(v_quarantined);
END
$$;

-- Add ported numbers to the ranges of the group in which they are: such a range skipped them. The
-- ranges are locked first, so that none of them is changed or deleted meanwhile.
CREATE OR REPLACE FUNCTION numbers_join_ranges(p_group uuid, p_numbers text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM numbers_range r
    WHERE r.group_id = p_group AND EXISTS (
        SELECT FROM unnest(p_numbers) AS w(e164)
        WHERE int8range(r.first, r.last, '[]') @> substr(w.e164, 2)::bigint)
    ORDER BY r.id FOR KEY SHARE;
    UPDATE numbers_number n
    SET origin = 'inventory', range_id = r.id, sku_id = r.sku_id,
        accepted = r.accepted_reason IS NOT NULL
    FROM numbers_range r
    WHERE n.e164 = ANY (p_numbers) AND n.origin = 'ported' AND r.group_id = p_group
      AND int8range(r.first, r.last, '[]') @> substr(n.e164, 2)::bigint;
END
$$;

CREATE OR REPLACE FUNCTION numbers_due(
    p_subscription uuid, p_numbers text[], p_status text, p_now timestamptz
) RETURNS text[]
LANGUAGE sql STABLE AS $$
    SELECT ARRAY(
        SELECT n.e164 FROM numbers_number n
        WHERE n.e164 = ANY (p_numbers) AND n.subscription_id = p_subscription
          AND n.status = p_status AND n.until <= p_now AND n.port_id IS NULL
        ORDER BY n.e164)
$$;
