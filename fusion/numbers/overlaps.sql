-- Warnings of shorter and longer numbers of the group, for numbers that come in: in an open numbering plan,
-- the owner of a number may lengthen it. Up to 20 of {detail, first, last}, by number.
CREATE OR REPLACE FUNCTION numbers_overlaps(p_group uuid, p_numbers text[]) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT coalesce(json_agg(json_build_object(
        'detail', format(CASE WHEN length(x.other) > length(x.e164)
            THEN 'Your inventory has %s, which begins with %s. Check that both exist.'
            ELSE 'Your inventory has %s, which is the beginning of %s. Check that both exist.' END,
            x.other, x.e164),
        'first', x.other, 'last', x.other) ORDER BY x.i, x.other), '[]')
    FROM (
        SELECT w.i, w.e164, n.e164 AS other
        FROM unnest(p_numbers) WITH ORDINALITY AS w(e164, i)
        CROSS JOIN LATERAL (
            SELECT v.e164 FROM numbers_number v
            WHERE v.e164 = ANY (ARRAY(SELECT left(w.e164, k) FROM generate_series(8, length(w.e164) - 1) k))
              AND v.group_id = p_group AND v.status <> 'ported_out'
            UNION ALL
            (SELECT v.e164 FROM numbers_number v
             -- A colon sorts after all digits.
             WHERE v.e164 > w.e164 COLLATE "C" AND v.e164 < w.e164 || ':' COLLATE "C"
               AND v.group_id = p_group AND v.status <> 'ported_out'
             ORDER BY v.e164 LIMIT 1)
        ) n
        ORDER BY w.i, n.e164 LIMIT 20
    ) x
$$;
