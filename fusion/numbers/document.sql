-- A number as the API shows it: the same text in answers, lists, events and stored answers.
CREATE OR REPLACE FUNCTION numbers_document(n numbers_number) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'e164', n.e164, 'sku', k.code, 'country', k.country, 'number_type', k.number_type,
        'status', n.status, 'origin', n.origin, 'subscription_id', n.subscription_id,
        'user_id', n.user_id, 'trunk_id', n.trunk_id, 'until', kernel_instant(n.until))
    FROM catalogue_sku k WHERE k.id = n.sku_id
$$;
