-- A number as the API shows it: the same text in answers, lists, events and stored answers. The
-- first form is for queries that have joined the SKU: the planner inlines it.
CREATE OR REPLACE FUNCTION numbers_document(n numbers_number, k catalogue_sku) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'e164', n.e164, 'sku', k.code, 'country', catalogue_country(k.country), 'number_type', k.number_type,
        'status', n.status, 'origin', n.origin, 'subscription_id', n.subscription_id,
        'user_id', n.user_id, 'trunk_id', n.trunk_id, 'until', kernel_instant(n.until),
        'accepted', n.accepted, 'port_request_id', n.port_id)
$$;

CREATE OR REPLACE FUNCTION numbers_document(n numbers_number) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT numbers_document(n, k) FROM catalogue_sku k WHERE k.id = n.sku_id
$$;

-- Documents of numbers from before they left their subscription, with what `became` of each: its status, or
-- `removed` from the inventory.
CREATE OR REPLACE FUNCTION numbers_became(p_before json[]) RETURNS json[]
LANGUAGE sql STABLE AS $$
    SELECT ARRAY(
        SELECT (rtrim(d::text, '}') || format(', "became": "%s"}', coalesce(n.status, 'removed')))::json
        FROM unnest(p_before) WITH ORDINALITY AS w(d, i)
        LEFT JOIN numbers_number n ON n.e164 = d ->> 'e164' ORDER BY i)
$$;

-- The documents of several numbers, ordered by number.
CREATE OR REPLACE FUNCTION numbers_documents(p_numbers text[]) RETURNS json[]
LANGUAGE sql STABLE AS $$
    SELECT ARRAY(
        SELECT numbers_document(n, k)
        FROM numbers_number n JOIN catalogue_sku k ON k.id = n.sku_id
        WHERE n.e164 = ANY (p_numbers) ORDER BY n.e164)
$$;
