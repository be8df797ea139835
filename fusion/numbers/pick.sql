-- Lock the first p_quantity free numbers of a SKU; fewer when there are not so many to be had.
--
-- The caller holds the entitlement's lock already: nobody holds numbers here who is not entitled to
-- them. Numbers that others have in hand are passed over, so hundreds of callers never wait for each
-- other. Near the end of the stock that can leave too few although others may give theirs back: then
-- the caller ends its transaction, having written nothing, and comes again with p_patient: waiting,
-- one at a time, for everyone who has a number in hand.
--
-- "BETWEEN p_sku AND p_sku", ordered by SKU first, is what only the index of free numbers serves. With
-- "=" a plan for any SKU may walk the primary key, past the millions of another SKU: 88 ms, not 1.
CREATE OR REPLACE FUNCTION numbers_pick(p_sku uuid, p_quantity int, p_patient boolean) RETURNS text[]
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT p_patient THEN
        RETURN ARRAY(
            SELECT n.e164 FROM numbers_number n
            WHERE n.sku_id BETWEEN p_sku AND p_sku AND n.status = 'free'
            ORDER BY n.sku_id, n.e164 LIMIT p_quantity FOR UPDATE SKIP LOCKED);
    END IF;
    PERFORM numbers_lock_stock(p_sku);
    RETURN ARRAY(
        SELECT n.e164 FROM numbers_number n
        WHERE n.sku_id BETWEEN p_sku AND p_sku AND n.status = 'free'
        ORDER BY n.sku_id, n.e164 LIMIT p_quantity FOR UPDATE);
END
$$;

-- Lock the first p_quantity consecutive free numbers of one range of a SKU; none when there is no
-- such row of them. Range by range, so that the search ends where the first fit is.
--
-- Of a row of numbers that could not all be locked, those that could stay locked, and the search goes
-- on behind the one that somebody took: always upwards, as every caller locks, so that no two of them
-- wait for each other crosswise. What was given back below is for the next attempt.
CREATE OR REPLACE FUNCTION numbers_pick_contiguous(p_sku uuid, p_quantity int) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    r numbers_range;
    v_from text;
    v_row text[];
    v_picked text[];
BEGIN
    PERFORM numbers_lock_stock(p_sku);
    FOR r IN
        SELECT * FROM numbers_range w WHERE w.sku_id = p_sku ORDER BY ('+' || w.first) COLLATE "C"
    LOOP
        v_from := '+' || r.first;
        LOOP
            v_row := numbers_fit(r, v_from, p_quantity);
            EXIT WHEN v_row IS NULL;
            v_picked := ARRAY(
                SELECT n.e164 FROM numbers_number n
                WHERE n.e164 = ANY (v_row) AND n.status = 'free' ORDER BY n.e164 FOR UPDATE);
            IF cardinality(v_picked) = p_quantity THEN
                RETURN v_picked;
            END IF;
            v_from := (SELECT max(e) FROM unnest(v_row) AS e WHERE e <> ALL (v_picked));
        END LOOP;
    END LOOP;
    RETURN '{}';
END
$$;

-- The first p_quantity consecutive numbers of a range, from p_from on, that are free; null if none.
CREATE OR REPLACE FUNCTION numbers_fit(r numbers_range, p_from text, p_quantity int) RETURNS text[]
LANGUAGE sql STABLE AS $$
    SELECT ARRAY(SELECT '+' || substr(x.e164, 2)::bigint + i
                 FROM generate_series(0, p_quantity - 1) AS i ORDER BY i)
    FROM (
        SELECT n.sku_id, n.e164, lead(n.e164, p_quantity - 1) OVER (ORDER BY n.sku_id, n.e164) AS last
        FROM numbers_number n
        WHERE n.sku_id BETWEEN r.sku_id AND r.sku_id AND n.status = 'free' AND n.range_id = r.id
          AND n.e164 >= p_from AND n.e164 <= '+' || r.last
    ) x
    WHERE substr(x.last, 2)::bigint - substr(x.e164, 2)::bigint = p_quantity - 1
    ORDER BY x.sku_id, x.e164 LIMIT 1
$$;

-- Whether a patient caller that got too few should come again: as much as it wants is free by what is
-- committed now. It is refused only where that is not so.
CREATE OR REPLACE FUNCTION numbers_worth_another(p_sku uuid, p_quantity int, p_contiguous boolean)
RETURNS boolean
LANGUAGE sql AS $$
    SELECT CASE WHEN p_contiguous
        THEN EXISTS (SELECT FROM numbers_range r
                     WHERE r.sku_id = p_sku
                       AND numbers_fit(r, '+' || r.first, p_quantity) IS NOT NULL)
        ELSE p_quantity = (SELECT count(*) FROM (
                               SELECT FROM numbers_number n
                               WHERE n.sku_id BETWEEN p_sku AND p_sku AND n.status = 'free'
                               ORDER BY n.sku_id, n.e164 LIMIT p_quantity) f)
        END
$$;

-- Those who wait for numbers of a SKU come one at a time. Taken after subscription and balances.
CREATE OR REPLACE FUNCTION numbers_lock_stock(p_sku uuid) RETURNS void
LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('numbers:' || p_sku::text, 0))
$$;
