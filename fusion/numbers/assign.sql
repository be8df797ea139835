-- Assign numbers to subscriptions, or reserve them; each call all or none, one after the other.
--
-- A call has the members of access_begin and {numbers | sku, quantity, contiguous?, status,
-- until?, patient?}: the numbers in `numbers`, or the next `quantity` free numbers of the SKU with
-- the code `sku` (`contiguous`: consecutive ones). `until`: when a reservation expires.
--
-- Consumes one entitlement per number; a number that the subscription had reserved has already
-- consumed one. Returns for each call 201 with {items: [number]}, or the status of a refusal with
-- {code, detail, ...}. Status 0: the caller must retry with `patient` (see select_free.sql). Lock
-- order: key, subscription, balances by SKU, the queue of the SKU, numbers by number.
CREATE OR REPLACE FUNCTION numbers_assign_v2(p_group uuid, p_calls jsonb)
RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
-- "The first few by number" must walk the index; the planner cannot know how many rows are wanted.
SET enable_bitmapscan = off
AS $$
DECLARE
    r record;
BEGIN
    IF jsonb_array_length(p_calls) > 1 THEN
        PERFORM access_lock_calls(p_group, p_calls);
    END IF;
    FOR i IN 0 .. jsonb_array_length(p_calls) - 1 LOOP
        r := numbers_assign_one(p_group, p_calls -> i);
        status := r.status; replayed := r.replayed; answer := r.answer;
        RETURN NEXT;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION numbers_assign_one(
    p_group uuid, p_call jsonb, OUT status int, OUT replayed boolean, OUT answer text
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    r record;
    s tenancy_subscription;
    v_until CONSTANT timestamptz := p_call ->> 'until';
    v_type CONSTANT text := p_call ->> 'status';
    v_numbers text[] := numbers_listed(p_call);
    v_sku uuid;
    v_documents json[];
BEGIN
    r := access_begin(p_group, p_call);
    s := r.s; status := r.status; replayed := r.replayed; answer := r.answer;
    IF status IS NULL AND s.status <> 'active' THEN
        status := 409;
        answer := numbers_inactive(s.status);
    END IF;
    IF v_until <= kernel_now() AND (status IS NULL OR status = 409) THEN
        status := 422;
        answer := numbers_wrong_field('until', 'must be in the future');
    END IF;
    IF status IS NOT NULL THEN
        RETURN;
    END IF;
    IF v_numbers IS NULL THEN
        r := numbers_lock_free(p_group, s.id, p_call ->> 'sku', (p_call ->> 'quantity')::int,
                               (p_call ->> 'contiguous')::boolean IS TRUE,
                               (p_call ->> 'patient')::boolean IS TRUE);
        status := r.status; answer := r.answer; v_numbers := r.numbers; v_sku := r.sku;
    ELSE
        answer := numbers_lock_listed(s, v_numbers);
        status := CASE WHEN answer IS NOT NULL THEN 409 END;
    END IF;
    IF status IS NOT NULL THEN
        RETURN;
    END IF;

    v_documents := numbers_assign_locked(
        s, v_sku, v_numbers, p_call ->> 'actor', v_type, v_until);
    status := 201;
    answer := json_build_object('items', array_to_json(v_documents))::text;
    PERFORM numbers_audit_and_emit(s, p_call, 'number.' || v_type, v_documents, status, answer);
END
$$;

-- Lock the listed numbers; returns the refusal, NULL if the subscription can take all of them. The
-- entitlements are locked before the numbers: only an entitled caller holds locks on numbers.
CREATE OR REPLACE FUNCTION numbers_lock_listed(s tenancy_subscription, p_numbers text[]) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_answer text := numbers_unavailable(p_numbers, s.group_id, s.id);
    v_skus uuid[];
    v_needed int[];
    v_each uuid[];
BEGIN
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    WITH w AS MATERIALIZED (
        SELECT n.e164, n.sku_id, n.status FROM numbers_number n WHERE n.e164 = ANY (p_numbers))
    SELECT array_agg(x.sku_id), array_agg(x.needed), (SELECT array_agg(w.sku_id ORDER BY w.e164) FROM w)
    INTO v_skus, v_needed, v_each
    FROM (SELECT w.sku_id, count(*) FILTER (WHERE w.status = 'free')::int AS needed
          FROM w GROUP BY w.sku_id ORDER BY w.sku_id) x;
    v_answer := numbers_not_entitled(s.group_id, s.id, v_skus, v_needed);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    IF v_each IS DISTINCT FROM (
        SELECT array_agg(x.sku_id ORDER BY x.e164)
        FROM (SELECT n.e164, n.sku_id FROM numbers_number n WHERE n.e164 = ANY (p_numbers)
              ORDER BY n.e164 FOR UPDATE) x) THEN
        -- A range of these numbers was changed or deleted meanwhile: other entitlements count.
        RETURN numbers_lock_listed(s, p_numbers);
    END IF;
    -- Check again: another transaction may have committed meanwhile.
    RETURN numbers_unavailable(p_numbers, s.group_id, s.id);
END
$$;

-- Lock the next free numbers of the SKU with the code p_sku, after its entitlement; `status` and
-- `answer` of the refusal if there are too few.
CREATE OR REPLACE FUNCTION numbers_lock_free(
    p_group uuid, p_subscription uuid, p_sku text, p_quantity int, p_contiguous boolean,
    p_patient boolean, OUT sku uuid, OUT numbers text[], OUT status int, OUT answer text
)
LANGUAGE plpgsql AS $$
BEGIN
    SELECT k.id INTO sku FROM catalogue_sku k
    WHERE k.group_id = p_group AND k.code = p_sku AND k.metric = 'number';
    IF NOT FOUND THEN
        status := 422;
        answer := numbers_wrong_field('sku', 'is not the code of a number type in your catalogue');
        RETURN;
    END IF;
    answer := numbers_not_entitled(p_group, p_subscription, ARRAY[sku], ARRAY[p_quantity]);
    IF answer IS NOT NULL THEN
        status := 409;
        RETURN;
    END IF;
    numbers := CASE WHEN p_contiguous THEN numbers_select_block(sku, p_quantity)
                    ELSE numbers_select_free(sku, p_quantity, p_patient) END;
    IF cardinality(numbers) = p_quantity THEN
        RETURN;
    ELSIF NOT p_patient AND NOT p_contiguous
          OR numbers_enough_free(sku, p_quantity, p_contiguous) THEN
        status := 0;
    ELSE
        status := 409;
        answer := numbers_none_free(sku, p_quantity, p_contiguous);
    END IF;
END
$$;

-- Consume one entitlement for each number that has not consumed one yet. The caller has locked the
-- balances and checked that they suffice.
CREATE OR REPLACE FUNCTION numbers_consume(
    p_group uuid, p_subscription uuid, p_numbers text[], p_actor text
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    FOR r IN
        SELECT n.sku_id, array_agg(n.e164 ORDER BY n.e164) AS holders
        FROM numbers_number n
        WHERE n.e164 = ANY (p_numbers) AND n.status IN ('free', 'quarantined')
        GROUP BY n.sku_id ORDER BY n.sku_id
    LOOP
        IF ledger_consume(p_group, p_subscription, r.sku_id, 'number', r.holders, p_actor)
           IS NOT NULL THEN
            RAISE EXCEPTION 'an entitlement was consumed under a lock that was held';
        END IF;
    END LOOP;
END
$$;

-- The member `numbers` of a call; NULL if it has none.
CREATE OR REPLACE FUNCTION numbers_listed(p_call jsonb) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF jsonb_typeof(p_call -> 'numbers') = 'array' THEN
        RETURN ARRAY(SELECT jsonb_array_elements_text(p_call -> 'numbers'));
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION numbers_wrong_field(p_field text, p_message text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object(
        'code', 'invalid-fields', 'detail', p_field || ': ' || p_message,
        'errors', json_build_array(json_build_object('field', p_field, 'message', p_message)))::text
$$;
