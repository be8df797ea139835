-- Lock the first p_quantity free numbers of a SKU; fewer when there are not so many to be had.
--
-- The caller holds the entitlement's lock already: nobody holds numbers here who is not entitled to
-- them. Numbers that others have in hand are passed over, so hundreds of callers never wait for each
-- other. Near the end of the stock that can leave too few although others may give theirs back; then
-- the caller commits, having written nothing, and comes again with p_patient: waiting, one at a time.
CREATE OR REPLACE FUNCTION numbers_pick(p_sku uuid, p_quantity int, p_patient boolean) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    v_picked text[];
BEGIN
    IF NOT p_patient THEN
        RETURN ARRAY(
            SELECT n.e164 FROM numbers_number n
            WHERE n.sku_id = p_sku AND n.status = 'free'
            ORDER BY n.e164 LIMIT p_quantity FOR UPDATE SKIP LOCKED);
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('numbers:' || p_sku::text, 0));
    -- A statement sees what was committed before it began: numbers that became free while it waited
    -- are found by the next one.
    FOR attempt IN 1 .. 3 LOOP
        v_picked := ARRAY(
            SELECT n.e164 FROM numbers_number n
            WHERE n.sku_id = p_sku AND n.status = 'free'
            ORDER BY n.e164 LIMIT p_quantity FOR UPDATE);
        EXIT WHEN cardinality(v_picked) = p_quantity;
    END LOOP;
    RETURN v_picked;
END
$$;

-- Lock the first p_quantity consecutive free numbers of one range of a SKU; none when there is no
-- such row of them. Range by range, so that the search ends where the first fit is.
CREATE OR REPLACE FUNCTION numbers_pick_contiguous(p_sku uuid, p_quantity int) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    r numbers_range;
    v_first bigint;
    v_picked text[];
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('numbers:' || p_sku::text, 0));
    FOR r IN SELECT * FROM numbers_range w WHERE w.sku_id = p_sku ORDER BY w.first LOOP
        LOOP
            SELECT substr(x.e164, 2)::bigint INTO v_first
            FROM (
                SELECT n.e164, lead(n.e164, p_quantity - 1) OVER (ORDER BY n.e164) AS last
                FROM numbers_number n
                WHERE n.sku_id = p_sku AND n.status = 'free'
                  AND n.e164 >= '+' || r.first AND n.e164 <= '+' || r.last
            ) x
            WHERE substr(x.last, 2)::bigint - substr(x.e164, 2)::bigint = p_quantity - 1
            ORDER BY x.e164 LIMIT 1;
            EXIT WHEN NOT FOUND;
            v_picked := ARRAY(
                SELECT n.e164 FROM numbers_number n
                WHERE n.sku_id = p_sku AND n.status = 'free'
                  AND n.e164 >= '+' || v_first AND n.e164 <= '+' || (v_first + p_quantity - 1)
                ORDER BY n.e164 FOR UPDATE);
            IF cardinality(v_picked) = p_quantity THEN
                RETURN v_picked;
            END IF;
            -- Somebody took one of them between the two statements: look again.
        END LOOP;
    END LOOP;
    RETURN '{}';
END
$$;
