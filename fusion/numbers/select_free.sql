-- Lock the first p_quantity free numbers of a SKU; fewer if fewer can be locked.
--
-- The caller already holds the entitlement's lock, so only entitled callers hold locks on numbers.
-- Numbers that other transactions have locked are skipped, so hundreds of callers never wait for
-- each other. Near the end of the stock a caller may therefore get too few although others may
-- still give theirs back. It then ends its transaction without having written, and retries with
-- p_patient: it waits, one caller at a time, for every transaction that holds a number.
--
-- "BETWEEN p_sku AND p_sku", ordered by SKU first, can only use the index of free numbers. With
-- "=", a generic plan may walk the primary key, past the millions of another SKU: 88 ms instead of
-- 1 ms.
CREATE OR REPLACE FUNCTION numbers_select_free(p_sku uuid, p_quantity int, p_patient boolean) RETURNS text[]
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

-- Lock the first p_quantity consecutive free numbers of one range of a SKU; none if no range has
-- such a block. Searches range by range, so that it stops at the first fit.
--
-- If another transaction took part of a block meanwhile, keep the locks already held and continue
-- after the number it took. Every caller locks upward, so that no two deadlock. Numbers that were
-- given back further down are left to the next attempt.
CREATE OR REPLACE FUNCTION numbers_select_block(p_sku uuid, p_quantity int) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    r numbers_range;
    v_from text;
    v_row text[];
    v_locked text[];
BEGIN
    PERFORM numbers_lock_stock(p_sku);
    FOR r IN
        SELECT * FROM numbers_range w WHERE w.sku_id = p_sku ORDER BY ('+' || w.first) COLLATE "C"
    LOOP
        v_from := '+' || r.first;
        LOOP
            v_row := numbers_find_block(r, v_from, p_quantity);
            EXIT WHEN v_row IS NULL;
            v_locked := ARRAY(
                SELECT n.e164 FROM numbers_number n
                WHERE n.e164 = ANY (v_row) AND n.status = 'free' ORDER BY n.e164 FOR UPDATE);
            IF cardinality(v_locked) = p_quantity THEN
                RETURN v_locked;
            END IF;
            v_from := (SELECT max(e) FROM unnest(v_row) AS e WHERE e <> ALL (v_locked));
        END LOOP;
    END LOOP;
    RETURN '{}';
END
$$;

-- The first block of p_quantity consecutive free numbers of a range, from p_from on; NULL if none.
CREATE OR REPLACE FUNCTION numbers_find_block(r numbers_range, p_from text, p_quantity int) RETURNS text[]
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

-- Whether a patient caller that got too few should retry: true if enough numbers are free in what
-- is committed now. Only otherwise is it refused.
CREATE OR REPLACE FUNCTION numbers_enough_free(p_sku uuid, p_quantity int, p_contiguous boolean)
RETURNS boolean
LANGUAGE sql AS $$
    SELECT CASE WHEN p_contiguous
        THEN EXISTS (SELECT FROM numbers_range r
                     WHERE r.sku_id = p_sku
                       AND numbers_find_block(r, '+' || r.first, p_quantity) IS NOT NULL)
        ELSE p_quantity = (SELECT count(*) FROM (
                               SELECT FROM numbers_number n
                               WHERE n.sku_id BETWEEN p_sku AND p_sku AND n.status = 'free'
                               ORDER BY n.sku_id, n.e164 LIMIT p_quantity) f)
        END
$$;

-- Let callers that wait for numbers of a SKU proceed one at a time. Locked after subscription and
-- balances.
CREATE OR REPLACE FUNCTION numbers_lock_stock(p_sku uuid) RETURNS void
LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('numbers:' || p_sku::text, 0))
$$;
