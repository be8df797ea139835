-- Release numbers of subscriptions: the entitlement is free again; a reserved number is free at
-- once, an assigned one after its quarantine. A call has the members of access_begin and
-- {e164, quarantine}, an interval. Returns for each 204, or the status of a refusal with {code,
-- detail}.
CREATE OR REPLACE FUNCTION numbers_release_v2(p_group uuid, p_calls jsonb)
RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE
    r record;
BEGIN
    IF jsonb_array_length(p_calls) > 1 THEN
        PERFORM access_lock_calls(p_group, p_calls);
    END IF;
    FOR i IN 0 .. jsonb_array_length(p_calls) - 1 LOOP
        r := numbers_release_one(p_group, p_calls -> i);
        status := r.status; replayed := r.replayed; answer := r.answer;
        RETURN NEXT;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION numbers_release_one(
    p_group uuid, p_call jsonb, OUT status int, OUT replayed boolean, OUT answer text
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    r record;
    s tenancy_subscription;
    n numbers_number;
BEGIN
    r := access_begin(p_group, p_call);
    s := r.s; status := r.status; replayed := r.replayed; answer := r.answer;
    IF status IS NOT NULL THEN
        RETURN;
    END IF;
    SELECT w.* INTO n FROM numbers_number w
    WHERE w.e164 = p_call ->> 'e164' AND (w.subscription_id = s.id) IS TRUE;
    answer := coalesce(numbers_stays(p_call ->> 'e164', n, ARRAY['reserved', 'assigned']),
                       CASE WHEN n.port_id IS NOT NULL THEN numbers_awaits_port(n, false) END);
    IF answer IS NOT NULL THEN
        status := 409;
        RETURN;
    END IF;
    status := 204;
    answer := '';
    PERFORM numbers_give_back(p_group, s.id, ARRAY[n.e164], p_call ->> 'actor');
    PERFORM numbers_audit_and_emit(
        s, p_call, 'number.released',
        numbers_vacate(ARRAY[n.e164], (p_call ->> 'quarantine')::interval), status, answer);
END
$$;

-- Release every number of a subscription that is being terminated; returns how many. The caller
-- holds the subscription's lock and has unlinked the numbers.
CREATE OR REPLACE FUNCTION numbers_release_all(
    p_subscription uuid, p_actor text, p_request text, p_quarantine interval
) RETURNS int
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
    s tenancy_subscription;
    v_numbers text[];
BEGIN
    SELECT w.* INTO s FROM tenancy_subscription w WHERE w.id = p_subscription;
    v_numbers := ARRAY(
        SELECT n.e164 FROM numbers_number n
        WHERE n.subscription_id = p_subscription AND n.status IN ('reserved', 'assigned')
        ORDER BY n.e164);
    IF cardinality(v_numbers) > 0 THEN
        PERFORM numbers_give_back(s.group_id, s.id, v_numbers, p_actor);
        PERFORM numbers_audit_and_emit(
            s, jsonb_build_object('actor', p_actor, 'request', p_request), 'number.released',
            numbers_vacate(v_numbers, p_quarantine));
    END IF;
    RETURN cardinality(v_numbers);
END
$$;

-- Free the entitlements that numbers of one subscription consume, SKU by SKU, then lock the
-- numbers. The caller holds the subscription's lock and has checked that nothing prevents the
-- release.
CREATE OR REPLACE FUNCTION numbers_give_back(
    p_group uuid, p_subscription uuid, p_numbers text[], p_actor text
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    FOR r IN
        SELECT n.sku_id, array_agg(n.e164 ORDER BY n.e164) AS holders
        FROM numbers_number n
        WHERE n.e164 = ANY (p_numbers) AND n.status IN ('reserved', 'assigned')
        GROUP BY n.sku_id ORDER BY n.sku_id
    LOOP
        IF ledger_release(p_group, p_subscription, r.sku_id, 'number', r.holders, p_actor)
           IS NOT NULL THEN
            RAISE EXCEPTION 'more entitlements are held by numbers than the balance says are used';
        END IF;
    END LOOP;
    PERFORM FROM numbers_number n WHERE n.e164 = ANY (p_numbers) ORDER BY n.e164 FOR UPDATE;
END
$$;

-- Free the reserved numbers and quarantine the assigned ones; returns their new documents. The
-- constraint number_linked_once refuses a number that is still linked.
CREATE OR REPLACE FUNCTION numbers_vacate(p_numbers text[], p_quarantine interval) RETURNS json[]
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE numbers_number n
    SET status = 'quarantined', until = kernel_now() + p_quarantine
    WHERE n.e164 = ANY (p_numbers) AND n.status = 'assigned';
    PERFORM numbers_set_free(p_numbers, 'reserved');
    RETURN numbers_documents(p_numbers);
END
$$;

CREATE OR REPLACE FUNCTION numbers_set_free(p_numbers text[], p_status text) RETURNS void
LANGUAGE sql AS $$
    UPDATE numbers_number n
    SET status = 'free', until = NULL, subscription_id = NULL, distributor_id = NULL,
        reseller_id = NULL, tenant_id = NULL
    WHERE n.e164 = ANY (p_numbers) AND n.status = p_status
$$;
